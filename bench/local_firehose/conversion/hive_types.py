"""Hive column types as Glue writes them (``struct<a:int,b:array<string>>``), read into a tree."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*([<>(),:]|[^<>(),:\s](?:[^<>(),:]*[^<>(),:\s])?)\s*")  # a mark, or a name up to the next mark
PRIMITIVES = frozenset(
    {
        "boolean",
        "tinyint",
        "smallint",
        "int",
        "integer",
        "bigint",
        "float",
        "double",
        "string",
        "binary",
        "date",
        "timestamp",
    }
)


class HiveTypeError(ValueError):
    """Not a type of Hive that Firehose converts to."""


@dataclass(frozen=True, slots=True)
class Primitive:
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """``char(n)`` and ``varchar(n)``."""

    length: int


@dataclass(frozen=True, slots=True)
class Decimal:
    precision: int
    scale: int


@dataclass(frozen=True, slots=True)
class Array:
    element: "HiveType"


@dataclass(frozen=True, slots=True)
class Map:
    key: "HiveType"
    value: "HiveType"


@dataclass(frozen=True, slots=True)
class Struct:
    fields: tuple[tuple[str, "HiveType"], ...]


HiveType = Primitive | Text | Decimal | Array | Map | Struct


def parse(text: str) -> HiveType:
    """The tree of a type; HiveTypeError when it is none."""
    reader = _Reader(text)
    parsed = reader.read()
    reader.expect_end()
    return parsed


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise HiveTypeError(f"cannot read the type {text!r} at {text[position:]!r}")
            self._tokens.append(match.group(1))
            position = match.end()
        self._next = 0

    def read(self) -> HiveType:
        name = self._take().lower()
        if name == "array":
            (element,) = self._parameters(1)
            return Array(element)
        if name == "map":
            key, value = self._parameters(2)
            return Map(key, value)
        if name == "struct":
            return self._struct()
        if name in ("char", "varchar"):
            (length,) = self._numbers(1)
            return Text(length)
        if name == "decimal":
            if self._peek() != "(":
                return Decimal(10, 0)
            precision, scale = self._numbers(2)
            if not (1 <= precision <= 38 and scale <= precision):
                raise HiveTypeError(f"decimal({precision},{scale}) is beyond decimal(38,38) in {self._text!r}")
            return Decimal(precision, scale)
        if name in PRIMITIVES:
            return Primitive("int" if name == "integer" else name)
        raise HiveTypeError(f"unknown type {name!r} in {self._text!r}")

    def expect_end(self) -> None:
        if self._next != len(self._tokens):
            raise HiveTypeError(f"unexpected {self._tokens[self._next]!r} in {self._text!r}")

    def _parameters(self, count: int) -> list[HiveType]:
        self._expect("<")
        found = [self.read()]
        while len(found) < count:
            self._expect(",")
            found.append(self.read())
        self._expect(">")
        return found

    def _struct(self) -> Struct:
        self._expect("<")
        fields: list[tuple[str, HiveType]] = []
        while True:
            name = self._take()
            self._expect(":")
            fields.append((name.lower(), self.read()))
            if self._peek() != ",":
                break
            self._expect(",")
        self._expect(">")
        return Struct(tuple(fields))

    def _numbers(self, most: int) -> list[int]:
        self._expect("(")
        found = [self._number()]
        while len(found) < most and self._peek() == ",":
            self._expect(",")
            found.append(self._number())
        self._expect(")")
        return [*found, *[0] * (most - len(found))]

    def _number(self) -> int:
        token = self._take()
        if not token.isdigit():
            raise HiveTypeError(f"{token!r} is not a number in {self._text!r}")
        return int(token)

    def _peek(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        if not token:
            raise HiveTypeError(f"the type {self._text!r} ends too early")
        self._next += 1
        return token

    def _expect(self, wanted: str) -> None:
        token = self._take()
        if token != wanted:
            raise HiveTypeError(f"expected {wanted!r} and found {token!r} in {self._text!r}")
