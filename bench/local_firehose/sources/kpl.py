"""Records that the Kinesis Producer Library aggregated: several user records in one Kinesis record.

Format: https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md - four magic bytes, a
protobuf message, its MD5. What only looks like it is an ordinary record, as the client library treats it.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"\xf3\x89\x9a\xc2"
_DIGEST_BYTES = 16
_VARINT, _LENGTH_DELIMITED = 0, 2


class _MalformedError(ValueError):
    """Not the protobuf message it should be."""


@dataclass(frozen=True, slots=True)
class UserRecord:
    """One record as the producer wrote it; ``sub`` counts within the aggregate."""

    data: bytes
    partition_key: str
    sub: int


def deaggregate(data: bytes, partition_key: str) -> list[UserRecord]:
    """The user records of a Kinesis record, in order; the record itself when it is not an aggregate."""
    plain = [UserRecord(data, partition_key, 0)]
    if not data.startswith(MAGIC) or len(data) < len(MAGIC) + _DIGEST_BYTES:
        return plain
    message, digest = data[len(MAGIC) : -_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != digest:
        return plain
    try:
        return _user_records(message) or plain
    except (_MalformedError, IndexError, UnicodeDecodeError):
        return plain


def _user_records(message: bytes) -> list[UserRecord]:
    keys: list[str] = []
    records: list[bytes] = []
    for field, value in _fields(message):
        if field == 1 and isinstance(value, bytes):
            keys.append(value.decode())
        elif field == 3 and isinstance(value, bytes):
            records.append(value)
    return [_user_record(record, keys, number) for number, record in enumerate(records)]


def _user_record(message: bytes, keys: list[str], number: int) -> UserRecord:
    values = dict(_fields(message))
    index, data = values.get(1), values.get(3, b"")
    if not isinstance(index, int) or not isinstance(data, bytes):
        raise _MalformedError("a record without key index or data")
    return UserRecord(data, keys[index], number)


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        field, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield field, value
        elif kind == _LENGTH_DELIMITED:
            length, position = _varint(message, position)
            if position + length > len(message):
                raise _MalformedError("a field longer than the message")
            yield field, message[position : position + length]
            position += length
        else:
            raise _MalformedError(f"wire type {kind}")


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise _MalformedError("a number longer than 64 bits")
