"""Time on the bench: a calendar for timestamps, and a stop-watch for waits that can run faster.

``now`` is the wall clock plus an offset (to move arrival times into another day). ``elapsed`` counts the seconds that
buffers, retries and state changes wait for; it runs ``speed`` times as fast as the wall clock, can be frozen (speed 0)
and moved on by hand, so that a 300 s buffer or a 7,200 s retry takes seconds in a test.
"""

import asyncio
import contextlib
import time
import weakref

MOST_SPEED = 1_000_000
MOST_SECONDS = 50 * 365 * 24 * 3600  # farther and timestamps would leave the calendar


class Clock:
    """One clock for the whole server; every wait goes through it."""

    def __init__(self, speed: float = 1.0, offset: float = 0.0) -> None:
        self._speed = speed
        self._offset = offset
        self._passed = 0.0
        self._since = time.monotonic()
        self._listeners: weakref.WeakSet[asyncio.Event] = weakref.WeakSet()

    @property
    def speed(self) -> float:
        """How many seconds pass for waits in one second of the wall clock."""
        return self._speed

    @property
    def offset(self) -> float:
        """Seconds added to the wall clock in timestamps."""
        return self._offset

    def now(self) -> float:
        """Epoch seconds for timestamps."""
        return time.time() + self._offset

    def now_ms(self) -> int:
        """Epoch milliseconds for timestamps."""
        return int(self.now() * 1000)

    def elapsed(self) -> float:
        """Seconds since the server started, as waits count them."""
        return self._passed + (time.monotonic() - self._since) * self._speed

    def set(self, *, speed: float | None = None, offset: float | None = None, advance: float = 0.0) -> None:
        """Change speed or offset, let seconds pass at once; everyone who waits reckons again. ValueError: no change."""
        _check("speed", speed or 0, 0, MOST_SPEED)
        _check("advance_seconds", advance, 0, MOST_SECONDS)
        _check("offset_seconds", offset or 0, -MOST_SECONDS, MOST_SECONDS)
        self._passed = self.elapsed() + advance
        self._since = time.monotonic()
        self._speed = self._speed if speed is None else speed
        self._offset = self._offset if offset is None else offset
        self._wake()

    async def sleep(self, seconds: float) -> None:
        """Wait ``seconds`` of ``elapsed``."""
        deadline = self.elapsed() + seconds
        event = asyncio.Event()
        while self.elapsed() < deadline:
            event.clear()
            await self.wait(event, deadline)

    async def wait(self, event: asyncio.Event, deadline: float) -> None:
        """Wait until ``event`` is set or ``elapsed`` reaches ``deadline``.

        A change of the clock sets the event too: callers look at their own condition again after every return.
        """
        self._listeners.add(event)
        if event.is_set() or (left := deadline - self.elapsed()) <= 0:
            return
        # asyncio.timeout, not wait_for: before Python 3.12 wait_for loses a cancellation that meets a set event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left / self._speed if self._speed > 0 else None):
                await event.wait()

    def _wake(self) -> None:
        for event in tuple(self._listeners):
            event.set()


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:  # false for NaN too
        raise ValueError(f"{name} must be from {least} to {most}; got {value}")
