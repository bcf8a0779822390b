"""progress/<item id>.json: how far a worker got with an item. Written by the worker, read by status and resume."""

import json
from dataclasses import dataclass

from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.json_values import Id, from_json, parse_json, to_json


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
    burst and not an earlier one; in an ordered replay also those that failed there. `stopped`: why the last attempt
    ended before the item was done, "" when it did not. `request_id`: the invocation that wrote it. `claimed`: that
    invocation is at the item, or died at it.
    """

    item: Id
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

    @property
    def failed_events(self) -> int:
        """Events that could not be sent. A failure without a message id is a line that is no event: none is lost."""
        return sum(1 for event in self.failed if event.message_id)

    def check(self, item: Item) -> None:
        """Raises DocumentError when no worker can have come so far with that item of the plan."""
        tried = self.sent + self.failed_events
        failed_lines = {event.line for event in self.failed if event.message_id}
        passed = self.line - item.first_line - sum(1 for line in item.skip_lines if line < self.line)
        wrong = next(
            (
                name
                for name, holds in (
                    ("item", self.item == item.id),
                    ("line", item.first_line <= self.line <= item.last_line + 1),
                    ("sent", tried <= min(item.events, passed + len(set(self.ahead)))),
                    ("unmarked", self.unmarked <= self.sent),
                    ("duplicates_skipped", self.duplicates_skipped <= len(item.skip_lines)),
                    ("failed", all(item.first_line <= event.line <= item.last_line for event in self.failed)),
                    ("failed", len(failed_lines) == self.failed_events),
                    ("ahead", all(self.line <= line <= item.last_line for line in self.ahead)),
                    ("finished", not self.finished or (self.line == item.last_line + 1 and tried == item.events)),
                )
                if not holds
            ),
            None,
        )
        if wrong:
            raise DocumentError(f"progress of item {item.id}: `{wrong}` does not fit the plan")

    def to_json(self) -> bytes:
        """The content of the progress object."""
        return json.dumps(to_json(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Progress":
        """Reads a progress object; raises DocumentError naming a wrong field."""
        return from_json(cls, parse_json(text, "progress"), "progress")
