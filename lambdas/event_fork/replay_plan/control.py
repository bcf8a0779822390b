"""control.json: what operator and governor tell the workers of a running replay."""

import json
from dataclasses import dataclass
from typing import Annotated

from event_fork.replay_plan.json_values import AtLeast, OneOf, from_json, parse_json, to_json

RUNNING = "running"
PAUSED = "paused"
CANCELLED = "cancelled"

GOVERNOR = "governor"
"""Signs what it changes with it, as operators do with their ARN."""
RAMP = "ramp:"
"""Begins the governor's reasons for leaving a step of the ramp."""

MIN_RATE = 0.01
"""Events a second: the slowest replay there is."""


@dataclass(frozen=True, slots=True)
class Control:
    """The wanted state of a replay, and the `execution` (its name) that may send: workers of any other are held.

    `rate`: events a second of all workers together, now. `limit`: the rate the operator allows; the governor moves
    `rate` below it and never above. `workers`: how many run at once at most, so a worker's own pace is rate / workers.
    `ramp_step`: place in the plan's `ramp` that the replay has reached (0 without a ramp). `changed_at`: ISO 8601, UTC.
    `dead_letters_at_first`: in the target's dead-letter queue at the governor's first look; None before it.
    """

    state: Annotated[str, OneOf((RUNNING, PAUSED, CANCELLED))]
    rate: float
    limit: Annotated[float, AtLeast(MIN_RATE)]
    workers: Annotated[int, AtLeast(1)]
    ramp_step: int
    reason: str
    changed_by: str
    changed_at: str
    execution: str
    dead_letters_at_first: int | None = None

    def to_json(self) -> bytes:
        """The content of control.json."""
        return json.dumps(to_json(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Control":
        """Reads control.json; raises DocumentError naming a wrong field."""
        return from_json(cls, parse_json(text, "control.json"), "control.json")


def asks_to_go_on(changed_by: str, reason: str) -> bool:
    """Whether that change is the governor's question after a step of the ramp: to resume is the answer."""
    return changed_by == GOVERNOR and reason.startswith(RAMP)
