"""Packing of many lines into few Firehose records, without losing sight of which message lies in which record.

Firehose bills each record rounded up to 5 KB, so 1 KB events cost a fifth when they share records, and one call carries
many more of them. Source of the limits: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_RECORD_BYTES = 1_024_000
"""1,000 KiB before base64."""


@dataclass(frozen=True, slots=True)
class Record:
    """One Firehose record and the ids of the messages whose lines it holds."""

    data: bytes
    message_ids: tuple[str, ...]


def pack(
    lines: Iterable[tuple[str, bytes]], max_bytes: int = MAX_RECORD_BYTES, *, max_lines: int | None = None
) -> Iterator[Record]:
    """Fill records in order with whole lines of (message id, line). Every line must fit in one record by itself.

    `max_lines`: the most lines in one record, None = as many as fit. Firehose de-aggregates a record into
    at most 500: https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-multirecord-deaggergation.html
    """
    ids: list[str] = []
    parts: list[bytes] = []
    size = 0
    for message_id, line in lines:
        if parts and (size + len(line) > max_bytes or len(parts) == max_lines):
            yield Record(b"".join(parts), tuple(ids))
            ids, parts, size = [], [], 0
        ids.append(message_id)
        parts.append(line)
        size += len(line)
    if parts:
        yield Record(b"".join(parts), tuple(ids))


def one_each(lines: Iterable[tuple[str, bytes]]) -> Iterator[Record]:
    """One record per line: for search documents, and where a user's own transformation expects single events."""
    return (Record(line, (message_id,)) for message_id, line in lines)
