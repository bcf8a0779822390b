"""How often, how long and until when failed entries are tried again.

Jittered exponential waits: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("full jitter").
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

ATTEMPTS = 5
BASE_SECONDS = 0.2
CAP_SECONDS = 5.0
RESERVE_SECONDS = 15.0
"""Longest time one call may take (the adapters' time-outs) and the answer after it."""


@dataclass(frozen=True)
class Backoff:
    """At most `attempts` rounds, the wait before round n+1 drawn from 0 to min(cap, base * 2^(n-1)) seconds."""

    attempts: int = ATTEMPTS
    base: float = BASE_SECONDS
    cap: float = CAP_SECONDS
    draw: Callable[[float, float], float] = random.uniform
    sleep: Callable[[float], None] = time.sleep

    def wait_after(self, attempt: int) -> float | None:
        """Seconds to wait after round `attempt` (from 1), or None when it was the last."""
        if attempt >= self.attempts:
            return None
        return self.draw(0.0, min(self.cap, self.base * 2 ** (attempt - 1)))


def usable_seconds(remaining: float) -> float:
    """Of the seconds that an invocation has, those in which it may begin a call."""
    return max(remaining / 2, remaining - RESERVE_SECONDS)


class Leave(Protocol):
    """Who sends in several calls asks for it before each of them."""

    def allows(self, seconds: float = 0.0) -> bool:
        """Whether a call may begin `seconds` from now."""


class Always:
    """Leave for who has no deadline."""

    def allows(self, seconds: float = 0.0) -> bool:  # noqa: ARG002 see Leave
        """See Leave."""
        return True


@dataclass(frozen=True)
class Deadline:
    """The moment after which no new call is begun, so that the function can still answer.

    An invocation that runs out of time returns all its messages, delivered ones too, and these would be stored twice.
    """

    at: float
    clock: Callable[[], float] = time.monotonic

    @classmethod
    def in_milliseconds(cls, remaining: int, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        """From the invocation's remaining time. Half of it is always usable, however short the function's timeout."""
        return cls(at=clock() + usable_seconds(remaining / 1000), clock=clock)

    def left(self) -> float:
        """Seconds in which a call may still begin; 0 when there are none."""
        return max(0.0, self.at - self.clock())

    def allows(self, seconds: float = 0.0) -> bool:
        """See Leave."""
        return self.clock() + seconds < self.at
