"""The objects of a window. Several prefixes are listed at a time, but only a few ahead of who reads."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from event_fork.archive.listing import is_column_folder, may_hold, prefixes
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.events.time_window import Window

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Reach:
    """What to look through: an archive's key prefix, a window, how late events may arrive, and what time it is."""

    prefix: str
    window: Window
    lateness: timedelta
    now: datetime


def roots(store: BrowsableStore, prefix: str) -> list[str]:
    """The prefixes that folders of dates stand under: the archive's own, and one for each value of `partition_by`."""
    found = [prefix]
    for folder in store.folders(prefix):
        if is_column_folder(folder, prefix):
            found += roots(store, folder)
    return found


def needed_objects(store: BrowsableStore, reach: Reach) -> Iterator[ListedObject]:
    """The objects that can hold events of the window, in the order of time. Empty objects are left out."""

    def one(listed_prefix: str) -> list[ListedObject]:
        return [
            found
            for found in store.list(listed_prefix)
            if found.size and may_hold(found.key, reach.window, reach.lateness)
        ]

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="list") as threads:
        under_way: deque[Future[list[ListedObject]]] = deque()
        try:
            beginnings = roots(store, reach.prefix)
            for dates in prefixes("", reach.window, reach.lateness, reach.now):
                for beginning in beginnings:
                    under_way.append(threads.submit(one, beginning + dates))
                    if len(under_way) == _AT_ONCE:
                        yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
