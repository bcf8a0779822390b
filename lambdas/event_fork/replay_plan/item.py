"""An item of a replay, which a worker sends: a range of lines of one object, or a part of a lane of an ordered one."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from event_fork.replay_plan.json_values import AtMost, Id, Matches, from_json, parse_json, to_json

MAX_ITEM_EVENTS = 10_000
MAX_ITEM_SECONDS = 240
"""An item must be done far inside a function's 15 minutes: so many events, so many seconds at a worker's pace."""
MAX_SEQUENCE = 2**128 - 1
"""https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""

SequenceNumber = Annotated[str, Matches(r"[0-9]{1,39}", "a sequence number")]


@dataclass(frozen=True, slots=True)
class Part:
    """What an item of an ordered replay is: a lane's events with these sequence numbers, `first` to `last`.

    `objects`: where they lie, as places in the plan's list.
    """

    lane: int
    objects: tuple[int, ...]
    first: SequenceNumber
    last: SequenceNumber

    def __post_init__(self) -> None:
        if not self.objects or not int(self.first) <= int(self.last) <= MAX_SEQUENCE:
            raise ValueError(f"first must be at most last, in one object or more, got {self.first} to {self.last}")


@dataclass(frozen=True, slots=True)
class Item:
    """Lines `first_line` to `last_line` (from 0, both included) of one version of one object.

    `events`: how many the worker will find to send. `skip_lines`: lines that match but are a second copy of an event
    elsewhere in the plan. `not_before_seconds`: with a pace, seconds after the replay's start at which the item's first
    event is due; None without. Within an item an event is due (time - first time) / speed later, where time is the
    running maximum of the Timestamps: a late event is due at once.

    With a `part` the item is one of an ordered replay: its lines are the places of its events in the order of the lane,
    and the object is the first of those that they lie in.
    """

    id: Id
    key: str
    version_id: str | None
    etag: str
    first_line: int
    last_line: int
    events: int
    skip_lines: tuple[int, ...] = ()
    not_before_seconds: Annotated[float, AtMost(10**12)] | None = None
    part: Part | None = None

    def __post_init__(self) -> None:
        if self.last_line < self.first_line:
            raise ValueError(f"last_line must be a whole number of at least {self.first_line}, got {self.last_line}")

    @property
    def repeats_failed(self) -> bool:
        """Whether events that failed may be sent again: not in an ordered replay, where what comes after them was."""
        return self.part is None

    @classmethod
    def from_json(cls, value: object, where: str = "item") -> "Item":
        """The item in parsed JSON, as Step Functions passes it to the worker."""
        return from_json(cls, value, where)


def items_to_jsonl(items: Iterable[Item]) -> bytes:
    """The content of items.jsonl."""
    return b"".join(json.dumps(to_json(item), separators=(",", ":")).encode() + b"\n" for item in items)


def items_from_jsonl(text: bytes) -> list[Item]:
    """The items of an items.jsonl."""
    return [
        Item.from_json(parse_json(line, f"items.jsonl line {number}"), f"items.jsonl line {number}")
        for number, line in enumerate(text.splitlines())
        if line
    ]
