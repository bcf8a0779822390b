"""control.json: what operator and governor tell the workers of a running replay."""

import json
from dataclasses import dataclass, replace
from typing import Annotated

from event_fork.replay_plan.json_values import (
    AtLeast,
    AtMost,
    Matches,
    OneOf,
    Time,
    from_json,
    parse_json,
    to_json,
)

RUNNING = "running"
PAUSED = "paused"
CANCELLED = "cancelled"

GOVERNOR = "governor"
"""Signs what it changes with it, as operators do with their ARN."""
RAMP = "ramp:"
"""Begins the governor's reasons for leaving a step of the ramp."""

DEAD_LETTERS = "dead-letters:"
"""Begins the governor's reason when it pauses because of too many."""
MIN_RATE = 0.01
"""Events a second: the slowest replay there is."""
MAX_RATE = 1_000_000
"""Events a second: the fastest, far above what there is to send to."""
MAX_WORKERS = 1_000
MAX_RAMP_STEPS = 100
_CHANGES_KEPT = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Who did what, when: `applied`, `paused`, `cancelled`, `resumed` or `limited`, and why."""

    what: str
    by: str
    at: Time
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """The wanted state of a replay, and the `execution` (its name) that may send: workers of any other are held.

    `rate`: events a second of all workers together, now. `limit`: the rate the operator allows; the governor moves
    `rate` below it and never above. `plan_sha256`: the hash of the plan that was applied. `ramp_step`: place in the
    plan's `ramp` that the replay has reached (0 without a ramp). `changed_at`: ISO 8601, UTC.
    `dead_letters_at_first`: in the target's dead-letter queue at the governor's first look; None before it.
    `changes`: what people, worker and governor did to the replay, the first and the last hundred of them; a rate that
    the governor sets is none.
    """

    state: Annotated[str, OneOf((RUNNING, PAUSED, CANCELLED))]
    rate: Annotated[float, AtMost(MAX_RATE)]
    limit: Annotated[float, AtLeast(MIN_RATE), AtMost(MAX_RATE)]
    plan_sha256: Annotated[str, Matches(r"[0-9a-f]{64}", "the SHA-256 of a plan")]
    ramp_step: Annotated[int, AtMost(MAX_RAMP_STEPS)]
    reason: str
    changed_by: str
    changed_at: Time
    execution: Annotated[str, Matches(r"[A-Za-z0-9_-]{1,80}", "the name of an execution")]
    dead_letters_at_first: int | None = None
    changes: tuple[Change, ...] = ()

    def to_json(self) -> bytes:
        """The content of control.json."""
        return json.dumps(to_json(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Control":
        """Reads control.json; raises DocumentError naming a wrong field."""
        return from_json(cls, parse_json(text, "control.json"), "control.json")

    def noted(self, before: "Control | None") -> "Control":
        """The same, and in `changes` what it is that was done to `before` (None: there was none yet)."""
        what = self._what_was_done(before)
        if not what:
            return self
        change = Change(what, self.changed_by, self.changed_at, self.reason)
        return replace(self, changes=(*self.changes[:1], *self.changes[1:][2 - _CHANGES_KEPT :], change))

    def _what_was_done(self, before: "Control | None") -> str:
        if before is None:
            return "applied"
        if self.execution != before.execution or self.state == RUNNING != before.state:
            return "resumed"
        if self.state != before.state:
            return self.state
        return "limited" if self.limit != before.limit else ""


def asks_to_go_on(changed_by: str, reason: str) -> bool:
    """Whether that change is the governor's question after a step of the ramp: to resume is the answer."""
    return changed_by == GOVERNOR and reason.startswith(RAMP)
