"""Two prefixes of S3, compared by the keys below them. Both listings come in the order of their keys and are merged.

Objects with the same ETag are the same. Others are read: compression and the order of members make no difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from event_fork.archive.errors import ArchiveError
from event_fork.archive.store import ArchiveStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.events.json_path import JsonPath
from event_fork_cli.comparing.results import Comparison, Field, Sample, Tally, What, fields_that_differ
from event_fork_cli.comparing.values import Flat, digest, flat_document
from event_fork_cli.errors import FailedError

_MOST_BYTES = 16 * 1024 * 1024
"""Larger objects are compared by their bytes: no field of them can be left out or shown."""
_AT_ONCE, _THREADS = 64, 8

Pair = tuple[str, ListedObject | None, ListedObject | None]


@dataclass(frozen=True, slots=True)
class Side:
    """A prefix: its address as it was given, the bucket, and what stands before the keys that are compared."""

    address: str
    store: ArchiveStore
    prefix: str

    def flat(self, listed: ListedObject | None, ignored: Sequence[JsonPath]) -> Flat:
        """The document in an object; {} for no object. Raises FailedError."""
        return {} if listed is None else _flat(self._chunks(listed), ignored)

    def _chunks(self, listed: ListedObject) -> Iterator[bytes]:
        try:
            yield from decompress(self.store.open(listed.key, etag=listed.etag).chunks())
        except ArchiveError as error:
            raise FailedError(f"{self.address}: {listed.key} cannot be compared: {error}") from error


def compare_prefixes(
    live: Side, shadow: Side, ignored: Sequence[JsonPath], samples: int, show: Callable[[int], None], *, from_copy: bool
) -> Comparison:
    """Lists both, reads what is not obviously the same, and compares. Raises FailedError for what cannot be read."""
    tally, named = Tally(samples), dict[str, Pair]()

    def values(pair: Pair) -> tuple[bytes | None, bytes | None]:
        _, left, right = pair
        if left is None or right is None or left.etag == right.etag:
            return (None if left is None else left.etag.encode()), (None if right is None else right.etag.encode())
        return digest(live.flat(left, ignored)), digest(shadow.flat(right, ignored))

    pairs = _merged(live, shadow)
    with ThreadPoolExecutor(_THREADS) as threads:
        while batch := list(islice(pairs, _AT_ONCE)):
            for pair, (left, right) in zip(batch, threads.map(values, batch), strict=True):
                tally.add(pair[0], left, right)
                named[pair[0]] = pair
            kept = {key for _, key in tally.cut()}
            named = {key: pair for key, pair in named.items() if key in kept}
            show(len(batch))
    found = tuple(_sample(live, shadow, ignored, what, named[key]) for what, key in tally.cut())
    return tally.comparison(live.address, shadow.address, "objects", found, from_copy=from_copy)


def _merged(live: Side, shadow: Side) -> Iterator[Pair]:
    """Both sides of each key, in S3's order: by the bytes of UTF-8."""
    sides = (_listed(live), _listed(shadow))
    left, right = (next(side, None) for side in sides)
    while left is not None or right is not None:
        key = min(one[0] for one in (left, right) if one is not None)
        here = left is not None and left[0] == key
        there = right is not None and right[0] == key
        yield key.decode(), left[1] if left and here else None, right[1] if right and there else None
        if here:
            left = next(sides[0], None)
        if there:
            right = next(sides[1], None)


def _listed(side: Side) -> Iterator[tuple[bytes, ListedObject]]:
    for listed in side.store.list(side.prefix):
        yield listed.key.removeprefix(side.prefix).encode(), listed


def _flat(chunks: Iterable[bytes], ignored: Sequence[JsonPath]) -> Flat:
    data, hashed, size = bytearray(), hashlib.blake2b(digest_size=16), 0
    for chunk in chunks:
        hashed.update(chunk)
        size += len(chunk)
        if size <= _MOST_BYTES:
            data += chunk
    if size <= _MOST_BYTES:
        try:
            return flat_document(_document(bytes(data)), ignored)
        except (ValueError, RecursionError):  # no JSON
            pass
    return {"$": f"{size:,} bytes, hash {hashed.hexdigest()}"}


def _document(data: bytes) -> object:
    """JSON, or a list of what its lines are."""
    try:
        return json.loads(data, parse_float=Decimal)
    except ValueError:
        return [json.loads(line, parse_float=Decimal) for line in data.splitlines() if line.strip()]


def _sample(live: Side, shadow: Side, ignored: Sequence[JsonPath], what: What, pair: Pair) -> Sample:
    key, left, right = pair
    fields = fields_that_differ(live.flat(left, ignored), shadow.flat(right, ignored))
    return Sample(key, what, fields or (Field("$", "", ""),))
