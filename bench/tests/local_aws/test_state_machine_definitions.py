"""Definitions of state machines that Step Functions refuses are refused, and what it takes is taken."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbench import Bench
from testbench.backends.ministack.corrections.step_functions.definitions import problems
from testbench.iam_roles import make_role

FIELD, TARGET = "SCHEMA_VALIDATION_FAILED", "MISSING_TRANSITION_TARGET"
PASS = {"Type": "Pass", "End": True}
CHILD = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "A",
    "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True}},
}
MAP = {
    "Type": "Map",
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL", "MaxItems": 5},
        "Parameters": {"Bucket": "b", "Key.$": "$.key"},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"a": 1}},
    "ItemProcessor": CHILD,
    "MaxConcurrency": 2,
    "ToleratedFailurePercentage": 100,
    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "WriterConfig": {"OutputType": "JSON"}},
    "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1, "JitterStrategy": "FULL"}],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
    "Next": "Choose",
}
CHOOSE = {
    "Type": "Choice",
    "Choices": [
        {
            "And": [
                {"Variable": "$.a", "IsPresent": True},
                {"Not": {"Variable": "$.a", "NumericGreaterThanEqualsPath": "$.b"}},
            ],
            "Next": "Wait",
        }
    ],
    "Default": "Done",
}
WHOLE = {
    "Comment": "all kinds",
    "StartAt": "Map",
    "TimeoutSeconds": 60,
    "States": {
        "Map": MAP,
        "Choose": CHOOSE,
        "Wait": {"Type": "Wait", "SecondsPath": "$.s", "Next": "Both"},
        "Both": {"Type": "Parallel", "Branches": [{"StartAt": "P", "States": {"P": PASS}}], "Next": "Done"},
        "Done": {"Type": "Succeed"},
        "Failed": {"Type": "Fail", "ErrorPath": "$.Error", "Cause": "c"},
    },
}


def with_state(name: str, **changes: Any) -> dict[str, Any]:
    return WHOLE | {"States": WHOLE["States"] | {name: WHOLE["States"][name] | changes}}  # type: ignore[operator,index]


WRONG = {
    "no JSON": ("{", "INVALID_JSON_DESCRIPTION", "/"),
    "no states": ({"StartAt": "A", "States": {}}, FIELD, "/States"),
    "a field of the machine": (WHOLE | {"Timeout": 3}, FIELD, "/Timeout"),
    "a start that is not there": (WHOLE | {"StartAt": "X"}, TARGET, "/StartAt"),
    "a field of a state": (with_state("Map", ItemSelecter={}), FIELD, "/States/Map/ItemSelecter"),
    "a field of another state": (with_state("Wait", ItemReader={}), FIELD, "/States/Wait/ItemReader"),
    "a state that is none": (with_state("Wait", Type="Sleep"), FIELD, "/States/Wait"),
    "no way on": (with_state("Wait", Next=None), FIELD, "/States/Wait"),
    "a target that is not there": (with_state("Wait", Next="X"), TARGET, "/States/Wait/Next"),
    "a default that is not there": (with_state("Choose", Default="X"), TARGET, "/States/Choose/Default"),
    "a retry's field": (
        with_state("Map", Retry=[{"ErrorEquals": [], "Times": 3}]),
        FIELD,
        "/States/Map/Retry[0]/Times",
    ),
    "a reader's field": (with_state("Map", ItemReader={"Bucket": "b"}), FIELD, "/States/Map/ItemReader/Bucket"),
    "a batch's field": (with_state("Map", ItemBatcher={"Size": 3}), FIELD, "/States/Map/ItemBatcher/Size"),
    "a comparison": (
        with_state("Choose", Choices=[{"Variable": "$.a", "NumberEquals": 3, "Next": "Wait"}]),
        FIELD,
        "/States/Choose/Choices[0]/NumberEquals",
    ),
    "a field of a child": (
        with_state("Map", ItemProcessor=CHILD | {"States": {"A": PASS | {"Nxt": "B"}}}),
        FIELD,
        "/States/Map/ItemProcessor/States/A/Nxt",
    ),
    "a branch's field": (
        with_state("Both", Branches=[{"StartAt": "P", "States": {"P": PASS}, "Name": "b"}]),
        FIELD,
        "/States/Both/Branches[0]/Name",
    ),
    "a path": (with_state("Wait", InputPath="a"), FIELD, "/States/Wait/InputPath"),
    "a path of items": (with_state("Map", ItemsPath="items"), FIELD, "/States/Map/ItemsPath"),
    "a path of a template": (
        with_state("Map", ItemSelector={"a": [{"b.$": "c"}]}),
        FIELD,
        "/States/Map/ItemSelector/a[0]/b.$",
    ),
    "a path of a batch": (
        with_state("Map", ItemBatcher={"MaxItemsPerBatchPath": "n"}),
        FIELD,
        "/States/Map/ItemBatcher/MaxItemsPerBatchPath",
    ),
    "a variable": (
        with_state("Choose", Choices=[{"Variable": "a", "IsNull": True, "Next": "Wait"}]),
        FIELD,
        "/States/Choose/Choices[0]/Variable",
    ),
    "a long name": ({"StartAt": "x" * 81, "States": {"x" * 81: PASS}}, FIELD, None),
}


def text(definition: Any) -> str:
    return definition if isinstance(definition, str) else json.dumps(definition)


def test_a_definition_with_every_kind_of_state_is_taken() -> None:
    assert problems(text(WHOLE)) == []


@pytest.mark.parametrize(("definition", "code", "place"), WRONG.values(), ids=WRONG.keys())
def test_what_step_functions_refuses_is_named_with_its_place(definition: Any, code: str, place: str | None) -> None:
    found = problems(text(definition))
    assert [(kind, where) for kind, _, where in found if place in (None, where)][:1] == [(code, place or found[0][2])]


def test_the_api_refuses_a_wrong_definition_and_tells_terraform_of_it(bench: Bench) -> None:
    states, role = bench.client("stepfunctions"), make_role(bench.client, "states", "lambda:InvokeFunction")
    wrong, *_ = WRONG["a field of a state"]
    with pytest.raises(ClientError, match=r"InvalidDefinition.*ItemSelecter"):
        states.create_state_machine(name="wrong", definition=text(wrong), roleArn=role)
    for name in ("two words", "a/b", "a*"):
        with pytest.raises(ClientError, match="InvalidName"):
            states.create_state_machine(name=name, definition=text(WHOLE), roleArn=role)
    made = states.create_state_machine(name="definitions", definition=text(WHOLE), roleArn=role)["stateMachineArn"]
    with pytest.raises(ClientError, match=r"InvalidDefinition.*ItemSelecter"):
        states.update_state_machine(stateMachineArn=made, definition=text(wrong))
    told = states.validate_state_machine_definition(definition=text(wrong))
    assert (told["result"], told["diagnostics"][0]["location"]) == ("FAIL", "/States/Map/ItemSelecter")
    assert states.validate_state_machine_definition(definition=text(WHOLE))["result"] == "OK"
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        states.start_execution(stateMachineArn=made, input="{")
    with pytest.raises(ClientError, match="InvalidName"):
        states.start_execution(stateMachineArn=made, name="two words")
    states.delete_state_machine(stateMachineArn=made)
