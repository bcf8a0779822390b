"""Memory is bounded: what does not fit is throttled, not death. Notes 1.3 (throttling), 8."""

import base64
import gzip
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness, eventually, lines, processing, processor

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.records import RECORD_OVERHEAD
from local_firehose.settings import Settings
from local_firehose.shares import Budget

LIMIT = 1_000_000


@pytest.fixture
def small() -> Iterator[Harness]:
    """A server that keeps one megabyte."""
    with FakeAws() as aws:
        settings = Settings(aws.endpoint, check_roles=False, clock_speed=300, max_buffered_bytes=LIMIT)
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, None, firehose)  # type: ignore[arg-type]


@pytest.mark.behaviour("8", "bench")
def test_a_backlog_beyond_the_limit_is_throttled_and_accepted_again_once_delivered(small: Harness) -> None:
    stream = small.s3_stream()
    small.control.arm("s3", stream=stream.name)
    answer = stream.put_batch(*[b"x" * 100_000] * 12)
    accepted = LIMIT // (100_000 + RECORD_OVERHEAD)
    assert answer["FailedPutCount"] == 12 - accepted
    throttled = {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    assert answer["RequestResponses"][accepted:] == [throttled] * (12 - accepted)
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        stream.put(b"x" * 100_000)
    assert small.control.health()["memory"]["used_bytes"] <= LIMIT
    small.control.disarm()
    stream.delivered()
    assert small.control.health()["memory"]["used_bytes"] == 0
    stream.put(b"x" * 100_000)
    assert len(stream.body()) == 100_000 * (accepted + 1)
    small.firehose.run(small.firehose.server.tools.metrics.flush())
    assert sum(values["Sum"] for values in small.aws.metric_values("ThrottledRecords")) == 12 - accepted + 1


def test_many_small_records_are_charged_for_what_they_cost_in_memory(small: Harness) -> None:
    stream = small.s3_stream()
    small.control.clock(speed=0)
    for _ in range(6):
        stream.put(*[b"x"] * 500)
    assert small.control.health()["memory"]["used_bytes"] == 3000 * (1 + RECORD_OVERHEAD)


def test_what_a_function_makes_of_records_is_charged_and_given_back(small: Harness) -> None:
    name = small.name("function")
    big = b'{"k":"a","text":"%s"}' % (b"x" * 30_000)
    small.aws.functions[name] = lambda event: {
        "records": [
            {"recordId": r["recordId"], "result": "Ok", "data": base64.b64encode(big).decode()}
            for r in event["records"]
        ]
    }
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    unpack = processor("RecordDeAggregation", SubRecordType="JSON")
    stream = small.partitioned_stream(unpack, function)
    small.control.arm("s3", stream=stream.name, times=1)
    stream.put(b'{"k":1}{"k":2}{"k":3}', b"not json")
    assert stream.body("k=a/") == 3 * big
    assert small.control.health()["memory"]["used_bytes"] == 0


@pytest.mark.behaviour("8", "bench")
def test_what_unpacking_makes_waits_until_there_is_room_and_nothing_is_lost(small: Harness) -> None:
    unpacking = processing(processor("Decompression", CompressionFormat="GZIP"))
    stream = small.s3_stream(ProcessingConfiguration=unpacking, CompressionFormat="GZIP")
    records = [bytes([64 + n]) * 20_000_000 for n in range(15)]
    small.control.arm("s3", stream=stream.name)
    stream.put(*map(gzip.compress, records))
    eventually(lambda: small.control.health()["memory"]["used_bytes"] > LIMIT)
    waiting = stream.buffers()["unpacking"]
    most = [small.control.health()["memory"]["used_bytes"] for _ in range(100)]
    assert waiting["items"] + waiting["delivering"] > len(records) // 2
    assert max(most) < 130_000_000, "64 KiB of GZIP make 64 MiB, and one record more is at most another 64"
    small.control.disarm()
    bodies = [gzip.decompress(stored.body) for stored in stream.all_objects()]
    assert sum(map(len, bodies)) == sum(map(len, records))
    assert sorted(body[n : n + 1] for body in bodies for n in range(0, len(body), 20_000_000)) == [
        record[:1] for record in records
    ]
    assert small.control.health()["memory"]["used_bytes"] == 0


@pytest.mark.behaviour("8", "bench")
def test_what_a_function_makes_waits_until_there_is_room_and_nothing_is_lost(small: Harness) -> None:
    name, all_are_put = small.name("function"), threading.Event()

    def large(event: dict[str, Any]) -> dict[str, Any]:
        assert all_are_put.wait(60)
        data = base64.b64encode(b"x" * 4_000_000)
        first, *others = ({**record, "result": "Ok", "data": ""} for record in event["records"])
        return {"records": [{**first, "data": data.decode()}, *others]}

    small.aws.functions[name] = large
    small.firehose.server.tools.budget.limit = 9_000_000
    arn = f"arn:aws:lambda:eu-west-1:000000000000:function:{name}"
    function = processor("Lambda", LambdaArn=arn, BufferSizeInMBs="0.2", BufferIntervalInSeconds="60")
    stream = small.s3_stream(ProcessingConfiguration=processing(function))
    small.control.arm("s3", stream=stream.name)
    for _ in range(2):
        stream.put(*[b"x" * 40_000] * 100)
    all_are_put.set()
    eventually(lambda: small.control.health()["memory"]["used_bytes"] > 9_000_000)
    assert max(small.control.health()["memory"]["used_bytes"] for _ in range(100)) < 9_000_000 + 6 * 4_000_000
    small.control.disarm()
    assert len(stream.body()) == 4_000_000 * len(small.aws.invocations) > 100_000_000
    assert small.control.health()["memory"]["used_bytes"] == 0


def test_sub_records_are_charged_for_what_they_cost_in_memory(small: Harness) -> None:
    stream = small.partitioned_stream(processor("RecordDeAggregation", SubRecordType="JSON"))
    small.control.clock(speed=0)
    stream.put(b'{"k":1}' * 500)
    used = RECORD_OVERHEAD + 500 * (7 + 7 + RECORD_OVERHEAD + 2)
    eventually(lambda: small.control.health()["memory"]["used_bytes"] == used)


def test_keys_that_no_object_can_have_are_not_kept(small: Harness) -> None:
    query = processor("MetadataExtraction", MetadataExtractionQuery="{k:(.k*10000)}", JsonParsingEngine="JQ-1.6")
    stream = small.partitioned_stream(ProcessingConfiguration=processing(query))
    stream.put(*[b'{"k":"0123456789"}'] * 20)
    failed = lines(stream.all_objects("errors/processing-failed/"))
    assert {line["errorMessage"] for line in failed} == {
        "The partition keys have 100008 characters, at most 16384 can be used"
    }
    assert len(failed) == 20


def test_deleting_a_stream_gives_its_memory_back(small: Harness) -> None:
    stream = small.s3_stream()
    small.control.arm("s3", stream=stream.name)
    stream.put(*[b"x" * 100_000] * 5)
    small.client.delete_delivery_stream(DeliveryStreamName=stream.name)
    eventually(lambda: not small.control.streams(stream.name))
    assert small.control.health()["memory"]["used_bytes"] == 0


def test_a_budget_gives_out_what_it_has() -> None:
    budget = Budget(10)
    assert budget.take(6)
    assert not budget.take(5)
    budget.charge(-6)
    assert budget.take(10)
