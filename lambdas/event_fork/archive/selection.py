"""Which lines of an object belong to a replay. Planner and worker decide with this one function."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from event_fork.errors import NotAnEnvelopeError
from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.time_window import Window, canonical_timestamp

Matcher = Callable[[StoredEvent], bool]
"""Whether an event passes a filter policy."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is wanted: events of a window, of some types (none named: of all), that pass the filter (None: all pass).

    `event_type_attribute` names the message attribute that holds an event's type.
    """

    window: Window
    event_types: frozenset[str] = frozenset()
    event_type_attribute: str = "event_type"
    matches: Matcher | None = None


class SelectedEvent(NamedTuple):
    """A wanted event. `timestamp` is in SNS's own shape, so it sorts as time does; `raw` is the stored line."""

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
    first_line: int = 0,
    last_line: int | None = None,
    skip_lines: Collection[int] = (),
) -> Iterator[SelectedEvent | UnreadableLine]:
    """The wanted events among lines `first_line` to `last_line` (from 0, both included), and what is no event.

    `skip_lines` are passed over unread. Empty lines are nothing. What lies after `last_line` is not read at all.
    """
    holds = criteria.window.holds
    types = criteria.event_types
    attribute = criteria.event_type_attribute
    matches = criteria.matches
    skip = frozenset(skip_lines)
    stop = None if last_line is None else last_line + 1
    for number, raw in enumerate(islice(lines, first_line, stop), first_line):
        if number in skip or not raw or raw.isspace():
            continue
        try:
            event = parse(raw)
            timestamp = canonical_timestamp(event.timestamp)
        except NotAnEnvelopeError as error:
            yield UnreadableLine(number, str(error))
            continue
        except ValueError:
            yield UnreadableLine(number, "Timestamp is not an ISO 8601 time with an offset")
            continue
        if not holds(timestamp):
            continue
        event_type = event.attribute(attribute)
        if types and event_type not in types:
            continue
        if matches is None or matches(event):
            yield SelectedEvent(number, event, event_type, timestamp, raw)
