"""Wanted lines of one object -> ranges small enough for one worker."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines `first_line` to `last_line`, `events` of them wanted. `due`: with a pace, when the first event is due, as
    epoch milliseconds of the running maximum of the object's Timestamps; else 0."""

    first_line: int
    last_line: int
    events: int
    due: int


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """At most `events` wanted lines in a segment, and with a pace at most `span_ms` of the events' own time."""

    events: int
    span_ms: int | None = None


class Segmenter:
    """Takes the wanted lines of an object in order and cuts them."""

    def __init__(self, limits: SegmentLimits) -> None:
        self._limits = limits
        self._segments: list[Segment] = []
        self._first = self._last = -1
        self._events = 0
        self._due = 0
        self._latest = 0

    def add(self, line: int, timestamp: str) -> None:
        """The next wanted line and its event's time."""
        if self._events >= self._limits.events:
            self._cut()
        if self._limits.span_ms is not None:
            # Time only goes forward: an event that arrived late is due at once and cuts nothing.
            self._latest = max(self._latest, _milliseconds(timestamp))
            if self._events and self._latest - self._due > self._limits.span_ms:
                self._cut()
        if not self._events:
            self._first, self._due = line, self._latest
        self._last = line
        self._events += 1

    def segments(self) -> tuple[Segment, ...]:
        """All segments; nothing may be added afterwards."""
        if self._events:
            self._cut()
        return tuple(self._segments)

    def _cut(self) -> None:
        self._segments.append(Segment(self._first, self._last, self._events, self._due))
        self._events = 0


def _milliseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)
