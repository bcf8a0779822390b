"""Times and lengths of time as operators write them."""

from datetime import UTC, datetime, timedelta

import pytest

from event_fork_cli.errors import BadInputError
from event_fork_cli.moments import duration, length_of_time, moment, shown_duration

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("2h", NOW - timedelta(hours=2)),
        ("2h ago", NOW - timedelta(hours=2)),
        ("1d12h", NOW - timedelta(hours=36)),
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T10:30", datetime(2026, 11, 23, 10, 30, tzinfo=UTC)),
        ("2026-11-23T10:30:00Z", datetime(2026, 11, 23, 10, 30, tzinfo=UTC)),
        ("2026-11-23T10:30:00+02:00", datetime(2026, 11, 23, 8, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_iso_or_ago_or_now_and_utc_where_it_says_nothing(text: str, expected: datetime) -> None:
    assert moment(text, "--from", NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "h",
        "2 h",
        "-2h",
        "2h ago ago",
        "ago",
        "0001-01-01",
        "9999-01-01",
        "2026-13-01",
        "99999999w",
        "tomorrow",
    ],
)
def test_anything_else_is_refused_with_rule_example_and_value(text: str) -> None:
    with pytest.raises(BadInputError) as refused:
        moment(text, "--from", NOW)
    for word in ("--from", "must be", "for example", repr(text)):
        assert word in str(refused.value)


@pytest.mark.parametrize("text", ["", "90", "1y", "1.5h", "99999999999d"])
def test_a_wrong_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="--lateness"):
        duration(text, "--lateness")


@pytest.mark.parametrize("text", ["0s", "3651d", "soon"])
def test_a_length_of_time_is_more_than_nothing_and_at_most_ten_years(text: str) -> None:
    with pytest.raises(BadInputError, match=f"received '{text}'"):
        length_of_time(text, "--lateness")
    assert length_of_time("3650d", "--lateness") == timedelta(days=3650)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.2, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (86400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_a_length_of_time_is_shown_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert shown_duration(timedelta(seconds=seconds)) == shown
