"""progress/<item id>.json: how far a worker got with an item. Written by the worker, read by status and resume."""

import json
from dataclasses import dataclass

from event_fork.replay_plan.json_values import from_json, parse_json, to_json


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """An event of the item that could not be sent; `reason` is the queue's code and text."""

    line: int
    message_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of one item.

    `line`: the next line to read. `sent`: events sent so far. `unmarked`: of these, the ones without room for the mark
    `event-fork-replay-id`. `duplicates_skipped`: lines left out as second copies. `finished`: nothing is left to do but
    what is in `failed`. `ahead`: lines from `line` on that were sent already, because the queue took a later call of a
    burst and not an earlier one. `stopped`: why the last attempt ended before the item was done, "" when it did not.
    `request_id`: the invocation that wrote it. `claimed`: that invocation is at the item, or died at it.
    """

    item: str
    line: int
    sent: int
    duplicates_skipped: int
    unmarked: int
    finished: bool
    failed: tuple[FailedEvent, ...] = ()
    request_id: str | None = None
    ahead: tuple[int, ...] = ()
    stopped: str = ""
    claimed: bool = False

    def to_json(self) -> bytes:
        """The content of the progress object."""
        return json.dumps(to_json(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Progress":
        """Reads a progress object; raises DocumentError naming a wrong field."""
        return from_json(cls, parse_json(text, "progress"), "progress")
