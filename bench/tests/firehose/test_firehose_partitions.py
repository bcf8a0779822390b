"""Dynamic partitioning. Notes 2, 3.4, 4.2, 4.4."""

import asyncio
import base64
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import FAST, Harness, StreamUnderTest, eventually, lines, processing, processor

from local_firehose import partition_keys as keys_of_partitions
from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.partition_keys import (
    JqProcess,
    QueryError,
    check_query,
    newer_jq,
    partition_keys,
    top_level_keys,
)
from local_firehose.settings import Settings

BENCH = Path(__file__).parents[2]
JQ_1_6 = pytest.mark.skipif(bool(newer_jq()), reason="jq 1.6 has no wheel for this Python: use 3.12 or older")


def extract(query: str, *data: bytes) -> list[dict[str, str] | QueryError]:
    """The partition keys that a process finds."""

    async def work() -> list[dict[str, str] | QueryError]:
        jq = JqProcess()
        try:
            return await jq.extract(query, data)
        finally:
            await jq.close()

    return asyncio.run(work())


def partitioned(
    harness: Harness, *processors: dict[str, Any], query: str = "{type:.type}", **configuration: Any
) -> StreamUnderTest:
    """A stream partitioned by ``query``, unless processors are given."""
    extraction = processor("MetadataExtraction", MetadataExtractionQuery=query, JsonParsingEngine="JQ-1.6")
    given = {
        "Prefix": "type=!{partitionKeyFromQuery:type}/",
        "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
        "DynamicPartitioningConfiguration": {"Enabled": True},
        "ProcessingConfiguration": processing(*(processors or (extraction,))),
        **configuration,
    }
    return harness.s3_stream(**given)


def keys_function(harness: Harness) -> dict[str, Any]:
    """A processor whose function answers each record's own members as its partition keys."""
    name = harness.name("function")

    def keys(event: dict[str, Any]) -> dict[str, Any]:
        return {
            "records": [
                {
                    "recordId": r["recordId"],
                    "result": "Ok",
                    "data": r["data"],
                    "metadata": {"partitionKeys": json.loads(base64.b64decode(r["data"]))},
                }
                for r in event["records"]
            ]
        }

    harness.aws.functions[name] = keys
    return processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")


@pytest.mark.behaviour("2", "documented")
def test_there_is_one_buffer_and_one_object_per_partition(harness: Harness) -> None:
    stream = partitioned(harness)
    harness.control.clock(speed=0)
    stream.put(b'{"type":"a","n":1}', b'{"type":"b","n":2}', b'{"type":"a","n":3}')
    assert {n: b["items"] for n, b in stream.buffers().items()} == {"primary/type=a/": 2, "primary/type=b/": 1}
    harness.control.clock(speed=300)
    bodies = {o.key.split("/")[0]: o.body for o in stream.all_objects()}
    assert bodies == {"type=a": b'{"type":"a","n":1}{"type":"a","n":3}', "type=b": b'{"type":"b","n":2}'}


@pytest.mark.behaviour("4.2", "uncertain")
def test_a_prefix_with_partition_keys_and_no_timestamp_gets_the_time_folders(harness: Harness) -> None:
    stream = partitioned(harness)
    stream.put(b'{"type":"a"}')
    (stored,) = stream.objects("type=a/")
    assert stored.key.split("/")[1].isdigit()


@pytest.mark.behaviour("4.2", "documented")
def test_keys_and_timestamps_combine_in_a_prefix(harness: Harness) -> None:
    stream = partitioned(
        harness,
        query='{type:.type, region:(.where.region // "none")}',
        Prefix="!{partitionKeyFromQuery:region}/!{timestamp:yyyy}/!{partitionKeyFromQuery:type}/",
    )
    stream.put(b'{"type":"a","where":{"region":"eu"}}', b'{"type":"a"}')
    prefixes = {o.key.rsplit("/", 1)[0] for o in stream.all_objects()}
    assert {prefix.split("/")[0] for prefix in prefixes} == {"eu", "none"}
    assert all(prefix.endswith("/a") and len(prefix.split("/")) == 3 for prefix in prefixes)


@pytest.mark.behaviour("3.4", "model")
def test_partition_keys_can_come_from_the_function(harness: Harness) -> None:
    stream = partitioned(harness, keys_function(harness), Prefix="!{partitionKeyFromLambda:tenant}/")
    stream.put(b'{"tenant":"t1"}', b'{"tenant":"t2"}', b'{"tenant":""}')
    assert {o.key.split("/")[0] for o in stream.all_objects()} == {"t1", "t2", "errors"}


@pytest.mark.behaviour("3.4", "documented")
def test_packed_records_are_split_before_their_keys_are_extracted(harness: Harness) -> None:
    stream = partitioned(
        harness,
        processor("RecordDeAggregation", SubRecordType="JSON"),
        processor("MetadataExtraction", MetadataExtractionQuery="{type:.type}", JsonParsingEngine="JQ-1.6"),
        processor("AppendDelimiterToRecord"),
    )
    stream.put(b'{"type":"a"}\n{"type":"b"}\n{"type":"a"}\n')
    bodies = {o.key.split("/")[0]: o.body for o in stream.all_objects()}
    assert bodies == {"type=a": b'{"type":"a"}\n{"type":"a"}', "type=b": b'{"type":"b"}'}


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize(
    ("record", "message"),
    [
        (b"not json", "Non JSON record provided"),
        (b'{"other":1}', "partitionKeys values must not be null or empty"),
        (b'{"type":""}', "partitionKeys values must not be null or empty"),
        (b'{"type":null}', "partitionKeys values must not be null or empty"),
        (b"[1]", ""),
    ],
)
def test_a_record_without_keys_goes_to_the_error_prefix(harness: Harness, record: bytes, message: str) -> None:
    stream = partitioned(harness)
    stream.put(record, b'{"type":"a"}')
    (failure,) = lines(stream.all_objects("errors/processing-failed/"))
    assert base64.b64decode(failure["rawData"]) == record
    assert failure["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"
    assert failure["errorMessage"].startswith(message)
    assert len(stream.all_objects("type=a/")) == 1


@pytest.mark.behaviour("3.4", "documented")
def test_values_become_strings() -> None:
    assert extract("{a:.a, b:.b, c:.c}", b'{"a":1,"b":true,"c":[1,"x"]}') == [{"a": "1", "b": "true", "c": '[1,"x"]'}]


@pytest.mark.behaviour("3.4", "documented")
def test_a_query_makes_at_most_50_keys() -> None:
    assert len(partition_keys({f"k{n}": n for n in range(50)})) == 50
    with pytest.raises(QueryError, match="50"):
        partition_keys({f"k{n}": n for n in range(51)})


@pytest.mark.parametrize("query", [".a", "{a:.a},{a:.b}", "empty", ".a.b.c"])
def test_a_query_that_gives_no_single_object_fails_the_record(query: str) -> None:
    (found,) = extract(query, b'{"a":"x"}')
    assert isinstance(found, QueryError)


@pytest.mark.behaviour("3.4", "observed", "preflight")
@pytest.mark.parametrize("engine", [{"JsonParsingEngine": "JQ-1.7"}, {}])
def test_metadata_are_extracted_by_one_version_of_jq_only(harness: Harness, engine: dict[str, str]) -> None:
    with pytest.raises(ClientError, match=r"MetaDataExtraction JSON Parsing Engine has to be one of JQ-1\.6"):
        partitioned(harness, processor("MetadataExtraction", MetadataExtractionQuery="{type:.type}", **engine))


@pytest.mark.behaviour("3.4", "observed", "preflight")
def test_every_key_of_the_query_must_be_in_the_prefix(harness: Harness) -> None:
    message = "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression"
    with pytest.raises(ClientError, match=message):
        partitioned(harness, query="{type:.type, other:.other}")


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ('{a:.a, "b c":(.x|{y:1,z:2}), $d, e, f: "x,y:\\"z"}', {"a", "b c", "d", "e", "f"}),
        (".a", set()),
        ("{a:.a} | .b", set()),
        ("{}", set()),
    ],
)
def test_the_keys_of_a_query_are_those_of_its_outermost_object(query: str, keys: set[str]) -> None:
    assert top_level_keys(query) == keys


@pytest.mark.parametrize(("version", "newer"), [("1.4.1", False), ("1.5.0", False), ("1.8.0", True), ("1.13.0", True)])
def test_a_jq_that_is_newer_than_firehoses_is_said_to_be_when_a_program_is_checked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: str, newer: bool
) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    query = f"{{k:.k}} # {version}"
    check_query(query)
    assert [record.getMessage() for record in caplog.records] == [f"{newer_jq()}. The program is {query}"] * newer
    assert newer_jq().startswith(f"jq {version} of PyPI is newer than the jq 1.6 that AWS runs") is newer


def test_without_jq_a_stream_that_needs_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_of_partitions, "_environment", lambda: {"PYTHONPATH": str(BENCH)})
    with pytest.raises(QueryError, match=r"jq is not installed: pip install jq==1\.5\.0"):
        check_query("{k:.k} # without jq")


# What jq 1.6 refuses (the command `jq` of that version was asked).
@JQ_1_6
@pytest.mark.behaviour("3.4", "documented")
@pytest.mark.parametrize(
    "query",
    [
        "{type: (if .type then .type end)}",
        "{type: if .type then .type else 1 end}",
        "{type: (.type | trim)}",
        "{type: (.n | abs)}",
        "{type: pick(.type)}",
        "{type: .type.[0]}",
        "{type: .type // 1}",
        'import "a" as a; {type: .type}',
    ],
)
def test_a_program_that_jq_1_6_refuses_is_refused_at_create(harness: Harness, query: str) -> None:
    with pytest.raises(ClientError, match="Invalid MetadataExtractionQuery: JQ Subprocess failed due to: ") as caught:
        partitioned(harness, query=query)
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"


@JQ_1_6
@pytest.mark.behaviour("3.4", "documented")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234567890123456788", "1234567890123456800"),
        ("1234567890123456789", "1234567890123456800"),
        ("9007199254740993", "9007199254740992"),
        ("1e3", "1000"),
        ("1.50", "1.5"),
        ("1e1000", "1.7976931348623157e+308"),
    ],
)
def test_numbers_are_doubles_as_jq_1_6_has_them(value: str, text: str) -> None:
    assert extract("{k:.k}", b'{"k":%s}' % value.encode()) == [{"k": text}]


@pytest.mark.behaviour("8", "bench")
def test_a_program_sees_nothing_of_the_servers_environment() -> None:
    assert extract("{k:($ENV | tostring)}", b"{}") == [{"k": "{}"}]


@pytest.mark.parametrize("given", [{"MetadataExtractionQuery": "{type:.type"}, {}])
def test_a_query_must_be_there_and_be_jq(harness: Harness, given: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="MetadataExtractionQuery"):
        partitioned(harness, processor("MetadataExtraction", JsonParsingEngine="JQ-1.6", **given))


@pytest.mark.behaviour("2", "observed", "preflight")
def test_partitioning_needs_a_function_or_a_query(harness: Harness) -> None:
    message = "Processing Configuration is not enabled when DataPartitioning is enabled"
    with pytest.raises(ClientError, match=message):
        partitioned(harness, processor("AppendDelimiterToRecord"))


@pytest.mark.behaviour("2", "observed", "preflight")
def test_the_size_hint_is_at_least_64(harness: Harness) -> None:
    message = "BufferingHints.SizeInMBs must be at least 64 when Dynamic Partitioning is enabled."
    with pytest.raises(ClientError, match=message):
        partitioned(harness, BufferingHints={"SizeInMBs": 63, "IntervalInSeconds": 60})


@pytest.mark.behaviour("2", "documented")
def test_zero_buffering_is_not_for_partitions(harness: Harness) -> None:
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        partitioned(harness, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 0})


@pytest.mark.behaviour("4.2", "observed", "preflight")
@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        (
            {"Prefix": "plain/"},
            "S3 Prefix should contain Dynamic Partitioning namespaces when Dynamic Partitioning is enabled",
        ),
        ({"ErrorOutputPrefix": ""}, "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions"),
    ],
)
def test_the_prefix_must_use_the_keys_and_an_error_prefix_is_needed(
    harness: Harness, prefixes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message):
        partitioned(harness, **prefixes)


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize("enabled", [True, False])
def test_partitioning_is_decided_at_creation(harness: Harness, enabled: bool) -> None:
    stream = harness.s3_stream() if enabled else partitioned(harness)
    with pytest.raises(ClientError, match="InvalidArgumentException"):
        stream.update(DynamicPartitioningConfiguration={"Enabled": enabled})


@pytest.fixture
def few() -> Iterator[Harness]:
    """A server whose streams may have two active partitions."""
    with FakeAws() as aws:
        settings = Settings(aws_endpoint=aws.endpoint, clock_speed=300, check_roles=False, active_partitions=2)
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, None, firehose)  # type: ignore[arg-type]


@pytest.mark.behaviour("2", "documented")
def test_beyond_the_limit_of_active_partitions_records_go_to_the_error_prefix(few: Harness) -> None:
    stream = partitioned(few)
    few.control.clock(speed=0)
    stream.put(b'{"type":"a"}', b'{"type":"b"}', b'{"type":"c"}', b'{"type":"a"}')
    few.control.clock(speed=300)
    (failure,) = lines(stream.all_objects("errors/processing-failed/"))
    assert base64.b64decode(failure["rawData"]) == b'{"type":"c"}'
    assert failure["errorCode"] == "DynamicPartitioning.ActivePartitionsLimitExceeded"
    # Delivered partitions are not active any more.
    stream.put(b'{"type":"c"}', b'{"type":"d"}')
    assert {o.key.split("/")[0] for o in stream.all_objects("type")} == {"type=a", "type=b", "type=c", "type=d"}


@pytest.mark.behaviour("2", "documented")
def test_a_random_string_makes_no_partition_of_its_own(harness: Harness) -> None:
    stream = partitioned(harness, Prefix="!{partitionKeyFromQuery:type}/!{firehose:random-string}/")
    stream.put(*[b'{"type":"a"}'] * 30)
    (stored,) = stream.all_objects()
    assert stored.body == b'{"type":"a"}' * 30
    assert len(stored.key.split("/")[1]) == 11


@pytest.mark.behaviour("4.4", "uncertain")
@pytest.mark.parametrize("pauses", [[], [1, 2, 4, 3]])
def test_records_that_a_partition_cannot_take_in_the_retry_duration_go_to_the_error_prefix(
    harness: Harness, pauses: list[int]
) -> None:
    partitioning = {"Enabled": True, "RetryOptions": {"DurationInSeconds": sum(pauses)}}
    stream = partitioned(harness, DynamicPartitioningConfiguration=partitioning)
    attempts = len(pauses) + 1
    fault = harness.control.arm("s3", stream=stream.name, times=attempts)
    harness.control.clock(speed=0)
    stream.put(b'{"type":"a","n":1}', b'{"type":"a","n":2}')
    for number, pause in enumerate([60, *pauses], start=1):
        harness.control.clock(advance_seconds=pause)
        eventually(lambda number=number: harness.control.hits(fault) == number)  # type: ignore[misc]
    harness.control.clock(speed=FAST)
    failed = lines(stream.all_objects("errors/processing-failed/"))
    assert [base64.b64decode(one["rawData"]) for one in failed] == [b'{"type":"a","n":1}', b'{"type":"a","n":2}']
    assert {(one["errorCode"], one["attemptsMade"]) for one in failed} == {("S3.AccessDenied", attempts)}
    assert not stream.all_objects("type=")
    stream.put(b'{"type":"a","n":3}')
    assert stream.body("type=a/") == b'{"type":"a","n":3}', "the partition goes on"


def test_an_update_of_the_prefix_splits_what_was_one_partition(harness: Harness) -> None:
    stream = partitioned(harness, keys_function(harness), Prefix="!{partitionKeyFromLambda:a}/")
    harness.control.clock(speed=0)
    stream.put(b'{"a":"1","b":"x"}', b'{"a":"1","b":"y"}', b'{"a":"1"}')
    harness.control.clock(advance_seconds=60)
    eventually(lambda: stream.buffers().get("primary/1/", {}).get("items") == 3)
    stream.update(Prefix="!{partitionKeyFromLambda:a}/!{partitionKeyFromLambda:b}/")
    harness.control.clock(speed=300)
    bodies = {"/".join(o.key.split("/")[:2]): o.body for o in stream.all_objects("1/")}
    assert bodies == {"1/x": b'{"a":"1","b":"x"}', "1/y": b'{"a":"1","b":"y"}'}
    (failure,) = lines(stream.all_objects("errors/processing-failed/"))
    assert failure["errorCode"] == "DynamicPartitioning.MetadataExtractionFailed"


def test_a_partition_that_is_written_to_while_it_is_delivered_loses_nothing(harness: Harness) -> None:
    stream = partitioned(harness)
    harness.aws.put_delay = 0.05
    for number in range(20):
        stream.put(b'{"type":"a","n":%d}' % number)
        harness.control.flush(stream.name)
    found = b"".join(stored.body for stored in stream.all_objects())
    assert all(b'"n":%d}' % number in found for number in range(20))
