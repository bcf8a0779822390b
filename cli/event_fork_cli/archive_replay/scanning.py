"""One object of the archive -> what is wanted in it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from event_fork.archive.errors import ConnectionBrokenError, ObjectChangedError, UnreadableObjectError
from event_fork.archive.lines import lines
from event_fork.archive.raw_lines import ENVELOPES, reader_of
from event_fork.archive.selection import Criteria, SelectedEvent, UnreadableLine, select
from event_fork.archive.store import ArchiveStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.events.messages import utf8_size
from event_fork.replay_plan.plan import BODY_ENVELOPE, Unreadable
from event_fork_cli.archive_replay.duplicates import RECORD, identity
from event_fork_cli.archive_replay.ordering import OrderBuffer
from event_fork_cli.archive_replay.segments import Segment, Segmenter, SegmentLimits
from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter

ATTEMPTS = 3
_SECONDS_BETWEEN_ATTEMPTS = 1.0
MAX_TYPES = 500
OTHER_TYPES = "(other types)"
"""Stands for the types beyond the first 500 of an object: an attribute that is different in every event is no type."""
_NAMED_LINES = 10


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Wanted events of one type in one hour (`yyyy-MM-ddTHH`, UTC, of the event's own time)."""

    type: str | None
    hour: str
    events: int


@dataclass(frozen=True, slots=True)
class ScannedObject:
    """What one object holds.

    `scan` orders objects and names this reading of it. `void` are earlier readings that broke off. When `readable` is
    False nothing of the object is in the plan and `unreadable` says why. `ungrouped`, `unnumbered`: wanted events that
    no FIFO queue can get in order.
    """

    scan: int
    void: tuple[int, ...]
    key: str
    etag: str
    version_id: str | None
    readable: bool
    unreadable: tuple[Unreadable, ...]
    segments: tuple[Segment, ...] = ()
    counts: tuple[TypeCount, ...] = ()
    bytes: int = 0
    first: str | None = None
    last: str | None = None
    ungrouped: int = 0
    unnumbered: int = 0


@dataclass(slots=True)
class _Tally:
    """What is counted while an object is read."""

    segmenter: Segmenter
    places: dict[tuple[str | None, str], int] = field(default_factory=dict)
    events: list[int] = field(default_factory=list)
    types: set[str | None] = field(default_factory=set)
    bytes: int = 0
    first: str = "~"
    last: str = ""
    bad: dict[str, list[int]] = field(default_factory=dict)
    bad_counts: dict[str, int] = field(default_factory=dict)

    def count(self, event_type: str | None, hour: str) -> int:
        """Counts an event; the place of its count."""
        place = self.places.get((event_type, hour))
        if place is None:
            if event_type not in self.types:
                if len(self.types) >= MAX_TYPES and event_type != OTHER_TYPES:
                    return self.count(OTHER_TYPES, hour)
                self.types.add(event_type)
            place = self.places[event_type, hour] = len(self.events)
            self.events.append(0)
        self.events[place] += 1
        return place

    def name(self, line: UnreadableLine) -> None:
        """Notes a line that is no event."""
        self.bad_counts[line.reason] = self.bad_counts.get(line.reason, 0) + 1
        named = self.bad.setdefault(line.reason, [])
        if len(named) < _NAMED_LINES:
            named.append(line.line)


class Scanner:
    """Reads objects with one store, by one set of criteria. Threads may share it."""

    def __init__(
        self,
        store: ArchiveStore,
        criteria: Criteria,
        limits: SegmentLimits,
        body: str,
        spill: SpillWriter,
        line_form: str = ENVELOPES,
        wait: Callable[[float], None] = time.sleep,
        places: Callable[[], OrderBuffer] | None = None,
        not_read: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._criteria = criteria
        self._limits = limits
        self._envelope = body == BODY_ENVELOPE
        self._spill = spill
        self._lines = line_form
        self._wait = wait
        self._places = places
        self._not_read = not_read

    def scan(self, index: int, listed: ListedObject) -> ScannedObject:
        """What the `index`-th object of the listing holds. An object that cannot be read is an answer, not an error."""
        void: list[int] = []
        for attempt in range(ATTEMPTS):
            scan = index * ATTEMPTS + attempt
            try:
                return self._read(scan, tuple(void), listed)
            except ConnectionBrokenError as error:
                reason = f"{error} ({attempt + 1} times)"
                self._wait(_SECONDS_BETWEEN_ATTEMPTS * attempt)
            except (UnreadableObjectError, ObjectChangedError) as error:
                void.append(scan)
                reason = str(error)
                break
            void.append(scan)
        lost = Unreadable(listed.key, reason)
        return ScannedObject(index * ATTEMPTS, tuple(void), listed.key, listed.etag, None, False, (lost,))

    def _read(self, scan: int, void: tuple[int, ...], listed: ListedObject) -> ScannedObject:
        reader = self._store.open(listed.key, etag=listed.etag)
        tally = _Tally(Segmenter(self._limits))
        buffer = SpillBuffer(self._spill)
        places = self._places() if self._places else None
        segment, pack, envelope = tally.segmenter.add, RECORD.pack, self._envelope
        read = reader_of(self._lines, listed.key)
        text = lines(decompress(reader.chunks(), not_by_worker=self._not_read))
        for found in select(text, self._criteria, read=read):
            if isinstance(found, UnreadableLine):
                tally.name(found)
                continue
            line, event, event_type, timestamp, raw = found
            size = len(raw) if envelope else message_bytes(found)
            digest = identity(event.message_id)
            place = tally.count(event_type, timestamp[:13])
            buffer.add(digest[0], pack(digest, scan, line, place, size))
            segment(line, timestamp)
            if places is not None:
                places.add(event, scan, line, len(raw))
            tally.bytes += size
            if timestamp < tally.first:
                tally.first = timestamp
            if timestamp > tally.last:
                tally.last = timestamp
        buffer.flush()
        if places is not None:
            places.flush()
        return ScannedObject(
            scan=scan,
            void=void,
            key=listed.key,
            etag=reader.etag,
            version_id=reader.version_id,
            readable=True,
            unreadable=tuple(
                Unreadable(listed.key, reason, tuple(named), tally.bad_counts[reason])
                for reason, named in tally.bad.items()
            ),
            segments=tally.segmenter.segments(),
            counts=tuple(TypeCount(kind, hour, tally.events[place]) for (kind, hour), place in tally.places.items()),
            bytes=tally.bytes,
            first=tally.first if tally.last else None,
            last=tally.last or None,
            ungrouped=places.ungrouped if places else 0,
            unnumbered=places.unnumbered if places else 0,
        )


def message_bytes(found: SelectedEvent) -> int:
    """Bytes of the copy as SQS counts them when the message is sent by itself: body and attributes."""
    size = utf8_size(found.event.message)
    for name, attribute in (found.event.attributes or {}).items():
        size += utf8_size(name) + utf8_size(attribute["Type"]) + utf8_size(attribute["Value"])
    return size
