"""JSON records into rows of a schema, as the OpenX and Hive JSON SerDes read them.

A record may hold several JSON objects one after the other (each is a row); an array of objects is not valid input.
Sources: developer guide "Convert input data format", API reference OpenXJsonSerDe and HiveJsonSerDe. What each makes
of a value of another shape was probed on AWS in September 2026 (github.com/floci-io/floci pull request 3521); what is
not in its table (a boolean or a decimal from a text, rounding) is uncertain.
"""

import base64
import binascii
import decimal
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from local_firehose.conversion import hive_types as hive
from local_firehose.conversion import timestamps
from local_firehose.json_text import value_at

PARSE_ERROR = "DataFormatConversion.ParseError"
MALFORMED = "DataFormatConversion.MalformedData"
_INTEGER_BITS = {"tinyint": 8, "smallint": 16, "int": 32, "bigint": 64}
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

    hive: bool = False  # the Hive SerDe takes fewer shapes than OpenX
    case_insensitive: bool = True
    dots_to_underscores: bool = False
    column_to_key: Mapping[str, str] = field(default_factory=dict)
    timestamp_formats: tuple[str, ...] = ()  # of the Hive SerDe

    @classmethod
    def of(cls, deserializer: Mapping[str, Any]) -> "Options":
        """From the API's Deserializer."""
        if "HiveJsonSerDe" in deserializer:
            formats = tuple(deserializer["HiveJsonSerDe"].get("TimestampFormats", ()))
            return cls(hive=True, timestamp_formats=formats)
        given = deserializer["OpenXJsonSerDe"]
        return cls(
            case_insensitive=given.get("CaseInsensitive", True),
            dots_to_underscores=given.get("ConvertDotsInJsonKeysToUnderscores", False),
            column_to_key=given.get("ColumnToJsonKeyMappings", {}),
        )


def rows(data: bytes, schema: Schema, options: Options) -> list[dict[str, Any]]:
    """The rows of one record; ConversionError when any object of it does not fit."""
    documents = _documents(data)
    if options.case_insensitive and not options.hive:
        try:
            documents = [_lowered(document) for document in documents]
        except RecursionError as error:
            raise _malformed("It is nested too deeply.") from error
    return [_row(document, schema, options) for document in documents]


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


def _lowered(value: Any) -> Any:
    """OpenX makes every key lower-case, at any depth, before it reads anything."""
    if isinstance(value, dict):
        return {key.lower(): _lowered(item) for key, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value


def _row(document: dict[str, Any], schema: Schema, options: Options) -> dict[str, Any]:
    """What the document has of the columns. A column that is not there is null: half a million rows may be ``{}``."""
    keys = _normalised(document, options)
    row: dict[str, Any] = {}
    for name, kind in schema.columns:
        key = options.column_to_key.get(name, name)
        value = keys.get(key.lower() if options.case_insensitive else key)
        if value is not None:
            row[name] = _convert(value, kind, name, options)
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
            if options.hive:
                raise _malformed("java.io.IOException: Start of Array expected")
            value = [value]
        return [_convert(item, kind.element, f"{path}[{i}]", options) for i, item in enumerate(value)]
    if isinstance(kind, hive.Map):
        if not isinstance(value, dict):
            raise _mismatch(path, "map", value)
        return [
            (_convert(key, kind.key, path, options), _convert(item, kind.value, f"{path}.{key}", options))
            for key, item in value.items()
        ]
    if isinstance(kind, hive.Struct):
        return _struct(value, kind, path, options)
    if isinstance(kind, hive.Text):
        return _text(value, path, options)[: kind.length]
    if isinstance(kind, hive.Decimal):
        return _decimal(value, kind, path)
    return _PRIMITIVES[kind.name](value, path, options)


def _struct(value: Any, kind: hive.Struct, path: str, options: Options) -> dict[str, Any]:
    if isinstance(value, list) and not options.hive:  # by position; what is too much is ignored
        keys = dict(zip((name for name, _ in kind.fields), value, strict=False))
    elif isinstance(value, dict):
        keys = _normalised(value, options)
    elif options.hive:
        raise _malformed("java.io.IOException: Start of Object expected")
    else:
        raise _mismatch(path, "struct", value)
    return {name: _convert(keys.get(name), field_kind, f"{path}.{name}", options) for name, field_kind in kind.fields}


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=_plain_number)
    except RecursionError as error:
        raise _malformed("It is nested too deeply.") from error


def _plain_number(value: Any) -> Any:
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"not JSON: {value!r}")


def _integer(name: str) -> Callable[[Any, str, Options], int]:
    least, most = -(2 ** (_INTEGER_BITS[name] - 1)), 2 ** (_INTEGER_BITS[name] - 1) - 1

    def convert(value: Any, path: str, options: Options) -> int:
        try:
            number = _number(value, options)
            whole = int(number)
        except ConversionError:
            raise
        except (ValueError, ArithmeticError) as error:
            raise _mismatch(path, name, value) from error
        if number != whole or not least <= whole <= most:
            raise _mismatch(path, name, value)
        return whole

    return convert


def _float(value: Any, path: str, options: Options) -> float:
    try:
        return float(_number(value, options))
    except ConversionError:
        raise
    except (ValueError, ArithmeticError) as error:
        raise _mismatch(path, "double", value) from error


def _number(value: Any, options: Options) -> decimal.Decimal:
    if isinstance(value, str) and options.hive:
        raise _malformed("Current token (VALUE_STRING) not numeric, can not use numeric value accessors")
    if isinstance(value, bool) or not isinstance(value, int | str | decimal.Decimal):
        raise ValueError("not a number")
    number = decimal.Decimal(value)
    if number.is_finite() and number.adjusted() > _MOST_DIGITS:
        raise ValueError("out of range")
    return number


def _decimal(value: Any, kind: hive.Decimal, path: str) -> decimal.Decimal:
    context = decimal.Context(prec=max(kind.precision, 1), rounding=decimal.ROUND_HALF_UP)
    try:
        return _number(value, Options()).quantize(decimal.Decimal(1).scaleb(-kind.scale), context=context)
    except (ValueError, ArithmeticError) as error:
        raise _mismatch(path, f"decimal({kind.precision},{kind.scale})", value) from error


def _boolean(value: Any, path: str, options: Options) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false") and not options.hive:
        return value.lower() == "true"
    raise _mismatch(path, "boolean", value)


def _text(value: Any, path: str, options: Options) -> str:
    del path
    if options.hive and isinstance(value, dict | list):
        message = "One or more fields have incorrect format. Exception when validating field (root)"
        raise ConversionError(MALFORMED, message)
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
        return timestamps.sql_date(value)
    except (ValueError, TypeError) as error:
        raise _mismatch(path, "date", value) from error


def _timestamp(value: Any, path: str, options: Options) -> datetime:
    if isinstance(value, bool | dict | list):
        raise _mismatch(path, "timestamp", value)
    try:
        if options.hive or options.timestamp_formats:
            return timestamps.hive(_string(value), options.timestamp_formats)
        return timestamps.openx(value) if isinstance(value, str) else timestamps.from_epoch(_number(value, options))
    except (ValueError, ArithmeticError, OverflowError) as error:
        raise _malformed(str(error)) if options.hive else _mismatch(path, "timestamp", value) from error


def _malformed(reason: str) -> ConversionError:
    return ConversionError(MALFORMED, f"Data does not match the schema. {reason}")


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
