"""The Lambda transformation: event, answers, failures, retries, error documents. Notes 3.1 to 3.3."""

import base64
import gzip
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from firehose.harness import ROLE, Harness, StreamUnderTest, eventually, lines, processing, processor

from local_firehose.fakes.aws import AwsError
from local_firehose.pipeline.transformation import (
    TransformationError,
    payload_batches,
    read_response,
)
from local_firehose.records import Item, Record

Event = dict[str, Any]
MESSAGE_ERROR = "The Lambda function was successfully invoked but it returned an error result."


def arn(name: str) -> str:
    return f"arn:aws:lambda:eu-west-1:000000000000:function:{name}:$LATEST"


def answer(event: Event, decide: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    """A result per record; ``decide`` gets the data and gives what to add to the recordId."""
    return {"records": [{"recordId": r["recordId"], **decide(base64.b64decode(r["data"]))} for r in event["records"]]}


def ok(data: bytes, **more: Any) -> dict[str, Any]:
    """An Ok result."""
    return {"result": "Ok", "data": base64.b64encode(data).decode(), **more}


def transformed(
    harness: Harness, function: Callable[[Event], Any], *, retries: int = 0, **configuration: Any
) -> StreamUnderTest:
    """A stream whose records go through ``function``."""
    name = harness.name("function")
    harness.aws.functions[name] = function
    given = processor("Lambda", LambdaArn=arn(name), NumberOfRetries=str(retries))  # buffers 1 MiB or 60 s
    return harness.s3_stream(ProcessingConfiguration=processing(given), **configuration)


def invocations(harness: Harness, stream: StreamUnderTest) -> list[Event]:
    """Events of the stream's invocations."""
    mine = f"deliverystream/{stream.name}"
    return [event for _, event in harness.aws.invocations if event["deliveryStreamArn"].endswith(mine)]


def failures(stream: StreamUnderTest) -> list[dict[str, Any]]:
    """The documents below processing-failed/."""
    return lines(stream.all_objects("processing-failed/"))


# --- 3.1 event and response ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("3.1", "documented")
def test_the_event_names_stream_region_and_records(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, ok))
    before = int(time.time() * 1000)
    stream.put(b"one", b"two")
    stream.objects()
    (event,) = invocations(harness, stream)
    assert set(event) == {"invocationId", "deliveryStreamArn", "region", "records"}
    assert event["deliveryStreamArn"] == stream.describe()["DeliveryStreamARN"]
    assert event["region"] == "eu-west-1"
    assert [base64.b64decode(record["data"]) for record in event["records"]] == [b"one", b"two"]
    for record in event["records"]:
        assert set(record) == {"recordId", "approximateArrivalTimestamp", "data"}
        assert before <= record["approximateArrivalTimestamp"] <= time.time() * 1000


@pytest.mark.behaviour("3.1", "observed", "stackd")
def test_record_ids_are_opaque_not_those_of_the_put_and_stable_over_retries(harness: Harness) -> None:
    events: list[Event] = []

    def fails_once(event: Event) -> Any:
        events.append(event)
        if len(events) == 1:
            raise RuntimeError("first attempt")
        return answer(event, ok)

    stream = transformed(harness, fails_once, retries=1)
    put_ids = stream.put(b"x", b"y")
    assert stream.body() in (b"xy", b"yx")
    first, second = ([record["recordId"] for record in event["records"]] for event in events)
    assert first == second
    assert not set(first) & set(put_ids)
    assert events[0]["invocationId"] != events[1]["invocationId"]


@pytest.mark.behaviour("3.1", "uncertain")
def test_a_record_id_is_a_sequence_of_56_digits_and_six_more(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, ok))
    stream.put(b"x")
    stream.objects()
    (event,) = invocations(harness, stream)
    assert re.fullmatch(r"\d{56}000000", event["records"][0]["recordId"])


@pytest.mark.behaviour("3.1", "documented")
def test_events_stay_below_6_mb(harness: Harness) -> None:
    items = [Item.of(Record(n, 0, b"x" * 1_000_000)) for n in range(10)]
    batches = payload_batches(items)
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert [item for batch in batches for item in batch] == items


@pytest.mark.behaviour("3.1", "documented")
def test_the_lambda_stage_has_its_own_buffer(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, ok))
    harness.control.clock(speed=0)
    stream.put(b"a")
    harness.control.clock(advance_seconds=59)
    assert not invocations(harness, stream)
    stream.put(b"b")
    harness.control.clock(advance_seconds=1)
    eventually(lambda: invocations(harness, stream))
    assert len(invocations(harness, stream)[0]["records"]) == 2


@pytest.mark.behaviour("3.1", "documented")
def test_an_invocation_carries_about_as_much_as_the_buffer_size(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, ok))
    stream.put(*[b"x" * 400_000] * 6)
    stream.delivered()
    assert [len(event["records"]) for event in invocations(harness, stream)] == [3, 3]


@pytest.mark.behaviour("3.1", "documented")
def test_a_backlog_makes_more_invocations_not_larger_ones(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, ok))
    harness.control.clock(speed=0)
    harness.control.arm("lambda", stream=stream.name, mode="throttle", times=1)
    for _ in range(3):
        stream.put(*[b"x" * 400_000] * 10)
    harness.control.clock(speed=300)
    stream.delivered()
    assert max(len(event["records"]) for event in invocations(harness, stream)) == 3


@pytest.mark.behaviour("3.1", "documented")
def test_up_to_five_invocations_are_under_way_at_once(harness: Harness) -> None:
    running: list[int] = []
    most: list[int] = []
    two = threading.Event()

    def slow(event: Event) -> Any:
        running.append(1)
        most.append(len(running))
        if len(running) == 2:
            two.set()
        two.wait(20)
        time.sleep(0.1)  # for a sixth to come
        running.pop()
        return answer(event, ok)

    stream = transformed(harness, slow)
    harness.control.clock(speed=0)
    for _ in range(4):
        stream.put(*[b"x" * 1_000_000] * 4)
    harness.control.clock(speed=300)
    stream.delivered()
    assert 1 < max(most) <= 5


# --- 3.2 failure semantics ----------------------------------------------------------------------------------------


@pytest.mark.behaviour("3.2", "documented")
def test_ok_delivers_the_data_of_the_answer_which_may_be_empty(harness: Harness) -> None:
    stream = transformed(
        harness, lambda event: answer(event, lambda data: ok(b"" if data == b"drop" else data.upper()))
    )
    stream.put(b"a", b"drop", b"b")
    assert stream.body() == b"AB"
    assert not failures(stream)


@pytest.mark.behaviour("3.2", "documented")
def test_dropped_is_delivered_nowhere_but_stays_in_the_raw_backup(harness: Harness) -> None:
    bucket = harness.bucket()
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "Prefix": "raw/"}
    stream = transformed(
        harness,
        lambda event: answer(event, lambda data: {"result": "Dropped"} if data == b"b" else ok(data.upper())),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    stream.put(b"a", b"b")
    assert stream.body() == b"A"
    (raw,) = harness.aws.objects(bucket)
    assert raw.body == b"ab"
    assert raw.key.startswith("raw/")


@pytest.mark.behaviour("3.2", "observed", "floci 3393")
def test_processing_failed_goes_to_the_error_output_without_a_retry(harness: Harness) -> None:
    stream = transformed(
        harness,
        lambda event: answer(
            event, lambda data: {"result": "ProcessingFailed" if data == b"bad" else "Ok", "data": ""}
        ),
        retries=3,
    )
    stream.put(b"good", b"bad")
    (failure,) = failures(stream)
    assert base64.b64decode(failure["rawData"]) == b"bad"
    assert failure["errorCode"] == "Lambda.ProcessingFailedStatus"
    assert failure["errorMessage"] == "ProcessingFailed status set for record"
    assert failure["attemptsMade"] == 1
    assert len(invocations(harness, stream)) == 1


@pytest.mark.behaviour("3.2", "observed", "stackd")
def test_a_function_error_is_retried_and_then_the_whole_batch_fails(harness: Harness) -> None:
    def fails(_: Event) -> Any:
        raise RuntimeError("broken")

    stream = transformed(harness, fails, retries=3)
    stream.put(b"a", b"b")
    found = failures(stream)
    assert {base64.b64decode(failure["rawData"]) for failure in found} == {b"a", b"b"}
    for failure in found:
        assert (failure["errorCode"], failure["errorMessage"]) == ("Lambda.FunctionError", MESSAGE_ERROR)
        assert failure["attemptsMade"] == 4, "NumberOfRetries 3 is four attempts"
    assert len(invocations(harness, stream)) == 4
    assert not [o for o in stream.all_objects() if not o.key.startswith("processing-failed/")]


@pytest.mark.behaviour("3.2", "documented")
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsError(429, "TooManyRequestsException", "Rate Exceeded."), "Lambda.InvokeLimitExceeded"),
        (AwsError(403, "AccessDeniedException", "no"), "Lambda.InvokeAccessDenied"),
        (AwsError(404, "ResourceNotFoundException", "gone"), "Lambda.ResourceNotFound"),
        (AwsError(502, "InvalidSubnetIDException", "subnet"), "Lambda.InvalidSubnetIDException"),
        (AwsError(502, "SubnetIPAddressLimitReachedException", "ip"), "Lambda.SubnetIPAddressLimitReachedException"),
        (AwsError(502, "ENILimitReachedException", "eni"), "Lambda.ENILimitReachedException"),
        (AwsError(502, "InvalidSecurityGroupIDException", "sg"), "Lambda.InvalidSecurityGroupIDException"),
        (AwsError(500, "ServiceException", "oops"), "Lambda.FunctionError"),
    ],
)
def test_a_refused_invocation_is_retried_and_has_a_code_of_its_own(
    harness: Harness, error: AwsError, code: str
) -> None:
    def refuse(_: Event) -> Any:
        raise error

    stream = transformed(harness, refuse, retries=1)
    stream.put(b"x")
    (failure,) = failures(stream)
    assert (failure["errorCode"], failure["attemptsMade"]) == (code, 2)


@pytest.mark.behaviour("3.2", "documented")
def test_a_timed_out_function_is_retried_and_reported_as_timed_out(harness: Harness) -> None:
    def times_out(_: Event) -> Any:
        raise TimeoutError("2026-11-23T09:12:03Z 1 Task timed out after 3.00 seconds")

    stream = transformed(harness, times_out, retries=1)
    stream.put(b"x")
    (failure,) = failures(stream)
    assert failure["errorCode"] == "Lambda.FunctionTimedOut"
    assert failure["errorMessage"] == (
        "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda function."
    )
    assert failure["attemptsMade"] == 2


@pytest.mark.behaviour("3.2", "observed", "floci 3349")
def test_ok_without_data_is_an_invalid_return_format(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, lambda _: {"result": "Ok"}))
    stream.put(b"x")
    (failure,) = failures(stream)
    assert failure["errorCode"] == "Lambda.InvalidReturnFormat"
    assert failure["errorMessage"].startswith(
        "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing "
        "result is Ok."
    )


@pytest.mark.behaviour("3.2", "documented")
@pytest.mark.parametrize("shape", [{}, {"records": None}, {"records": {}}, [], "text", None, {"records": ["x", 1]}])
def test_records_that_an_answer_does_not_return_have_a_missing_id(harness: Harness, shape: Any) -> None:
    stream = transformed(harness, lambda _: json.dumps(shape).encode(), retries=2)
    stream.put(b"x")
    (failure,) = failures(stream)
    assert failure["errorCode"] == "Lambda.MissingRecordId"
    assert failure["errorMessage"] == (
        "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."
    )
    assert failure["attemptsMade"] == 1


@pytest.mark.behaviour("3.2", "documented")
def test_the_other_records_of_an_answer_that_misses_one_are_delivered(harness: Harness) -> None:
    def loses_the_first(event: Event) -> Any:
        return {"records": answer(event, ok)["records"][1:]}

    stream = transformed(harness, loses_the_first, Prefix="ok/", ErrorOutputPrefix="bad/")
    stream.put(b"first", b"second")
    assert stream.body("ok/") == b"second"
    assert [base64.b64decode(f["rawData"]) for f in lines(stream.objects("bad/"))] == [b"first"]


@pytest.mark.behaviour("3.2", "uncertain")
def test_an_id_returned_twice_fails_that_record_only(harness: Harness) -> None:
    def doubles_the_first(event: Event) -> Any:
        records = answer(event, ok)["records"]
        return {"records": [records[0], *records]}

    stream = transformed(harness, doubles_the_first, Prefix="ok/", ErrorOutputPrefix="bad/")
    stream.put(b"first", b"second")
    assert stream.body("ok/") == b"second"
    (failure,) = lines(stream.objects("bad/"))
    assert failure["errorCode"] == "Lambda.DuplicatedRecordId"
    assert failure["errorMessage"] == (
        "Multiple records were returned with the same record Id. Ensure that the Lambda function returns a unique "
        "record Id for each record."
    )


@pytest.mark.behaviour("3.2", "observed", "floci 3349")
def test_an_unknown_id_is_ignored(harness: Harness) -> None:
    def adds_one(event: Event) -> Any:
        return {"records": [*answer(event, ok)["records"], {"recordId": "unknown", **ok(b"extra")}]}

    stream = transformed(harness, adds_one)
    stream.put(b"x")
    assert stream.body() == b"x"


@pytest.mark.behaviour("3.2", "uncertain")
@pytest.mark.parametrize(
    "wrong",
    [
        {"result": "OK", "data": "eA=="},
        {"data": "eA=="},
        {"result": "Ok", "data": "not base64!"},
        {"result": "Ok", "data": 7},
    ],
)
def test_an_invalid_result_or_data_fails_that_record_only(harness: Harness, wrong: dict[str, Any]) -> None:
    stream = transformed(
        harness,
        lambda event: answer(event, lambda data: wrong if data == b"bad" else ok(data)),
        Prefix="ok/",
        ErrorOutputPrefix="bad/",
    )
    stream.put(b"bad", b"good")
    assert stream.body("ok/") == b"good"
    (failure,) = lines(stream.objects("bad/"))
    assert failure["errorCode"] == "Lambda.FunctionError"
    assert failure["errorMessage"].startswith("Check your function and make sure the output is in required format.")


@pytest.mark.behaviour("3.2", "uncertain")
def test_a_malformed_record_can_be_made_to_fail_the_whole_batch() -> None:
    items = [Item.of(Record(n, 0, b"x")) for n in range(2)]
    good = {"recordId": items[0].record_id, **ok(b"x")}
    for bad in ({"recordId": items[1].record_id, "result": "Nonsense"}, good):
        payload = json.dumps({"records": [good, bad]}).encode()
        read_response(payload, items)
        with pytest.raises(TransformationError):
            read_response(payload, items, strict_batch=True)


@pytest.mark.behaviour("3.2", "documented")
def test_an_answer_that_is_not_json_fails_the_whole_batch(harness: Harness) -> None:
    stream = transformed(harness, lambda _: b"<html>", retries=2)
    stream.put(b"a", b"b")
    assert [failure["errorCode"] for failure in failures(stream)] == ["Lambda.JsonProcessingException"] * 2


@pytest.mark.behaviour("3.2", "documented")
def test_an_answer_above_6_mb_fails_the_whole_batch(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, lambda _: ok(b"x" * 5_000_000)))
    stream.put(b"a", b"b")
    assert [failure["errorCode"] for failure in failures(stream)] == ["Lambda.FunctionError"] * 2


def test_a_deleted_stream_invokes_nothing_more_and_holds_no_memory(harness: Harness) -> None:
    name, other = harness.name("function"), harness.s3_stream()
    go_on = threading.Event()

    def wait(event: dict[str, Any]) -> dict[str, Any]:
        assert go_on.wait(20)
        return answer(event, lambda _: {"result": "Dropped"})

    harness.aws.functions[name] = wait
    function = processor("Lambda", LambdaArn=arn(name), BufferSizeInMBs="0.2", BufferIntervalInSeconds="1")
    stream = harness.s3_stream(ProcessingConfiguration=processing(function))

    def invocations() -> int:
        return sum(name in called for called, _ in harness.aws.invocations)

    try:
        stream.put(*[b"x" * 300_000] * 10)
        eventually(lambda: invocations() == 5)
        harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
        eventually(lambda: not harness.control.streams(stream.name))
    finally:
        go_on.set()
    other.put(b"something that takes its time")
    other.delivered()
    assert invocations() == 5
    # What earlier tests left is delivered in its own time.
    eventually(lambda: harness.control.health()["memory"]["used_bytes"] == 0)


@pytest.mark.behaviour("3.2", "documented")
def test_records_go_on_untransformed_when_an_update_takes_the_function_away(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, lambda data: ok(data.upper())))
    harness.control.clock(speed=0)
    stream.put(b"waits for the function")
    stream.update(ProcessingConfiguration={"Enabled": False, "Processors": []})
    harness.control.clock(speed=300)
    assert stream.body() == b"waits for the function"


# --- 3.3 the object under processing-failed/ ----------------------------------------------------------------------


@pytest.mark.behaviour("3.3", "observed", "floci 3393")
def test_the_error_document_has_the_members_of_a_real_one_in_order(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, lambda _: {"result": "ProcessingFailed"}))
    before = int(time.time() * 1000)
    stream.put(b"FAIL this one\n")
    (stored,) = stream.objects("processing-failed/")
    assert stored.body.endswith(b"}\n")
    document = json.loads(stored.body)
    assert list(document) == [
        "rawData",
        "errorCode",
        "errorMessage",
        "attemptsMade",
        "arrivalTimestamp",
        "attemptEndingTimestamp",
        "lambdaARN",
    ]
    assert document["rawData"] == "RkFJTCB0aGlzIG9uZQo="
    assert document["lambdaARN"].startswith("arn:aws:lambda:eu-west-1:000000000000:function:")
    assert before <= document["arrivalTimestamp"] <= document["attemptEndingTimestamp"]
    assert isinstance(document["attemptEndingTimestamp"], int)


@pytest.mark.behaviour("3.3", "observed", "floci 3393")
def test_there_is_one_json_document_a_line(harness: Harness) -> None:
    stream = transformed(harness, lambda event: answer(event, lambda _: {"result": "ProcessingFailed"}))
    stream.put(b"a", b"b", b"c")
    (stored,) = stream.objects("processing-failed/")
    assert [base64.b64decode(json.loads(line)["rawData"]) for line in stored.body.splitlines()] == [b"a", b"b", b"c"]


@pytest.mark.behaviour("3.3", "observed", "stackd")
def test_raw_data_is_the_record_as_put_before_any_processor(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: answer(event, lambda _: {"result": "ProcessingFailed"})
    stream = harness.s3_stream(
        ProcessingConfiguration=processing(
            processor("Decompression", CompressionFormat="GZIP"), processor("Lambda", LambdaArn=arn(name))
        )
    )
    stream.put(packed := gzip.compress(b"content"))
    (failure,) = lines(stream.all_objects("processing-failed/"))
    assert base64.b64decode(failure["rawData"]) == packed


@pytest.mark.behaviour("3.3", "uncertain")
def test_of_a_record_that_was_taken_apart_the_raw_data_are_the_part(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: answer(event, lambda _: {"result": "ProcessingFailed"})
    stream = harness.partitioned_stream(
        processor("RecordDeAggregation", SubRecordType="JSON"), processor("Lambda", LambdaArn=arn(name))
    )
    stream.put(b'{"k":1}{"k":2}')
    found = lines(stream.all_objects("errors/processing-failed/"))
    assert [base64.b64decode(failure["rawData"]) for failure in found] == [b'{"k":1}', b'{"k":2}']


@pytest.mark.behaviour("3.3", "uncertain")
def test_error_objects_are_compressed_as_the_stream_is(harness: Harness) -> None:
    stream = transformed(
        harness, lambda event: answer(event, lambda _: {"result": "ProcessingFailed"}), CompressionFormat="GZIP"
    )
    stream.put(b"x")
    (stored,) = stream.objects("processing-failed/")
    assert stored.key.endswith(".gz")
    assert base64.b64decode(lines([stored])[0]["rawData"]) == b"x"
