"""What the bench adds: faults on demand, a clock that can be moved, control API, client and commands. Notes 8."""

import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError
from firehose.harness import Harness, eventually, lines, processing, processor
from typer.testing import CliRunner

from local_firehose import cli
from local_firehose.client import FirehoseControl, FirehoseControlError
from local_firehose.clock import Clock
from local_firehose.commands import faults_app
from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.faults import POINTS, FaultError, Faults
from local_firehose.settings import Settings

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:%s"


def error(call: Any, *arguments: Any, **named: Any) -> tuple[str, int]:
    """Code and HTTP status of a call that must fail."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **named)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("8", "bench")
def test_entries_of_a_batch_can_be_made_to_fail_by_number_or_by_rate(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("put-entry", stream=stream.name, times=3)
    assert stream.put_batch(*[b"x"] * 10)["FailedPutCount"] == 3
    assert stream.put_batch(*[b"x"] * 10)["FailedPutCount"] == 0
    harness.control.arm("put-entry", stream=stream.name, rate=0.5)
    assert 50 < stream.put_batch(*[b"x"] * 200)["FailedPutCount"] < 150


@pytest.mark.behaviour("8", "bench")
def test_a_fault_hits_only_its_stream(harness: Harness) -> None:
    one, other = harness.s3_stream(), harness.s3_stream()
    harness.control.arm("put-entry", stream=one.name)
    assert one.put_batch(b"x")["FailedPutCount"] == 1
    assert other.put_batch(b"x")["FailedPutCount"] == 0


@pytest.mark.behaviour("8", "bench")
def test_a_fault_ends_after_its_seconds(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.control.arm("put-entry", stream=stream.name, seconds=10)
    assert stream.put_batch(b"x")["FailedPutCount"] == 1
    harness.control.clock(advance_seconds=10)
    assert stream.put_batch(b"x")["FailedPutCount"] == 0


@pytest.mark.behaviour("8", "bench")
def test_any_call_can_be_refused_with_any_code(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("call", times=1)
    assert error(stream.put, b"x") == ("ServiceUnavailableException", 503)
    harness.control.arm("call", operation="DescribeDeliveryStream", code="ThrottlingException", status=400, times=1)
    stream.put(b"x")
    assert error(stream.describe) == ("ThrottlingException", 400)
    stream.describe()


@pytest.mark.behaviour("8", "bench")
def test_a_lost_answer_makes_the_callers_retry_a_duplicate(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("lost-answer", stream=stream.name, times=1)
    assert error(stream.put, b"x") == ("InternalFailure", 500)
    stream.put(b"x")
    assert stream.body() == b"xx"


@pytest.mark.behaviour("8", "bench")
def test_a_call_can_be_made_slow(harness: Harness) -> None:
    import time

    stream = harness.s3_stream()
    harness.control.arm("latency", operation="PutRecordBatch", delay=0.3, times=1)
    started = time.monotonic()
    stream.put(b"x")
    assert time.monotonic() - started >= 0.3
    assert stream.body() == b"x"


def test_slow_calls_are_in_nobodys_way(harness: Harness) -> None:
    slow, other = harness.s3_stream(), harness.s3_stream()
    fault = harness.control.arm("latency", stream=slow.name, delay=3)
    with ThreadPoolExecutor(20) as pool:
        client = harness.firehose.client(connections=20)
        record = {"DeliveryStreamName": slow.name, "Record": {"Data": b"x"}}
        waiting = [pool.submit(client.put_record, **record) for _ in range(20)]
        eventually(lambda: harness.control.hits(fault) == 20)
        other.put(b"y")
        assert not all(one.done() for one in waiting), "the other call is answered before them"
        assert all(one.result()["RecordId"] for one in waiting)
    assert slow.body() == b"x" * 20


def test_a_used_up_fault_leaves_throttling_as_it_is() -> None:
    faults = Faults(Clock())
    faults.arm({"point": "put-entry", "times": 1})
    assert faults.any_at("put-entry")
    assert faults.hit("put-entry")
    assert not faults.any_at("put-entry")


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket", "SlowDown"])
def test_s3_can_be_made_to_refuse(harness: Harness, code: str) -> None:
    stream = harness.s3_stream()
    fault = harness.control.arm("s3", stream=stream.name, code=code, times=2, bucket="bucket-*")
    stream.put(b"x")
    assert stream.body() == b"x"
    assert harness.control.hits(fault) == 2
    assert len(harness.aws.objects(stream.bucket)) == 1


@pytest.mark.behaviour("8", "bench")
def test_s3_objects_can_be_made_to_be_delivered_twice(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("s3-duplicate", stream=stream.name, times=1)
    stream.put(b"x")
    first, second = stream.all_objects()
    assert first.body == second.body == b"x"
    assert first.key != second.key


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize(
    ("mode", "code"),
    [
        ("throttle", "Lambda.InvokeLimitExceeded"),
        ("timeout", "Lambda.FunctionTimedOut"),
        ("function-error", "Lambda.FunctionError"),
        ("malformed", "Lambda.JsonProcessingException"),
        ("missing-records", "Lambda.MissingRecordId"),
        ("not-found", "Lambda.ResourceNotFound"),
    ],
)
def test_the_function_can_be_made_to_fail(harness: Harness, mode: str, code: str) -> None:
    given = processor("Lambda", LambdaArn=FUNCTION % "any", NumberOfRetries="0")
    stream = harness.s3_stream(ProcessingConfiguration=processing(given))
    harness.control.arm("lambda", stream=stream.name, mode=mode)
    stream.put(b"x")
    (failure,) = lines(stream.all_objects("processing-failed/"))
    assert failure["errorCode"] == code


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("point", ["opensearch", "opensearch-item"])
@pytest.mark.parametrize("status", [400, 403, 429, 503])
def test_opensearch_can_be_made_to_refuse_requests_or_documents(harness: Harness, point: str, status: int) -> None:
    stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 0})
    harness.control.arm(point, stream=stream.name, status=status)
    stream.put(b'{"n": 1}')
    (failure,) = lines(stream.all_objects("AmazonOpenSearchService-failed/"))
    assert failure["errorCode"] == str(status)
    assert json.loads(failure["errorMessage"])["reason"] == "armed fault"


def test_every_point_is_tested_in_this_file_or_next_to_what_it_breaks() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [point for point in POINTS if f'arm("{point}"' not in text and f'"{point}"]' not in text] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"point": "nowhere"},
        {"point": "s3", "times": 0},
        {"point": "s3", "times": True},
        {"point": "s3", "rate": 0},
        {"point": "s3", "rate": 1.5},
        {"point": "s3", "seconds": -1},
        {"point": "s3", "status": 500, "colour": "red"},
        {"point": "lambda", "mode": "sulk"},
        {"point": "s3", "stream": 7},
        {"point": "s3", "bucket": 7},
        {"point": "opensearch", "status": "busy"},
        {"point": "opensearch", "status": 42},
        {"point": "call", "status": True},
        {"point": "latency", "delay": -1},
        {"point": "latency", "delay": "long"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(harness: Harness, wrong: dict[str, Any]) -> None:
    with pytest.raises(FaultError):
        Faults(Clock()).arm(wrong)
    request = urllib.request.Request(f"{harness.firehose.endpoint}/_firehose/faults", json.dumps(wrong).encode())
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(request)


def test_rates_repeat_with_the_same_seed() -> None:
    def hits(seed: int) -> list[bool]:
        faults = Faults(Clock(), seed)
        faults.arm({"point": "s3", "rate": 0.5})
        return [faults.hit("s3", bucket="b") is not None for _ in range(50)]

    assert hits(1) == hits(1) != hits(2)


# --- clock --------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("8", "bench")
def test_the_clock_runs_faster_stands_still_and_is_moved_on(harness: Harness) -> None:
    still = harness.control.clock(speed=0)
    assert harness.control.clock()["elapsed_seconds"] == still["elapsed_seconds"]
    moved = harness.control.clock(advance_seconds=7200)
    assert moved["elapsed_seconds"] - still["elapsed_seconds"] == pytest.approx(7200, abs=0.01)
    assert moved["now"] - still["now"] < 60, "timestamps stay at the wall clock"
    shifted = harness.control.clock(offset_seconds=3600)
    assert shifted["now"] - still["now"] == pytest.approx(3600, abs=60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": -1},
        {"speed": float("inf")},
        {"speed": float("nan")},
        {"speed": "fast"},
        {"advance_seconds": -1},
        {"advance_seconds": 1e300},
        {"offset_seconds": 1e12},
        {"speed": 7, "advance_seconds": -1},
        {"speed": 7, "offset_seconds": -1e12},
        {"warp": 9},
    ],
)
def test_a_clock_that_makes_no_sense_is_refused_and_stays_as_it_is(harness: Harness, wrong: dict[str, Any]) -> None:
    before = harness.control.clock()
    with pytest.raises(FirehoseControlError, match="400"):
        harness.control.clock(**wrong)
    after = harness.control.clock()
    assert (after["speed"], after["offset_seconds"]) == (before["speed"], before["offset_seconds"])


# --- control API, client, commands --------------------------------------------------------------------------------


def test_health_tells_streams_undelivered_records_and_memory() -> None:
    with FakeAws() as aws, RunningFirehose(Settings(aws.endpoint, check_roles=False, clock_speed=300)) as firehose:
        own = Harness(aws, None, firehose)  # type: ignore[arg-type]
        stream = own.s3_stream()
        own.control.clock(speed=0)
        stream.put(b"x" * 1000)
        health = own.control.health()
        assert (health["status"], health["durable"], health["streams"]) == ("ok", False, 1)
        assert health["undelivered_records"] == 1
        assert 1000 < health["memory"]["used_bytes"] < 2000
        own.control.clock(speed=300)
        stream.delivered()
        assert own.control.health()["memory"]["used_bytes"] == 0


def test_flush_delivers_what_is_buffered(harness: Harness) -> None:
    one, other = harness.s3_stream(), harness.s3_stream()
    harness.control.clock(speed=0)
    one.put(b"x")
    other.put(b"y")
    harness.control.flush(one.name)
    assert one.objects()[0].body == b"x"
    assert not harness.aws.objects(other.bucket)


def test_waiting_for_delivery_ends_with_an_error_that_names_the_buffers(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.clock(speed=0)
    harness.control.arm("s3", stream=stream.name)
    stream.put(b"x")
    with pytest.raises(FirehoseControlError, match="primary"):
        harness.control.wait_until_delivered(stream.name, seconds=0.3)


def test_the_client_leaves_no_fault_behind(harness: Harness) -> None:
    with FirehoseControl(harness.firehose.endpoint) as control:
        control.arm("s3", stream="none")
        assert control.points().keys() == POINTS.keys()
        (armed,) = control.armed()
        control.disarm(armed["id"])
        with pytest.raises(FirehoseControlError, match="404"):
            control.disarm(armed["id"])
        control.arm("s3", stream="none")
    assert harness.control.armed() == []
    assert harness.control.clock()["speed"] == 1.0


def test_a_server_that_is_not_there_is_an_error_of_the_client() -> None:
    with pytest.raises(FirehoseControlError):
        FirehoseControl("http://127.0.0.1:1").health()


def test_the_faults_commands_do_what_the_client_does(harness: Harness, tmp_path: Path) -> None:
    app = typer.Typer()
    app.add_typer(faults_app(lambda _: harness.firehose.endpoint, tmp_path), name="faults")

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["faults", *arguments], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    stream = harness.s3_stream()
    fault = run("arm", "s3", "code=NoSuchBucket", "--times", "2", "--stream", stream.name).strip()
    assert json.loads(run("list"))["code"] == "NoSuchBucket"
    assert "put-entry" in run("points")
    assert json.loads(run("clock", "--speed", "0"))["speed"] == 0
    stream.put(b"x")
    assert json.loads(run("streams", "--stream", stream.name))["undelivered_records"] == 1
    run("disarm", fault)
    assert run("list") == ""
    run("flush", "--stream", stream.name)
    assert stream.objects()[0].body == b"x"


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--aws-endpoint", "127.0.0.1:4566", "must be a URL such as http://127.0.0.1:4566; got '127.0.0.1:4566'"),
        ("--opensearch", "", "must be a URL such as"),
        ("--port", "70000", "must be a whole number, from 0 to 65535; got '70000'"),
        ("--account", "1234", "must be 12 digits such as 000000000000; got '1234'"),
        ("--clock-speed", "-1", "must be a number from 0 to 1000000; got '-1'"),
        ("--clock-speed", "nan", "must be a number"),
        ("--transition-seconds", "soon", "must be a number"),
        ("--max-buffered-mib", "4", "must be a whole number, at least 5; got '4'"),
        ("--active-partitions", "0", "must be a whole number, at least 1; got '0'"),
    ],
)
def test_a_value_that_makes_no_sense_ends_with_its_rule(
    capsys: pytest.CaptureFixture[str], option: str, value: str, rule: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.parser().parse_args(["--aws-endpoint", "http://aws", f"{option}={value}"])
    assert ended.value.code == 2
    assert f"argument {option}: {rule}" in capsys.readouterr().err


def test_the_options_of_the_command_are_the_settings() -> None:
    plain = cli.settings(cli.parser().parse_args(["--aws-endpoint", "http://aws"]))
    assert plain == Settings(aws_endpoint="http://aws"), "the defaults are the strict ones"
    other = cli.settings(
        cli.parser().parse_args(
            [
                *("--aws-endpoint", "http://aws", "--port", "1", "--opensearch", "http://o", "--state", "dir"),
                *("--account", "111122223333", "--clock-speed", "5", "--transition-seconds", "0"),
                *("--opensearch-retry-step", "2", "--drain-seconds", "1", "--max-buffered-mib", "64"),
                *("--max-streams", "9", "--active-partitions", "8", "--no-quotas", "--allow-http-cluster-endpoint"),
                *(
                    "--no-role-check",
                    "--assume-roles",
                    "--no-kms-check",
                    "--no-metrics",
                    "--no-error-logs",
                    "--plain-error-objects",
                ),
                *("--trailing-delimiter", "--strict-lambda-batch", "--no-time-after-expressions", "--host", "::1"),
            ]
        )
    )
    changed = {name for name in Settings.__dataclass_fields__ if getattr(other, name) != getattr(plain, name)}
    assert changed == set(Settings.__dataclass_fields__) - {"aws_endpoint"}


def test_without_a_state_folder_what_is_buffered_is_delivered_at_the_end() -> None:
    with FakeAws() as aws:
        with RunningFirehose(Settings(aws.endpoint, check_roles=False, transition_seconds=0.0)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.s3_stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 900})
            stream.put(b"x")
        assert [stored.body for stored in aws.objects(stream.bucket)] == [b"x"]
        with pytest.raises(EndpointConnectionError):
            stream.put(b"y")
