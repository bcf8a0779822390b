"""SNS's counts beside those of the archive: quiet, complete, gap, on its way, no witness."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.events.time_window import Window
from event_fork_cli.verification.witness import (
    State,
    Witness,
    lost_by_period,
    period_for,
    stretches,
    whole_periods,
)

TEN = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LATER = TEN + 30 * HOUR


def minute(number: int) -> str:
    return f"{TEN + number * MINUTE:%Y-%m-%dT%H:%M}"


def witness(published: dict[int, int], filtered: dict[int, int] | None = None) -> Witness:
    counts = {minute(number): count for number, count in published.items()}
    return Witness(60, counts, {}, {minute(number): count for number, count in (filtered or {}).items()}, {})


def states(
    published: dict[int, int],
    stored: dict[int, int],
    *,
    hours: int = 2,
    settled: datetime = LATER,
    filters: bool = False,
) -> list[State]:
    counts = {minute(number): count for number, count in stored.items()}
    window = Window(TEN, TEN + hours * HOUR)
    return [one.state for one in stretches(witness(published), counts, window, settled, filters=filters)]


def test_an_hour_without_events_is_quiet_when_sns_has_counted_none_and_a_gap_when_it_has() -> None:
    assert states({0: 5}, {0: 5}) == [State.COMPLETE, State.QUIET]
    assert states({0: 5, 90: 3}, {0: 5}) == [State.COMPLETE, State.GAP]


def test_one_event_of_many_is_a_gap() -> None:
    assert states({0: 1000, 70: 1}, {0: 999, 70: 1}) == [State.GAP, State.COMPLETE]


def test_an_event_that_two_clocks_put_into_two_minutes_is_no_gap_also_at_the_full_hour() -> None:
    assert states({5: 10, 6: 10}, {5: 9, 6: 11}) == [State.COMPLETE, State.QUIET]
    assert states({59: 10, 60: 10}, {59: 11, 60: 9}) == [State.COMPLETE, State.COMPLETE]
    assert states({0: 10}, {-1: 1, 0: 9}) == [State.COMPLETE, State.QUIET]


def test_what_was_lost_in_one_hour_is_not_made_good_by_too_much_in_another() -> None:
    assert states({0: 10, 70: 10}, {0: 9, 70: 11}) == [State.GAP, State.MORE]


def test_what_was_published_a_moment_ago_is_on_its_way() -> None:
    assert states({0: 5, 115: 5}, {0: 5}, settled=TEN + 110 * MINUTE) == [State.COMPLETE, State.IN_FLIGHT]


def test_what_sns_has_filtered_out_may_be_what_a_storage_fork_with_a_policy_does_not_get() -> None:
    counted = witness({0: 10}, filtered={0: 4})
    window = Window(TEN, TEN + HOUR)
    for stored, state in ((6, State.COMPLETE), (5, State.GAP)):
        (one,) = stretches(counted, {minute(0): stored}, window, LATER, filters=True)
        assert one.state is state


def test_only_minutes_that_lie_in_the_window_as_a_whole_are_judged() -> None:
    window = Window(TEN + timedelta(seconds=30), TEN + HOUR + timedelta(seconds=1))
    assert whole_periods(window, 60) == ("2026-11-23T10:01", "2026-11-23T11:00")
    (first, second) = stretches(witness({0: 9, 1: 1, 60: 9}), {minute(1): 1}, window, LATER, filters=False)
    assert (first.state, first.published, second.state) == (State.COMPLETE, 1, State.QUIET)


@pytest.mark.parametrize(("days", "seconds"), [(1, 60), (20, 300), (100, 3600), (500, None)])
def test_the_period_is_the_shortest_that_cloudwatch_still_has(days: int, seconds: int | None) -> None:
    assert period_for(Window(TEN, TEN + HOUR), TEN + timedelta(days=days)) == seconds


_COUNTS = st.lists(st.integers(0, 5), min_size=1, max_size=12)


@given(_COUNTS, _COUNTS)
def test_nothing_is_made_up_and_nothing_is_dropped(published: list[int], stored: list[int]) -> None:
    of_sns = {minute(number): count for number, count in enumerate(published)}
    ours = {minute(number): count for number, count in enumerate(stored)}
    lost, more = lost_by_period(of_sns, ours, None, 60)
    assert sum(lost.values()) - sum(more.values()) == sum(published) - sum(stored)
    assert all(count > 0 for count in (*lost.values(), *more.values()))
