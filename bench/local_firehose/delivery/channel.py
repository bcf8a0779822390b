"""One buffer and the one worker that empties it: size or interval, whichever comes first, triggers a delivery.

While a delivery is under way (or retried) the buffer goes on filling; the next one then takes more than the hint says,
as Firehose raises the size "dynamically" when delivery falls behind. Source: notes "2. Buffering".
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from local_firehose.clock import Clock
from local_firehose.records import Item

MIB = 1024 * 1024
ZERO_BUFFERING_SECONDS = 1.0  # interval 0 delivers "within seconds"
_FALLING_BEHIND = 4
_RETRY_AFTER_BUG_SECONDS = 5.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hints:
    """When a buffer is due; the size counts bytes before compression."""

    size: int
    interval: float

    @classmethod
    def of(cls, hints: dict[str, int]) -> "Hints":
        """From an API's BufferingHints (MiB, seconds)."""
        return cls(hints["SizeInMBs"] * MIB, hints["IntervalInSeconds"] or ZERO_BUFFERING_SECONDS)


class Channel:
    """A buffer of one output. ``hints`` is read at every decision: an update applies to what already waits.

    With ``emptied`` the channel ends when a delivery leaves it empty, and says so (a partition that is not active).
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        hints: Callable[[], Hints],
        deliver: Callable[[list[Item]], Awaitable[None]],
        *,
        most: int = 128 * MIB,
        emptied: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.size = 0
        self.delivering = 0
        self._clock = clock
        self._hints = hints
        self._deliver = deliver
        self._most = most
        self._emptied = emptied
        self._items: deque[Item] = deque()
        self._opened = 0.0
        self._flush = False
        self._added = self._delivered = 0
        self._watchers: list[tuple[int, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being delivered."""
        return not self._items and not self.delivering

    def add(self, items: Iterable[Item]) -> None:
        """Put items into the buffer; the interval runs from the first one in an empty buffer."""
        was_empty = not self._items
        for item in items:
            self._items.append(item)
            self._added += 1
            self.size += len(item.data)
        if was_empty and self._items:
            self._opened = self._clock.elapsed()
        if self._items:
            if self._task is None:
                self._task = asyncio.create_task(self._run(), name=f"channel {self.name}")
            self._wake.set()

    async def passed(self) -> None:
        """Returns when everything that waits now is delivered."""
        if self._delivered < self._added:
            future = asyncio.get_running_loop().create_future()
            self._watchers.append((self._added, future))
            await future

    def flush(self) -> None:
        """Deliver what waits without regard to the hints."""
        if self._items:
            self._flush = True
            self._wake.set()

    async def close(self) -> None:
        """Stop the worker; what waits stays where it is."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            if not self._items:
                await self._wake.wait()
                continue
            hints = self._hints()
            due = self._opened + hints.interval
            if self.size < hints.size and not self._flush and self._clock.elapsed() < due:
                await self._clock.wait(self._wake, due)
                continue
            await self._deliver_one(hints)
            if self._emptied is not None and not self._items:
                self._emptied()
                return

    async def _deliver_one(self, hints: Hints) -> None:
        batch = self._take(hints)
        self.delivering = len(batch)
        left: list[Item] = []
        try:
            await self._deliver(batch)
        except Exception:
            # A bug here must not lose records: what is not settled goes back into the buffer, in front.
            left = [item for item in batch if not item.done]
            log.exception("delivery of %s failed unexpectedly; %d items wait again", self.name, len(left))
            self._items.extendleft(reversed(left))
            self.size += sum(len(item.data) for item in left)
            await self._clock.sleep(_RETRY_AFTER_BUG_SECONDS)
        finally:
            self.delivering = 0
            self._delivered += len(batch) - len(left)
            self._tell_watchers()

    def _tell_watchers(self) -> None:
        for watcher in list(self._watchers):
            if watcher[0] <= self._delivered:
                self._watchers.remove(watcher)
                if not watcher[1].done():
                    watcher[1].set_result(None)

    def _take(self, hints: Hints) -> list[Item]:
        behind = self.size >= _FALLING_BEHIND * hints.size
        limit = max(self._most, hints.size) if behind else hints.size
        batch: list[Item] = []
        taken = 0
        while self._items and taken < limit:
            item = self._items.popleft()
            batch.append(item)
            taken += len(item.data)
        self.size -= taken
        if self._items:
            self._opened = self._clock.elapsed()
        else:
            self._flush = False
        return batch
