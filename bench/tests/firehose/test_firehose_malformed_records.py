"""Records that no stage expects: each ends in an error object, none stops the stream. Notes 3.4, 4.4."""

import base64
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from firehose.harness import ROLE, Harness, StreamUnderTest, lines, processing, processor
from pyarrow import parquet

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.pipeline.decompression import DecompressionError, decompress
from local_firehose.settings import Settings

DEEP = b'{"k":' + b"[" * 100_000
BAD_JSON = [DEEP, b"[" * 100_000, b"\xff\xfe", b"", b"{", b'{"k":"' + b"\\ud800" + b'"}', b"9" * 5000]
SCHEMA = {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"}


def originals(stream: StreamUnderTest, prefix: str) -> list[bytes]:
    """The records in error objects below a prefix."""
    return [base64.b64decode(line["rawData"]) for line in lines(stream.all_objects(prefix))]


def converted(harness: Harness, **changes: Any) -> StreamUnderTest:
    """A stream that converts to Parquet by the columns id, at and tags."""
    columns = [
        {"Name": "id", "Type": "bigint"},
        {"Name": "name", "Type": "string"},
        {"Name": "at", "Type": "timestamp"},
        {"Name": "cost", "Type": "decimal(5,2)"},
    ]
    harness.aws.tables["d", "t"] = {"VersionId": "1", "StorageDescriptor": {"Columns": columns}}
    return harness.s3_stream(
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DataFormatConversionConfiguration={
            "SchemaConfiguration": SCHEMA,
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        },
        **changes,
    )


def test_a_record_without_usable_keys_is_an_error_and_the_next_is_delivered(harness: Harness) -> None:
    stream = harness.partitioned_stream()
    stream.put(*BAD_JSON, b'{"k":"good"}')
    assert len(stream.all_objects("k=good/")) == 1
    assert sorted(originals(stream, "errors/")) == sorted(BAD_JSON)


def test_a_record_that_cannot_be_taken_apart_is_an_error_and_the_next_is_delivered(harness: Harness) -> None:
    stream = harness.partitioned_stream(processor("RecordDeAggregation", SubRecordType="JSON"))
    broken = [DEEP, b'{"k":1}' + DEEP, b"\xff"]
    stream.put(*broken, b'{"k":"a"}{"k":"b"}')
    assert sorted(originals(stream, "errors/")) == sorted(broken)
    assert {o.key.split("/")[0] for o in stream.all_objects("k=")} == {"k=a", "k=b"}


def test_a_document_that_cannot_be_read_is_an_error_and_the_next_is_indexed(harness: Harness) -> None:
    stream = harness.opensearch_stream()
    broken = [DEEP, b"[" * 100_000, b"\xff", b"", b"9" * 5000]
    stream.put(*broken, b'{"n": 1}')
    assert sorted(originals(stream, "AmazonOpenSearchService-failed/")) == sorted(broken)
    assert harness.opensearch.documents(stream.name) == [{"n": 1}]


@pytest.mark.parametrize(
    "broken",
    [
        DEEP,
        b'{"id": 1e999999999}',
        b'{"id": "1e999999999"}',
        b'{"at": 1e999999999}',
        b'{"id": -9223372036854775809}',
        b'{"name": "\\ud800"}',
        b'{"cost": 12345.67}',
        b'{"id": 1}{"name": "\\ud800"}',
    ],
    ids=lambda record: record[:24].decode("latin-1"),
)
def test_a_value_that_no_column_can_hold_is_an_error_and_the_other_rows_are_written(
    harness: Harness, broken: bytes
) -> None:
    stream = converted(harness)
    stream.put(b'{"id": 1}', broken, b'{"id": 2}')
    (stored,) = [o for o in stream.all_objects() if o.key.endswith(".parquet")]
    assert [row["id"] for row in parquet.read_table(io.BytesIO(stored.body)).to_pylist()] == [1, 2]
    assert originals(stream, "format-conversion-failed/") == [broken]


@pytest.mark.parametrize("kind", ["decimal(39,2)", "decimal(5,6)", "decimal(0)"])
def test_a_decimal_that_hive_does_not_have_makes_no_schema(harness: Harness, kind: str) -> None:
    stream = converted(harness)
    harness.aws.tables["d", "t"] = {"StorageDescriptor": {"Columns": [{"Name": "c", "Type": kind}]}}
    stream.put(b'{"c": 1}')
    (failure,) = lines(stream.all_objects("format-conversion-failed/"))
    assert failure["lastErrorCode"] == "DataFormatConversion.InvalidSchema"


def test_a_table_without_columns_keeps_nothing_so_its_records_are_errors(harness: Harness) -> None:
    stream = converted(harness)
    harness.aws.tables["d", "t"] = {"StorageDescriptor": {"Columns": []}}
    stream.put(b'{"c": 1}')
    (failure,) = lines(stream.all_objects("format-conversion-failed/"))
    assert failure["lastErrorMessage"] == "t has no columns"


@pytest.mark.parametrize(
    "broken",
    [
        gzip.compress(b"x") + b"rest",
        gzip.compress(b"x") + gzip.compress(b"y")[:-9],
        gzip.compress(b"x" * 100)[:-1],
        gzip.compress(b"not JSON"),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b'{"messageType":"DATA_MESSAGE","logEvents":[{"message":7}]}'),
    ],
    ids=range(6),  # not the bytes: gzip writes the time, and the workers of a run must collect the same names
)
def test_a_record_that_cannot_be_decompressed_is_an_error_and_the_next_is_delivered(
    harness: Harness, broken: bytes
) -> None:
    stream = harness.s3_stream(
        ProcessingConfiguration=processing(
            processor("Decompression", CompressionFormat="GZIP"),
            processor("CloudWatchLogProcessing", DataMessageExtraction="true"),
        )
    )
    good = {"messageType": "DATA_MESSAGE", "logEvents": [{"message": "hello"}]}
    stream.put(broken, gzip.compress(json.dumps(good).encode()))
    assert originals(stream, "decompression-failed/") == [broken]
    assert b"hello\n" in [o.body for o in stream.all_objects()]


def test_gzip_members_are_one_content_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert decompress(gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0") == b"ab"
    monkeypatch.setattr("local_firehose.pipeline.decompression.MAX_DECOMPRESSED", 10)
    assert decompress(gzip.compress(b"x" * 4) + gzip.compress(b"y" * 6)) == b"xxxxyyyyyy"
    with pytest.raises(DecompressionError, match="more than 10 bytes"):
        decompress(gzip.compress(b"x" * 4) + gzip.compress(b"y" * 7))


@pytest.mark.parametrize(
    ("keys", "folder"),
    [
        ({"tenant": 7}, "7"),
        ({"tenant": True}, "true"),
        ({"tenant": {"a": 1}}, '{"a":1}'),
        ({"tenant": None}, "errors"),
        ({"tenant": "\ud800"}, "errors"),
        ({}, "errors"),
        ([], "errors"),
        (None, "errors"),
    ],
)
def test_partition_keys_of_a_function_need_not_be_text(harness: Harness, keys: Any, folder: str) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: {
        "records": [
            {"recordId": r["recordId"], "result": "Ok", "data": r["data"], "metadata": {"partitionKeys": keys}}
            for r in event["records"]
        ]
    }
    stream = harness.partitioned_stream(
        processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}"),
        Prefix="!{partitionKeyFromLambda:tenant}/!{partitionKeyFromQuery:k}/",
    )
    stream.put(b'{"k":1}')
    assert {o.key.split("/")[0] for o in stream.all_objects()} == {folder}
    assert len([arn for arn, _ in harness.aws.invocations if name in arn]) == 1, "the function is not asked again"


def test_no_record_keeps_the_server_from_starting_again(tmp_path: Path) -> None:
    with FakeAws() as aws:
        settings = Settings(aws.endpoint, state=tmp_path, check_roles=False, enforce_quotas=False, clock_speed=300)
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.partitioned_stream(processor("RecordDeAggregation", SubRecordType="JSON"))
            harness.control.clock(speed=0)
            stream.put(*BAD_JSON, b'{"k":"good"}')
        with RunningFirehose(settings) as firehose:
            again = StreamUnderTest(Harness(aws, None, firehose), stream.name, stream.bucket)  # type: ignore[arg-type]
            assert len(again.all_objects("k=good/")) == 1
