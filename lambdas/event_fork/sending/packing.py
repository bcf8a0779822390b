"""Packing of many lines into few Firehose records, without losing sight of which message lies in which record.

Firehose bills each record rounded up to 5 KB, so 1 KB events cost a fifth when they share records, and one call carries
many more of them. A record may also be one gzip member of its lines: an object of such records is a gzip file, since a
file may have many members (RFC 1952, 2.2), and what Firehose bills and counts against its quota is the compressed size.
Source of the limits: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

MAX_RECORD_BYTES = 1_024_000
"""1,000 KiB before base64."""

_MAX_PLAIN_BYTES = 8 * 1024 * 1024  # what is compressed at once: an invocation has 6 MB of messages
_GZIP_WINDOW = 31  # 15 bits, and 16 for the header and trailer of gzip
_GZIP_LEVEL = 5  # 6 takes half as long again for 1 % fewer bytes: benchmarks/forwarding.py
_GZIP_OVERHEAD = 1_024  # what does not compress is stored: 5 bytes more for each 16 KiB, and 18 for header and trailer

Line = tuple[str, bytes]
"""A message's id and its line."""


@dataclass(frozen=True, slots=True)
class Record:
    """One Firehose record and the ids of the messages whose lines it holds."""

    data: bytes
    message_ids: tuple[str, ...]


def pack(lines: Iterable[Line], max_bytes: int = MAX_RECORD_BYTES, *, max_lines: int | None = None) -> Iterator[Record]:
    """Fill records in order with whole lines. Every line must fit in one record by itself.

    `max_lines`: the most lines in one record, None = as many as fit. Firehose de-aggregates a record into
    at most 500: https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning-multirecord-deaggergation.html
    """
    return (_record(group, _joined(group)) for group in _groups(lines, max_bytes, max_lines))


def pack_compressed(lines: Iterable[Line], max_bytes: int = MAX_RECORD_BYTES) -> Iterator[Record]:
    """Fill records in order, each one gzip member of whole lines. Every line must fit in one record by itself."""
    for group in _groups(lines, _MAX_PLAIN_BYTES):
        yield from _members(group, max_bytes)


def compressed_size(line: bytes) -> int:
    """The most bytes that a line takes in a record of its own."""
    return len(line) if len(line) <= MAX_RECORD_BYTES - _GZIP_OVERHEAD else len(_gzip(line))


def one_each(lines: Iterable[Line]) -> Iterator[Record]:
    """One record per line: for search documents, and where a user's own transformation expects single events."""
    return (Record(line, (message_id,)) for message_id, line in lines)


def _groups(lines: Iterable[Line], max_bytes: int, max_lines: int | None = None) -> Iterator[list[Line]]:
    group: list[Line] = []
    size = 0
    for message_id, line in lines:
        if group and (size + len(line) > max_bytes or len(group) == max_lines):
            yield group
            group, size = [], 0
        group.append((message_id, line))
        size += len(line)
    if group:
        yield group


def _members(group: Sequence[Line], max_bytes: int) -> Iterator[Record]:
    """The group as one member, or as several when it compresses too little."""
    plain = _joined(group)
    data = _gzip(plain)
    if len(data) <= max_bytes or len(group) == 1:
        yield _record(group, data)
        return
    for part in _groups(group, len(plain) // (len(data) // max_bytes + 1)):
        yield from _members(part, max_bytes)


def _record(group: Sequence[Line], data: bytes) -> Record:
    return Record(data, tuple(message_id for message_id, _ in group))


def _joined(group: Sequence[Line]) -> bytes:
    return b"".join(line for _, line in group)


def _gzip(plain: bytes) -> bytes:
    """One member. Its header has no time, so the same lines give the same bytes."""
    member = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    return member.compress(plain) + member.flush()
