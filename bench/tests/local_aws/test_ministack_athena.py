"""Queries through Athena's API: DuckDB's answer or an error, never an invented row. Correction athena_answers."""

import json
import uuid
from typing import Any

import pytest

from testbench import Bench
from testbench.polling import eventually

ENDED = ("SUCCEEDED", "FAILED")


class Archive:
    """A bucket with two events, and a table over it."""

    def __init__(self, bench: Bench) -> None:
        self.athena, self.glue, self.s3 = bench.client("athena"), bench.client("glue"), bench.client("s3")
        self.name = f"answers-{uuid.uuid4().hex[:8]}"
        self.database = self.name.replace("-", "_")
        place = {"LocationConstraint": bench.endpoints.region}
        self.s3.create_bucket(Bucket=self.name, CreateBucketConfiguration=place)
        lines = [{"id": 1, "price": 1.5, "tags": ["a", "b"], "paid": True}, {"id": 2}]
        self.body = "\n".join(map(json.dumps, lines)).encode()
        self.s3.put_object(Bucket=self.name, Key="events/1.json", Body=self.body)
        self.glue.create_database(DatabaseInput={"Name": self.database})
        columns = {"id": "bigint", "price": "double", "tags": "array<string>", "paid": "boolean"}
        self.glue.create_table(
            DatabaseName=self.database,
            TableInput={
                "Name": "events",
                "TableType": "EXTERNAL_TABLE",
                "StorageDescriptor": {
                    "Columns": [{"Name": name, "Type": kind} for name, kind in columns.items()],
                    "Location": f"s3://{self.name}/events/",
                    "SerdeInfo": {"SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
                },
            },
        )

    def run(self, sql: str, *parameters: str, database: str = "") -> dict[str, Any]:
        """The execution when it has ended."""
        given: dict[str, Any] = {"ExecutionParameters": list(parameters)} if parameters else {}
        started = self.athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database or self.database},
            ResultConfiguration={"OutputLocation": f"s3://{self.name}/results/"},
            **given,
        )
        return eventually(
            lambda: self.athena.get_query_execution(QueryExecutionId=started["QueryExecutionId"])["QueryExecution"],
            lambda found: found["Status"]["State"] in ENDED,
            within=60,
            what=sql,
        )

    def rows(self, execution: dict[str, Any]) -> list[list[str | None]]:
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        found = self.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"]
        return [[value.get("VarCharValue") for value in row["Data"]] for row in found]


@pytest.fixture(scope="module")
def archive(bench: Bench) -> Archive:
    return Archive(bench)


def test_rows_of_the_objects_come_with_the_types_of_the_catalog(archive: Archive) -> None:
    execution = archive.run("SELECT id, price, tags, paid FROM events ORDER BY id")
    assert archive.rows(execution) == [
        ["id", "price", "tags", "paid"],
        ["1", "1.5", "[a, b]", "true"],
        ["2", None, None, None],
    ]
    answer = archive.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    types = [column["Type"] for column in answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
    assert types == ["bigint", "double", "array", "boolean"]
    assert execution["Statistics"]["DataScannedInBytes"] == len(archive.body)


def test_question_marks_have_the_values_of_the_call(archive: Archive) -> None:
    assert archive.rows(archive.run("SELECT count(*) AS n FROM events WHERE id >= ?", "2")) == [["n"], ["1"]]


def test_a_query_without_tables_needs_no_database(archive: Archive) -> None:
    assert archive.rows(archive.run("SELECT 40 + 2 AS answer", database="default")) == [["answer"], ["42"]]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM nowhere", "nowhere"),
        ("SELECT nothing FROM events", "nothing"),
        ("SELEC 1", "NOT_SUPPORTED"),
        ("INSERT INTO events VALUES (3)", "NOT_SUPPORTED"),
        ("SELECT * FROM read_text('/etc/hostname')", "disabled"),
    ],
)
def test_what_cannot_be_answered_fails_and_says_why(archive: Archive, sql: str, said: str) -> None:
    status = archive.run(sql)["Status"]
    assert (status["State"], said in status["StateChangeReason"]) == ("FAILED", True), status
