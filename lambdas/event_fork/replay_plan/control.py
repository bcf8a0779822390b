"""control.json: what operator and governor tell the workers of a running replay."""

import json
from dataclasses import dataclass

from event_fork.replay_plan.reading import read_json

RUNNING = "running"
PAUSED = "paused"
CANCELLED = "cancelled"

MIN_RATE = 0.01
"""Events a second: the slowest replay there is."""


@dataclass(frozen=True, slots=True)
class Control:
    """The wanted state of a replay.

    `rate`: events a second of all workers together, now. `limit`: the rate the operator allows; the governor moves
    `rate` below it and never above. `workers`: how many run at once at most, so a worker's own pace is rate / workers.
    `ramp_step`: place in the plan's `ramp` that the replay has reached (0 without a ramp). `changed_at`: ISO 8601, UTC.
    """

    state: str
    rate: float
    limit: float
    workers: int
    ramp_step: int
    reason: str
    changed_by: str
    changed_at: str

    def to_json(self) -> bytes:
        """The content of control.json."""
        return json.dumps(
            {
                "state": self.state,
                "rate": self.rate,
                "limit": self.limit,
                "workers": self.workers,
                "ramp_step": self.ramp_step,
                "reason": self.reason,
                "changed_by": self.changed_by,
                "changed_at": self.changed_at,
            }
        ).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Control":
        """Reads control.json; raises DocumentError naming a wrong field."""
        fields = read_json(text, "control.json")
        return cls(
            state=fields.text("state", one_of=(RUNNING, PAUSED, CANCELLED)),
            rate=fields.number("rate"),
            limit=fields.number("limit", minimum=MIN_RATE),
            workers=fields.whole("workers", minimum=1),
            ramp_step=fields.whole("ramp_step"),
            reason=fields.text("reason"),
            changed_by=fields.text("changed_by"),
            changed_at=fields.text("changed_at"),
        )
