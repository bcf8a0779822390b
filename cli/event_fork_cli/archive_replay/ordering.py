"""The order of a replay into a FIFO queue: lanes of events by their SequenceNumber, cut into items.

An archive has no order: functions work side by side, and what was dead-lettered comes hours later. So every wanted
event leaves a record on disk, beside the one that finds second copies. The records are sorted in runs that fit into
memory, then merged.
"""

import heapq
import struct
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

from event_fork.events.envelope import StoredEvent
from event_fork.replay_plan.item import MAX_ITEM_EVENTS
from event_fork.replay_plan.order import (
    BY_MESSAGE_GROUP,
    HASH_BYTES,
    ONE_GROUP,
    GroupOf,
    Order,
    group_hash,
    sequence_of,
)
from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter
from event_fork_cli.errors import RefusedError

PART_BYTES = 16 * 1024 * 1024
"""A worker holds an item of an ordered replay in memory, parsed: about four times as much."""
_MOST_BYTES = 4 * PART_BYTES
_RUN_RECORDS = 500_000
_BLOCK_RECORDS = 4_096
_NUMBER_BYTES = 16
_NO_GROUP = bytes(HASH_BYTES)
_SPILLED = struct.Struct(f">{HASH_BYTES}s{_NUMBER_BYTES}sIII")
"""Group, sequence number, scan, line, bytes."""
_PLACED = struct.Struct(f">H{_NUMBER_BYTES}sIII{HASH_BYTES}s")
"""Lane before all, group behind all: sorted as bytes they are in the order of the lanes."""


class OrderBuffer:
    """Notes the places of one object's events. `ungrouped` and `unnumbered` count those that lack the one or other."""

    def __init__(self, writer: SpillWriter, group_of: GroupOf) -> None:
        self._buffer = SpillBuffer(writer)
        self._group_of = group_of
        self.ungrouped = 0
        self.unnumbered = 0

    def add(self, event: StoredEvent, scan: int, line: int, size: int) -> None:
        """Notes an event."""
        number, group = sequence_of(event), self._group_of(event)
        if number is None:
            self.unnumbered += 1
            return
        self.ungrouped += group is None
        hashed = _NO_GROUP if group is None else group_hash(group)
        self._buffer.add(0, _SPILLED.pack(hashed, number.to_bytes(_NUMBER_BYTES), scan, line, size))

    def flush(self) -> None:
        """Writes what is collected."""
        self._buffer.flush()


@dataclass(slots=True)
class LanePart:
    """A lane's events with the numbers `first` to `last`, an item to be. `scans`: the readings of their objects."""

    lane: int
    first: int
    last: int
    events: int = 0
    bytes: int = 0
    scans: set[int] = field(default_factory=set)


class Lanes(NamedTuple):
    """All parts, those of a lane one after the other; events of the largest group."""

    parts: list[LanePart]
    largest_group: int


def settled_order(order: Order, events: int, ungrouped: int, unnumbered: int) -> Order:
    """The order that a plan can have, by what was read. Raises RefusedError when there is none."""
    if unnumbered:
        raise RefusedError(
            f"{unnumbered:,} of {events:,} events that were read have no SequenceNumber, which SNS gives "
            "to those of a FIFO topic: without it they have no order, and a FIFO queue cannot be the target"
        )
    if not ungrouped:
        return order
    if order.group_by == BY_MESSAGE_GROUP:
        return Order(ONE_GROUP, 1)
    raise RefusedError(
        f"{ungrouped:,} of {events:,} events that were read have nothing at {order.group_by}, by which --group-by puts "
        "them into groups: name a path or an attribute that all have, or `--group-by all` for one group"
    )


def lanes_of(
    folder: Path, order: Order, most_events: int, void: Collection[int], twice: Mapping[int, Collection[int]]
) -> Lanes:
    """The records in the folder as lanes. `void`: scans that do not count. `twice`: by scan, lines left out."""
    groups: Counter[bytes] = Counter()
    parts: list[LanePart] = []
    part = None
    for lane, number, scan, line, size, group in map(_PLACED.unpack, _merged(folder, order)):
        if scan in void or line in twice.get(scan, ()):
            continue
        at = int.from_bytes(number)
        if part is None or part.lane != lane or (_is_full(part, most_events) and at != part.last):
            part = LanePart(lane, at, at)
            parts.append(part)
        part.last = at
        part.events += 1
        part.bytes += size
        part.scans.add(scan)
        groups[group] += 1
        if part.events > 2 * MAX_ITEM_EVENTS or part.bytes > _MOST_BYTES:
            raise RefusedError(
                f"more than {part.events - 1:,} events have SequenceNumbers that no item can part, such as {at}: "
                "those of a FIFO topic differ"
            )
    return Lanes(parts, max(groups.values(), default=0))


def _is_full(part: LanePart, most_events: int) -> bool:
    return part.events >= most_events or part.bytes >= PART_BYTES


def _merged(folder: Path, order: Order) -> Iterator[bytes]:
    lane_of: Callable[[bytes], int] = (lambda _: 0) if order.group_by == ONE_GROUP else order.lane_of
    runs = folder / "runs"
    runs.mkdir()
    files = [path for path in sorted(folder.iterdir()) if path.is_file()]
    names = (runs / f"{number}" for number in count())
    written = [_write(next(names), sorted(run)) for path in files for run in _runs(path, lane_of)]
    return heapq.merge(*map(_records, written))


def _runs(path: Path, lane_of: Callable[[bytes], int]) -> Iterator[list[bytes]]:
    with path.open("rb") as file:
        while data := file.read(_SPILLED.size * _RUN_RECORDS):
            yield [
                _PLACED.pack(lane_of(group), number, scan, line, size, group)
                for group, number, scan, line, size in _SPILLED.iter_unpack(data)
            ]


def _write(path: Path, records: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(records))
    return path


def _records(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while data := file.read(_PLACED.size * _BLOCK_RECORDS):
            for start in range(0, len(data), _PLACED.size):
                yield data[start : start + _PLACED.size]
