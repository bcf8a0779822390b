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


def machine(state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": "A", "States": {"A": state}}


def task(**fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": True, **fields}


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
        with_state("Map", Retry=[{"ErrorEquals": ["x"], "Times": 3}]),
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
    "a state that nothing leads to": (WHOLE | {"States": WHOLE["States"] | {"Lost": PASS}}, TARGET, "/States/Lost"),  # type: ignore[operator]
    "no end": (machine({"Type": "Pass", "Next": "A"}), "MISSING_END_STATE", "/"),
    "two states of one name": (
        with_state("Both", Branches=[{"StartAt": "Wait", "States": {"Wait": PASS}}]),
        "DUPLICATE_STATE_NAME",
        "/States",
    ),
    "no resource": (machine({"Type": "Task", "End": True}), FIELD, "/States/A"),
    "a resource that is none": (machine(task(Resource="x")), "INVALID_RESOURCE", "/States/A/Resource"),
    "a service that is none": (
        machine(task(Resource="arn:aws:states:::sms:send")),
        "INVALID_RESOURCE",
        "/States/A/Resource",
    ),
    "a timeout of nothing": (machine(task(TimeoutSeconds=0)), FIELD, "/States/A/TimeoutSeconds"),
    "two timeouts": (
        machine(task(TimeoutSeconds=5, TimeoutSecondsPath="$.t")),
        FIELD,
        "/States/A/TimeoutSecondsPath",
    ),
    "a slow heart": (
        machine(task(TimeoutSeconds=5, HeartbeatSeconds=5)),
        FIELD,
        "/States/A/HeartbeatSeconds",
    ),
    "a retry of no error": (machine(task(Retry=[{}])), FIELD, "/States/A/Retry[0]/ErrorEquals"),
    "a retry that is no list": (machine(task(Retry={"ErrorEquals": ["x"]})), FIELD, "/States/A/Retry"),
    "all errors before others": (
        machine(task(Retry=[{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["x"]}])),
        FIELD,
        "/States/A/Retry[0]/ErrorEquals",
    ),
    "a rate below one": (
        machine(task(Retry=[{"ErrorEquals": ["x"], "BackoffRate": 0.5}])),
        FIELD,
        "/States/A/Retry[0]/BackoffRate",
    ),
    "a jitter": (
        machine(task(Retry=[{"ErrorEquals": ["x"], "JitterStrategy": "SOME"}])),
        FIELD,
        "/States/A/Retry[0]/JitterStrategy",
    ),
    "a catcher without a way": (machine(task(Catch=[{"ErrorEquals": ["x"]}])), FIELD, "/States/A/Catch[0]"),
    "no choice": (with_state("Choose", Choices=[]), FIELD, "/States/Choose/Choices"),
    "a choice without a way": (
        with_state("Choose", Choices=[{"Variable": "$.a", "IsNull": True}]),
        FIELD,
        "/States/Choose/Choices[0]",
    ),
    "two comparisons": (
        with_state("Choose", Choices=[{"Variable": "$.a", "IsNull": True, "StringEquals": "b", "Next": "Wait"}]),
        FIELD,
        "/States/Choose/Choices[0]",
    ),
    "a comparison with another kind": (
        with_state("Choose", Choices=[{"Variable": "$.a", "NumericEquals": "3", "Next": "Wait"}]),
        FIELD,
        "/States/Choose/Choices[0]/NumericEquals",
    ),
    "two times to wait": (with_state("Wait", Seconds=3), FIELD, "/States/Wait"),
    "a time before now": (
        machine({"Type": "Wait", "Seconds": -1, "End": True}),
        FIELD,
        "/States/A/Seconds",
    ),
    "a time in words": (
        machine({"Type": "Wait", "Timestamp": "tomorrow", "End": True}),
        FIELD,
        "/States/A/Timestamp",
    ),
    "no branch": (with_state("Both", Branches=[]), FIELD, "/States/Both/Branches"),
    "more than all failures": (
        with_state("Map", ToleratedFailurePercentage=101),
        FIELD,
        "/States/Map/ToleratedFailurePercentage",
    ),
    "a reader of a map that is not distributed": (
        with_state("Map", ItemProcessor={"StartAt": "A", "States": {"A": PASS}}),
        FIELD,
        "/States/Map/ItemReader",
    ),
    "a distributed map of no type": (
        with_state("Map", ItemProcessor=CHILD | {"ProcessorConfig": {"Mode": "DISTRIBUTED"}}),
        FIELD,
        "/States/Map/ItemProcessor/ProcessorConfig",
    ),
    "a long label": (with_state("Map", Label="x" * 41), FIELD, "/States/Map/Label"),
    "an intrinsic that is none": (
        machine(PASS | {"Parameters": {"a.$": "States.Upper($.a)"}}),
        FIELD,
        "/States/A/Parameters/a.$",
    ),
    "a path that is not closed": (machine(PASS | {"OutputPath": "$.a["}), FIELD, "/States/A/OutputPath"),
    "a result in many places": (machine(PASS | {"ResultPath": "$.a[*]"}), FIELD, "/States/A/ResultPath"),
    "JSONPath in JSONata": (
        machine(PASS | {"QueryLanguage": "JSONata", "Parameters": {}}),
        FIELD,
        "/States/A/Parameters",
    ),
    "JSONata in JSONPath": (machine(PASS | {"Output": "{% 1 %}"}), FIELD, "/States/A/Output"),
    "a long name": ({"StartAt": "x" * 81, "States": {"x" * 81: PASS}}, FIELD, None),
}


def text(definition: Any) -> str:
    return definition if isinstance(definition, str) else json.dumps(definition)


def test_a_definition_with_every_kind_of_state_is_taken() -> None:
    assert problems(text(WHOLE)) == []


@pytest.mark.parametrize(
    "state",
    [
        *(
            PASS | {"InputPath": path}
            for path in ("$", "$$.Execution.Id", "$..a", "$.a[?(@.b == 'c]')].d", "$['a b'][0]", "$v.a")
        ),
        PASS | {"ResultPath": None},
        PASS | {"ResultPath": "$.a['b c'][0]"},
        PASS | {"Parameters": {"a.$": "States.Format('{} [', $.a)", "b": {"c.$": "$$.Map.Item.Value"}}},
        PASS | {"Assign": {"count": 1, "name.$": "$.n"}},
        PASS | {"QueryLanguage": "JSONata", "Output": "{% $states.input %}"},
        task(QueryLanguage="JSONata", Arguments={}, TimeoutSeconds="{% $t %}"),
        task(Resource="arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST"),
        task(Resource="arn:aws:states:::aws-sdk:s3:listBuckets"),
        task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken", HeartbeatSeconds=5),
        task(Retry=[{"ErrorEquals": ["x"], "BackoffRate": 1.5, "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]),
        {"Type": "Wait", "Timestamp": "2026-11-23T10:00:00+01:00", "End": True},
        {"Type": "Wait", "Seconds": 0, "End": True},
        {"Type": "Map", "ItemProcessor": {"StartAt": "B", "States": {"B": PASS}}, "MaxConcurrency": 0, "End": True},
    ],
)
def test_what_step_functions_takes_is_taken(state: dict[str, Any]) -> None:
    assert problems(text(machine(state))) == []


def test_an_express_machine_waits_for_nothing() -> None:
    waiting = text(machine(task(Resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken")))
    assert problems(waiting) == []
    assert [place for _, _, place in problems(waiting, express=True)] == ["/States/A/Resource"]


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
    group = "arn:aws:logs:eu-west-1:000000000000:log-group:no-star"
    for destinations in ([], [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]):
        logging = {"level": "ALL", "destinations": destinations}
        with pytest.raises(ClientError, match="InvalidLoggingConfiguration"):
            states.create_state_machine(name="logs", definition=text(WHOLE), roleArn=role, loggingConfiguration=logging)
    made = states.create_state_machine(name="definitions", definition=text(WHOLE), roleArn=role)["stateMachineArn"]
    with pytest.raises(ClientError, match=r"InvalidDefinition.*ItemSelecter"):
        states.update_state_machine(stateMachineArn=made, definition=text(wrong))
    with pytest.raises(ClientError, match="MissingRequiredParameter"):
        states.update_state_machine(stateMachineArn=made)
    told = states.validate_state_machine_definition(definition=text(wrong))
    assert (told["result"], told["diagnostics"][0]["location"]) == ("FAIL", "/States/Map/ItemSelecter")
    assert states.validate_state_machine_definition(definition=text(WHOLE))["result"] == "OK"
    with pytest.raises(ClientError, match="InvalidExecutionInput"):
        states.start_execution(stateMachineArn=made, input="{")
    with pytest.raises(ClientError, match="InvalidName"):
        states.start_execution(stateMachineArn=made, name="two words")
    states.delete_state_machine(stateMachineArn=made)
