"""Where the events of a window lie: the storage pipeline's key layout, and the objects that it makes worth reading.

    <prefix>[<column>=<value>/...]date=yyyy-MM-dd/hour=HH/<stream>-<version>-YYYY-MM-dd-HH-mm-ss-<uuid><extension>

The columns are those of `partition_by`, where it is used.

Both times are UTC and the same moment: the approximate arrival, in whole seconds, of the OLDEST record in the object
(Firehose developer guide, "Amazon S3 object name format"). A window is on the event's own Timestamp. An event is
published, arrives later (a backlog, a redriven dead letter), and lies in an object that was begun before it arrived.
So the objects of [start, end) were begun between `start - BUFFER_ALLOWANCE` and `end + lateness`; what they hold is
then filtered exactly.
"""

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.events.time_window import Window

# Firehose buffers for at most 900 s, so an object holds arrivals up to 15 minutes after the time in its name. The rest
# is for clocks that disagree: a Timestamp is SNS's clock, an object's name is Firehose's.
BUFFER_ALLOWANCE = timedelta(minutes=20)

_AT_ONCE = 8
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_NAME = re.compile(r".*-\d+-(\d{4})-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-[^-/]+-[^/]*", re.DOTALL)


def hour_prefix(prefix: str, moment: datetime) -> str:
    """The partition that objects begun in that hour lie in."""
    return f"{prefix}{moment.astimezone(UTC):date=%Y-%m-%d/hour=%H/}"


def prefixes(prefix: str, window: Window, lateness: timedelta, now: datetime) -> Iterator[str]:
    """The key prefixes to list for a window, in the order of time; a day that is wanted whole is one prefix.

    `lateness`: how long after its publishing an event may have arrived. `now`: nothing later can have arrived.
    """
    hour = _floor(window.start - BUFFER_ALLOWANCE)
    last = _floor(min(window.end + lateness, now + _HOUR))
    while hour <= last:
        if hour.hour == 0 and hour + _DAY - _HOUR <= last:
            yield f"{prefix}{hour:date=%Y-%m-%d/}"
            hour += _DAY
        else:
            yield hour_prefix(prefix, hour)
            hour += _HOUR


def is_column_folder(folder: str, prefix: str) -> bool:
    """Whether a folder under the prefix is one of `partition_by` (`event_type=order.placed/`), not one of dates."""
    name, equals, _ = folder.removeprefix(prefix).partition("=")
    return bool(equals) and "/" not in name and name != "date"


def begun_at(key: str) -> datetime | None:
    """When the object was begun, from its name; None when the name is not one Firehose gives."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def may_hold(key: str, window: Window, lateness: timedelta) -> bool:
    """Whether the object can hold events of the window; a name that tells no time is not ruled out."""
    begun = begun_at(key)
    return begun is None or window.start - BUFFER_ALLOWANCE <= begun <= window.end + lateness


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
    """The objects that can hold events of the window, in the order of time. Empty objects are left out.

    Several prefixes are listed at a time, but only a few ahead of who reads.
    """

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


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
