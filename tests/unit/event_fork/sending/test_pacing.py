"""The rate of a worker holds whatever the bursts are; original timing follows the events' own times."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from event_fork.sending.pacing import MAX_BURST, Pacer, Timetable
from tests.support.fakes import Clock


@given(st.floats(0.01, 5_000), st.lists(st.integers(1, 200), min_size=1, max_size=50))
def test_the_rate_is_never_exceeded_by_more_than_one_burst(rate: float, bursts: list[int]) -> None:
    clock = Clock()
    pacer = Pacer(rate, clock)
    sent = 0
    for burst in bursts:
        clock.now += pacer.wait()
        assert sent <= rate * clock.now + 1e-6
        pacer.spend(burst)
        sent += burst
    clock.now += pacer.wait()
    assert sent <= rate * clock.now * (1 + 1e-9) + 1e-6


def test_idle_time_is_not_saved_up() -> None:
    clock = Clock()
    pacer = Pacer(10, clock)
    clock.now = 1000
    pacer.spend(10)

    assert pacer.wait() == 1.0


def test_a_new_rate_counts_from_now_on() -> None:
    clock = Clock()
    pacer = Pacer(1, clock)
    pacer.spend(100)
    clock.now += 50

    pacer.set_rate(10)

    assert pacer.wait() == 5.0


def test_bursts_are_half_a_second_of_the_rate_within_bounds() -> None:
    assert [Pacer(rate).burst for rate in (0.01, 2, 20, 1e9)] == [1, 1, 10, MAX_BURST]


def test_events_are_due_at_their_own_distance_divided_by_the_speed() -> None:
    timetable = Timetable(2.0, datetime(2026, 11, 23, 12, tzinfo=UTC), first_due=100.0)

    assert timetable.due("2026-11-23T12:00:00.000Z") == 100.0
    assert timetable.due("2026-11-23T12:00:10.000Z") == 105.0
    assert timetable.due("2026-11-23T12:00:04.000Z") == 105.0, "stored late: due at once"
    assert timetable.due("2026-11-23T12:00:11.000Z") == 105.5
