"""When a worker may send: at most so many events a second, and with original timing not before an event is due."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from event_fork.events.time_window import timestamp_of

MAX_BURST = 500
"""Events sent between two looks at the clock: 50 full calls."""
BURST_SECONDS = 0.5


def slowest_rate(workers: int, seconds: float) -> float:
    """The lowest rate that so many workers together can keep, in events a second.

    An event is paid for in the invocation that sends it, and the next may be another instance, which owes nothing. So
    an invocation must have the time for one event: twice, since it does not only wait. `seconds`: those in which it may
    begin a call (backoff.usable_seconds).
    """
    return 2 * workers / seconds


class Pacer:
    """A token bucket that is never more than empty: what was sent is paid for by waiting afterwards.

    So a worker that goes through many small items keeps its rate, where a bucket that starts full would send each of
    them at once. `clock` is monotonic, in seconds.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._tokens = 0.0
        self._at = clock()

    @property
    def rate(self) -> float:
        """Events a second."""
        return self._rate

    def set_rate(self, rate: float) -> None:
        """Change the rate; what is owed is then paid at the new one."""
        self._refill()
        self._rate = rate

    @property
    def burst(self) -> int:
        """How many events to send at once: half a second's worth, at least one."""
        return max(1, min(MAX_BURST, int(self._rate * BURST_SECONDS)))

    def spend(self, events: int) -> None:
        """Note that so many events were sent."""
        self._refill()
        self._tokens -= events

    def wait(self) -> float:
        """Seconds until the next burst may be sent; 0 when it may be now."""
        self._refill()
        return -self._tokens / self._rate if self._tokens < 0 else 0.0

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(0.0, self._tokens + (now - self._at) * self._rate)
        self._at = now


@dataclass
class Timetable:
    """Original timing, `speed` times as fast.

    An event of an item is due (its time - `first`) / speed after `first_due`, the clock's time that belongs to `first`.
    Its time is the running maximum of the timestamps: an event that is stored late is due at once, and none waits for
    it.
    """

    speed: float
    first: datetime
    first_due: float

    def __post_init__(self) -> None:
        self._latest = self.first

    def due(self, timestamp: str) -> float:
        """The clock's time at which an event with this timestamp is due; to be asked in the order of the lines."""
        self._latest = max(self._latest, timestamp_of(timestamp))
        return self.first_due + (self._latest - self.first).total_seconds() / self.speed
