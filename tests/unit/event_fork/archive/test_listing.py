"""Which keys a window needs."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive.layout import FLAT, HIVE, Layout, detect, other_layouts, parse_layout
from event_fork.archive.listing import (
    BUFFER_ALLOWANCE,
    Reach,
    begun_at,
    is_column_folder,
    may_hold,
    needed_objects,
    prefixes,
)
from event_fork.events.time_window import Window
from tests.support.memory_archive import MemoryArchive

HOUR = timedelta(hours=1)
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(moment(start), moment(end))


def reach(start: str, end: str, prefix: str = "", late: timedelta = HOUR, **fields: Any) -> Reach:
    return Reach(prefix, window(start, end), late, **({"now": LONG_AFTER} | fields))


def archive_of(first: str, last: str, prefix: str = "", layout: Layout = HIVE) -> MemoryArchive:
    """One object begun in each hour, at its 12th minute."""
    archive = MemoryArchive()
    begun, end = moment(first).replace(minute=12), moment(last)
    while begun < end:
        archive.objects[f"{prefix}{layout.prefix(begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-0c2f-aaaa.gz"] = b"x"
        begun += HOUR
    return archive


def key_of(begun: datetime, prefix: str = "") -> str:
    return f"{prefix}{HIVE.prefix(begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-0c2f3a04-9f1e-4b33-a7d5-1f4c8d0a2b6e.gz"


def test_a_window_needs_the_hours_from_the_buffer_before_it_to_its_lateness_after_it() -> None:
    archive = archive_of("2026-11-23T00:00", "2026-11-24T00:00", "backup/")

    assert list(prefixes(archive, reach("2026-11-23T10:05", "2026-11-23T10:30", "backup/"))) == [
        "backup/date=2026-11-23/hour=09/",
        "backup/date=2026-11-23/hour=10/",
        "backup/date=2026-11-23/hour=11/",
    ]


def test_a_whole_day_is_one_listing() -> None:
    archive = archive_of("2026-11-21T00:00", "2026-11-26T00:00")

    assert list(prefixes(archive, reach("2026-11-22T22:30", "2026-11-24T01:00"))) == [
        "date=2026-11-22/hour=22/",
        "date=2026-11-22/hour=23/",
        "date=2026-11-23/",
        "date=2026-11-24/hour=00/",
        "date=2026-11-24/hour=01/",
        "date=2026-11-24/hour=02/",
    ]


def test_hours_that_are_yet_to_come_are_not_listed() -> None:
    archive = archive_of("2026-11-23T00:00", "2026-11-25T00:00")
    now = moment("2026-11-23T11:30")
    wanted = reach("2026-11-23T10:30", "2026-11-23T11:00", late=timedelta(days=14), now=now)

    assert list(prefixes(archive, wanted))[-1] == "date=2026-11-23/hour=12/"


def test_days_that_are_not_there_are_not_listed_however_long_the_window() -> None:
    archive = archive_of("2026-11-23T10:00", "2026-11-23T12:00")

    assert list(prefixes(archive, reach("2001-01-01T00:00", "2026-12-31T00:00"))) == ["date=2026-11-23/"]


LAYOUTS = [
    "date=yyyy-MM-dd/hour=HH/", "yyyy/MM/dd/HH/", "yyyy/MM/dd/", "year=yyyy/month=MM/day=dd/hour=HH/", "yyyy-MM-dd/",
    "dt=yyyy-MM-dd/", "yyyy/MM-dd/HH/", "yyyy-MM-dd/HH/", "dt=yyyy-MM-dd-HH/", "yyyy/MM/dd-HH/",
]  # fmt: skip


@pytest.mark.parametrize("column", ["", "event_type=order.placed/", "channel=web/event_type=2026/"])
@pytest.mark.parametrize("written", LAYOUTS)
def test_a_layout_is_detected_and_only_what_the_window_needs_is_listed(written: str, column: str) -> None:
    layout = parse_layout(written)
    archive = archive_of("2025-12-30T00:00", "2026-01-04T00:00", f"x/{column}", layout)
    archive.objects["x/errors/processing-failed/date=2026-01-01/a"] = b"x"
    wanted = reach("2025-12-31T22:30", "2026-01-02T01:00", "x/", layout=layout)

    assert detect(archive, "x/") == layout
    assert str(layout) == written
    found = [listed.key for listed in needed_objects(archive, wanted)]
    assert found == [f"x/{column}{layout.prefix(begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-0c2f-aaaa.gz"
                     for begun in (moment("2025-12-31T22:12") + n * HOUR for n in range(28))]  # fmt: skip
    assert len(archive.listed) <= (6 if "dd-HH" not in written else 29)  # without a folder of the day, one an hour


@pytest.mark.parametrize(
    "zone", ["Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Etc/GMT+12"]
)
@pytest.mark.parametrize("written", ["yyyy/MM/dd/HH/", "date=yyyy-MM-dd/hour=HH/", "yyyy/MM/dd/", ""])
def test_a_stream_with_a_time_zone_is_looked_through_at_the_same_moments(written: str, zone: str) -> None:
    local = ZoneInfo(zone)
    layout = Layout(parse_layout(written).folders if written else (), local)
    archive = MemoryArchive()
    begun = moment("2026-10-30T00:12")  # New York's and Lord Howe's clocks are changed in this week or near it
    while begun < moment("2026-11-03T00:00"):
        here = begun.astimezone(local)
        name = f"x/{layout.prefix(begun)}orders-1-{here:%Y-%m-%d-%H-%M-%S}-{begun:%d%H}-aaaa.gz"
        archive.objects[name] = b"x"
        begun += HOUR

    for hour in range(72):
        start = moment("2026-10-30T06:00") + hour * HOUR
        wanted = Reach("x/", Window(start, start + HOUR), HOUR, LONG_AFTER, layout)
        found = {listed.key[-12:-8] for listed in needed_objects(archive, wanted)}
        assert found >= {f"{start + n * HOUR:%d%H}" for n in (0, 1)}
        assert len(found) <= 4


@pytest.mark.parametrize("folders", ["date=2026-11-20/hour=10/", "2026/11/20/10/"])
def test_a_column_of_dates_is_no_folder_of_times(folders: str) -> None:
    name = "orders-1-2026-11-20-10-12-00-0c2f-aaaa.gz"
    archive = MemoryArchive({f"x/delivery=2026-12-{day}/{folders}{name}": b"x" for day in range(10, 13)})

    layout = detect(archive, "x/")

    assert layout is not None
    assert layout.prefix(moment("2026-11-20T10:12")) == folders
    wanted = reach("2026-11-20T10:00", "2026-11-20T11:00", "x/", layout=layout)
    assert len(list(needed_objects(archive, wanted))) == 3


def test_folders_by_another_layout_are_told() -> None:
    ours = archive_of("2026-11-23T10:00", "2026-11-23T12:00", "x/")
    ours.objects |= archive_of("2025-01-30T10:00", "2025-02-02T12:00", "x/", parse_layout("yyyy/MM/dd/HH/")).objects
    ours.objects |= {"x/channel=web/date=2026-11-23/hour=10/a": b"x", "x/errors/a": b"x", "x/2026-notes/a": b"x"}

    assert other_layouts(ours, "x/", HIVE) == {"2025/": parse_layout("yyyy/MM/dd/HH/")}
    assert other_layouts(ours, "x/", parse_layout("yyyy/MM/dd/HH/")) == {"date=2026-11-23/": HIVE}
    assert other_layouts(ours, "x/", FLAT) == {}


@pytest.mark.parametrize("written", ["yyyy/MM/dd/HH/", "date=yyyy-MM-dd/hour=HH/"])
def test_days_that_have_no_hours_any_more_are_told_and_a_layout_of_days_reads_both(written: str) -> None:
    layout = parse_layout(written)
    daily = Layout(layout.day_folders)
    archive = archive_of("2026-11-21T00:00", "2026-11-22T00:00", "x/", layout)
    assert other_layouts(archive, "x/", layout) == {}

    archive.objects |= archive_of("2026-11-22T00:00", "2026-11-24T00:00", "x/", daily).objects

    assert other_layouts(archive, "x/", layout) == {daily.prefix(moment("2026-11-23T00:00")): daily}
    wanted = reach("2026-11-21T20:30", "2026-11-23T01:00", "x/", layout=daily)
    assert len(list(needed_objects(archive, wanted))) == 30


def test_what_replays_leave_in_the_bucket_is_no_part_of_the_archive() -> None:
    archive = archive_of("2026-11-23T10:00", "2026-11-23T11:00", "", FLAT)
    archive.objects["event-fork-replays/orders/replay-1/plan.json"] = b"{}"

    assert detect(archive, "") == FLAT
    wanted = reach("2026-11-23T10:00", "2026-11-23T11:00", layout=FLAT)
    assert len(list(needed_objects(archive, wanted))) == 1


def test_an_archive_without_folders_is_looked_through_by_the_times_in_its_names() -> None:
    archive = archive_of("2026-11-23T00:00", "2026-11-24T00:00", "x/", FLAT)

    assert detect(archive, "x/") == FLAT
    wanted = reach("2026-11-23T10:00", "2026-11-23T11:00", "x/", layout=FLAT)
    assert len(list(needed_objects(archive, wanted))) == 2


def test_an_empty_archive_is_taken_for_ours_and_folders_without_times_are_told() -> None:
    assert detect(MemoryArchive(), "x/") == HIVE
    assert detect(MemoryArchive({"x/orders/notes/a": b"x", "x/channel=web/a": b"x"}), "x/") is None


@pytest.mark.parametrize(
    "text", ["", "yyyy/MM/", "MM/yyyy/dd/", "yyyy/MM/dd/HH/HH/", "yyyy/MM/HH/dd/", "%Y/yyyy/MM/dd"]
)
def test_a_text_that_is_no_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must "):
        parse_layout(text)


def test_the_time_in_the_name_is_read_whatever_the_stream_is_called() -> None:
    key = "date=2026-11-23/hour=09/my-2026-stream-17-2026-11-23-09-12-03-6f1cb2a0-9f1e-4b33-a7d5-1f4c8d0a2b6e.json.gz"

    assert begun_at(key) == datetime(2026, 11, 23, 9, 12, 3, tzinfo=UTC)


@pytest.mark.parametrize("name", ["compacted.gz", "s-1-2026-13-45-09-12-03-6f1c-aaaa.gz", "date=2026-11-23/hour=09/"])
def test_a_foreign_name_tells_no_time_and_is_not_ruled_out(name: str) -> None:
    assert begun_at(name) is None
    assert may_hold(name, window("2026-11-23T10:00", "2026-11-23T11:00"), HOUR)


def test_an_object_begun_long_before_the_window_or_after_its_lateness_is_ruled_out() -> None:
    wanted = window("2026-11-23T10:00", "2026-11-23T11:00")

    assert not may_hold(key_of(moment("2026-11-23T09:39:59")), wanted, HOUR)
    assert may_hold(key_of(moment("2026-11-23T09:40:00")), wanted, HOUR)
    assert may_hold(key_of(moment("2026-11-23T12:00:00")), wanted, HOUR)
    assert not may_hold(key_of(moment("2026-11-23T12:00:01")), wanted, HOUR)


@pytest.mark.parametrize(
    ("folder", "is_one"),
    [
        ("orders/event_type=order.placed/", True),
        ("orders/channel=a=b/", True),
        ("orders/date=2026-11-23/", False),
        ("orders/notes/", False),
        ("orders/notes/channel=web/", False),
    ],
)
def test_a_folder_of_partition_by_is_told_from_dates_and_other_things(folder: str, is_one: bool) -> None:
    assert is_column_folder(folder, "orders/") is is_one


@given(
    published=st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)),
    late=st.timedeltas(timedelta(0), timedelta(hours=30)),
    buffered=st.timedeltas(timedelta(0), timedelta(seconds=900)),
    before=st.timedeltas(timedelta(0), timedelta(days=3)),
    after=st.timedeltas(timedelta(milliseconds=1), timedelta(days=3)),
)
def test_every_event_of_the_window_lies_under_a_listed_prefix_and_in_an_object_that_is_read(
    published: datetime, late: timedelta, buffered: timedelta, before: timedelta, after: timedelta
) -> None:
    # GIVEN an event that reached an open object of Firehose some time after it was published
    published = published.replace(tzinfo=UTC)
    begun = max(published + late - buffered, published - BUFFER_ALLOWANCE)
    key = key_of(begun.replace(microsecond=0) + timedelta(seconds=begun.microsecond > 0), "x/")
    wanted = Window(published - before, published + after)

    # WHEN the window holds it and it was not later than the lateness
    archive = MemoryArchive({key: b"x"})
    listed = list(prefixes(archive, Reach("x/", wanted, timedelta(hours=30), LONG_AFTER)))

    # THEN the object is found exactly once
    assert sum(key.startswith(prefix) for prefix in listed) == 1
    assert may_hold(key, wanted, timedelta(hours=30))
