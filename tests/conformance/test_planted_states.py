"""The judges of the state machine find what they are there for: one fault each in a definition that is right."""

import copy
import json
from typing import Any

import pytest

from tests.conformance import states
from tests.conformance.planning import Resource

END = {"Type": "Pass", "End": True}


def machine(**states_: Any) -> dict[str, Any]:
    return {"StartAt": next(iter(states_)), "States": states_}


ASL_FAULTS = {
    "a type that is none": machine(A={"Type": "Pas", "End": True}),
    "a next state that is not there": machine(A={"Type": "Pass", "Next": "B"}),
    "a state that nothing leads to": machine(A=END, B=END),
    "a path that is none": machine(A={"Type": "Pass", "InputPath": "$.a[", "End": True}),
    "a resource that is no ARN": machine(A={"Type": "Task", "Resource": "send", "End": True}),
    "no state to start at": {"States": {"A": END}},
    "a choice without a rule": machine(A={"Type": "Choice", "Choices": []}),
}


def test_asl_validator_finds_every_planted_fault() -> None:
    found = {each.where for each in states.grammar({**ASL_FAULTS, "right": machine(A=END)})}
    assert found == set(ASL_FAULTS)


INVOKE = "arn:aws:states:::lambda:invoke"
SEND = {
    "Type": "Task",
    "Resource": INVOKE,
    "Parameters": {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:worker", "Payload.$": "$"},
    "TimeoutSeconds": 960,
    "Retry": [
        {"ErrorEquals": ["OutOfTimeError"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1000},
        {"ErrorEquals": ["Lambda.Unknown"], "MaxDelaySeconds": 60, "JitterStrategy": "FULL"},
        {"ErrorEquals": ["States.ALL"]},
    ],
    "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}, {"ErrorEquals": ["States.ALL"], "Next": "Late"}],
    "Next": "Sent",
}
ITEMS = {
    "Type": "Map",
    "Label": "Items",
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket.$": "$.bucket", "Key.$": "States.Format('{}items.jsonl', $.work_prefix)"},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 1, "BatchInput": {"started_at.$": "$$.Execution.StartTime"}},
    "MaxConcurrencyPath": "$.workers",
    "ToleratedFailurePercentage": 100,
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **machine(Send=SEND, Sent={"Type": "Succeed"}, Late={"Type": "Fail", "Error": "Late"}),
    },
    "ResultWriter": {
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket.$": "$.bucket", "Prefix": "results"},
    },
    "End": True,
}
CHECK = {
    "Type": "Task",
    "Resource": INVOKE,
    "Parameters": {
        "FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:worker",
        "Payload.$": "$.begun.half",
    },
    "ResultSelector": {"done.$": "$.Payload.done"},
    "ResultPath": "$.check",
    "Next": "More",
}
RIGHT = machine(
    Begin={
        "Type": "Pass",
        "Parameters": {"note": "costs $5", "half.$": "States.MathAdd(1, 2)", "all.$": "States.Array('a,b', $.b, true)"},
        "ResultPath": "$.begun",
        "Next": "Wait",
    },
    Wait={"Type": "Wait", "Seconds": 0, "Next": "Check"},
    Check=CHECK,
    More={
        "Type": "Choice",
        "Choices": [{"Variable": "$.check.done", "BooleanEquals": True, "Next": "Both"}],
        "Default": "Wait",
    },
    Both={"Type": "Parallel", "Branches": [machine(Items=ITEMS), machine(Other=END)], "End": True},
) | {"Comment": "Sends. Input: bucket, work_prefix, workers, b."}
MAP = ("Both", "Branches", 0, "States", "Items")
TASK = (*MAP, "ItemProcessor", "States", "Send")
OTHER = ("Both", "Branches", 1, "States", "Other")
GONE = object()


def changed(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The right definition with one value put in, or taken out."""
    whole = copy.deepcopy(RIGHT)
    place: Any = whole["States"]
    for step in path[:-1]:
        place = place[step]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return whole


FAULTS: list[tuple[str, tuple[Any, ...], Any]] = [
    *(
        ("resource", (*TASK, "Resource"), resource)
        for resource in (
            "arn:aws:states:::lambda:invokes",
            "arn:aws:states:::lamda:invoke",
            "arn:aws:states:::lambda:invoke.sync",
            "arn:aws:states:::lambda:Invoke",
            "arn:aws:states:eu-west-1::lambda:invoke",
            "arn:aws-gov:states:::lambda:invoke",
            "arn:aws:lambda:eu-west-1:123456789012:worker",
            "arn:aws:s3:::orders",
        )
    ),
    ("token", (*TASK, "Resource"), f"{INVOKE}.waitForTaskToken"),
    ("token", (*TASK, "Parameters", "Payload.$"), "$$.Task.Token"),
    ("parameters", (*TASK, "Parameters", "FunctionName"), GONE),
    ("parameters", (*TASK, "Parameters", "FunctionName"), "arn:aws:s3:::worker"),
    ("parameters", (*TASK, "Parameters", "FunctionName"), "a worker"),
    ("parameters", (*TASK, "Parameters", "functionName"), "worker"),
    ("parameters", (*TASK, "Parameters", "Functionname.$"), "$.a"),
    ("parameters", (*TASK, "Parameters", "InvocationType"), "Evnt"),
    ("parameters", (*MAP, "ItemReader", "Parameters", "Key.$"), GONE),
    ("parameters", (*MAP, "ItemReader", "Parameters", "Prefix"), "orders/"),
    ("not-computed", (*TASK, "Parameters", "Payload"), "$.x"),
    ("not-computed", (*TASK, "Parameters", "Payload"), {"a": ["$"]}),
    ("not-computed", (*TASK, "Parameters", "Payload"), {"a": "$$.Execution.Id"}),
    ("not-computed", ("Begin", "Parameters", "half"), "States.UUID()"),
    ("not-computed", ("Begin", "Result"), {"a.$": "$.b"}),
    ("not-computed", (*MAP, "ItemBatcher", "BatchInput", "a"), "$.b"),
    *(
        ("no-expression", ("Begin", "Parameters", "a.$"), text)
        for text in (".x", "x.y", "bucket", "$bucket", "$bucket.name", "$.a[", "$..", "$.a b", "", 5, "$.a.", "'a'")
    ),
    ("no-expression", (*MAP, "MaxConcurrencyPath"), "workers"),
    ("no-expression", ("Begin", "ResultPath"), "begun"),
    ("no-expression", ("More", "Choices", 0, "Variable"), "done"),
    ("no-expression", ("Begin", "Parameters", "a.$"), "States.Format('{}', prefix)"),
    ("no-expression", ("Begin", "Parameters", "a.$"), "States.UUID"),
    ("unknown-function", ("Begin", "Parameters", "a.$"), "States.Formats('{}', $.a)"),
    ("unknown-function", ("Begin", "Parameters", "a.$"), "States.format('{}', $.a)"),
    ("unknown-function", ("Begin", "Parameters", "a.$"), "State.Format('{}', $.a)"),
    ("unknown-function", ("Begin", "Parameters", "a.$"), "States.Array(States.UUId())"),
    ("unknown-context", ("Begin", "Parameters", "a.$"), "$$.Execution.Started"),
    ("unknown-context", ("Begin", "Parameters", "a.$"), "$$.Executions.Id"),
    ("unknown-context", (*MAP, "ItemBatcher", "BatchInput", "a.$"), "$$.Map.Item.Values"),
    ("format", ("Begin", "Parameters", "a.$"), "States.Format('{}/{}', $.a)"),
    ("format", ("Begin", "Parameters", "a.$"), "States.Format('{}', $.a, $.b)"),
    *(
        ("arguments", ("Begin", "Parameters", "a.$"), text)
        for text in (
            "States.MathAdd(1)",
            "States.UUID(1)",
            "States.JsonMerge($.a, $.b)",
            "States.Format('{}, $.a)",
            "States.Array(States.UUID()",
        )
    ),
    *(
        ("field", (*TASK, "Retry", 0, name), value)
        for name, value in (
            ("BackoffRate", 0.5),
            ("BackoffRate", 0.99),
            ("BackoffRate", "2"),
            ("IntervalSeconds", 0),
            ("IntervalSeconds", 1.5),
            ("IntervalSeconds", -1),
            ("IntervalSeconds", 100_000_000),
            ("MaxAttempts", -1),
            ("MaxAttempts", 100_000_000),
            ("MaxAttempts", "3"),
            ("MaxDelaySeconds", 31_622_400),
            ("JitterStrategy", "HALF"),
            ("JitterStrategy", "full"),
            ("ErrorEquals", []),
            ("Interval", 1),
            ("Next", "Sent"),
        )
    ),
    ("delay", (*TASK, "Retry", 1, "MaxDelaySeconds"), 1),
    ("field", (*TASK, "Catch", 0, "Nxt"), "Late"),
    ("unknown-error", (*TASK, "Retry", 0, "ErrorEquals"), ["OutOfTimesError"]),
    ("unknown-error", (*TASK, "Retry", 0, "ErrorEquals"), ["States.TimeOut"]),
    ("unknown-error", (*TASK, "Retry", 0, "ErrorEquals"), ["States.Runtime"]),
    ("unknown-error", (*TASK, "Catch", 0, "ErrorEquals"), ["States.Timeouts"]),
    ("unknown-error", (*TASK, "Catch", 0, "ErrorEquals"), ["Lambda.TooManyRequests"]),
    ("never-matched", (*TASK, "Retry", 1, "ErrorEquals"), ["OutOfTimeError"]),
    ("never-matched", (*TASK, "Retry", 0, "ErrorEquals"), ["States.TaskFailed"]),
    ("never-matched", (*TASK, "Catch", 1, "ErrorEquals"), ["States.Timeout"]),
    ("all-not-last", (*TASK, "Retry", 2, "ErrorEquals"), ["States.ALL", "States.Permissions"]),
    ("all-not-last", (*TASK, "Catch", 0, "ErrorEquals"), ["States.ALL", "States.Timeout"]),
    ("field", (*TASK, "TimeoutSeconds"), 0),
    ("field", (*TASK, "TimeoutSeconds"), 100_000_000),
    ("field", (*TASK, "TimeoutSeconds"), "960"),
    ("field", (*TASK, "HeartbeatSeconds"), 0),
    ("heartbeat", (*TASK, "HeartbeatSeconds"), 960),
    ("both", (*TASK, "TimeoutSecondsPath"), "$.timeout"),
    ("both", (*MAP, "MaxConcurrency"), 5),
    ("both", (*MAP, "ItemBatcher", "MaxItemsPerBatchPath"), "$.most"),
    ("field", (*TASK, "QueryLanguage"), "JSONpath"),
    *(
        ("field", (*MAP, "Label"), label)
        for label in ("l" * 41, "Some items", "Items*", "Items/a:b", "Items#1", "", "Items\t", 'It"ems')
    ),
    ("field", (*MAP, "ItemBatcher", "MaxItemsPerBatch"), 0),
    ("field", (*MAP, "ItemBatcher", "MaxItemsPerBatch"), GONE),
    ("field", (*MAP, "ItemBatcher", "MaxInputBytesPerBatch"), 262_145),
    ("field", (*MAP, "ItemBatcher", "MaxItems"), 1),
    ("field", (*MAP, "ToleratedFailurePercentage"), 101),
    ("field", (*MAP, "ToleratedFailurePercentage"), -1),
    ("field", (*MAP, "ToleratedFailureCount"), -1),
    ("field", (*MAP, "ItemReader", "ReaderConfig"), GONE),
    ("field", (*MAP, "ItemReader", "ReaderConfig", "InputType"), "JSONLINES"),
    ("field", (*MAP, "ItemReader", "ReaderConfig", "InputType"), "jsonl"),
    ("field", (*MAP, "ItemReader", "ReaderConfig", "MaxItems"), 0),
    ("field", (*MAP, "ItemReader", "ReaderConfig", "CSVHeaderLocation"), "FIRST"),
    ("field", (*MAP, "ItemReader", "Config"), {}),
    ("field", (*MAP, "ItemReader", "Parameters"), GONE),
    ("field", (*MAP, "ItemReader", "Resource"), "arn:aws:states:::s3:getObjects"),
    ("field", (*MAP, "ItemReader", "Resource"), INVOKE),
    ("field", (*MAP, "ResultWriter", "Resource"), "arn:aws:states:::s3:getObject"),
    ("field", (*MAP, "ResultWriter", "Parameters"), GONE),
    ("field", (*MAP, "ResultWriter", "Parameters", "Bucket.$"), GONE),
    ("field", (*MAP, "ResultWriter", "Parameters", "Key"), "results"),
    ("field", (*MAP, "ItemProcessor", "ProcessorConfig", "Mode"), "DISTRIBUTE"),
    ("field", (*MAP, "ItemProcessor", "ProcessorConfig", "Mode"), "INLINE"),
    ("field", (*MAP, "ItemProcessor", "ProcessorConfig", "ExecutionType"), "STANDART"),
    ("field", (*MAP, "ItemProcessor", "ProcessorConfig", "ExecutionType"), GONE),
    ("field", (*MAP, "ItemProcessor", "ProcessorConfig"), GONE),
    ("field", ("Wait", "Seconds"), -1),
    ("field", ("Wait", "Seconds"), 1.5),
    ("field", ("Wait", "Seconds"), GONE),
    ("field", ("Wait", "Timestamp"), "2026-01-01T00:00:00Z"),
    ("field", (*TASK, "Resource"), GONE),
    ("field", (*MAP, "ItemProcessor"), GONE),
    ("field", ("Both", "Branches"), []),
    *(
        ("no-member", path, value)
        for path, value in (
            (("More", "Choices", 0, "Variable"), "$.check.don"),
            (("More", "Choices", 0, "Variable"), "$.done"),
            (("Check", "ResultSelector", "done.$"), "$.Payloads.done"),
            (("Check", "ResultSelector", "done.$"), "$.done"),
            (("Check", "Parameters", "Payload.$"), "$.begun.halve"),
            (("Check", "Parameters", "Payload.$"), "$.Execution.Id"),
            (("Check", "ResultPath"), "$.checked"),
            (("Check", "ResultPath"), GONE),
            (("Check", "ResultSelector"), {"do.$": "$.Payload.done"}),
            (("Begin", "ResultPath"), "$.began"),
            (("Begin", "ResultPath"), GONE),
            (("Begin", "Parameters", "a.$"), "States.Format('{}', $.buckets)"),
            ((*MAP, "MaxConcurrencyPath"), "$.worker"),
            ((*MAP, "ItemReader", "Parameters", "Bucket.$"), "$.bucke"),
            ((*TASK, "Parameters", "Payload.$"), "$.BatchInputs"),
            ((*TASK, "Parameters", "Payload.$"), "$.BatchInput.started"),
        )
    ),
    ("unreachable", ("Alone",), END),
    ("unreachable", (*MAP, "ItemProcessor", "States", "Alone"), END),
    ("no-state", (*MAP, "ItemProcessor", "StartAt"), "Begin"),
    ("no-state", (*TASK, "Catch", 0, "Next"), "Sant"),
    ("no-state", ("More", "Default"), "Wiat"),
    ("endless", ("More", "Choices", 0, "Next"), "Wait"),
    ("next", (*TASK, "End"), True),
    ("next", (*OTHER, "End"), GONE),
    ("name-twice", ("Other",), END),
    ("long-name", ("N" * 81,), END),
]


def test_a_right_definition_has_nothing_against_it() -> None:
    assert states.beyond_grammar({"right": RIGHT}) == []


@pytest.mark.parametrize(
    ("rule", "path", "value"),
    FAULTS,
    ids=[f"{rule}-{'.'.join(map(str, path[-2:]))}-{number}" for number, (rule, path, _) in enumerate(FAULTS)],
)
def test_what_asl_validator_misses_is_found(rule: str, path: tuple[Any, ...], value: Any) -> None:
    assert rule in {each.rule for each in states.beyond_grammar({"x": changed(path, value)})}


def test_another_language_and_a_definition_that_is_too_large_are_found() -> None:
    assert [each.rule for each in states.beyond_grammar({"x": {**RIGHT, "QueryLanguage": "JSONata"}})] == ["field"]
    large = {**RIGHT, "Comment": "c" * 1_048_576}
    assert [each.rule for each in states.beyond_grammar({"x": large})] == ["too-large"]


WORKER = Resource(
    "module.replay_1.aws_lambda_function.worker",
    "aws_lambda_function",
    {"arn": "arn:aws:lambda:eu-west-1:123456789012:function:worker"},
)


@pytest.mark.parametrize(
    ("kind", "planned", "rules"),
    [("STANDARD", [WORKER], []), ("EXPRESS", [WORKER], ["express"]), ("STANDARD", [], ["no-function"])],
)
def test_the_functions_are_planned_and_an_express_state_machine_has_no_distributed_map(
    kind: str, planned: list[Resource], rules: list[str]
) -> None:
    values = {"type": kind, "definition": json.dumps(RIGHT)}
    resource = Resource("module.replay_1.aws_sfn_state_machine.this", "aws_sfn_state_machine", values)
    assert [each.rule for each in states.in_plan([*planned, resource])] == rules
