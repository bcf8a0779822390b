"""Column types of the Glue catalog in DuckDB's words, and JSON values as the SerDe takes them, for athena.py.

The types themselves are read by the local Data Firehose's parser, which converts to the same tables.
https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

from typing import Any

from local_firehose.conversion.hive_types import Array, Decimal, HiveType, Map, Primitive, Struct, Text

_PRIMITIVES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


def in_duckdb(kind: HiveType) -> str:
    """The same type in DuckDB's words."""
    match kind:
        case Primitive(name):
            return _PRIMITIVES[name]
        case Text():
            return "VARCHAR"
        case Decimal(precision, scale):
            return f"DECIMAL({precision},{scale})"
        case Array(element):
            return f"{in_duckdb(element)}[]"
        case Map(key, value):
            return f"MAP({in_duckdb(key)}, {in_duckdb(value)})"
        case Struct(fields):
            return "STRUCT(" + ", ".join(f'"{name}" {in_duckdb(field)}' for name, field in fields) + ")"


def as_read(kind: HiveType, value: Any) -> Any:
    """The JSON value as the SerDe takes it: of a struct its fields and no others, found whatever their case.

    What has another shape than the type stays as it is; the engine refuses it.
    """
    match kind, value:
        case Array(element), list():
            return [as_read(element, each) for each in value]
        case Map(_, kept), dict():
            return {key: as_read(kept, each) for key, each in value.items()}  # keys keep their case
        case Struct(fields), dict():
            given = {name.lower(): each for name, each in value.items()}
            return {name: as_read(field, given[name]) for name, field in fields if name in given}
        case _:
            return value
