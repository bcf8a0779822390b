"""Which keys a window needs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive.listing import (
    BUFFER_ALLOWANCE,
    begun_at,
    hour_prefix,
    is_column_folder,
    may_hold,
    prefixes,
)
from event_fork.events.time_window import Window

HOUR = timedelta(hours=1)
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(start: str, end: str) -> Window:
    return Window(moment(start), moment(end))


def key_of(begun: datetime, prefix: str = "") -> str:
    return f"{hour_prefix(prefix, begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-0c2f3a04-9f1e-4b33-a7d5-1f4c8d0a2b6e.gz"


def test_a_window_needs_the_hours_from_the_buffer_before_it_to_its_lateness_after_it() -> None:
    wanted = list(prefixes("backup/", window("2026-11-23T10:05", "2026-11-23T10:30"), HOUR, LONG_AFTER))

    assert wanted == [
        "backup/date=2026-11-23/hour=09/",
        "backup/date=2026-11-23/hour=10/",
        "backup/date=2026-11-23/hour=11/",
    ]


def test_a_whole_day_is_one_listing() -> None:
    wanted = list(prefixes("", window("2026-11-22T22:30", "2026-11-24T01:00"), HOUR, LONG_AFTER))

    assert wanted == [
        "date=2026-11-22/hour=22/",
        "date=2026-11-22/hour=23/",
        "date=2026-11-23/",
        "date=2026-11-24/hour=00/",
        "date=2026-11-24/hour=01/",
        "date=2026-11-24/hour=02/",
    ]


def test_hours_that_are_yet_to_come_are_not_listed() -> None:
    late = timedelta(days=14)
    wanted = list(prefixes("", window("2026-11-23T10:30", "2026-11-23T11:00"), late, moment("2026-11-23T11:30")))

    assert wanted[-1] == "date=2026-11-23/hour=12/"


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
    listed = list(prefixes("x/", wanted, timedelta(hours=30), LONG_AFTER))

    # THEN the object is found exactly once
    assert sum(key.startswith(prefix) for prefix in listed) == 1
    assert may_hold(key, wanted, timedelta(hours=30))
