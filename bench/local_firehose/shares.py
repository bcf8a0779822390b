"""What all streams share, so that none takes it all: memory, and places in pools of threads."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

P = ParamSpec("P")
T = TypeVar("T")


class Budget:
    """Bytes accepted and not yet settled. Beyond the limit records are refused, which ThrottledRecords counts.

    A stream that holds less than a sixteenth finds room whatever others hold or make: a quarter more is for such.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._spared = 0  # of the quarter
        self._freed = asyncio.Event()

    def short(self, own: int) -> bool:
        """Whether a stream that holds ``own`` bytes should make no more of them now."""
        return self.used > self.limit and own > self.limit // 16

    async def freed(self) -> None:
        """Returns when something was given back."""
        self._freed.clear()
        await self._freed.wait()

    def take(self, cost: int, own: int = 0) -> bool:
        """Reserve ``cost`` bytes for a stream that holds ``own``, or False when they do not fit."""
        if self.used + cost > self.limit:
            if own + cost > self.limit // 16 or self._spared + cost > self.limit // 4:
                return False
            self._spared += cost
        self.used += cost
        return True

    def charge(self, cost: int) -> None:
        """Count bytes that cannot be refused (made by a stage, found at a restart); a negative cost gives back."""
        self.used += cost
        if cost < 0:
            self._spared = max(0, self._spared + cost)
            self._freed.set()


class Places:
    """At most ``each`` pieces of work of one stream at a time: ``async with places.of(stream.key)``."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._streams: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Semaphore:
        """The stream's places."""
        places = self._streams.get(key)
        if places is None:
            places = self._streams[key] = asyncio.Semaphore(self._each)
        return places


class Compute:
    """Threads for what would hold the event loop: compression, conversion, unpacking."""

    def __init__(self, threads: int = 8, each: int = 2) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="compute")
        self._places = Places(each)

    async def run(self, key: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The function's result; ``key`` is the stream's."""
        async with self._places.of(key):
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args, **kwargs))

    def close(self) -> None:
        """Drop the threads; what they work on is not waited for."""
        self._pool.shutdown(wait=False)
