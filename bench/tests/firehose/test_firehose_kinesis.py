"""A Kinesis data stream as source, aggregated records included. Notes 1.3, 1.4, 1.6, 1.7, 2, 3.1, 4.4, 6."""

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, StreamUnderTest, eventually, processing, processor
from hypothesis import given
from hypothesis import strategies as st

from local_firehose.fakes.aws import AwsError, FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.records import Record
from local_firehose.settings import Settings
from local_firehose.sources.kpl import MAGIC, deaggregate

ARN = "arn:aws:kinesis:eu-west-1:000000000000:stream/%s"
KINESIS = "KinesisStreamAsSource"


def source(harness: Harness, *shards: str) -> tuple[str, dict[str, Any]]:
    """A new data stream: its ARN, and the members of a Create request that read from it."""
    arn = ARN % harness.name("data")
    harness.aws.kinesis[arn] = {shard: [] for shard in shards or ("shardId-0",)}
    configuration = {"KinesisStreamARN": arn, "RoleARN": ROLE}
    return arn, {"DeliveryStreamType": KINESIS, "KinesisStreamSourceConfiguration": configuration}


def varint(value: int) -> bytes:
    """A protobuf number."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def field(number: int, value: bytes | int) -> bytes:
    """A protobuf field."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def aggregate(*records: tuple[str, bytes]) -> bytes:
    """What the Kinesis Producer Library makes of user records (partition key, data)."""
    keys = sorted({key for key, _ in records})
    message = b"".join(field(1, key.encode()) for key in keys)
    for key, data in records:
        message += field(3, field(1, keys.index(key)) + field(3, data))
    return MAGIC + message + hashlib.md5(message).digest()


# --- API ----------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("1.7", "observed", "stackd")
def test_a_kinesis_source_is_described_and_no_encryption(harness: Harness) -> None:
    arn, request = source(harness)
    description = harness.s3_stream(request=request).describe()
    found = description["Source"]["KinesisStreamSourceDescription"]
    assert found.pop("DeliveryStartTimestamp")
    assert found == {"KinesisStreamARN": arn, "RoleARN": ROLE}
    assert description["DeliveryStreamType"] == KINESIS
    assert "DeliveryStreamEncryptionConfiguration" not in description


@pytest.mark.behaviour("1.3", "observed", "stackd")
def test_records_cannot_be_put_to_a_stream_that_reads_from_kinesis(harness: Harness) -> None:
    stream = harness.s3_stream(request=source(harness)[1])
    with pytest.raises(ClientError) as caught:
        stream.put(b"x")
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgumentException",
        "Message": "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
    }


@pytest.mark.behaviour("1.6", "observed", "preflight")
def test_a_stream_that_reads_from_kinesis_has_no_encryption_of_its_own(harness: Harness) -> None:
    message = "Server side encryption from firehose is only allowed for direct put delivery streams"
    stream = harness.s3_stream(request=source(harness)[1])
    with pytest.raises(ClientError, match=message):
        harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)
    encryption = {"DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}}
    with pytest.raises(ClientError, match=message):
        harness.s3_stream(request={**source(harness)[1], **encryption})


@pytest.mark.behaviour("1.2", "observed", "preflight")
def test_a_kinesis_source_needs_its_configuration(harness: Harness) -> None:
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(request={"DeliveryStreamType": KINESIS})
    assert caught.value.response["Error"]["Message"] == (
        "KinesisSourceStreamConfig is mandatory for KinesisStreamAsSource stream type."
    )


# --- records ------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("1.7", "documented")
def test_records_of_all_shards_are_delivered_from_the_start_of_the_stream_on(harness: Harness) -> None:
    arn, request = source(harness, "shardId-0", "shardId-1")
    harness.aws.put_kinesis(arn, "shardId-0", b"before")
    stream = harness.s3_stream(request=request)
    harness.aws.put_kinesis(arn, "shardId-0", b"a")
    harness.aws.put_kinesis(arn, "shardId-1", b"b")
    harness.aws.put_kinesis(arn, "shardId-0", b"c")
    found = eventually(lambda: body if len(body := b"".join(o.body for o in stream.objects())) == 3 else None)
    assert found is not None
    assert sorted(found) == sorted(b"abc")


@pytest.mark.behaviour("3.1", "documented")
def test_the_function_sees_where_a_record_came_from(harness: Harness) -> None:
    name = harness.name("function")
    events: list[dict[str, Any]] = []

    def keep(event: dict[str, Any]) -> dict[str, Any]:
        events.append(event)
        return {"records": [{"recordId": r["recordId"], "result": "Dropped"} for r in event["records"]]}

    harness.aws.functions[name] = keep
    arn, request = source(harness)
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    harness.s3_stream(request=request, ProcessingConfiguration=processing(function))
    number = harness.aws.put_kinesis(arn, "shardId-0", b"x", partition_key="p")
    eventually(lambda: events)
    assert events[0]["sourceKinesisStreamArn"] == arn
    metadata = events[0]["records"][0]["kinesisRecordMetadata"]
    assert metadata.pop("approximateArrivalTimestamp") == events[0]["records"][0]["approximateArrivalTimestamp"]
    assert metadata == {
        "shardId": "shardId-0",
        "partitionKey": "p",
        "sequenceNumber": number,
        "subsequenceNumber": 0,
    }


@pytest.mark.behaviour("2", "documented")
def test_records_that_the_producer_library_aggregated_are_separated_first(harness: Harness) -> None:
    arn, request = source(harness)
    delimiter = processor("AppendDelimiterToRecord")
    stream = harness.s3_stream(request=request, ProcessingConfiguration=processing(delimiter))
    harness.aws.put_kinesis(arn, "shardId-0", aggregate(("a", b"one"), ("b", b"two"), ("a", b"three")))
    assert stream.objects()[0].body == b"one\ntwo\nthree"


def test_shards_made_by_a_split_are_found_and_closed_ones_left(harness: Harness) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    harness.aws.put_kinesis(arn, "shardId-0", b"parent")
    harness.aws.closed_shards.add("shardId-0")
    harness.aws.put_kinesis(arn, "shardId-1", b"child")
    try:
        found = eventually(lambda: body if len(body := b"".join(o.body for o in stream.objects())) == 11 else None)
        assert found in (b"parentchild", b"childparent")
    finally:
        harness.aws.closed_shards.clear()


def test_reading_goes_on_after_throttling(harness: Harness) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    harness.aws.refuse_reads[arn] = [AwsError(400, "ProvisionedThroughputExceededException", "slow down")]
    eventually(lambda: not harness.aws.refuse_reads[arn])
    harness.aws.put_kinesis(arn, "shardId-0", b"x")
    assert stream.objects()[0].body == b"x"


def test_reading_goes_on_after_a_failure_of_the_store(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    store = harness.firehose.server.tools.store
    keep = store.append
    failed: list[int] = []

    async def full_once(key: str, records: Sequence[Record]) -> None:
        if stream.name in key and not failed:
            failed.append(len(records))
            raise sqlite3.OperationalError("database or disk is full")
        await keep(key, records)

    monkeypatch.setattr(store, "append", full_once)
    harness.aws.put_kinesis(arn, "shardId-0", b"x")
    assert stream.objects()[0].body == b"x"
    assert failed == [1]
    eventually(lambda: harness.control.health()["memory"]["used_bytes"] == 0, what="all memory given back")


def test_a_read_larger_than_all_the_memory_waits_until_it_is_alone(harness: Harness) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    budget = harness.firehose.server.tools.budget
    limit, budget.limit = budget.limit, 1000
    try:
        harness.aws.put_kinesis(arn, "shardId-0", b"x" * 2000)
        assert stream.objects()[0].body == b"x" * 2000
    finally:
        budget.limit = limit


@pytest.mark.behaviour("6", "documented")
def test_reading_is_counted(harness: Harness) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    harness.aws.put_kinesis(arn, "shardId-0", b"12345")
    harness.aws.refuse_reads[arn] = [AwsError(400, "ProvisionedThroughputExceededException", "slow down")]
    stream.objects()

    def sums() -> dict[str, float]:
        mine = {"Name": "DeliveryStreamName", "Value": stream.name}
        data = [datum for datum in list(harness.aws.metrics) if mine in datum["Dimensions"]]
        return {datum["MetricName"]: datum["StatisticValues"]["Sum"] for datum in data}

    eventually(lambda: "DataReadFromKinesisStream.Records" in sums() and "ThrottledGetRecords" in sums())
    found = sums()
    assert (found["DataReadFromKinesisStream.Records"], found["DataReadFromKinesisStream.Bytes"]) == (1, 5)
    assert found["KinesisMillisBehindLatest"] == 0


@pytest.mark.behaviour("4.4", "documented")
def test_delivery_is_tried_as_long_as_the_data_stream_keeps_records(harness: Harness) -> None:
    arn, request = source(harness)
    stream = harness.s3_stream(request=request)
    fault = harness.control.arm("s3", stream=stream.name)
    harness.aws.put_kinesis(arn, "shardId-0", b"x")
    eventually(lambda: harness.control.hits(fault))
    harness.control.clock(speed=0)
    hits = harness.control.hits(fault)
    harness.control.clock(advance_seconds=25 * 3600)  # DirectPut would give up
    eventually(lambda: harness.control.hits(fault) > hits)
    assert stream.buffers()["primary"]["delivering"] == 1
    harness.control.clock(advance_seconds=24 * 3600)  # the stand-in keeps records for 48 hours
    eventually(lambda: not stream.buffers()["primary"]["delivering"])


@pytest.mark.behaviour("8", "bench")
def test_after_a_restart_reading_goes_on_where_it_was(tmp_path: Path) -> None:
    with FakeAws() as aws:
        settings = Settings(aws.endpoint, state=tmp_path, check_roles=False, clock_speed=300)
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            arn, request = source(harness)
            stream = harness.s3_stream(request=request)
            aws.put_kinesis(arn, "shardId-0", b"a")
            stream.objects()
        aws.put_kinesis(arn, "shardId-0", b"b")
        with RunningFirehose(settings) as firehose:
            again = StreamUnderTest(Harness(aws, None, firehose), stream.name, stream.bucket)  # type: ignore[arg-type]
            assert sorted(stored.body for stored in again.objects(count=2)) == [b"a", b"b"]


# --- aggregated records -------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.binary(max_size=300)), min_size=1, max_size=20))
def test_aggregated_records_come_out_in_order_with_their_keys(records: list[tuple[str, bytes]]) -> None:
    encodable = [(key.encode("utf-8", "replace").decode(), data) for key, data in records]
    found = deaggregate(aggregate(*encodable), "outer")
    assert [(one.partition_key, one.data, one.sub) for one in found] == [
        (key, data, number) for number, (key, data) in enumerate(encodable)
    ]


@given(st.binary(max_size=200))
def test_what_only_looks_aggregated_is_an_ordinary_record(data: bytes) -> None:
    digest = hashlib.md5(data).digest()
    wrong_digest = digest[:-1] + bytes([digest[-1] ^ 1])
    for one in (data, MAGIC + data, MAGIC + data + wrong_digest):
        assert [user.data for user in deaggregate(one, "k")] == [one]


def test_an_unreadable_message_with_a_good_digest_is_an_ordinary_record() -> None:
    for message in (b"\x1a\x7f", b"\x0b", b"\xff" * 11, field(3, field(3, b"no key")), field(1, b"\xff")):
        data = MAGIC + message + hashlib.md5(message).digest()
        assert [user.data for user in deaggregate(data, "k")] == [data]
