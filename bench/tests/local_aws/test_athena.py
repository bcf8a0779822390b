"""The bench's Athena: catalog tables over S3 objects, Trino's functions, and refusal of what Athena would refuse."""

import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pyarrow as arrow
import pytest
from moto import mock_aws
from pyarrow import parquet

from testbench.athena import Athena, AthenaError

BUCKET = "archive"
COLUMNS = [
    {"Name": "messageid", "Type": "string"},
    {"Name": "message", "Type": "string"},
    {"Name": "timestamp", "Type": "string"},
    {"Name": "messageattributes", "Type": "map<string,struct<type:string,value:string>>"},
]
PARTITIONS = [{"Name": "date", "Type": "string"}, {"Name": "hour", "Type": "string"}]


class Catalog:
    """The Glue catalog and the saved queries of an account, in the shapes of their APIs; S3 is moto's."""

    def __init__(self) -> None:
        self.tables: list[dict[str, Any]] = []
        self.queries: dict[str, dict[str, str]] = {}

    def client(self, service: str) -> Any:
        return boto3.client("s3") if service == "s3" else self

    def get_named_query(self, *, NamedQueryId: str) -> dict[str, Any]:  # noqa: N803 -- Athena's name
        return {"NamedQuery": self.queries[NamedQueryId]}

    def get_paginator(self, operation: str) -> "Catalog":
        assert operation == "get_tables"
        return self

    def paginate(self, *, DatabaseName: str) -> list[dict[str, Any]]:  # noqa: N803 -- Glue's name
        assert DatabaseName == "orders"
        return [{"TableList": [table]} for table in self.tables]


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    """A catalog with the archive's table and an empty bucket."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        catalog = Catalog()
        catalog.tables.append(
            {
                "Name": "events",
                "TableType": "EXTERNAL_TABLE",
                "PartitionKeys": PARTITIONS,
                "Parameters": {
                    "projection.enabled": "true",
                    "storage.location.template": f"s3://{BUCKET}/all/date=${{date}}/hour=${{hour}}/",
                },
                "StorageDescriptor": {
                    "Location": f"s3://{BUCKET}/all/",
                    "Columns": COLUMNS,
                    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
                },
            }
        )
        yield catalog


@pytest.fixture
def athena(catalog: Catalog) -> Athena:
    return Athena(catalog.client)


def put(key: str, *events: dict[str, Any]) -> None:
    body = "".join(json.dumps(event) + "\n" for event in events).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(body) if key.endswith(".gz") else body)


def event(number: int, **more: Any) -> dict[str, Any]:
    return {
        "MessageId": f"m-{number}",
        "Message": json.dumps({"id": number, "amount": number * 1.5, "payment": {"method": "card"}}),
        "Timestamp": f"2026-11-23T09:00:{number:02}.000Z",
        "MessageAttributes": {"eventType": {"Type": "String", "Value": "order.placed"}},
        **more,
    }


def test_rows_come_from_every_object_with_the_partition_of_its_key(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1), event(2))
    put("all/date=2026-11-24/hour=00/b.gz", event(3))
    found = athena.run('SELECT messageid, "date", "hour" FROM "events" ORDER BY 1', "orders")
    assert found.columns == ["messageid", "date", "hour"]
    assert found.rows == [("m-1", "2026-11-23", "09"), ("m-2", "2026-11-23", "09"), ("m-3", "2026-11-24", "00")]
    assert found.objects == ["all/date=2026-11-23/hour=09/a.gz", "all/date=2026-11-24/hour=00/b.gz"]
    assert found.bytes_scanned == sum(
        listed["Size"] for listed in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    )


def test_objects_outside_the_partitions_are_not_read(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1))
    put("errors/all/processing-failed/date=2026-11-23/b.gz", event(2))
    put("all/notes.txt", event(3))
    assert athena.run("SELECT messageid FROM events", "orders").rows == [("m-1",)]


def test_only_the_columns_of_the_catalog_are_there(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1, Surprise="!"))
    with pytest.raises(AthenaError, match="surprise"):
        athena.run("SELECT surprise FROM events", "orders")


def test_names_of_attributes_keep_their_case_and_a_missing_one_is_null(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1))
    names = "element_at(messageattributes, 'eventType').value, element_at(messageattributes, 'eventtype')"
    assert athena.run(f"SELECT {names} FROM events", "orders").rows == [("order.placed", None)]


def test_the_payload_is_reached_by_json_functions(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1), event(2))
    sql = """
        SELECT json_extract_scalar(message, '$.payment.method') AS method,
               sum(CAST(json_extract_scalar(message, '$.amount') AS decimal(12, 2))) AS total
        FROM events GROUP BY 1
    """
    ((method, total),) = athena.run(sql, "orders").rows
    assert (method, str(total)) == ("card", "4.50")


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("date_format(timestamp '2026-11-23 09:05:07', '%Y-%m-%d %H:%i:%s')", "2026-11-23 09:05:07"),
        ("date_format(from_iso8601_timestamp('2026-11-23T09:05:07.000Z'), '%H:%i')", "09:05"),
        ("to_unixtime(from_iso8601_timestamp('1970-01-01T00:01:00Z'))", 60.0),
        ("approx_distinct(messageid)", 2),
        ("count_if(regexp_like(messageid, '^m-[12]$'))", 2),
        ("count_if(\"date\" >= date_format(date '2026-11-30' - interval '7' day, '%Y-%m-%d'))", 2),
    ],
)
def test_trino_functions_give_what_they_give_on_athena(athena: Athena, sql: str, value: Any) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1), event(2))
    assert athena.run(f"SELECT {sql} FROM events", "orders").rows[0] == (value,)


def test_a_named_query_runs_in_its_database_with_its_parameters(athena: Athena, catalog: Catalog) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1), event(2))
    sql = 'SELECT "hour" FROM events WHERE messageid = ? AND "date" >= ?'
    catalog.queries["q-1"] = {"Database": "orders", "QueryString": sql}
    assert athena.run_named_query("q-1", ["m-2", "2026-11-01"]).rows == [("09",)]
    assert athena.run_named_query("q-1", ["m-3", "2026-11-01"]).rows == []


def test_an_empty_archive_is_an_empty_table(athena: Athena) -> None:
    assert athena.run("SELECT * FROM events", "orders").rows == []


def test_an_object_that_is_named_gzip_and_is_not_is_refused(athena: Athena) -> None:
    boto3.client("s3").put_object(Bucket=BUCKET, Key="all/date=2026-11-23/hour=09/a.gz", Body=b'{"MessageId": "m"}\n')
    with pytest.raises(AthenaError, match="not gzip"):
        athena.run("SELECT * FROM events", "orders")


def test_gzip_without_its_ending_is_bad_data(athena: Athena) -> None:
    body = gzip.compress(json.dumps(event(1)).encode())
    boto3.client("s3").put_object(Bucket=BUCKET, Key="all/date=2026-11-23/hour=09/a", Body=body)
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA"):
        athena.run("SELECT * FROM events", "orders")


def test_events_without_a_newline_between_them_are_bad_data(athena: Athena) -> None:
    body = (json.dumps(event(1)) + json.dumps(event(2))).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key="all/date=2026-11-23/hour=09/a", Body=body)
    with pytest.raises(AthenaError, match="HIVE_BAD_DATA"):
        athena.run("SELECT * FROM events", "orders")


def test_a_query_reaches_no_file_of_the_machine(athena: Athena) -> None:
    with pytest.raises(AthenaError, match="Permission"):
        athena.run("SELECT * FROM read_text('/etc/hostname')", "orders")


def test_partitions_without_projection_are_refused(athena: Athena, catalog: Catalog) -> None:
    catalog.tables[0]["Parameters"] = {}
    with pytest.raises(AthenaError, match="without projection"):
        athena.run("SELECT * FROM events", "orders")


def test_a_table_of_another_format_is_refused(athena: Athena, catalog: Catalog) -> None:
    serde = "org.apache.hadoop.hive.ql.io.orc.OrcSerde"
    catalog.tables[0]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] = serde
    with pytest.raises(AthenaError, match="OrcSerde"):
        athena.run("SELECT * FROM events", "orders")


def test_a_table_without_partitions_is_everything_under_its_location(athena: Athena, catalog: Catalog) -> None:
    catalog.tables[0] |= {"PartitionKeys": [], "Parameters": {}}
    put("all/a.gz", event(1))
    put("all/deeper/b.gz", event(2))
    assert athena.run("SELECT count(*) FROM events", "orders").rows == [(2,)]


# --- Parquet, and projections of other types ------------------------------------------------------------------------

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"


def put_parquet(key: str, *rows: dict[str, Any], leave_out: str = "") -> None:
    """Rows as Firehose writes them: names in lower case, attributes as a map."""
    attribute = arrow.struct([("type", arrow.string()), ("value", arrow.string())])
    types = {name: arrow.string() for name in ("messageid", "message", "timestamp")}
    types["messageattributes"] = arrow.map_(arrow.string(), attribute)
    schema = arrow.schema([(name, kind) for name, kind in types.items() if name != leave_out])
    target = io.BytesIO()
    parquet.write_table(arrow.Table.from_pylist(list(rows), schema=schema), target)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=target.getvalue())


def row(number: int) -> dict[str, Any]:
    kind = {"type": "String", "value": "order.placed"}
    return {"messageid": f"m-{number}", "message": f'{{"id": {number}}}', "messageattributes": [("eventType", kind)]}


@pytest.fixture
def parquet_table(catalog: Catalog) -> None:
    catalog.tables[0]["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"] = PARQUET


@pytest.mark.usefixtures("parquet_table")
def test_parquet_is_read_with_the_partition_of_its_key(athena: Athena) -> None:
    put_parquet("all/date=2026-11-23/hour=09/a.parquet", row(1), row(2))
    put_parquet("all/date=2026-11-24/hour=00/b.parquet", row(3))
    found = athena.run(
        'SELECT messageid, "date", "hour", json_extract_scalar(message, \'$.id\'), '
        "element_at(messageattributes, 'eventType').value FROM events ORDER BY 1",
        "orders",
    )
    assert found.rows == [
        ("m-1", "2026-11-23", "09", "1", "order.placed"),
        ("m-2", "2026-11-23", "09", "2", "order.placed"),
        ("m-3", "2026-11-24", "00", "3", "order.placed"),
    ]


@pytest.mark.usefixtures("parquet_table")
def test_a_column_that_a_parquet_file_lacks_is_null(athena: Athena) -> None:
    put_parquet("all/date=2026-11-23/hour=09/a.parquet", row(1), leave_out="message")
    assert athena.run("SELECT messageid, message FROM events", "orders").rows == [("m-1", None)]


@pytest.mark.usefixtures("parquet_table")
def test_what_is_not_parquet_is_refused_by_its_key(athena: Athena) -> None:
    put("all/date=2026-11-23/hour=09/a.gz", event(1))
    with pytest.raises(AthenaError, match=r"HIVE_BAD_DATA: all/date=2026-11-23/hour=09/a\.gz"):
        athena.run("SELECT messageid FROM events", "orders")


def partitioned_by_kind(catalog: Catalog, **projection: str) -> None:
    table = catalog.tables[0]
    table["PartitionKeys"] = [{"Name": "kind", "Type": "string"}, *PARTITIONS]
    table["Parameters"] |= {f"projection.kind.{name}": value for name, value in projection.items()}
    table["Parameters"]["storage.location.template"] = (
        f"s3://{BUCKET}/all/kind=${{kind}}/date=${{date}}/hour=${{hour}}/"
    )
    for number, kind in enumerate(("paid", "placed", "void")):
        put(f"all/kind={kind}/date=2026-11-23/hour=09/a.gz", event(number))


def test_values_that_an_enum_does_not_list_are_not_seen(catalog: Catalog, athena: Athena) -> None:
    partitioned_by_kind(catalog, type="enum", values="paid,placed")
    assert athena.run("SELECT kind, messageid FROM events ORDER BY 1", "orders").rows == [
        ("paid", "m-0"),
        ("placed", "m-1"),
    ]


def test_an_injected_column_has_to_be_named_by_the_query(catalog: Catalog, athena: Athena) -> None:
    partitioned_by_kind(catalog, type="injected")
    with pytest.raises(AthenaError, match="injected projected partition column kind"):
        athena.run("SELECT kind FROM events WHERE hour = '09'", "orders")
    assert athena.run('SELECT messageid FROM events WHERE "kind" = ?', "orders", ["void"]).rows == [("m-2",)]
    assert len(athena.run("SELECT 1 FROM events WHERE kind IN ('void', 'paid')", "orders").rows) == 2
