"""Partition keys by jq: the MetadataExtraction processor (``JQ-1.6``).

The query is one jq program whose result is an object of at most 50 keys; values become strings. A value that is null
or empty fails the record. Sources: notes 3.4, 4.4; the message is quoted by several users of AWS.
"""

import functools
import json
from typing import Any

import jq

MAX_KEYS = 50
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


def extract(query: str, data: bytes) -> dict[str, str]:
    """Partition keys of one record."""
    try:
        value = json.loads(data)
    except ValueError as error:
        raise QueryError(f"Non JSON record provided: {error}") from error
    try:
        results = compile_query(query).input_value(value).all()
    except ValueError as error:
        raise QueryError(str(error)) from error
    if len(results) != 1 or not isinstance(results[0], dict):
        raise QueryError("MetadataExtractionQuery must return one JSON object")
    return partition_keys(results[0])


def partition_keys(found: dict[str, Any]) -> dict[str, str]:
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
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))
