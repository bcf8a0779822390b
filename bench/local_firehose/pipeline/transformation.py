"""The Lambda transformation: the event sent, and what each record of the answer means. Pure functions.

Sources: notes 3.1, 3.2 (a table of what happens, with its confidence); developer guide "Data transformation".
"""

import base64
import binascii
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from local_firehose.json_text import loads
from local_firehose.records import Item

MAX_PAYLOAD = 6 * 1024 * 1024
BAD_FORMAT = (
    "Check your function and make sure the output is in required format. In addition to that, make sure the processed "
    "records contain valid result status of Dropped, Ok, or ProcessingFailed"
)
MESSAGES = {
    "Lambda.FunctionError": "The Lambda function was successfully invoked but it returned an error result.",
    "Lambda.FunctionTimedOut": (
        "The Lambda function invocation timed out. Increase the Timeout setting in the Lambda function."
    ),
    "Lambda.MissingRecordId": (
        "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids."
    ),
    "Lambda.DuplicatedRecordId": (
        "Multiple records were returned with the same record Id. "
        "Ensure that the Lambda function returns a unique record Id for each record."
    ),
    "Lambda.InvalidReturnFormat": (
        "The data field cannot be null when the SourceType is DirectPut or KinesisStreamAsSource and processing "
        "result is Ok. Ensure that the Lambda function returns the data of each record with result Ok."
    ),
    "Lambda.ProcessingFailedStatus": "ProcessingFailed status set for record",
    "Lambda.JsonProcessingException": "The response of the Lambda function is not valid JSON.",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a record goes to the error output."""

    code: str
    message: str

    @classmethod
    def of(cls, code: str) -> "Failure":
        """A failure with its documented message."""
        return cls(code, MESSAGES[code])


@dataclass(frozen=True, slots=True)
class Processed:
    """An Ok record: its new data and the partition keys of ``metadata.partitionKeys``."""

    item: Item
    data: bytes
    partition_keys: dict[str, Any] | None


@dataclass(slots=True)
class Outcome:
    """What came of every record of one invocation."""

    ok: list[Processed] = field(default_factory=list)
    dropped: list[Item] = field(default_factory=list)
    failed: list[tuple[Item, Failure]] = field(default_factory=list)


class TransformationError(Exception):
    """The invocation as a whole failed; ``retriable`` says whether Firehose tries again."""

    def __init__(self, failure: Failure, *, retriable: bool) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.retriable = retriable
        self.attempts = 1


def build_event(stream_arn: str, region: str, items: list[Item], source_arn: str = "") -> bytes:
    """The event of one invocation; the invocationId is fresh each time, record ids are not."""
    event: dict[str, Any] = {"invocationId": str(uuid.uuid4()), "deliveryStreamArn": stream_arn, "region": region}
    if source_arn:
        event["sourceKinesisStreamArn"] = source_arn
    event["records"] = [_event_record(item) for item in items]
    return json.dumps(event, separators=(",", ":")).encode()


def _event_record(item: Item) -> dict[str, Any]:
    record: dict[str, Any] = {
        "recordId": item.record_id,
        "approximateArrivalTimestamp": item.record.arrival_ms,
        "data": base64.b64encode(item.data).decode("ascii"),
    }
    if item.record.kinesis is not None:
        record["kinesisRecordMetadata"] = dict(item.record.kinesis)
    return record


def payload_batches(items: list[Item], most: int = MAX_PAYLOAD) -> list[list[Item]]:
    """The items in batches whose event stays below the payload limit of a synchronous invocation."""
    batches: list[list[Item]] = []
    room = 0
    for item in items:
        size = 4 * ((len(item.data) + 2) // 3) + 160  # base64 and the record's frame
        if not batches or size > room:
            batches.append([])
            room = most - 1024
        batches[-1].append(item)
        room -= size
    return batches


def read_response(payload: bytes, items: list[Item], *, strict_batch: bool = False) -> Outcome:
    """What the function made of ``items``. TransformationError when the whole batch fails.

    ``strict_batch``: a duplicate id, an invalid result or data that is not base64 fails the whole batch instead of
    that record only (two observers of AWS disagree).
    """
    if len(payload) > MAX_PAYLOAD:
        raise TransformationError(Failure.of("Lambda.FunctionError"), retriable=True)
    try:
        answer = loads(payload)
    except ValueError as error:
        raise TransformationError(Failure.of("Lambda.JsonProcessingException"), retriable=False) from error
    returned = answer.get("records") if isinstance(answer, dict) else None
    by_id: dict[str, list[dict[str, Any]]] = {}
    for record in returned if isinstance(returned, list) else []:
        if isinstance(record, dict) and isinstance(record.get("recordId"), str):
            by_id.setdefault(record["recordId"], []).append(record)
    outcome = Outcome()
    for item in items:
        _sort(item, by_id.get(item.record_id, []), outcome)
    if strict_batch:
        for _, failure in outcome.failed:
            if failure.code in ("Lambda.DuplicatedRecordId", "Lambda.FunctionError"):
                raise TransformationError(failure, retriable=False)
    return outcome


def _sort(item: Item, returned: list[dict[str, Any]], outcome: Outcome) -> None:
    if not returned:
        outcome.failed.append((item, Failure.of("Lambda.MissingRecordId")))
        return
    if len(returned) > 1:
        outcome.failed.append((item, Failure.of("Lambda.DuplicatedRecordId")))
        return
    record = returned[0]
    result = record.get("result")
    if result == "Dropped":
        outcome.dropped.append(item)
    elif result == "ProcessingFailed":
        outcome.failed.append((item, Failure.of("Lambda.ProcessingFailedStatus")))
    elif result != "Ok":
        outcome.failed.append((item, Failure("Lambda.FunctionError", BAD_FORMAT)))
    elif record.get("data") is None:
        outcome.failed.append((item, Failure.of("Lambda.InvalidReturnFormat")))
    else:
        _sort_ok(item, record, outcome)


def _sort_ok(item: Item, record: dict[str, Any], outcome: Outcome) -> None:
    try:
        data = base64.b64decode(record["data"], validate=True)
    except (binascii.Error, ValueError, TypeError):
        outcome.failed.append((item, Failure("Lambda.FunctionError", BAD_FORMAT)))
        return
    metadata = record.get("metadata")
    keys = metadata.get("partitionKeys") if isinstance(metadata, dict) else None
    outcome.ok.append(Processed(item, data, keys if isinstance(keys, dict) else None))
