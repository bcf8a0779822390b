"""RecordDeAggregation: several records packed in one put become records of their own, at most 500.

Sources: developer guide "Apply dynamic partitioning to aggregated data"; notes 3.4; API reference PutRecordBatch: with
more than 500 in a record "the record de-aggregation doesn't work as expected", the record goes on as a whole.
"""

import base64

from local_firehose.json_text import value_at

MAX_SUB_RECORDS = 500
_SPACE = " \t\r\n"


class DeaggregationError(ValueError):
    """The record is not made of what the processor was told to look for."""


def split_json(data: bytes) -> list[bytes]:
    """JSON values one after the other, with or without white space between them; an array is one value."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DeaggregationError(f"the record is not UTF-8: {error}") from error
    spans: list[tuple[int, int]] = []
    position = _skip_space(text, 0)
    while position < len(text):
        try:
            _, end = value_at(text, position)
        except ValueError as error:
            raise DeaggregationError(f"the record is not a sequence of JSON objects: {error}") from error
        spans.append((position, end))
        position = _skip_space(text, end)
    if len(spans) > MAX_SUB_RECORDS:
        return [data]
    return [text[start:end].encode() for start, end in spans]


def split_delimited(data: bytes, delimiter_base64: str) -> list[bytes]:
    """The parts between delimiters; the delimiter is not part of a record, empty parts are none."""
    delimiter = base64.b64decode(delimiter_base64, validate=True)
    parts = [part for part in data.split(delimiter) if part]
    return parts if len(parts) <= MAX_SUB_RECORDS else [data]


def split(data: bytes, parameters: dict[str, str]) -> list[bytes]:
    """The sub-records by the processor's parameters."""
    if parameters["SubRecordType"] == "JSON":
        return split_json(data)
    return split_delimited(data, parameters["Delimiter"])


def _skip_space(text: str, position: int) -> int:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    return position
