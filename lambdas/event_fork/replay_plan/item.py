"""An item of a replay: a range of lines of one object. The Distributed Map gives the items to workers."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from event_fork.replay_plan.reading import Fields, read_json

MAX_ITEM_EVENTS = 10_000
MAX_ITEM_SECONDS = 240
"""An item must be done far inside a function's 15 minutes: so many events, so many seconds at a worker's pace."""


@dataclass(frozen=True, slots=True)
class Item:
    """Lines `first_line` to `last_line` (from 0, both included) of one version of one object.

    `events`: how many the worker will find to send. `skip_lines`: lines that match but are a second copy of an event
    elsewhere in the plan. `not_before_seconds`: with a pace, seconds after the replay's start at which the item's first
    event is due; None without. Within an item an event is due (time - first time) / speed later, where time is the
    running maximum of the Timestamps: a late event is due at once.
    """

    id: str
    key: str
    version_id: str | None
    etag: str
    first_line: int
    last_line: int
    events: int
    skip_lines: tuple[int, ...] = ()
    not_before_seconds: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The item as one line of items.jsonl and one entry of plan.json has it."""
        return {
            "id": self.id,
            "key": self.key,
            "version_id": self.version_id,
            "etag": self.etag,
            "first_line": self.first_line,
            "last_line": self.last_line,
            "events": self.events,
            "skip_lines": list(self.skip_lines),
            "not_before_seconds": self.not_before_seconds,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> "Item":
        """The item in a JSON object; raises DocumentError naming a wrong field."""
        first_line = fields.whole("first_line")
        return cls(
            id=fields.text("id"),
            key=fields.text("key"),
            version_id=fields.optional_text("version_id"),
            etag=fields.text("etag"),
            first_line=first_line,
            last_line=fields.whole("last_line", minimum=first_line),
            events=fields.whole("events"),
            skip_lines=fields.wholes("skip_lines"),
            not_before_seconds=fields.optional_number("not_before_seconds"),
        )

    @classmethod
    def from_json(cls, value: object) -> "Item":
        """The item in parsed JSON, as Step Functions passes it to the worker."""
        return cls.from_fields(Fields(value, "item"))


def items_to_jsonl(items: Iterable[Item]) -> bytes:
    """The content of items.jsonl."""
    return b"".join(json.dumps(item.to_json(), separators=(",", ":")).encode() + b"\n" for item in items)


def items_from_jsonl(text: bytes) -> list[Item]:
    """The items of an items.jsonl."""
    return [
        Item.from_fields(read_json(line, f"items.jsonl line {number}"))
        for number, line in enumerate(text.splitlines())
        if line
    ]
