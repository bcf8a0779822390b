"""Folders by time: how an archive's keys say when an object was begun, in UTC or in the stream's time zone.

    date=2026-11-23/hour=10/            modules/storage-backup
    2026/11/23/10/                      Data Firehose by default
    year=2026/month=11/day=23/hour=10/  and whatever else a stream's Prefix says

A layout is written as Firehose's documentation writes times: `yyyy/MM/dd/HH/`, `year=yyyy/month=MM/day=dd/`. The year,
the month and the day stand in it, in this order, and the hour or not. A stream may have a time zone (CustomTimeZone),
in which folders and names of objects are then written.
Sources: https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html and s3-object-name.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice

from event_fork.archive.store import BrowsableStore

_CODES = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H"}
_ORDER = list(_CODES)
_TOKEN = re.compile("|".join(_CODES))
_DIGITS = {"yyyy": r"\d{4}", "MM": r"\d\d", "dd": r"\d\d", "HH": r"\d\d"}
# A folder's name with a time in it, as a reader of any layout meets it: date=2026-11-23, 2026, month=11, 2026-11-23-10.
_TIME_NAME = re.compile(r"(?P<name>[A-Za-z_][\w-]*=)?(?P<time>\d\d(?:\d\d)?(?:-\d\d)*)")
_SAMPLE, _LISTING = 100, 1000
WORK_AREAS = "event-fork-replays/"
"""In the archive's bucket: plans and progress of replays. No part of any archive."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`folders`: from the top, such as ("date=yyyy-MM-dd", "hour=HH"). None at all: objects in no order by time.

    `zone`: in which folders and names tell times.
    """

    folders: tuple[str, ...]
    zone: tzinfo = UTC

    def __str__(self) -> str:
        return "".join(f"{folder}/" for folder in self.folders)

    @property
    def day_folders(self) -> tuple[str, ...]:
        """The folders down to the one of the day."""
        return self.folders[: next((n for n, folder in enumerate(self.folders, 1) if "dd" in folder), 0)]

    @property
    def day_format(self) -> str:
        """The folder of a day as `strptime` reads it."""
        return "".join(f"{_strftime(folder)}/" for folder in self.day_folders)

    @property
    def has_hours(self) -> bool:
        """Whether there is a folder for each hour, below that of the day."""
        return self.day_folders != self.folders

    def prefix(self, moment: datetime, folders: tuple[str, ...] | None = None) -> str:
        """The folder that objects begun at that time lie in; of the uppermost `folders` only, if given."""
        wanted = self.folders if folders is None else folders
        return "".join(f"{moment.astimezone(self.zone).strftime(_strftime(folder))}/" for folder in wanted)

    def is_time(self, folder: str) -> bool:
        """Whether the name of an uppermost folder is a time of this layout."""
        return bool(self.folders) and re.fullmatch(_pattern(self.folders[0]), folder) is not None


HIVE = Layout(("date=yyyy-MM-dd", "hour=HH"))
FLAT = Layout(())


def parse_layout(text: str) -> Layout:
    """`yyyy/MM/dd/HH/` as a Layout; raises ValueError, whose text is the rule that does not hold."""
    layout = Layout(tuple(folder for folder in text.split("/") if folder))
    tokens = [token for folder in layout.folders for token in _TOKEN.findall(folder)]
    if tokens not in (_ORDER, _ORDER[:3]):
        raise ValueError("must have yyyy, MM and dd once each, in this order, and then HH or not")
    if not layout.is_time(layout.prefix(datetime(2026, 11, 23, tzinfo=UTC), layout.folders[:1])[:-1]) or "%" in text:
        raise ValueError("must be folders with yyyy, MM, dd and HH in their names")
    return layout


def detect(store: BrowsableStore, prefix: str) -> Layout | None:
    """The layout of the archive under the prefix; None when it has folders, and none of them is a time.

    An archive without any folder is FLAT when it has objects, else HIVE. Takes a few listings of one page.
    """
    folders = _folders(store, prefix, _SAMPLE)
    if not folders:
        return HIVE if next(iter(store.list(prefix)), None) is None else FLAT
    for folder in folders:
        if found := _descend(store, folder, folder.removeprefix(prefix)):
            return found
    columns = (folder for folder in folders if "=" in folder.removeprefix(prefix))
    return next((found for column in islice(columns, 3) if (found := detect(store, column)) and found != FLAT), None)


def other_layouts(store: BrowsableStore, prefix: str, layout: Layout) -> dict[str, Layout]:
    """Folders of times that are not of the layout: a stream was given another prefix. An example of each -> its layout.

    Takes a few listings of one page.
    """
    if not layout.folders:
        return {}
    names = (folder.removeprefix(prefix) for folder in reversed(_folders(store, prefix, _LISTING)))
    shapes = {re.sub(r"\d", "0", name): name for name in names if not layout.is_time(name[:-1])}
    others = {name: found for name in shapes.values() if (found := _descend(store, prefix + name, name))}
    if layout.has_hours and (newest := _newest(store, prefix, layout)) and not next(iter(store.folders(newest)), None):
        others[newest.removeprefix(prefix)] = Layout(layout.day_folders)  # the hours were left off later
    return others


def _newest(store: BrowsableStore, prefix: str, layout: Layout) -> str:
    """The folder of the last day; "" where there is none."""
    newest = prefix
    for folder in layout.day_folders:
        pattern = re.compile(re.escape(newest) + _pattern(folder) + "/")
        newest = max((one for one in store.folders(newest) if pattern.fullmatch(one)), default="")
        if not newest:
            break
    return newest


def _folders(store: BrowsableStore, prefix: str, most: int) -> list[str]:
    """The first folders, without what replays themselves have left there."""
    return [folder for folder in islice(store.folders(prefix), most) if not folder.startswith(WORK_AREAS)]


def days(store: BrowsableStore, root: str, layout: Layout, first: datetime, last: datetime) -> Iterator[str]:
    """The folders of days that are there, from that of `first` to that of `last`, each with the root before it."""

    def below(prefix: str, level: int) -> Iterator[str]:
        if level == len(layout.day_folders):
            yield prefix
            return
        # Times are written from the year down, in digits of fixed length: their text sorts as they do.
        upper = layout.day_folders[: level + 1]
        lowest, highest = root + layout.prefix(first, upper), root + layout.prefix(last, upper)
        pattern = re.compile(re.escape(prefix) + _pattern(upper[-1]) + "/")
        for folder in store.folders(prefix):
            if lowest <= folder <= highest and pattern.fullmatch(folder):
                yield from below(folder, level + 1)

    yield from below(root, 0)


def times_at_end(prefix: str) -> str:
    """The folders of times that a prefix ends with, from the year on; "" for none."""
    parts = prefix.removesuffix("/").split("/")
    for first in range(len(parts)):
        left = _ORDER
        for part in parts[first:]:
            if (found := _times_of(part, left)) is None:
                break
            left = found[1]
        else:
            return "".join(f"{part}/" for part in parts[first:])
    return ""


def _times_of(name: str, left: list[str]) -> tuple[str, list[str]] | None:
    """A folder's name with codes for its times, and the codes that are still to come; None when it is no such time."""
    match = _TIME_NAME.fullmatch(name)
    if match is None:
        return None
    numbers = match["time"].split("-")
    here = left[: len(numbers)]
    if [len(number) for number in numbers] != [len(code) for code in here]:
        return None
    return (match["name"] or "") + "-".join(here), left[len(numbers) :]


def _descend(store: BrowsableStore, folder: str, name: str) -> Layout | None:
    folders: list[str] = []
    left = _ORDER
    while found := _times_of(name.rstrip("/"), left):
        folders.append(found[0])
        left = found[1]
        below = next(iter(store.folders(folder)), None) if left else None
        if below is None:
            break
        name, folder = below.removeprefix(folder), below
        if _TIME_NAME.fullmatch(name.rstrip("/")) and _descend(store, folder, name):
            return None  # a column whose values are dates, and the folders of times below it
    return Layout(tuple(folders)) if len(left) <= 1 else None


def _strftime(folder: str) -> str:
    return _TOKEN.sub(lambda match: _CODES[match[0]], folder)


def _pattern(folder: str) -> str:
    """A regular expression of the names that a folder of a layout can have."""
    parts = re.split(f"({_TOKEN.pattern})", folder)
    return "".join(_DIGITS.get(part) or re.escape(part) for part in parts)
