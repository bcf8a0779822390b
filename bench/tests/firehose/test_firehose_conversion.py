"""Record format conversion to Parquet and ORC. Notes 2, 4.4; developer guide "Convert input data format"."""

import base64
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, StreamUnderTest, eventually, lines
from pyarrow import orc, parquet

from local_firehose.conversion import hive_types as hive
from local_firehose.conversion.deserializer import ConversionError, Options, Schema, rows
from local_firehose.conversion.serializer import Serialization, serialize, table
from local_firehose.fakes.aws import AwsError

COLUMNS = [
    {"Name": "id", "Type": "string"},
    {"Name": "amount", "Type": "decimal(10,2)"},
    {"Name": "count", "Type": "bigint"},
    {"Name": "at", "Type": "timestamp"},
    {"Name": "tags", "Type": "map<string,string>"},
    {"Name": "lines", "Type": "array<struct<sku:string,qty:int>>"},
]
RECORD = {
    "id": "o-1",
    "amount": 12.5,
    "count": 3,
    "at": "2026-11-23T09:12:03.25Z",
    "tags": {"a": "b"},
    "lines": [{"sku": "x", "qty": 2}],
}


def conversion(serializer: dict[str, Any] | None = None, deserializer: dict[str, Any] | None = None) -> dict[str, Any]:
    """The API's configuration, for database d and table t."""
    return {
        "Enabled": True,
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
        "InputFormatConfiguration": {"Deserializer": deserializer or {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": serializer or {"ParquetSerDe": {}}},
    }


def converting(harness: Harness, given: dict[str, Any] | None = None, **configuration: Any) -> StreamUnderTest:
    """A stream that converts to the table d.t."""
    harness.aws.tables["d", "t"] = {"VersionId": "7", "StorageDescriptor": {"Columns": COLUMNS}}
    return harness.s3_stream(
        DataFormatConversionConfiguration=given or conversion(),
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        **configuration,
    )


def row(text: str, kind: str, **options: Any) -> Any:
    """What a JSON value becomes in a column of that type."""
    (found,) = rows(f'{{"c": {text}}}'.encode(), Schema((("c", hive.parse(kind)),)), Options(**options))
    return found.get("c")


@pytest.mark.behaviour("4.4", "documented")
def test_json_records_become_rows_of_one_parquet_object(harness: Harness) -> None:
    stream = converting(harness)
    stream.put(json.dumps(RECORD).encode(), b'{"id": "o-2", "unknown": 1}')
    (stored,) = stream.objects()
    assert stored.key.endswith(".parquet")
    table = parquet.read_table(io.BytesIO(stored.body))
    assert table.column_names == [column["Name"] for column in COLUMNS]
    first, second = table.to_pylist(maps_as_pydicts="strict")
    assert first["amount"] == Decimal("12.50")
    assert first["count"] == 3
    assert first["at"] == datetime(2026, 11, 23, 9, 12, 3, 250000)
    assert first["tags"] == {"a": "b"}
    assert first["lines"] == [{"sku": "x", "qty": 2}]
    assert second == {"id": "o-2", **dict.fromkeys(("amount", "count", "at", "tags", "lines"))}


@pytest.mark.behaviour("4.4", "documented")
def test_json_records_become_rows_of_one_orc_object(harness: Harness) -> None:
    stream = converting(harness, conversion(serializer={"OrcSerDe": {"Compression": "ZLIB"}}))
    stream.put(json.dumps(RECORD).encode())
    (stored,) = stream.objects()
    assert stored.key.endswith(".orc")
    assert orc.read_table(io.BytesIO(stored.body)).to_pylist()[0]["id"] == "o-1"


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize(
    ("given", "codec"),
    [({}, "SNAPPY"), ({"Compression": "GZIP"}, "GZIP"), ({"Compression": "UNCOMPRESSED"}, "UNCOMPRESSED")],
)
def test_parquet_is_compressed_by_its_own_setting(given: dict[str, Any], codec: str) -> None:
    schema = Schema((("c", hive.Primitive("string")),))
    body = serialize(table([{"c": "x" * 100}] * 10, schema), {"ParquetSerDe": given})
    assert parquet.ParquetFile(io.BytesIO(body)).metadata.row_group(0).column(0).compression == codec


def test_dictionary_and_block_size_of_parquet_are_as_asked_for() -> None:
    schema = Schema((("c", hive.Primitive("string")),))
    rows_table = table([{"c": "x" * 1000}] * 200, schema)
    plain = parquet.ParquetFile(io.BytesIO(serialize(rows_table, {"ParquetSerDe": {}}))).metadata
    assert not plain.row_group(0).column(0).has_dictionary_page
    given = {"EnableDictionaryCompression": True, "BlockSizeBytes": 100_000}
    other = parquet.ParquetFile(io.BytesIO(serialize(rows_table, {"ParquetSerDe": given}))).metadata
    assert other.row_group(0).column(0).has_dictionary_page
    assert other.num_row_groups > 1


@pytest.mark.parametrize("serializer", [{"ParquetSerDe": {}}, {"OrcSerDe": {}}])
def test_rows_are_written_as_they_come_so_that_tables_do_not_fill_the_memory(serializer: dict[str, Any]) -> None:
    schema = Schema((("c", hive.Primitive("string")),))
    part = table([{"c": "x" * 1_000_000}] * 20, schema)
    made = Serialization(part.schema, serializer)
    held = []
    for _ in range(10):
        made.add(part)
        held.append(made._bytes)
    assert max(held) < 64 * 1024 * 1024
    body = io.BytesIO(made.close())
    found = parquet.read_table(body) if "ParquetSerDe" in serializer else orc.read_table(body)
    assert found.num_rows == 200
    assert set(found["c"].to_pylist()) == {"x" * 1_000_000}


@pytest.mark.behaviour("4.4", "documented")
def test_several_objects_in_one_record_are_several_rows(harness: Harness) -> None:
    stream = converting(harness)
    stream.put(b'{"id":"a"}{"id":"b"}\n{"id":"c"}\n')
    table = parquet.read_table(io.BytesIO(stream.objects()[0].body))
    assert table["id"].to_pylist() == ["a", "b", "c"]


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize(
    ("record", "code"),
    [
        (b"not json", "DataFormatConversion.ParseError"),
        (b"\xff", "DataFormatConversion.ParseError"),
        (b"", "DataFormatConversion.ParseError"),
        (b'[{"id":"a"}]', "DataFormatConversion.MalformedData"),
        (b'{"count":"many"}', "DataFormatConversion.MalformedData"),
        (b'{"id":"a"}{"count":{}}', "DataFormatConversion.MalformedData"),
    ],
)
def test_a_record_that_does_not_fit_goes_to_format_conversion_failed(
    harness: Harness, record: bytes, code: str
) -> None:
    stream = converting(harness)
    stream.put(record, b'{"id":"good"}')
    (stored,) = stream.objects("format-conversion-failed/")
    document = json.loads(stored.body)
    assert list(document) == [
        "attemptsMade",
        "arrivalTimestamp",
        "lastErrorCode",
        "lastErrorMessage",
        "attemptEndingTimestamp",
        "rawData",
        "sequenceNumber",
        "subSequenceNumber",
        "dataCatalogTable",
    ]
    assert (document["lastErrorCode"], document["attemptsMade"]) == (code, 1)
    assert base64.b64decode(document["rawData"]) == record
    assert document["dataCatalogTable"] == {
        "catalogId": "000000000000",
        "databaseName": "d",
        "tableName": "t",
        "region": "eu-west-1",
        "versionId": "LATEST",
        "catalogArn": "arn:aws:glue:eu-west-1:000000000000:catalog",
    }
    assert not stored.key.endswith(".parquet")
    (good,) = [o for o in stream.all_objects() if o.key.endswith(".parquet")]
    assert parquet.read_table(io.BytesIO(good.body))["id"].to_pylist() == ["good"]


@pytest.mark.behaviour("4.4", "uncertain")
def test_without_a_schema_all_records_go_to_format_conversion_failed_after_some_attempts(harness: Harness) -> None:
    stream = converting(harness)
    del harness.aws.tables["d", "t"]
    stream.put(b'{"id":"a"}')
    (failure,) = lines(stream.objects("format-conversion-failed/"))
    assert failure["lastErrorCode"] == "DataFormatConversion.EntityNotFoundException"
    assert failure["attemptsMade"] == 4


@pytest.mark.behaviour("4.4", "documented")
def test_while_conversion_errors_cannot_be_written_delivery_is_blocked(harness: Harness) -> None:
    stream = converting(harness, Prefix="data/", ErrorOutputPrefix="bad/")
    harness.aws.refuse_puts.extend([AwsError(403, "AccessDenied")] * 4)
    stream.put(b"not json")
    eventually(lambda: len(harness.aws.refuse_puts) < 4)
    stream.put(b'{"id":"later"}')
    harness.control.clock(speed=0)
    harness.control.clock(advance_seconds=400)
    eventually(lambda: stream.buffers()["primary"]["delivering"])
    assert not harness.aws.objects(stream.bucket)
    harness.control.clock(speed=300)
    stream.delivered()
    assert len(harness.aws.objects(stream.bucket, "bad/")) == 1
    assert len(harness.aws.objects(stream.bucket, "data/")) == 1


@pytest.mark.behaviour("4.4", "documented")
def test_a_column_that_the_table_gains_or_widens_is_in_the_next_object(harness: Harness) -> None:
    stream = converting(harness)
    harness.aws.tables["d", "t"] = {"StorageDescriptor": {"Columns": [{"Name": "count", "Type": "int"}]}}
    stream.put(b'{"count": 1, "note": "x"}')
    stream.delivered()
    columns = [{"Name": "count", "Type": "bigint"}, {"Name": "note", "Type": "string"}]
    harness.aws.tables["d", "t"] = {"StorageDescriptor": {"Columns": columns}}
    stream.put(b'{"count": 5000000000, "note": "y"}')
    tables = [parquet.read_table(io.BytesIO(stored.body)) for stored in stream.all_objects()]
    assert sorted((table.to_pylist() for table in tables), key=lambda rows: len(rows[0])) == [
        [{"count": 1}],
        [{"count": 5_000_000_000, "note": "y"}],
    ]


@pytest.mark.behaviour("4.4", "model")
def test_a_version_of_the_table_can_be_named(harness: Harness) -> None:
    given = conversion()
    given["SchemaConfiguration"]["VersionId"] = "7"
    stream = converting(harness, given)
    stream.put(b'{"id":"a"}')
    assert stream.objects()[0].key.endswith(".parquet")


@pytest.mark.behaviour("2", "observed", "floci 3236")
def test_conversion_needs_a_size_hint_of_64(harness: Harness) -> None:
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(DataFormatConversionConfiguration=conversion())
    assert caught.value.response["Error"]["Message"] == (
        "BufferingHints.SizeInMBs must be at least 64 when data format conversion is enabled."
    )


@pytest.mark.behaviour("2", "documented")
def test_with_conversion_the_default_size_is_128(harness: Harness) -> None:
    name = harness.name()
    configuration = harness.s3_configuration("b", DataFormatConversionConfiguration=conversion())
    del configuration["BufferingHints"]
    harness.client.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=configuration)
    (destination,) = harness.describe(name)["Destinations"]
    hints = destination["ExtendedS3DestinationDescription"]["BufferingHints"]
    assert hints == {"SizeInMBs": 128, "IntervalInSeconds": 300}


INPUT = {"InputFormatConfiguration": conversion()["InputFormatConfiguration"]}
OUTPUT = {"OutputFormatConfiguration": conversion()["OutputFormatConfiguration"]}
BOTH_IN: dict[str, Any] = {"OpenXJsonSerDe": {}, "HiveJsonSerDe": {}}
BOTH_OUT: dict[str, Any] = {"ParquetSerDe": {}, "OrcSerDe": {}}


@pytest.mark.behaviour("4.4", "observed", "preflight")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "InputFormatConfiguration must not be null"),
        (INPUT, "OutputFormatConfiguration must not be null"),
        ({**INPUT, **OUTPUT}, "SchemaConfiguration must not be null"),
        ({**conversion(), "InputFormatConfiguration": {"Deserializer": {}}}, "Deserializer must not be null"),
        ({**conversion(), "OutputFormatConfiguration": {"Serializer": {}}}, "Serializer must not be null"),
        (conversion(deserializer=BOTH_IN), "More than one deserializer specified. Only one may be chosen."),
        (conversion(serializer=BOTH_OUT), "More than one serializer specified. Only one may be chosen."),
    ],
)
def test_a_conversion_that_cannot_work_is_refused_in_awss_words(
    harness: Harness, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as caught:
        converting(harness, {"Enabled": True, **given})
    assert caught.value.response["Error"] == {"Code": "InvalidArgumentException", "Message": message}


@pytest.mark.behaviour("4.4", "observed", "preflight")
def test_a_stream_that_converts_does_not_compress(harness: Harness) -> None:
    with pytest.raises(ClientError, match="must be set to UNCOMPRESSED when data format conversion is enabled"):
        converting(harness, CompressionFormat="GZIP")


@pytest.mark.behaviour("4.4", "documented")
def test_a_schema_names_its_database_and_table(harness: Harness) -> None:
    with pytest.raises(ClientError, match=r"SchemaConfiguration\.TableName"):
        converting(harness, {**conversion(), "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d"}})


# --- types --------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("4.4", "uncertain")
@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('"x"', "string", "x"),
        ("1.50", "string", "1.5"),
        ('{"a": 1}', "string", '{"a":1}'),
        ("127", "tinyint", 127),
        ('"12"', "int", 12),
        ("12.0", "bigint", 12),
        ("1.5", "double", 1.5),
        ('"1.5"', "float", 1.5),
        ("true", "boolean", True),
        ('"FALSE"', "boolean", False),
        ("1.005", "decimal(10,2)", Decimal("1.01")),
        ('"2026-11-23"', "date", date(2026, 11, 23)),
        ('"eA=="', "binary", b"x"),
        ('"abcdef"', "varchar(3)", "abc"),
        ("null", "struct<a:int>", None),
        ('{"A": 1}', "struct<a:int,b:int>", {"a": 1, "b": None}),
        ('{"k": [1]}', "map<string,array<int>>", [("k", [1])]),
    ],
)
def test_a_value_is_read_as_its_column_asks(text: str, kind: str, value: Any) -> None:
    assert row(text, kind) == value


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize(
    "text",
    [
        '"2026-11-23T09:12:03.123456789Z"',
        '"2026-11-23 09:12:03.123456"',
        "1795425123.123456",
    ],
)
def test_timestamps_are_iso_or_sql_text_or_epoch_numbers(text: str) -> None:
    assert row(text, "timestamp") == datetime(2026, 11, 23, 9, 12, 3, 123456, tzinfo=UTC)
    assert row("1795425123", "timestamp") == datetime(2026, 11, 23, 9, 12, 3, tzinfo=UTC)
    assert row("1795425123000", "timestamp") == datetime(2026, 11, 23, 9, 12, 3, tzinfo=UTC)
    assert row("1000", "timestamp", timestamp_formats=("millis",)) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("128", "tinyint"),
        ("1.5", "int"),
        ("true", "int"),
        ('"x"', "double"),
        ('"yes"', "boolean"),
        ("12345", "decimal(4,0)"),
        ('"soon"', "timestamp"),
        ('"soon"', "date"),
        ("1", "struct<a:int>"),
        ("{}", "array<int>"),
        ("[1]", "map<string,int>"),
        ("1", "map<string,int>"),
        ("7", "binary"),
    ],
)
def test_a_value_of_another_kind_is_malformed(text: str, kind: str) -> None:
    with pytest.raises(ConversionError, match="Data does not match the schema"):
        row(text, kind)


OPENX, HIVE = Options.of({"OpenXJsonSerDe": {}}), Options.of({"HiveJsonSerDe": {}})
EXACT = Options.of({"OpenXJsonSerDe": {"CaseInsensitive": False}})
ARRAY = "Data does not match the schema. java.io.IOException: Start of Array expected"
OBJECT = "Data does not match the schema. java.io.IOException: Start of Object expected"
NUMERIC = (
    "Data does not match the schema. Current token (VALUE_STRING) not numeric, can not use numeric value accessors"
)
FORMAT = "One or more fields have incorrect format. Exception when validating field (root)"


def read(text: str, kind: str, options: Options) -> Any:
    """What a JSON value becomes in a column of that type, or the message of its refusal."""
    try:
        (found,) = rows(f'{{"c": {text}}}'.encode(), Schema((("c", hive.parse(kind)),)), options)
    except ConversionError as error:
        return error.message
    return found.get("c")


# Probed on AWS in September 2026: github.com/floci-io/floci pull request 3521, and its page on Firehose.
@pytest.mark.behaviour("4.4", "observed", "floci 3521")
@pytest.mark.parametrize(
    ("text", "kind", "openx", "hive_answer"),
    [
        ('"x"', "array<string>", ["x"], ARRAY),
        ('{"a": 1}', "array<struct<a:int>>", [{"a": 1}], ARRAY),
        ("[1, 2]", "array<string>", ["1", "2"], ["1", "2"]),
        ("[7, 8]", "struct<a:int>", {"a": 7}, OBJECT),
        ('[{"a": [1]}]', "array<struct<a:array<int>>>", [{"a": [1]}], [{"a": [1]}]),
        ("{}", "struct<a:int>", {"a": None}, {"a": None}),
        ('{"A": 1, "b": 2}', "struct<a:int>", {"a": 1}, {"a": 1}),
        ('"12"', "int", 12, NUMERIC),
        ('"1.5"', "double", 1.5, NUMERIC),
        ('{"a": "7"}', "struct<a:int>", {"a": 7}, NUMERIC),
        ('["7"]', "array<bigint>", [7], NUMERIC),
        ('{"Ab": 1}', "string", '{"ab":1}', FORMAT),
        ("[1]", "varchar(5)", "[1]", FORMAT),
        ("12", "string", "12", "12"),
        ('{"Ab": 1}', "map<string,int>", [("ab", 1)], [("Ab", 1)]),
    ],
)
def test_the_openx_serde_coerces_where_the_hive_serde_refuses(
    text: str, kind: str, openx: Any, hive_answer: Any
) -> None:
    assert read(text, kind, OPENX) == openx
    assert read(text, kind, HIVE) == hive_answer


@pytest.mark.behaviour("4.4", "observed", "floci 3521")
def test_the_openx_serde_keeps_the_case_of_keys_when_it_is_told_to() -> None:
    assert read('{"Ab": 1}', "map<string,int>", EXACT) == [("Ab", 1)]
    assert read('{"A": 1}', "struct<a:int>", EXACT) == {"a": None}


@pytest.mark.behaviour("4.4", "uncertain")
def test_the_hive_serde_takes_decimals_and_no_booleans_from_text() -> None:
    assert read('"1.5"', "decimal(5,2)", HIVE) == Decimal("1.50")
    assert "is not boolean" in read('"true"', "boolean", HIVE)
    assert "is not map" in read("[1]", "map<string,int>", HIVE)


@pytest.mark.behaviour("4.4", "observed", "floci 3235")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('"2026-1-2 3:4:5"', 1767323045),
        ('"2026-01-02T03:04:05"', 1767323045),
        ('"2026-01-02T03:04:05.5Z"', 1767323045.5),
        ('"1767323045"', 1767323045),
        ("999999999999", datetime(2092, 10, 26, 0, 40, 18, 684211, UTC).timestamp()),  # 64 bits of nanoseconds wrap
        ("1000000000000", 1000000000),
        ("-1.5", -1.5),
        ('"2026-1-2T03:04:05Z"', None),
        ('"soon"', None),
        ("true", None),
    ],
)
def test_the_openx_serde_reads_sql_iso_and_epoch_timestamps(text: str, seconds: float | None) -> None:
    found = read(text, "timestamp", OPENX)
    assert (found.timestamp() == pytest.approx(seconds)) if seconds is not None else "is not timestamp" in found


NO_DAY = "Data does not match the schema. "
VALUE_OF = "Data does not match the schema. Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]"


@pytest.mark.behaviour("4.4", "documented")
@pytest.mark.parametrize(
    ("formats", "text", "answer"),
    [
        ([], '"2026-01-02 03:04:05"', "2026-01-02T03:04:05"),
        ([], '"2026-1-2 3:4:5.25"', "2026-01-02T03:04:05.250000"),
        ([], '"2026-02-30 24:00:00"', "2026-03-03T00:00:00"),
        ([], '"2026-01-02T03:04:05Z"', VALUE_OF),
        ([], '"2026-13-02 03:04:05"', VALUE_OF),
        ([], "1767323045", VALUE_OF),
        (["millis"], "1767323045678", "2026-01-02T03:04:05.678000"),
        (["millis"], '"-1000"', "1969-12-31T23:59:59"),
        (["millis"], '"2026-01-02 03:04:05"', "2026-01-02T03:04:05"),
        (["yyyy/MM/dd HH:mm:ss"], '"2026/01/02 03:04:05"', "2026-01-02T03:04:05"),
        (["yyyy/MM/dd HH:mm:ss"], '"2026-01-02 03:04:05"', "2026-01-02T03:04:05"),
        (["yyyy/MM/dd HH:mm:ss"], '"2026/01/02"', VALUE_OF),
        (["yyyy/MM/dd", "millis"], '"1000"', "1970-01-01T00:00:01"),
        (["yyyy-MM-dd'T'HH:mm:ss.SSSZ"], '"2026-01-02T03:04:05.678+02:00"', "2026-01-02T01:04:05.678000"),
        (["yyyy-MM-dd'T'HH:mm:ss ZZZ"], '"2026-01-02T03:04:05 Europe/Paris"', "2026-01-02T02:04:05"),
        (["EEE, d MMM yyyy h:mm a z"], '"Fri, 2 jan 2026 12:05 PM EST"', "2026-01-02T17:05:00"),
        (["yyyyMMddHHmmss"], "20260102030405", "2026-01-02T03:04:05"),
        (["dd.MM.yy"], '"02.01.26"', "2026-01-02T00:00:00"),
        (["yyyy-DDD"], '"2026-060"', "2026-03-01T00:00:00"),
        (["xxxx-'W'ww-e"], '"2026-W01-5"', "2026-01-02T00:00:00"),
        (["HH 'o''clock'"], '"7 o\'clock"', "1970-01-01T07:00:00"),
        (["yyyy-MM-dd HH:mm:ss.SSSSSSZ"], '"2026-01-02 03:04:05.678901+02"', "2026-01-02T01:04:05.678000"),
        (["yyyy-MM-dd HH:mm:ssZ"], '"2026-01-02 03:04:05-01:30:15"', "2026-01-02T04:34:20"),
        (["yyyy-MM-dd"], '"2026-02-30"', NO_DAY + 'Cannot parse "2026-02-30": day is out of range for month'),
        (
            ["yyyy-MM-dd HH:mm:ss"],
            '"2026-02-30 03:04:05"',
            NO_DAY + 'Cannot parse "2026-02-30 03:04:05": day is out of range for month',
        ),
    ],
)
def test_the_hive_serde_reads_timestamps_by_its_formats_and_else_as_sql(
    formats: list[str], text: str, answer: str
) -> None:
    found = read(text, "timestamp", Options.of({"HiveJsonSerDe": {"TimestampFormats": formats}}))
    assert found == (answer if answer.startswith(NO_DAY) else datetime.fromisoformat(answer).replace(tzinfo=UTC))


@pytest.mark.behaviour("4.4", "observed", "preflight")
@pytest.mark.parametrize("pattern", ["nonsense", "bbbb", "CCyy", "YYYY-QQ", "yyyy-MM-ddTHH:mm:ss", "HH:mm:ssXXX"])
def test_a_timestamp_format_that_joda_refuses_is_refused(harness: Harness, pattern: str) -> None:
    given = conversion(deserializer={"HiveJsonSerDe": {"TimestampFormats": ["millis", pattern]}})
    with pytest.raises(ClientError) as caught:
        converting(harness, given)
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgumentException",
        "Message": "Invalid deserializer option(s): One or more SerDe options are invalid for "
        f"org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: millis,{pattern}]",
    }


@pytest.mark.behaviour("4.4", "observed", "floci 3235")
def test_a_parquet_object_says_an_encoding_that_it_has_not(harness: Harness) -> None:
    for serializer, encoding in (
        ({"ParquetSerDe": {}}, "hadoop-snappy"),
        ({"ParquetSerDe": {"Compression": "GZIP"}}, None),
        ({"OrcSerDe": {}}, None),
    ):
        stream = converting(harness, conversion(serializer))
        stream.put(b'{"id":"a"}')
        assert stream.objects()[0].headers.get("content-encoding") == encoding


@pytest.mark.behaviour("4.4", "model")
def test_the_openx_serde_maps_keys() -> None:
    schema = Schema((("user_id", hive.Primitive("string")), ("at", hive.Primitive("string"))))
    data = b'{"User.ID": "u", "ts": "t"}'
    options = Options.of(
        {"OpenXJsonSerDe": {"ConvertDotsInJsonKeysToUnderscores": True, "ColumnToJsonKeyMappings": {"at": "ts"}}}
    )
    assert rows(data, schema, options) == [{"user_id": "u", "at": "t"}]
    strict = Options.of({"OpenXJsonSerDe": {"CaseInsensitive": False}})
    assert rows(b'{"AT": "t", "at": "u"}', schema, strict) == [{"at": "u"}]


@pytest.mark.parametrize(
    "text",
    ["struct<a:int,b:array<map<string,decimal(5,2)>>>", "varchar(10)", "decimal", " ARRAY < INT > ", "struct<a b:int>"],
)
def test_types_of_hive_are_read(text: str) -> None:
    assert hive.parse(text)


@pytest.mark.parametrize("text", ["", "text", "array<int", "struct<int>", "map<int>", "decimal(x)", "int int", "a-b"])
def test_what_is_no_type_of_hive_is_refused(text: str) -> None:
    with pytest.raises(hive.HiveTypeError):
        hive.parse(text)
