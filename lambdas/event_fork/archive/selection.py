"""Which lines of an object belong to a replay. Planner and worker decide with this one function."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from event_fork.archive.shapes import shape_of
from event_fork.errors import DamagedEnvelopeError, NotAnEnvelopeError
from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.time_window import NotATimeError, Window, canonical_timestamp

_BOM = b"\xef\xbb\xbf"
_AROUND = b" \t\r\x1e"
"""Blanks, the other system's line end, and what RFC 7464 puts before each record."""

Matcher = Callable[[StoredEvent], bool]
"""Whether an event passes, a filter policy for instance."""


def all_of(matchers: Sequence[Matcher]) -> Matcher | None:
    """One that asks them in turn; None: all events pass."""
    if len(matchers) < 2:
        return matchers[0] if matchers else None
    return lambda event: all(matches(event) for matches in matchers)


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is wanted: events of a window, of some types (none named: of all), that `matches` lets pass (None: all).

    `event_type_attribute` names the message attribute that holds an event's type.
    """

    window: Window
    event_types: frozenset[str] = frozenset()
    event_type_attribute: str = "event_type"
    matches: Matcher | None = None


class SelectedEvent(NamedTuple):
    """A wanted event. `timestamp` is in SNS's own shape, so it sorts as time does; `raw` is the stored envelope."""

    line: int
    event: StoredEvent
    event_type: str | None
    timestamp: str
    raw: bytes


class UnreadableLine(NamedTuple):
    """A line that is no event. It is named in the plan and never sent."""

    line: int
    reason: str


def select(
    lines: Iterable[bytes],
    criteria: Criteria,
    *,
    read: Callable[[str], StoredEvent] = parse,
    first_line: int = 0,
    last_line: int | None = None,
    skip_lines: Collection[int] = (),
) -> Iterator[SelectedEvent | UnreadableLine]:
    """The wanted events among lines `first_line` to `last_line` (from 0, both included), and what is no event.

    `read` makes an event of a line. `skip_lines` are passed over unread. Empty lines are nothing. What lies after
    `last_line` is not read at all.
    Whatever a line makes go wrong makes it an UnreadableLine, never more: anybody can publish, and so write a line.
    """
    holds = criteria.window.holds
    types = criteria.event_types
    attribute = criteria.event_type_attribute
    matches = criteria.matches
    skip = frozenset(skip_lines)
    stop = None if last_line is None else last_line + 1
    for number, stored in enumerate(islice(lines, first_line, stop), first_line):
        if number in skip or not (raw := stored.removeprefix(_BOM).strip(_AROUND)):
            continue
        try:
            event = read(raw.decode())
            timestamp = canonical_timestamp(event.timestamp)
            if not holds(timestamp):
                continue
            event_type = event.attribute(attribute)
            if types and event_type not in types:
                continue
            if not (matches is None or matches(event)):
                continue
        except Exception as error:
            yield UnreadableLine(number, _reason(error, raw))
            continue
        yield SelectedEvent(number, event, event_type, timestamp, raw if read is parse else event.to_line()[:-1])


def _reason(error: Exception, line: bytes) -> str:
    """What is wrong with a line, in words that quote nothing of it."""
    if isinstance(error, NotAnEnvelopeError):
        shape = "" if isinstance(error, DamagedEnvelopeError) else shape_of(line)
        return f"{error} (it looks like {shape})" if shape else str(error)
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, NotATimeError):
        return "Timestamp is not an ISO 8601 time with an offset"
    return f"cannot be read ({type(error).__name__})"
