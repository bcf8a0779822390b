"""Partition keys by jq: the MetadataExtraction processor (``JQ-1.6``).

The query is one jq program whose result is an object of at most 50 keys; values become strings. A value that is null
or empty fails the record. Sources: notes 3.4, 4.4; the message is quoted by several users of AWS.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

import jq

from local_firehose.json_text import loads

MAX_KEYS = 50
_KEY = re.compile(r'\s*(?:"([^"\\]+)"|\$?([A-Za-z_]\w*))\s*(?::|$)')
EMPTY_VALUE = "partitionKeys values must not be null or empty"


class QueryError(ValueError):
    """The query is not jq, or the record gives no usable keys; the message says which."""


@functools.lru_cache(maxsize=256)
def compile_query(query: str) -> Any:
    """The compiled program."""
    try:
        return jq.compile(query)
    except ValueError as error:
        raise QueryError(str(error)) from error


def top_level_keys(query: str) -> set[str]:
    """Keys of a query that is one object construction (``{a: .x, "b": .y}``); empty for any other jq.

    jq cannot tell the keys of a program without input, so the outermost braces are read: names before a colon (or
    alone) that lie in no inner bracket or string.
    """
    text = query.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return set()
    return {match.group(1) or match.group(2) for entry in _entries(text[1:-1]) if (match := _KEY.match(entry))}


def _entries(text: str) -> list[str]:
    entries, depth, quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == '"' and text[position - 1 : position] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
        elif character == "," and depth == 0:
            entries.append(text[start:position])
            start = position + 1
    return [*entries, text[start:]]


def extract(query: str, data: bytes) -> dict[str, str]:
    """Partition keys of one record."""
    try:
        value = loads(data)
    except ValueError as error:
        raise QueryError(f"Non JSON record provided: {error}") from error
    try:
        results = compile_query(query).input_value(value).all()
    except ValueError as error:
        raise QueryError(str(error)) from error
    if len(results) != 1 or not isinstance(results[0], dict):
        raise QueryError("MetadataExtractionQuery must return one JSON object")
    return partition_keys(results[0])


def partition_keys(found: Mapping[str, Any]) -> dict[str, str]:
    """Keys and values as strings; QueryError when there are too many or one is empty."""
    if len(found) > MAX_KEYS:
        raise QueryError(f"The number of partition keys must not exceed {MAX_KEYS}")
    keys = {name: _text(value) for name, value in found.items()}
    if not keys or any(value == "" for value in keys.values()):
        raise QueryError(EMPTY_VALUE)
    return keys


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: no S3 key can hold it
        raise QueryError(f"a partition key is not Unicode text: {error}") from error
    return text
