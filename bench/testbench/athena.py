"""Athena SQL over the objects in S3, run by DuckDB: tables as the Glue catalog has them, rows as the objects hold them.

    Athena(bench.client).run_named_query(query_id).rows

What is as on Athena: the catalog's columns and types, partition projection by the location template (values that a
projection of type enum does not list are not seen, a column of type injected must be named by the query), JSON lines
read case-insensitively (OpenX SerDe), an object decompressed by the ending of its key, Parquet files read by the names
of their columns, timestamps in UTC. What is not: the dialect is DuckDB's with Trino functions added as macros
(`MACROS`), only the SerDes of JSON and Parquet and projected or unpartitioned tables are read, and every object of a
table is read whatever partitions the query asks for.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
https://docs.aws.amazon.com/athena/latest/ug/partition-projection-dynamic-id-partitioning.html
https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html (Parquet: read by name)
"""

import gzip
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from botocore.exceptions import ClientError

from local_firehose.conversion.hive_types import HiveType, Struct, parse
from testbench.duckdb_types import as_read, in_duckdb
from testbench.errors import BenchError

JSON_SERDES = ("org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe")
PARQUET_SERDE = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

MACROS = (
    "json_extract_scalar(document, path) AS json_extract_string(document, path)",
    # Trino writes minutes as %i and seconds as %s, as MySQL does.
    "date_format(moment, format) AS strftime(moment, replace(replace(format, '%i', '%M'), '%s', '%S'))",
    "from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)",
    "element_at(container, key) AS container[key]",
    "approx_distinct(value) AS approx_count_distinct(value)",
    "regexp_like(text, pattern) AS regexp_matches(text, pattern)",
    "to_unixtime(moment) AS epoch(moment)",
)


class AthenaError(BenchError):
    """A query that Athena would refuse, or a table that this module cannot read; the message says which."""


@dataclass(frozen=True)
class QueryResult:
    """Rows of a query.

    Attributes:
        columns: names in order.
        types: DuckDB's names of their types.
        rows: values in the order of the columns.
        objects: S3 keys that were read.
        bytes_scanned: their sizes in S3, compressed as they lie there: what Athena bills.
    """

    columns: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]
    objects: list[str]
    bytes_scanned: int


@dataclass(frozen=True)
class _StoredObject:
    """An object of a table, with the values of its partition columns."""

    key: str
    body: bytes
    partition: dict[str, str]


class Athena:
    """The queries of one account; `client` makes its boto3 clients by service name."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self._athena = client("athena")
        self._glue = client("glue")
        self._s3 = client("s3")

    def run_named_query(self, query_id: str, parameters: Sequence[str] = ()) -> QueryResult:
        """Run a prepared query in its database; `parameters` are the values of its question marks."""
        query = self._athena.get_named_query(NamedQueryId=query_id)["NamedQuery"]
        return self.run(query["QueryString"], query["Database"], parameters)

    def run(self, sql: str, database: str, parameters: Sequence[str] = ()) -> QueryResult:
        """Run a SELECT over the tables of a database that it names."""
        tables = [table for table in self._tables(database) if re.search(rf"\b{table['Name']}\b", sql, re.IGNORECASE)]
        for table in tables:
            _require_injected_columns(table, sql)
        objects: list[_StoredObject] = []
        with closing(duckdb.connect()) as engine:
            engine.execute("SET TimeZone = 'UTC'")
            engine.execute(f'CREATE SCHEMA "{database}"; USE "{database}"')
            for table in tables:
                found = list(self._objects(table))
                _load(engine, table, found)
                objects += found
            for macro in MACROS:
                engine.execute(f"CREATE MACRO {macro}")
            engine.execute("SET enable_external_access = false")  # a query reads its tables and no file of this machine
            try:
                cursor = engine.execute(sql, list(parameters))
            except duckdb.Error as error:
                raise AthenaError(f"the query failed: {error}\n{sql}") from error
            described = cursor.description or []
            return QueryResult(
                columns=[column[0] for column in described],
                types=[str(column[1]) for column in described],
                rows=cursor.fetchall(),
                objects=[stored.key for stored in objects],
                bytes_scanned=sum(len(stored.body) for stored in objects),
            )

    def _tables(self, database: str) -> Iterator[dict[str, Any]]:
        try:
            for page in self._glue.get_paginator("get_tables").paginate(DatabaseName=database):
                yield from page["TableList"]
        except ClientError as error:  # on Athena the database "default" is always there
            if database != "default" or error.response["Error"]["Code"] != "EntityNotFoundException":
                raise

    def _objects(self, table: dict[str, Any]) -> Iterator[_StoredObject]:
        """The objects that belong to the table: those under its location whose key fits the location template."""
        bucket, prefix, pattern = _location(table)
        listed_values = _enumerated(table)
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for listed in page.get("Contents", []):
                match = pattern.match(listed["Key"])
                if match and all(match[column] in values for column, values in listed_values.items()):
                    body = self._s3.get_object(Bucket=bucket, Key=listed["Key"])["Body"].read()
                    yield _StoredObject(listed["Key"], body, match.groupdict())


def _location(table: dict[str, Any]) -> tuple[str, str, re.Pattern[str]]:
    """Bucket, fixed begin of the keys, and a pattern that fits a key and finds its partition values."""
    partitions = [column["Name"] for column in table.get("PartitionKeys", [])]
    parameters = table.get("Parameters", {})
    template = table["StorageDescriptor"]["Location"]
    if partitions:
        if parameters.get("projection.enabled", "").lower() != "true":
            raise AthenaError(f"table {table['Name']} has partitions without projection, which cannot be read here")
        hive_style = template.rstrip("/") + "/" + "".join(f"{name}=${{{name}}}/" for name in partitions)
        template = parameters.get("storage.location.template", hive_style)
    bucket, _, path = template.removeprefix("s3://").partition("/")
    if path and not path.endswith("/"):
        path += "/"
    pieces = re.split(r"\$\{(\w+)\}", path)
    pattern = "".join(f"(?P<{piece}>[^/]+)" if odd % 2 else re.escape(piece) for odd, piece in enumerate(pieces))
    return bucket, pieces[0], re.compile(pattern)


def _projections(table: dict[str, Any], kind: str) -> Iterator[str]:
    """The partition columns with a projection of that type."""
    for column in table.get("PartitionKeys", []):
        if table.get("Parameters", {}).get(f"projection.{column['Name']}.type", "").lower() == kind:
            yield column["Name"]


def _enumerated(table: dict[str, Any]) -> dict[str, set[str]]:
    """Column -> the values that its projection lists; Athena looks at no others."""
    parameters = table.get("Parameters", {})
    return {column: set(parameters[f"projection.{column}.values"].split(",")) for column in _projections(table, "enum")}


def _require_injected_columns(table: dict[str, Any], sql: str) -> None:
    """AthenaError unless the query says which values of the injected columns it means (told by the text of the SQL)."""
    for column in _projections(table, "injected"):
        if not re.search(rf'"?\b{column}\b"?\s*(=|in\s*\()', sql, re.IGNORECASE):
            raise AthenaError(
                f"CONSTRAINT_VIOLATION: For the injected projected partition column {column}, the WHERE clause must "
                "contain only static equality conditions, and at least one such condition must be present."
            )


def _load(engine: duckdb.DuckDBPyConnection, table: dict[str, Any], objects: Sequence[_StoredObject]) -> None:
    """Make the table in DuckDB with the catalog's columns, whatever else the objects hold."""
    storage = table["StorageDescriptor"]
    columns = [*storage["Columns"], *table.get("PartitionKeys", [])]
    row = Struct(tuple((column["Name"], parse(column["Type"])) for column in columns))
    serde = storage["SerdeInfo"]["SerializationLibrary"]
    if serde in JSON_SERDES:
        _load_json(engine, table["Name"], row, objects)
    elif serde == PARQUET_SERDE:
        _load_parquet(engine, table["Name"], row, objects)
    else:
        raise AthenaError(f"table {table['Name']} is read by {serde}; only JSON and Parquet can be read here")


def _load_json(engine: duckdb.DuckDBPyConnection, table: str, row: Struct, objects: Sequence[_StoredObject]) -> None:
    types = ", ".join(f"'{name}': '{in_duckdb(kind)}'" for name, kind in row.fields)
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder) / "rows.jsonl"
        with lines.open("w") as file:
            for stored in objects:
                file.writelines(json.dumps(as_read(row, found | stored.partition)) + "\n" for found in _rows(stored))
        engine.execute(
            f'CREATE TABLE "{table}" AS SELECT * FROM '  # noqa: S608 -- the names are the catalog's
            f"read_json(?, format = 'newline_delimited', columns = {{{types}}})",
            [str(lines)],
        )


def _load_parquet(engine: duckdb.DuckDBPyConnection, table: str, row: Struct, objects: Sequence[_StoredObject]) -> None:
    columns = ", ".join(f'"{name}" {in_duckdb(kind)}' for name, kind in row.fields)
    engine.execute(f'CREATE TABLE "{table}" ({columns})')
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "object.parquet"
        for stored in objects:
            file.write_bytes(stored.body)
            try:
                described = engine.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(file)]).fetchall()
                there = {name.lower() for name, *_ in described}
                values = ", ".join(_parquet_value(name, kind, stored, there) for name, kind in row.fields)
                of_the_key = [stored.partition[name] for name, _ in row.fields if name in stored.partition]
                engine.execute(
                    f'INSERT INTO "{table}" SELECT {values} FROM read_parquet(?)',  # noqa: S608 -- as above
                    [*of_the_key, str(file)],
                )
            except duckdb.Error as error:
                raise AthenaError(f"HIVE_BAD_DATA: {stored.key} does not fit table {table}: {error}") from error


def _parquet_value(name: str, kind: HiveType, stored: _StoredObject, there: set[str]) -> str:
    """A column as SQL: of the key, of the file, or null where the file was written before the column was there."""
    if name in stored.partition:
        return f'CAST(? AS {in_duckdb(kind)}) AS "{name}"'
    return f'"{name}"' if name in there else f'NULL AS "{name}"'


def _rows(stored: _StoredObject) -> Iterator[dict[str, Any]]:
    """The JSON lines of an object; Athena goes by the ending of the key, whatever the bytes are."""
    try:
        body = gzip.decompress(stored.body) if stored.key.endswith(".gz") else stored.body
    except (OSError, EOFError, zlib.error) as error:
        raise AthenaError(f"HIVE_CURSOR_ERROR: {stored.key} is not gzip: {error}") from error
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            try:
                row = dict(json.loads(line))
            except (ValueError, TypeError) as error:
                raise AthenaError(f"HIVE_BAD_DATA: line {number} of {stored.key} is no JSON object: {error}") from error
            yield row
