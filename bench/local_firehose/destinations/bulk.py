"""The OpenSearch ``_bulk`` protocol as Firehose speaks it: one record, one document, ``_index`` in every action.

Pure functions. Sources: notes 5; developer guide "Data delivery format" (UTF-8, single line, a JSON object).
"""

import json
from dataclasses import dataclass
from typing import Any

from local_firehose.json_text import loads

RETRIED_REQUEST_STATUS = frozenset({401, 403, 408, 429})


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a document is not in the index: the domain's status (as text) and its error object."""

    code: str
    message: str


def unfit(data: bytes) -> Rejection | None:
    """Why a record cannot be sent as a document, or None. A line feed at its end is not part of the document."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _parse_failure(f"the record is not UTF-8: {error}")
    if "\n" in text.rstrip("\r\n"):
        return _parse_failure("the record is not a single line")
    try:
        document = loads(text)
    except ValueError as error:
        return _parse_failure(f"the record is not one JSON object: {error}")
    if not isinstance(document, dict):
        return _parse_failure("the record is not a JSON object")
    if "_id" in document:
        return _parse_failure("Field [_id] is a metadata field and cannot be added inside a document.")
    return None


def action(data: bytes, index: str, document_id: str) -> bytes:
    """The two lines of one document; without an id the domain makes one."""
    target: dict[str, str] = {"_index": index}
    if document_id:
        target["_id"] = document_id
    return json.dumps({"index": target}, separators=(",", ":")).encode() + b"\n" + data.rstrip(b"\r\n") + b"\n"


def retried_request(status: int) -> bool:
    """Whether a refusal of the whole request is tried again."""
    return status in RETRIED_REQUEST_STATUS or status >= 500


def retried_item(status: int) -> bool:
    """Whether a refusal of one document is tried again."""
    return status == 429 or status >= 500


def item_results(answer: dict[str, Any]) -> list[tuple[int, str]]:
    """(status, error object as JSON text) of every item of a bulk answer, in order."""
    results: list[tuple[int, str]] = []
    for item in answer["items"]:
        outcome = next(iter(item.values()))
        error = outcome.get("error")
        results.append((int(outcome["status"]), "" if error is None else compact(error)))
    return results


def compact(value: Any) -> str:
    """JSON without spaces."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _parse_failure(reason: str) -> Rejection:
    return Rejection("400", compact({"type": "mapper_parsing_exception", "reason": reason}))
