"""Second copies of an event. The archive is written at least once, so an event can be in it twice.

Every wanted event leaves a record of 32 bytes: 16 of a hash of its MessageId, where it is, and what it counted for. The
first byte of the hash picks the bucket, so copies meet in one bucket, and a bucket at a time is sorted in memory.
"""

import hashlib
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RECORD = struct.Struct(">16sIIII")
_HASH_BYTES = 16
_IN_MEMORY = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A second copy: which scan of an object, which line, the place of its count in that scan's counts, its bytes."""

    scan: int
    line: int
    count: int
    bytes: int


def identity(message_id: str) -> bytes:
    """16 bytes that stand for a MessageId; two ids share them once in 2^64 events or so."""
    return hashlib.blake2b(message_id.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()


def duplicates_in(files: list[Path], void: Collection[int], *, in_memory: int = _IN_MEMORY) -> list[Duplicate]:
    """The second copies among the records of one bucket; the copy that comes first in the archive is the one kept.

    `void`: scans that did not come to their end; their records do not count.
    """
    return list(_duplicates(files, frozenset(void), 1, in_memory))


def not_found(ids: Iterable[str], folder: Path, void: Collection[int]) -> tuple[str, ...]:
    """The ids that no record stands for, of all buckets."""
    left = {identity(one): one for one in ids}
    for path in sorted(folder.iterdir()):
        for record in RECORD.iter_unpack(path.read_bytes()):
            if record[1] not in void:
                left.pop(record[0], None)
    return tuple(sorted(left.values()))


def _duplicates(files: list[Path], void: frozenset[int], depth: int, in_memory: int) -> Iterator[Duplicate]:
    if depth < _HASH_BYTES and sum(path.stat().st_size for path in files) > in_memory:
        for part in _split(files, depth):
            yield from _duplicates([part], void, depth + 1, in_memory)
            part.unlink()
        return
    size = RECORD.size
    records: list[bytes] = []
    for path in files:
        data = path.read_bytes()
        records += [data[start : start + size] for start in range(0, len(data), size)]
    records.sort()
    kept = b""
    for record in records:
        if record.startswith(kept) and kept:
            _, scan, line, count, length = RECORD.unpack(record)
            if scan not in void:
                yield Duplicate(scan, line, count, length)
        elif not void or RECORD.unpack(record)[1] not in void:
            kept = record[:_HASH_BYTES]


def _split(files: list[Path], depth: int) -> list[Path]:
    """The same records in up to 256 files, by the hash's next byte."""
    folder, name = files[0].parent, files[0].name
    size = RECORD.size
    parts: dict[int, Path] = {}
    for path in files:
        with path.open("rb") as file:
            while data := file.read(size * 32_768):
                sorted_out: dict[int, bytearray] = {}
                for start in range(0, len(data), size):
                    sorted_out.setdefault(data[start + depth], bytearray()).extend(data[start : start + size])
                for byte, records in sorted_out.items():
                    parts.setdefault(byte, folder / f"{name}.{byte:03d}")
                    with parts[byte].open("ab") as part:
                        part.write(records)
    return list(parts.values())
