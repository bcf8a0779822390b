"""What the corrections of the emulator promise of Step Functions, by API only: the same tests hold on AWS."""

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbench import Bench
from testbench.iam_roles import allow, make_role
from testbench.polling import wait_until_active

pytestmark = pytest.mark.needs("distributed-map")

LIMIT = 180.0
"""Seconds that a test waits for anything; each takes one or two."""

WORKER = """
import os, time

class NotFinishedError(Exception):
    pass

def handler(event, context):
    orders = event.get("Items", [event])
    for order in orders:
        began = time.time()
        time.sleep(order.get("sleep", 0))
        if order.get("exit"):
            os._exit(1)
        if order.get("raise"):
            raise NotFinishedError("told to")
    return {"began": began, "ended": time.time(), "event": event}
"""


MAP_NEEDS = ("lambda:InvokeFunction", "s3:GetObject", "s3:PutObject", "states:StartExecution")
"""What the role of a Distributed Map needs."""


@dataclass
class Place:
    """A bucket, the worker function and the state machines' role, for the tests of this module.

    `hasty` is the function with a time-out of 2 s.
    """

    bench: Bench
    bucket: str
    function_arn: str
    hasty_function_arn: str
    role: str

    def client(self, service: str) -> Any:
        return self.bench.client(service)

    def put_lines(self, items: list[Any]) -> str:
        """A JSON Lines object; returns its key."""
        key = f"items/{uuid.uuid4()}.jsonl"
        body = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body.encode())
        return key

    def machine(self, states: dict[str, Any]) -> str:
        made = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:12]}",
            definition=json.dumps(states),
            roleArn=self.role,
        )
        return str(made["stateMachineArn"])

    def map_machine(self, retry: list[dict[str, Any]] | None = None, *, hasty: bool = False, **fields: Any) -> str:
        """A machine that is one Distributed Map over the object that its input names."""
        function = self.hasty_function_arn if hasty else self.function_arn
        task: dict[str, Any] = {"Type": "Task", "Resource": function, "End": True}
        if retry:
            task["Retry"] = retry
        state = {
            "Type": "Map",
            "Label": "Work",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "JSONL"},
                "Parameters": {"Bucket": self.bucket, "Key.$": "$.key"},
            },
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Task",
                "States": {"Task": task},
            },
            "End": True,
        }
        return self.machine({"StartAt": "Map", "States": {"Map": state | fields}})

    def start(self, machine: str, given: Any, name: str | None = None) -> str:
        answer = self.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps(given), name=name or str(uuid.uuid4())
        )
        return str(answer["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        def found() -> dict[str, Any] | None:
            answer: dict[str, Any] = self.client("stepfunctions").describe_execution(executionArn=execution)
            return None if answer["status"] == "RUNNING" else answer

        ended: dict[str, Any] = until(found)
        return ended

    def run(self, machine: str, given: Any) -> dict[str, Any]:
        return self.ended(self.start(machine, given))

    def map_run(self, execution: str) -> dict[str, Any]:
        runs = until(lambda: self.client("stepfunctions").list_map_runs(executionArn=execution)["mapRuns"])
        described: dict[str, Any] = self.client("stepfunctions").describe_map_run(mapRunArn=runs[0]["mapRunArn"])
        return described

    def read(self, key: str) -> Any:
        return json.loads(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())


def until(found: Callable[[], Any], limit: float = LIMIT) -> Any:
    """The first true answer; polls."""
    end = time.monotonic() + limit
    while not (answer := found()):
        assert time.monotonic() < end, f"not within {limit} s"
        time.sleep(0.05)
    return answer


@pytest.fixture(scope="module")
def place(bench: Bench) -> Iterator[Place]:
    name = f"step-functions-{uuid.uuid4().hex[:8]}"
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("worker.py", WORKER)
    bench.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": bench.endpoints.region}
    )
    functions, timeouts = bench.client("lambda"), {name: 60, f"{name}-hasty": 2}
    arn, hasty_arn = (
        functions.create_function(
            FunctionName=function,
            Runtime="python3.13",
            Role=make_role(bench.client, "lambda"),
            Handler="worker.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=timeout,
        )["FunctionArn"]
        for function, timeout in timeouts.items()
    )
    for function in timeouts:
        wait_until_active(functions, function)
    yield Place(bench, name, arn, hasty_arn, make_role(bench.client, "states", *MAP_NEEDS))
    for function in timeouts:
        functions.delete_function(FunctionName=function)


def test_items_come_in_batches_with_the_shared_input_and_in_the_order_of_the_object(place: Place) -> None:
    machine = place.map_machine(
        ItemBatcher={"MaxItemsPerBatch": 2, "BatchInput": {"replay.$": "$.replay", "fixed": 1}},
    )
    items = [{"n": 0, "text": "a line\u2028that is one"}, {"n": 1}, {"n": 2}]

    answer = place.run(machine, {"key": place.put_lines(items), "replay": "r1"})

    assert answer["status"] == "SUCCEEDED", answer
    events = [output["event"] for output in json.loads(answer["output"])]
    shared = {"replay": "r1", "fixed": 1}
    assert events == [{"BatchInput": shared, "Items": items[:2]}, {"BatchInput": shared, "Items": items[2:]}]


def test_an_unreadable_list_of_items_fails_the_execution_by_name(place: Place) -> None:
    key = place.put_lines([{}])
    place.client("s3").put_object(Bucket=place.bucket, Key=key, Body=b'{"n": 1}\n{"n": \n')

    missing = place.run(place.map_machine(), {"key": "items/none.jsonl"})
    broken = place.run(place.map_machine(), {"key": key})

    assert (missing["status"], missing["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert (broken["status"], broken["error"]) == ("FAILED", "States.ItemReaderFailed")
    assert "line 2" in broken["cause"]


def test_concurrency_from_the_input_is_never_exceeded(place: Place) -> None:
    machine = place.map_machine(MaxConcurrencyPath="$.workers")

    answer = place.run(machine, {"key": place.put_lines([{"sleep": 1}] * 6), "workers": 2})

    spans = [(output["began"], output["ended"]) for output in json.loads(answer["output"])]
    assert most_at_once(spans) == 2


def test_a_running_map_follows_update_map_run_and_zero_is_unlimited(place: Place) -> None:
    states = place.client("stepfunctions")
    execution = place.start(place.map_machine(MaxConcurrency=1), {"key": place.put_lines([{"sleep": 3}] * 8)})
    run = until(lambda: running if (running := place.map_run(execution))["itemCounts"]["running"] == 1 else None)
    assert run["itemCounts"] == run["executionCounts"]
    assert (run["itemCounts"]["pending"] + run["itemCounts"]["succeeded"], run["itemCounts"]["total"]) == (7, 8)

    states.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=3)
    until(lambda: place.map_run(execution)["itemCounts"]["running"] == 3)
    states.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=0)
    until(lambda: place.map_run(execution)["itemCounts"]["pending"] == 0)

    assert place.ended(execution)["status"] == "SUCCEEDED"
    done = place.map_run(execution)
    assert (done["status"], done["maxConcurrency"], done["itemCounts"]["succeeded"]) == ("SUCCEEDED", 0, 8)
    with pytest.raises(states.exceptions.ClientError, match="ValidationException"):
        states.update_map_run(mapRunArn=run["mapRunArn"], maxConcurrency=1)


def test_a_stopped_execution_aborts_what_has_not_ended_and_stays_aborted(place: Place) -> None:
    states = place.client("stepfunctions")
    execution = place.start(place.map_machine(MaxConcurrency=2), {"key": place.put_lines([{"sleep": 3}] * 10)})
    until(lambda: place.map_run(execution)["itemCounts"]["running"] == 2)

    states.stop_execution(executionArn=execution, error="Cancelled", cause="by a test")

    run = until(lambda: stopped if (stopped := place.map_run(execution))["status"] != "RUNNING" else None)
    counts = run["itemCounts"]
    assert run["status"] == "ABORTED"
    assert (counts["pending"], counts["running"]) == (0, 0)
    assert counts["aborted"] + counts["succeeded"] == 10
    assert counts["aborted"] > 0
    children = states.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert {child["status"] for child in children} <= {"ABORTED", "SUCCEEDED"}
    described = states.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Cancelled", "by a test")


def test_a_stopped_execution_does_not_go_on_in_a_loop_beside_the_map(place: Place) -> None:
    states = place.client("stepfunctions")
    loop = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Task"},
            "Task": {"Type": "Task", "Resource": place.function_arn, "ResultPath": None, "Next": "Wait"},
        },
    }
    machine = place.machine({"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [loop], "End": True}}})
    execution = place.start(machine, {})

    def calls() -> int:
        history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return sum(event["type"] == "TaskScheduled" for event in history)

    until(lambda: calls() >= 1)
    states.stop_execution(executionArn=execution)
    at_the_stop = calls()
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert calls() == at_the_stop
        time.sleep(0.1)
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"


@pytest.mark.parametrize(("tolerated", "status"), [(50, "SUCCEEDED"), (49, "FAILED")])
def test_failures_up_to_the_tolerated_percentage_of_items_are_tolerated(
    place: Place, tolerated: int, status: str
) -> None:
    machine = place.map_machine(ToleratedFailurePercentagePath="$.tolerated")
    items = [{"raise": True}, {}, {"raise": True}, {}]

    answer = place.run(machine, {"key": place.put_lines(items), "tolerated": tolerated})

    assert answer["status"] == status
    if status == "FAILED":
        assert answer["error"] == "States.ExceedToleratedFailureThreshold"
    else:
        assert len(json.loads(answer["output"])) == 2


def test_results_are_written_to_the_bucket_by_outcome(place: Place) -> None:
    machine = place.map_machine(
        ToleratedFailurePercentage=100,
        ResultWriter={
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": place.bucket, "Prefix.$": "$.results"},
        },
    )

    execution = place.start(machine, {"key": place.put_lines([{"n": 1}, {"raise": True}]), "results": "out"})
    output = json.loads(place.ended(execution)["output"])

    run = place.map_run(execution)
    details = output["ResultWriterDetails"]
    folder = f"out/{run['mapRunArn'].rpartition(':')[2]}"
    assert output["MapRunArn"] == run["mapRunArn"]
    assert details == {"Bucket": place.bucket, "Key": f"{folder}/manifest.json"}
    manifest = place.read(details["Key"])
    assert manifest["DestinationBucket"] == place.bucket
    assert manifest["MapRunArn"] == run["mapRunArn"]
    assert manifest["ResultFiles"]["PENDING"] == []
    assert [file["Key"] for file in manifest["ResultFiles"]["SUCCEEDED"]] == [f"{folder}/SUCCEEDED_0.json"]
    (succeeded,) = place.read(f"{folder}/SUCCEEDED_0.json")
    (failed,) = place.read(f"{folder}/FAILED_0.json")
    assert json.loads(succeeded["Input"]) == {"n": 1}
    assert json.loads(succeeded["Output"])["event"] == {"n": 1}
    assert succeeded["Status"] == "SUCCEEDED"
    assert (failed["Status"], failed["Error"]) == ("FAILED", "NotFinishedError")
    assert json.loads(failed["Cause"])["errorMessage"] == "told to"
    assert run["itemCounts"]["resultsWritten"] == 2
    assert (run["itemCounts"]["succeeded"], run["itemCounts"]["failed"]) == (1, 1)


def test_a_name_is_idempotent_while_it_runs_with_the_same_input_and_refused_else(place: Place) -> None:
    states = place.client("stepfunctions")
    machine = place.map_machine()
    given = {"key": place.put_lines([{"sleep": 5}])}
    first = place.start(machine, given, name="replay-1")

    assert place.start(machine, given, name="replay-1") == first
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        place.start(machine, {**given, "other": 1}, name="replay-1")
    assert place.ended(first)["status"] == "SUCCEEDED"
    assert place.map_run(first)["itemCounts"]["total"] == 1
    with pytest.raises(states.exceptions.ExecutionAlreadyExists):
        place.start(machine, given, name="replay-1")


@pytest.mark.parametrize(
    ("item", "error"),
    [({"raise": True}, "NotFinishedError"), ({"exit": True}, "Runtime.ExitError"), ({"sleep": 60}, "Sandbox.Timedout")],
)
def test_a_failed_function_is_retried_under_the_name_of_its_own_error(
    place: Place, item: dict[str, Any], error: str
) -> None:
    retry = [
        {"ErrorEquals": ["Another.Error"], "MaxAttempts": 5},
        {"ErrorEquals": [error], "IntervalSeconds": 1, "MaxAttempts": 1},
    ]
    machine = place.map_machine(retry, hasty="sleep" in item, ToleratedFailurePercentage=100)

    execution = place.start(machine, {"key": place.put_lines([item])})

    assert place.ended(execution)["status"] == "SUCCEEDED"
    run = place.map_run(execution)
    (child,) = place.client("stepfunctions").list_executions(mapRunArn=run["mapRunArn"])["executions"]
    described = place.client("stepfunctions").describe_execution(executionArn=child["executionArn"])
    history = place.client("stepfunctions").get_execution_history(executionArn=child["executionArn"])["events"]
    assert (described["status"], described["error"]) == ("FAILED", error)
    assert sum(event["type"] == "TaskScheduled" for event in history) == 2


def test_a_throttled_function_is_named_too_many_requests(place: Place) -> None:
    functions = place.client("lambda")
    functions.put_function_concurrency(FunctionName=place.bucket, ReservedConcurrentExecutions=0)
    try:
        execution = place.start(
            place.map_machine([{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1}]),
            {"key": place.put_lines([{}])},
        )
        until(lambda: place.map_run(execution)["itemCounts"]["running"] == 1)
    finally:
        functions.delete_function_concurrency(FunctionName=place.bucket)

    assert place.ended(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("action", "error"),
    [
        ("lambda:InvokeFunction", "States.ExceedToleratedFailureThreshold"),
        ("s3:GetObject", "States.ItemReaderFailed"),
        ("s3:PutObject", "States.ResultWriterFailed"),
        ("states:StartExecution", "States.Permissions"),
    ],
)
@pytest.mark.needs("iam")
def test_a_distributed_map_does_only_what_its_role_may(place: Place, action: str, error: str) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": place.bucket, "Prefix": "r"}}
    machine = place.map_machine(ResultWriter=writer)
    key = place.put_lines([{}])

    allow(place.client, place.role, *(each for each in MAP_NEEDS if each != action))
    try:
        refused = place.run(machine, {"key": key})
    finally:
        allow(place.client, place.role, *MAP_NEEDS)

    assert (refused["status"], refused["error"]) == ("FAILED", error)
    assert place.run(machine, {"key": key})["status"] == "SUCCEEDED"


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """How many of the spans overlap at most."""
    changes = sorted([(began, 1) for began, _ in spans] + [(ended, -1) for _, ended in spans])
    now = most = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most
