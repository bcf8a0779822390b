"""control.json: what operator and governor tell the workers of a running replay."""

import json
from dataclasses import dataclass

from event_fork.archive._fields import read_json

RUNNING = "running"
PAUSED = "paused"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Control:
    """The wanted state of a replay.

    `rate`: events a second of all workers together. `workers`: how many run at once at most, so a worker's own pace is
    rate / workers. `changed_at`: ISO 8601, UTC.
    """

    state: str
    rate: float
    workers: int
    reason: str
    changed_by: str
    changed_at: str

    def to_json(self) -> bytes:
        """The content of control.json."""
        return json.dumps(
            {
                "state": self.state,
                "rate": self.rate,
                "workers": self.workers,
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
            workers=fields.whole("workers", minimum=1),
            reason=fields.text("reason"),
            changed_by=fields.text("changed_by"),
            changed_at=fields.text("changed_at"),
        )
