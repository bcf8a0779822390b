"""JSON records into rows of a schema, as the OpenX and Hive JSON SerDes read them.

A record may hold several JSON objects one after the other (each is a row); an array of objects is not valid input.
Source: developer guide "Convert input data format", API reference OpenXJsonSerDe and HiveJsonSerDe. How far types
are coerced (a number in a string column, a numeric string in a number column) is not documented (uncertain).
"""

import base64
import binascii
import decimal
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local_firehose.conversion import hive_types as hive
from local_firehose.json_text import value_at

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"
_INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**11  # larger whole numbers are milliseconds: as seconds they would be the year 5138
_MOST_DIGITS = 400  # more than a double has; as a whole number, 1e999999999 would fill the memory
_JSON = json.JSONDecoder(parse_float=decimal.Decimal)


class ConversionError(ValueError):
    """The record does not fit; ``code`` is the lastErrorCode of the error document."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns of the table in order: lower-case name and type."""

    columns: tuple[tuple[str, hive.HiveType], ...]


@dataclass(frozen=True, slots=True)
class Options:
    """What the SerDe configuration asks for."""

    case_insensitive: bool = True
    dots_to_underscores: bool = False
    column_to_key: Mapping[str, str] = field(default_factory=dict)
    timestamp_formats: tuple[str, ...] = ()  # Joda patterns of the Hive SerDe; "millis" is epoch milliseconds

    @classmethod
    def of(cls, deserializer: Mapping[str, Any]) -> "Options":
        """From the API's Deserializer."""
        if "HiveJsonSerDe" in deserializer:
            return cls(timestamp_formats=tuple(deserializer["HiveJsonSerDe"].get("TimestampFormats", ())))
        given = deserializer["OpenXJsonSerDe"]
        return cls(
            case_insensitive=given.get("CaseInsensitive", True),
            dots_to_underscores=given.get("ConvertDotsInJsonKeysToUnderscores", False),
            column_to_key=given.get("ColumnToJsonKeyMappings", {}),
        )


def rows(data: bytes, schema: Schema, options: Options) -> list[dict[str, Any]]:
    """The rows of one record; ConversionError when any object of it does not fit."""
    return [_row(document, schema, options) for document in _documents(data)]


def _documents(data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise ConversionError(PARSE_ERROR, f"The record is not UTF-8: {error}") from error
    found: list[dict[str, Any]] = []
    position = 0
    while position < len(text):
        try:
            value, position = value_at(text, position, _JSON)
        except ValueError as error:
            raise ConversionError(PARSE_ERROR, f"Encountered malformed JSON: {error}") from error
        if not isinstance(value, dict):
            raise ConversionError(MALFORMED, "Data does not match the schema. A JSON object is expected.")
        found.append(value)
        while position < len(text) and text[position] in " \t\r\n":
            position += 1
    if not found:
        raise ConversionError(PARSE_ERROR, "The record is empty.")
    return found


def _row(document: dict[str, Any], schema: Schema, options: Options) -> dict[str, Any]:
    keys = _normalised(document, options)
    row: dict[str, Any] = {}
    for name, kind in schema.columns:
        key = options.column_to_key.get(name, name)
        value = keys.get(key.lower() if options.case_insensitive else key)
        row[name] = None if value is None else _convert(value, kind, name, options)
    return row


def _normalised(document: dict[str, Any], options: Options) -> dict[str, Any]:
    def name(key: str) -> str:
        key = key.replace(".", "_") if options.dots_to_underscores else key
        return key.lower() if options.case_insensitive else key

    return {name(key): value for key, value in document.items()}


def _convert(value: Any, kind: hive.HiveType, path: str, options: Options) -> Any:
    if value is None:
        return None
    if isinstance(kind, hive.Array):
        if not isinstance(value, list):
            raise _mismatch(path, "array", value)
        return [_convert(item, kind.element, f"{path}[{i}]", options) for i, item in enumerate(value)]
    if isinstance(kind, hive.Map):
        if not isinstance(value, dict):
            raise _mismatch(path, "map", value)
        return [
            (_convert(key, kind.key, path, options), _convert(item, kind.value, f"{path}.{key}", options))
            for key, item in value.items()
        ]
    if isinstance(kind, hive.Struct):
        if not isinstance(value, dict):
            raise _mismatch(path, "struct", value)
        keys = _normalised(value, options)
        return {
            name: _convert(keys.get(name), field_kind, f"{path}.{name}", options) for name, field_kind in kind.fields
        }
    if isinstance(kind, hive.Text):
        return _string(value)[: kind.length]
    if isinstance(kind, hive.Decimal):
        return _decimal(value, kind, path)
    return _PRIMITIVES[kind.name](value, path, options)


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_plain_number)
    except RecursionError as error:
        raise ConversionError(MALFORMED, "Data does not match the schema. It is nested too deeply.") from error


def _plain_number(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"not JSON: {value!r}")


def _integer(name: str) -> Callable[[Any, str, Options], int]:
    least, most = -(2 ** (_INTEGER_BITS[name] - 1)), 2 ** (_INTEGER_BITS[name] - 1) - 1

    def convert(value: Any, path: str, _: Options) -> int:
        try:
            number = _number(value)
            whole = int(number)
        except (ValueError, ArithmeticError) as error:
            raise _mismatch(path, name, value) from error
        if number != whole or not least <= whole <= most:
            raise _mismatch(path, name, value)
        return whole

    return convert


def _float(value: Any, path: str, _: Options) -> float:
    try:
        return float(_number(value))
    except (ValueError, ArithmeticError) as error:
        raise _mismatch(path, "double", value) from error


def _number(value: Any) -> decimal.Decimal:
    if isinstance(value, bool) or not isinstance(value, int | str | decimal.Decimal):
        raise ValueError("not a number")
    number = decimal.Decimal(value)
    if number.is_finite() and number.adjusted() > _MOST_DIGITS:
        raise ValueError("out of range")
    return number


def _decimal(value: Any, kind: hive.Decimal, path: str) -> decimal.Decimal:
    context = decimal.Context(prec=max(kind.precision, 1), rounding=decimal.ROUND_HALF_UP)
    try:
        return _number(value).quantize(decimal.Decimal(1).scaleb(-kind.scale), context=context)
    except (ValueError, ArithmeticError) as error:
        raise _mismatch(path, f"decimal({kind.precision},{kind.scale})", value) from error


def _boolean(value: Any, path: str, _: Options) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise _mismatch(path, "boolean", value)


def _text(value: Any, path: str, options: Options) -> str:
    del path, options
    return _string(value)


def _binary(value: Any, path: str, options: Options) -> bytes:
    del options
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise _mismatch(path, "binary", value) from error


def _date(value: Any, path: str, options: Options) -> date:
    del options
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError) as error:
        raise _mismatch(path, "date", value) from error


def _timestamp(value: Any, path: str, options: Options) -> datetime:
    try:
        if isinstance(value, str) and not _is_number(value):
            return _timestamp_text(value)
        number = _number(value)
        in_milliseconds = "millis" in options.timestamp_formats or (
            number == int(number) and abs(number) >= _MILLISECONDS_FROM
        )
        seconds = number / 1000 if in_milliseconds else number
        return _EPOCH + timedelta(microseconds=int(seconds * 1_000_000))
    except (ValueError, ArithmeticError, OverflowError) as error:
        raise _mismatch(path, "timestamp", value) from error


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _timestamp_text(text: str) -> datetime:
    # Nine digits of fraction are allowed; Python's reader takes six.
    head, dot, fraction = text.partition(".")
    digits = len(fraction) - len(fraction.lstrip("0123456789"))
    shortened = head + dot + fraction[: min(digits, 6)] + fraction[digits:]
    parsed = datetime.fromisoformat(shortened.replace(" ", "T", 1))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def _mismatch(path: str, wanted: str, value: Any) -> ConversionError:
    shown = _string(value) if not isinstance(value, bytes) else repr(value)
    return ConversionError(MALFORMED, f"Data does not match the schema. Column {path}: {shown[:200]} is not {wanted}")


_PRIMITIVES: dict[str, Callable[[Any, str, Options], Any]] = {
    "boolean": _boolean,
    "float": _float,
    "double": _float,
    "string": _text,
    "binary": _binary,
    "date": _date,
    "timestamp": _timestamp,
    **{name: _integer(name) for name in _INTEGER_BITS},
}
