"""What the governor sees of the target queue, and the age of its oldest message where no metric tells it."""

from dataclasses import asdict, dataclass
from typing import Any

from event_fork.replay_plan.json_values import from_json


@dataclass(frozen=True, slots=True)
class Observation:
    """One look. `at`: seconds since the epoch. `dead_letters`: in the target's dead-letter queue; None without one.

    `oldest_age_seconds`: None when it cannot be told (yet).
    """

    at: float
    backlog: int
    dead_letters: int | None
    oldest_age_seconds: float | None


@dataclass
class BacklogAge:
    """An upper bound for the age of a queue's oldest message, from its lengths alone.

    A queue was last empty at some time, so its oldest message is not older than that; and a queue of n messages that
    are taken out at r a second holds none older than about n / r (Little's law). The smaller of the two is the answer.
    Used while CloudWatch has no ApproximateAgeOfOldestMessage yet: it comes minutes late and not at all for an idle
    queue.
    """

    not_empty_since: float | None = None
    last_at: float | None = None
    last_length: int = 0

    def age(self, at: float, length: int, rate_in: float) -> float:
        """Seconds, after a look at time `at` that found `length` messages while `rate_in` a second come in."""
        taken_out = self._rate_out(at, length, rate_in)
        self.last_at, self.last_length = at, length
        if length == 0:
            self.not_empty_since = None
            return 0.0
        if self.not_empty_since is None:
            self.not_empty_since = at
        waited = at - self.not_empty_since
        return min(waited, length / taken_out) if taken_out > 0 else waited

    def to_json(self) -> dict[str, Any]:
        """For the state machine."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "BacklogAge":
        """From the state machine; {} is a fresh one. Raises DocumentError."""
        return from_json(cls, value, "memory.backlog")

    def _rate_out(self, at: float, length: int, rate_in: float) -> float:
        if self.last_at is None or at <= self.last_at:
            return 0.0
        return max(0.0, rate_in - (length - self.last_length) / (at - self.last_at))
