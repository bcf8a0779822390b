"""Column types as the Glue catalog writes them (`map<string,struct<type:string>>`), for testbench/athena.py.

https://docs.aws.amazon.com/athena/latest/ug/data-types.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

_PRIMITIVES = {
    "boolean": "BOOLEAN",
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "char": "VARCHAR",
    "varchar": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "decimal": "DECIMAL",
}


class HiveType(Protocol):
    """A type of the catalog."""

    @property
    def duckdb(self) -> str:
        """The same type in DuckDB's words."""

    def read(self, value: Any) -> Any:
        """The JSON value as the SerDe takes it: names of struct fields are found whatever their case."""


@dataclass(frozen=True)
class Primitive:
    """A type without parts; `sizes` are the figures of decimal(12,2)."""

    name: str
    sizes: str = ""

    @property
    def duckdb(self) -> str:
        """As in HiveType."""
        return _PRIMITIVES[self.name] + (self.sizes if self.name == "decimal" else "")

    def read(self, value: Any) -> Any:
        """As it is."""
        return value


@dataclass(frozen=True)
class Array:
    """array<element>"""

    element: HiveType

    @property
    def duckdb(self) -> str:
        """As in HiveType."""
        return f"{self.element.duckdb}[]"

    def read(self, value: Any) -> Any:
        """Element by element."""
        return [self.element.read(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Map:
    """map<key,value>; the keys keep their case."""

    key: HiveType
    value: HiveType

    @property
    def duckdb(self) -> str:
        """As in HiveType."""
        return f"MAP({self.key.duckdb}, {self.value.duckdb})"

    def read(self, value: Any) -> Any:
        """Value by value."""
        return {key: self.value.read(one) for key, one in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True)
class Struct:
    """struct<name:type,...>, also a whole row."""

    fields: tuple[tuple[str, HiveType], ...]

    @property
    def duckdb(self) -> str:
        """As in HiveType."""
        return "STRUCT(" + ", ".join(f'"{name}" {kind.duckdb}' for name, kind in self.fields) + ")"

    def read(self, value: Any) -> Any:
        """The fields of the struct, and no others, under their lower-case names."""
        if not isinstance(value, dict):
            return value
        given = {name.lower(): one for name, one in value.items()}
        return {name: kind.read(given[name]) for name, kind in self.fields if name in given}


def parse_type(text: str) -> HiveType:
    """The type that a text of the catalog says. Raises `ValueError` for one that it does not know."""
    tokens = iter(re.findall(r"[\w]+|\(\s*\d+\s*(?:,\s*\d+\s*)?\)|[<>:,]", text.lower()))
    kind, rest = _type(tokens, text)
    if rest:
        raise ValueError(f"{text!r} does not end where its type does")
    return kind


def _type(tokens: Iterator[str], text: str) -> tuple[HiveType, str]:
    """A type and the token after it ("" at the end)."""
    name = next(tokens, "")
    after = next(tokens, "")
    if name == "array" and after == "<":
        element, _ = _type(tokens, text)
        return Array(element), next(tokens, "")
    if name == "map" and after == "<":
        key, _ = _type(tokens, text)
        value, _ = _type(tokens, text)
        return Map(key, value), next(tokens, "")
    if name == "struct" and after == "<":
        fields: list[tuple[str, HiveType]] = []
        separator = ","
        while separator == ",":
            field = next(tokens, "")
            next(tokens, "")  # the colon
            kind, separator = _type(tokens, text)
            fields.append((field, kind))
        return Struct(tuple(fields)), next(tokens, "")
    if name not in _PRIMITIVES:
        raise ValueError(f"{text!r} has the unknown type {name!r}")
    if after.startswith("("):
        return Primitive(name, after), next(tokens, "")
    return Primitive(name), after
