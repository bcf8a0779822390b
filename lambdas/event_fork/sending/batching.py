"""Cutting of entries into calls that respect both limits of a batch operation: number of entries and bytes in all.

Sources: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
         https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from event_fork.events.messages import OutgoingMessage
from event_fork.sending.packing import Record
from event_fork.sending.ports import Hold

PUT_MAX_RECORDS = 500
PUT_MAX_BYTES = 4_194_304
SEND_MAX_MESSAGES = 10
SEND_MAX_BYTES = 1_048_576

Entry = TypeVar("Entry")


def put_batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Batches for PutRecordBatch: at most 500 records and 4 MiB of data before base64."""
    return batches(records, lambda record: len(record.data), PUT_MAX_RECORDS, PUT_MAX_BYTES)


def send_batches(messages: Iterable[OutgoingMessage]) -> Iterator[list[OutgoingMessage]]:
    """Batches for SendMessageBatch: at most 10 messages and 1 MiB of bodies and attributes."""
    return batches(messages, OutgoingMessage.size, SEND_MAX_MESSAGES, SEND_MAX_BYTES)


def hide_batches(holds: Iterable[Hold]) -> Iterator[list[Hold]]:
    """Batches for ChangeMessageVisibilityBatch: at most 10 messages."""
    return batches(holds, lambda _: 0, SEND_MAX_MESSAGES, SEND_MAX_BYTES)


def batches(
    entries: Iterable[Entry], size_of: Callable[[Entry], int], max_entries: int, max_bytes: int
) -> Iterator[list[Entry]]:
    """Cut in order. An entry that is too large by itself gets a batch of its own: the receiver is the judge of it."""
    batch: list[Entry] = []
    total = 0
    for entry in entries:
        size = size_of(entry)
        if batch and (len(batch) == max_entries or total + size > max_bytes):
            yield batch
            batch, total = [], 0
        batch.append(entry)
        total += size
    if batch:
        yield batch
