"""All sightings of an id -> where it is missing, where it is too much. A bucket at a time, so memory is flat."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path

from event_fork.events.time_window import Window
from event_fork_cli.verification.sightings import Place, decoded

MOST_NAMED = 100_000
"""Differences that are kept by id in each bucket's answer; all are counted."""
_MODULUS = 1 << 128
NO_OBJECT = -1


class Kind(StrEnum):
    """A difference."""

    NOT_INDEXED = "not-indexed"
    """In the archive and let through by the search fork's filter policy, and nowhere else."""
    NOT_ARCHIVED = "not-archived"
    """In an index, a dead-letter queue or among the rejected, and not in the archive."""
    NOT_WANTED = "not-wanted"
    """In the index, though the search fork's filter policy does not let it through."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An event that is not where it belongs. `number`: of its object in the archive's listing; -1: in none."""

    kind: Kind
    fork: int
    event_id: str
    published: str
    number: int = NO_OBJECT


@dataclass(frozen=True, slots=True)
class Frame:
    """What a window is judged by. `settled`: what was published later may still be on its way. `forks`: search forks.

    `seconds`: of the periods that SNS's counts are compared in; None: they are not. Texts are in SNS's own shape, so
    they compare as times do.
    """

    start: str
    end: str
    settled: str
    forks: int
    seconds: int | None = 60

    @classmethod
    def of(cls, window: Window, settled: str, forks: int, seconds: int | None = 60) -> "Frame":
        """The frame of a window."""
        return cls(window.start_text, window.end_text, settled, forks, seconds)


@dataclass(slots=True)
class IndexTally:
    """Of one search fork, events of the window. `copies`: documents beyond the first one of an event.

    `routed`: not in its index, but in one that the operator has named.
    """

    wanted: int = 0
    indexed: int = 0
    dead_letters: int = 0
    rejected: int = 0
    routed: int = 0
    in_flight: int = 0
    missing: int = 0
    unwanted: int = 0
    copies: int = 0
    checksum: int = 0

    def add(self, other: "IndexTally") -> None:
        """Adds another bucket's."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.checksum %= _MODULUS


@dataclass(slots=True)
class Findings:
    """Of a bucket, or of all. `set_aside`: not in the archive, because the storage fork could not store them.

    `periods`: start of the period of publishing -> events that the storage fork has in its archive or has set aside,
    the margins of the window included.
    """

    archived: int = 0
    checksum: int = 0
    set_aside: int = 0
    in_flight: int = 0
    missing: int = 0
    periods: Counter[str] = field(default_factory=Counter)
    indices: list[IndexTally] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """Adds another bucket's."""
        self.archived += other.archived
        self.checksum = (self.checksum + other.checksum) % _MODULUS
        self.set_aside += other.set_aside
        self.in_flight += other.in_flight
        self.missing += other.missing
        self.periods.update(other.periods)
        self.differences += other.differences[: max(0, MOST_NAMED - len(self.differences))]
        if not self.indices:
            self.indices = [IndexTally() for _ in other.indices]
        for mine, theirs in zip(self.indices, other.indices, strict=True):
            mine.add(theirs)


@dataclass(slots=True)
class _Event:
    """Everything that was seen of one id."""

    archived: str = ""
    number: int = NO_OBJECT
    wanted: bytes = b""
    elsewhere: str = ""
    places: set[tuple[str, int]] = field(default_factory=set)
    copies: Counter[int] | None = None


def checksum_of(code: bytes) -> int:
    """What an id adds to a checksum: a sum of hashes is the same in any order."""
    return int.from_bytes(hashlib.blake2b(code, digest_size=16).digest(), "big")


def reconcile(files: list[Path], frame: Frame) -> Findings:
    """What one bucket says."""
    events: dict[bytes, _Event] = {}
    for path in files:
        with path.open("rb") as lines:
            for line in lines:
                _note(events, line)
    findings = Findings(indices=[IndexTally() for _ in range(frame.forks)])
    for code, event in events.items():
        _judge(findings, code, event, frame)
    return findings


def together(found: Iterable[Findings], forks: int) -> Findings:
    """All buckets."""
    total = Findings(indices=[IndexTally() for _ in range(forks)])
    for one in found:
        total.add(one)
    total.differences.sort(key=lambda difference: (difference.published, difference.event_id, difference.fork))
    return total


def _note(events: dict[bytes, _Event], line: bytes) -> None:
    kind, timestamp, *rest = line[:-1].split(b"\t")
    code = rest[-1]
    event = events.get(code)
    if event is None:
        event = events[code] = _Event()
    if kind == b"A":
        # The same id twice is one event: the one that comes first in the archive.
        number = int(rest[0])
        if not event.archived or number < event.number:
            event.archived, event.number, event.wanted = timestamp.decode(), number, rest[1]
        return
    place = (chr(kind[0]), int(kind[1:]))
    event.elsewhere = max(event.elsewhere, timestamp.decode())
    if place in event.places and place[0] == Place.INDEX:
        event.copies = event.copies or Counter()
        event.copies[place[1]] += 1
    event.places.add(place)


def _judge(findings: Findings, code: bytes, event: _Event, frame: Frame) -> None:
    published = event.archived or event.elsewhere
    set_aside = not event.archived and bool({(Place.DEAD_LETTER, 0), (Place.REJECTED, 0)} & event.places)
    if frame.seconds is not None and (event.archived or set_aside):
        findings.periods[_period(published, frame.seconds)] += 1
    if not frame.start <= published < frame.end:
        return
    if not event.archived and all(place == Place.ROUTED for place, _ in event.places):
        return  # whose index that is, and what else is in it, is the operator's
    value = checksum_of(code)
    is_settled = published < frame.settled
    if event.archived:
        findings.archived += 1
        findings.checksum = (findings.checksum + value) % _MODULUS
    elif set_aside:
        findings.set_aside += 1
    elif not is_settled:
        findings.in_flight += 1
    else:
        findings.missing += 1
        _name(findings, Difference(Kind.NOT_ARCHIVED, 0, decoded(code), published))
    for fork, tally in enumerate(findings.indices, 1):
        _judge_index(findings, tally, fork, code, event, is_settled=is_settled)
        if (Place.INDEX, fork) in event.places:
            tally.checksum = (tally.checksum + value) % _MODULUS


def _judge_index(
    findings: Findings, tally: IndexTally, fork: int, code: bytes, event: _Event, *, is_settled: bool
) -> None:
    is_indexed = (Place.INDEX, fork) in event.places
    tally.indexed += is_indexed
    tally.copies += event.copies[fork] if event.copies else 0
    if not event.archived:
        return
    published, is_wanted = event.archived, event.wanted[fork - 1 : fork] == b"1"
    tally.wanted += is_wanted
    if is_indexed:
        if not is_wanted:
            tally.unwanted += 1
            _name(findings, Difference(Kind.NOT_WANTED, fork, decoded(code), published, event.number))
        return
    if not is_wanted:
        return
    if (Place.DEAD_LETTER, fork) in event.places:
        tally.dead_letters += 1
    elif (Place.REJECTED, fork) in event.places:
        tally.rejected += 1
    elif (Place.ROUTED, fork) in event.places:
        tally.routed += 1
    elif not is_settled:
        tally.in_flight += 1
    else:
        tally.missing += 1
        _name(findings, Difference(Kind.NOT_INDEXED, fork, decoded(code), published, event.number))


def _name(findings: Findings, difference: Difference) -> None:
    if len(findings.differences) < MOST_NAMED:
        findings.differences.append(difference)


def _period(published: str, seconds: int) -> str:
    """The start of the period of a time in SNS's own shape."""
    minute = int(published[14:16])
    return f"{published[:14]}{minute - minute % (seconds // 60):02d}"
