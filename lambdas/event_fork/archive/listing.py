"""Where the events of a window lie: the keys of an archive, and the objects that they make worth reading.

    <prefix>[<column>=<value>/...]<folders by time><stream>-<version>-YYYY-MM-dd-HH-mm-ss-<uuid><extension>

The columns are those of `partition_by`, where it is used; folders by time: layout.py.

Both times are the same moment, in UTC or in the layout's zone: the approximate arrival, in whole seconds, of the OLDEST
record in the object (Firehose developer guide, "Amazon S3 object name format"). A window is on the event's own
Timestamp. An event is published, arrives later (a backlog, a redriven dead letter), and lies in an object that was
begun before it arrived.
So the objects of [start, end) were begun between `start - BUFFER_ALLOWANCE` and `end + lateness`; what they hold is
then filtered exactly.
"""

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from event_fork.archive.layout import HIVE, WORK_AREAS, Layout, days
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.events.time_window import Window

# Firehose buffers for at most 900 s, so an object holds arrivals up to 15 minutes after the time in its name. The rest
# is for clocks that disagree: a Timestamp is SNS's clock, an object's name is Firehose's.
BUFFER_ALLOWANCE = timedelta(minutes=20)

_AT_ONCE = 8
_HOUR = timedelta(hours=1)
_NAME = re.compile(r".*-\d+-(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-[^-/]+-[^/]*", re.DOTALL)


def is_column_folder(folder: str, prefix: str, layout: Layout = HIVE) -> bool:
    """Whether a folder under the prefix is one of `partition_by` (`event_type=order.placed/`), not one of times."""
    name, equals, _ = folder.removeprefix(prefix).partition("=")
    return bool(equals) and "/" not in name and not layout.is_time(folder.removeprefix(prefix).rstrip("/"))


def begun_at(key: str, zone: tzinfo = UTC) -> datetime | None:
    """When the object was begun, from its name; None when the name is not one Firehose gives."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def may_hold(key: str, window: Window, lateness: timedelta, zone: tzinfo = UTC) -> bool:
    """Whether the object can hold events of the window; a name that tells no time is not ruled out."""
    begun = begun_at(key, zone)
    return begun is None or window.start - BUFFER_ALLOWANCE - _twice(zone) <= begun <= window.end + lateness


@dataclass(frozen=True, slots=True)
class Reach:
    """What to look through: an archive's key prefix, a window, how late events may arrive, what time it is; layout.

    `now`: nothing later can have arrived.
    """

    prefix: str
    window: Window
    lateness: timedelta
    now: datetime
    layout: Layout = HIVE

    @property
    def first(self) -> datetime:
        """The first hour in which a wanted object can have been begun."""
        return _floor(self.window.start - BUFFER_ALLOWANCE)

    @property
    def last(self) -> datetime:
        """The last one."""
        return _floor(min(self.window.end + self.lateness, self.now + _HOUR))


def roots(store: BrowsableStore, prefix: str, layout: Layout = HIVE) -> list[str]:
    """The prefixes that folders of times stand under: the archive's own, and one for each value of `partition_by`."""
    found = [prefix]
    for folder in store.folders(prefix):
        if is_column_folder(folder, prefix, layout):
            found += roots(store, folder, layout)
    return found


def day_folders(
    store: BrowsableStore, prefix: str, layout: Layout, first: datetime, last: datetime
) -> dict[str, list[str]]:
    """The days that are there, in the order of time, each with the prefixes that it stands under."""
    by_day: dict[str, list[str]] = {}
    for root in roots(store, prefix, layout):
        for day in days(store, root, layout, first, last):
            by_day.setdefault(day.removeprefix(root), []).append(root)
    return dict(sorted(by_day.items()))


def prefixes(store: BrowsableStore, reach: Reach) -> Iterator[str]:
    """The key prefixes to list, in the order of time; a day that is wanted whole is one, one that is not there none."""
    layout = reach.layout
    if not layout.folders:
        yield reach.prefix
        return
    for day, beginnings in day_folders(store, reach.prefix, layout, reach.first, reach.last).items():
        begin = datetime.strptime(day, layout.day_format).replace(tzinfo=layout.zone)
        hours = [begin + hour * _HOUR for hour in range(24)]
        # A zone's hour may begin at half past one of UTC.
        wanted = [hour for hour in hours if reach.first - _HOUR - _twice(layout.zone) < hour <= reach.last]
        if len(wanted) == len(hours) or not layout.has_hours:
            yield from (root + day for root in beginnings)
        else:
            yield from (root + layout.prefix(hour) for hour in wanted for root in beginnings)


def needed_objects(store: BrowsableStore, reach: Reach) -> Iterator[ListedObject]:
    """The objects that can hold events of the window, in the order of time. Empty objects are left out.

    Several prefixes are listed at a time, but only a few ahead of who reads.
    """

    def one(listed_prefix: str) -> list[ListedObject]:
        return [
            found
            for found in store.list(listed_prefix)
            if found.size
            and not found.key.endswith("/")
            and not found.key.startswith(WORK_AREAS)
            and may_hold(found.key, reach.window, reach.lateness, reach.layout.zone)
        ]

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="list") as threads:
        under_way: deque[Future[list[ListedObject]]] = deque()
        try:
            for prefix in prefixes(store, reach):
                under_way.append(threads.submit(one, prefix))
                if len(under_way) == _AT_ONCE:
                    yield from under_way.popleft().result()
            while under_way:
                yield from under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _twice(zone: tzinfo) -> timedelta:
    """In autumn an hour of a zone comes twice, and what tells its time may have been begun in the second one."""
    return timedelta(0) if zone == UTC else _HOUR


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
