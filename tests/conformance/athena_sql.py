"""Athena's SQL by sqlglot: the named queries parse, and every table, column and function in them exists."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

_DIALECT = "athena"
Columns = dict[str, str]


def judge(resources: Iterable[Resource]) -> Iterator[Finding]:
    """What is wrong with named queries and with the types of the tables' columns."""
    queries: list[Resource] = []
    tables: dict[tuple[str, str], dict[str, Columns]] = {}
    for resource in resources:
        if resource.type == "aws_athena_named_query":
            queries.append(resource)
        if resource.type == "aws_glue_catalog_table":
            database = resource.values["database_name"]
            tables.setdefault((resource.configuration, database), {})[resource.values["name"]] = columns(
                resource.values
            )
            for name, kind in columns(resource.values).items():
                if not _is_type(kind):
                    yield Finding("sqlglot", "type", resource.in_module, f"{name} {kind}")
    for query in queries:
        schema = tables.get((query.configuration, query.values["database"]), {})
        for rule, message in against(query.values["query"], schema):
            yield Finding("sqlglot", rule, query.in_module, message)


def columns(table: dict[str, Any]) -> Columns:
    """Column -> type of a Glue table, partition keys included."""
    listed = [*table["storage_descriptor"][0]["columns"], *table["partition_keys"]]
    return {each["name"]: each["type"] for each in listed}


def _is_type(kind: str) -> bool:
    try:
        return bool(exp.DataType.build(kind, dialect="hive").this != exp.DataType.Type.USERDEFINED)
    except SqlglotError:
        return False


def against(query: str, schema: Mapping[str, Columns]) -> Iterator[tuple[str, str]]:
    """(rule, message) for what is wrong with a query on these tables."""
    try:
        parsed = sqlglot.parse_one(query, dialect=_DIALECT)
    except SqlglotError as error:
        yield "grammar", str(error)
        return
    for function in parsed.find_all(exp.Anonymous):
        yield "function", f"{function.name} is no function that sqlglot knows for Athena"
    named_in_query = {each.alias for each in parsed.find_all(exp.CTE)}
    for table in parsed.find_all(exp.Table):
        if table.name not in schema and table.name not in named_in_query:
            yield "table", f"there is no table {table.name}"
            return
    try:
        qualify(parsed.copy(), schema=dict(schema), dialect=_DIALECT)
    except SqlglotError as error:
        yield "column", str(error)
