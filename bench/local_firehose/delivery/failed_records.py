"""Lines of the error objects: one JSON document per failed record, exactly in the order AWS writes its members.

Sources: notes 3.3 (a real line of 2026), 4.4, 5; developer guide "Handle data delivery failures".
All times are epoch milliseconds as JSON numbers, rawData is base64.
"""

import base64
import json
from typing import Any

PROCESSING_FAILED = "processing-failed"
OPENSEARCH_FAILED = "AmazonOpenSearchService-failed"
CONVERSION_FAILED = "format-conversion-failed"
DECOMPRESSION_FAILED = "decompression-failed"


def processing_failed(
    original: bytes,
    *,
    error_code: str,
    error_message: str,
    attempts: int,
    arrival_ms: int,
    ended_ms: int,
    lambda_arn: str = "",
) -> bytes:
    """A record that a processor failed; ``original`` is the record as it was put, before any processor."""
    document: dict[str, Any] = {
        "rawData": _base64(original),
        "errorCode": error_code,
        "errorMessage": error_message,
        "attemptsMade": attempts,
        "arrivalTimestamp": arrival_ms,
        "attemptEndingTimestamp": ended_ms,
    }
    if lambda_arn:
        document["lambdaARN"] = lambda_arn
    return _line(document)


def opensearch_failed(
    document: bytes,
    *,
    error_code: str,
    error_message: str,
    attempts: int,
    arrival_ms: int,
    ended_ms: int,
    document_id: str,
    index: str,
) -> bytes:
    """A document the domain did not take; code and message as the domain gave them."""
    return _line(
        {
            "attemptsMade": attempts,
            "arrivalTimestamp": arrival_ms,
            "errorCode": error_code,
            "errorMessage": error_message,
            "attemptEndingTimestamp": ended_ms,
            "esDocumentId": document_id,
            "esIndexName": index,
            "esTypeName": "",
            "rawData": _base64(document),
        }
    )


def conversion_failed(
    data: bytes,
    *,
    error_code: str,
    error_message: str,
    attempts: int,
    arrival_ms: int,
    ended_ms: int,
    sequence_number: str,
    sub_sequence: int,
    table: dict[str, str],
) -> bytes:
    """A record that did not fit the Glue schema; ``table`` is the dataCatalogTable object."""
    return _line(
        {
            "attemptsMade": attempts,
            "arrivalTimestamp": arrival_ms,
            "lastErrorCode": error_code,
            "lastErrorMessage": error_message,
            "attemptEndingTimestamp": ended_ms,
            "rawData": _base64(data),
            "sequenceNumber": sequence_number,
            "subSequenceNumber": sub_sequence,
            "dataCatalogTable": table,
        }
    )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _line(document: dict[str, Any]) -> bytes:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    # Half of a surrogate pair (a message may quote one) has no UTF-8: its backslash form is the JSON escape.
    return text.encode("utf-8", "backslashreplace") + b"\n"
