"""Objects -> processes -> results. Only so much is under way at once, however long the listing is."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.replay_plan.plan import PlanRequest
from event_fork_cli.archive_replay.duplicates import Duplicate, duplicates_in
from event_fork_cli.archive_replay.ordering import OrderBuffer
from event_fork_cli.archive_replay.scanning import Scanner
from event_fork_cli.archive_replay.segments import SegmentLimits
from event_fork_cli.archive_replay.spill import SpillWriter, bucket_files

_BATCH_OBJECTS = 64
_BATCH_BYTES = 4 * 1024 * 1024
_THREADS = 4  # a process that waits for one object's bytes can read another's

Batch = list[tuple[int, ListedObject]]
Found = TypeVar("Found")
Found_co = TypeVar("Found_co", covariant=True)
Item = TypeVar("Item")


class ObjectScanner(Protocol[Found_co]):
    """Reads one object of the archive. Threads may share it."""

    def scan(self, index: int, listed: ListedObject) -> Found_co:
        """What the `index`-th object of the listing holds."""


class Order(Protocol[Found_co]):
    """What a worker process needs to know; all of it can be pickled."""

    @property
    def spill(self) -> Path:
        """The folder for what does not fit into memory."""

    def scanner(self) -> ObjectScanner[Found_co]:
        """The scanner this order describes."""


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """What a worker process needs to know; all of it can be pickled. `open_store` makes the process's own client.

    `spill`, `places`: folders for the records of second copies and of an order.
    """

    open_store: Callable[[], BrowsableStore]
    request: PlanRequest
    limits: SegmentLimits
    spill: Path
    places: Path
    ids: frozenset[str] | None = None
    not_read: frozenset[str] = frozenset()

    def scanner(self) -> Scanner:
        """The scanner this order describes."""
        asked = self.request
        criteria = asked.criteria(self.ids)
        return Scanner(
            self.open_store(),
            criteria,
            self.limits,
            asked.target.body,
            SpillWriter(self.spill),
            asked.lines,
            places=partial(OrderBuffer, SpillWriter(self.places), asked.order.group_of()) if asked.order else None,
            not_read=self.not_read,
        )


class InlineScan(Generic[Found]):
    """Does all in this process, one object at a time: for small archives and for tests."""

    def __init__(self, order: Order[Found]) -> None:
        self._order = order
        self._scanner = order.scanner()

    def __enter__(self) -> InlineScan[Found]:
        return self

    def __exit__(self, *exception: object) -> None:
        return None

    def scan(self, objects: Iterable[ListedObject]) -> Iterator[tuple[list[ListedObject], list[Found]]]:
        """See ParallelScan."""
        for index, listed in enumerate(objects):
            yield [listed], [self._scanner.scan(index, listed)]

    def duplicates(self, void: frozenset[int]) -> Iterator[list[Duplicate]]:
        """See ParallelScan."""
        yield from self.each(partial(duplicates_in, void=void), bucket_files(self._order.spill))

    def each(self, work: Callable[[Item], Found_co], items: Iterable[Item]) -> Iterator[Found_co]:
        """See ParallelScan."""
        return map(work, items)


class ParallelScan(Generic[Found]):
    """The same with processes of its own. Use as a context manager."""

    def __init__(self, order: Order[Found], processes: int) -> None:
        self._order = order
        self._processes = processes
        # Not fork: threads and TLS connections do not survive it.
        self._pool = ProcessPoolExecutor(
            processes, multiprocessing.get_context("spawn"), initializer=_start, initargs=(order,)
        )

    def __enter__(self) -> ParallelScan[Found]:
        return self

    def __exit__(self, *exception: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def scan(self, objects: Iterable[ListedObject]) -> Iterator[tuple[list[ListedObject], list[Found]]]:
        """What the objects hold, batch by batch as they are done, in no order (ScannedObject.scan has the order)."""
        under_way: dict[Future[list[Found]], Batch] = {}
        for batch in _batches(objects):
            under_way[self._pool.submit(_scan, batch)] = batch
            if len(under_way) >= 2 * self._processes:
                yield from _finished(under_way)
        while under_way:
            yield from _finished(under_way)

    def duplicates(self, void: frozenset[int]) -> Iterator[list[Duplicate]]:
        """The second copies of each bucket, after all objects were read."""
        yield from self.each(partial(duplicates_in, void=void), bucket_files(self._order.spill))

    def each(self, work: Callable[[Item], Found_co], items: Iterable[Item]) -> Iterator[Found_co]:
        """What `work` makes of each item, in the order of the items; both must be picklable."""
        return self._pool.map(work, items)


def _finished(
    under_way: dict[Future[list[Found]], Batch],
) -> Iterator[tuple[list[ListedObject], list[Found]]]:
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        batch = under_way.pop(future)
        yield [listed for _, listed in batch], future.result()


def _batches(objects: Iterable[ListedObject]) -> Iterator[Batch]:
    """Small objects go to a process many at a time."""
    batch: Batch = []
    size = 0
    for index, listed in enumerate(objects):
        batch.append((index, listed))
        size += listed.size
        if len(batch) >= _BATCH_OBJECTS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


# A worker process has one order for its whole life; the pool's initializer is the only way to hand it over once.
_scanner: ObjectScanner[Any] | None = None


def _start(order: Order[Any]) -> None:
    global _scanner  # noqa: PLW0603
    # Ctrl-C goes to all processes of the terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _scanner = order.scanner()


def _scan(batch: Batch) -> list[Any]:
    scanner = _scanner
    if scanner is None:
        raise RuntimeError("the worker process was not started with an order")
    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(lambda entry: scanner.scan(*entry), batch))
