"""Times and windows."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from event_fork.events.time_window import Window, canonical_timestamp, timestamp_of, timestamp_text

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = Window(NOON, NOON + timedelta(hours=1))

    assert window.holds("2026-11-23T12:00:00.000Z")
    assert window.holds("2026-11-23T12:59:59.999Z")
    assert not window.holds("2026-11-23T13:00:00.000Z")
    assert not window.holds("2026-11-23T11:59:59.999Z")


@pytest.mark.parametrize("length", [timedelta(0), timedelta(seconds=-1), timedelta(microseconds=999)])
def test_a_window_that_ends_before_or_when_it_starts_is_refused(length: timedelta) -> None:
    with pytest.raises(ValueError, match=r"2026-11-23T12:00:00.000Z"):
        Window(NOON, NOON + length)


def test_times_of_other_shapes_and_zones_are_brought_to_the_shape_of_sns() -> None:
    assert canonical_timestamp("2026-11-23T12:00:00.123Z") == "2026-11-23T12:00:00.123Z"
    assert canonical_timestamp("2026-11-23T12:00:00Z") == "2026-11-23T12:00:00.000Z"
    assert canonical_timestamp("2026-11-23T14:00:00.123456+02:00") == "2026-11-23T12:00:00.123Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23", "2026-11-23T12:00:00", "2026-11-31T12:00:00Z"])
def test_what_is_no_time_or_has_no_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical_timestamp(text)
    with pytest.raises(ValueError, match=r"."):
        timestamp_of(text)


def test_a_time_without_a_zone_is_refused_and_others_are_written_in_utc() -> None:
    with pytest.raises(ValueError, match="offset"):
        timestamp_text(NOON.replace(tzinfo=None))
    assert timestamp_text(NOON.astimezone(timezone(timedelta(hours=-5)))) == "2026-11-23T12:00:00.000Z"
