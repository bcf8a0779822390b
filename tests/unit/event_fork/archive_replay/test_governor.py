"""The governor's policy: properties that hold for every plan and everything seen, and the story of a ramp."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive_replay.governor import (
    LOOKS_AT_FLOOR,
    STEP_SECONDS,
    Memory,
    Policy,
    ceiling,
    floor,
    govern,
)
from event_fork.archive_replay.observation import BacklogAge, Observation
from event_fork.replay_plan.control import CANCELLED, PAUSED, RUNNING, Control
from event_fork.replay_plan.plan import Health
from tests.support.replay_world import ReplayWorld, stored

AGE_BOUND = 60.0


def control(rate: float = 100.0, limit: float = 100.0, step: int = 0, state: str = RUNNING) -> Control:
    return Control(state, rate, limit, "0" * 64, step, "", "ana", "2026-11-23T13:00:00.000Z", "replay-1")


def seen(at: float = 0.0, *, age: float | None = 0.0, dead: int | None = 0) -> Observation:
    return Observation(at, 0, dead, age)


healths = st.builds(
    Health,
    st.none() | st.floats(1, 1e4),
    st.none() | st.integers(0, 100),
    st.none() | st.floats(0, 0.9),
)
ramps = st.none() | st.lists(st.floats(0.5, 100), min_size=1, max_size=4).map(lambda steps: tuple(sorted(steps)))
policies = st.builds(Policy, ramps, st.booleans(), healths)
controls = st.builds(control, st.floats(0, 1e4), st.floats(0.01, 1e4), st.integers(0, 3))
observations = st.builds(
    lambda age, dead: seen(0, age=age, dead=dead), st.none() | st.floats(0, 1e6), st.none() | st.integers(0, 10_000)
)


@given(policies, controls, st.lists(observations, max_size=40))
def test_the_rate_stays_between_floor_and_ceiling_and_a_replay_is_never_cancelled(
    policy: Policy, now: Control, looks: list[Observation]
) -> None:
    memory = Memory()
    for number, look in enumerate(looks):
        before = now
        now, memory = govern(policy, now, memory, replace(look, at=number * 5.0))
        memory = Memory.from_json(memory.to_json())
        assert now.state in (RUNNING, PAUSED)
        assert now.limit == before.limit, "the operator's, not the governor's"
        assert now.ramp_step in (before.ramp_step, before.ramp_step + 1)
        if now.rate != before.rate:
            assert floor(policy, now) * (1 - 1e-9) <= now.rate <= ceiling(policy, before) * (1 + 1e-9)
            assert now.reason
        if now.state == PAUSED:
            assert now.reason
            return


@given(policies, controls, observations)
def test_a_target_that_is_behind_never_gets_more(policy: Policy, now: Control, look: Observation) -> None:
    behind = replace(policy, health=replace(policy.health, max_oldest_message_age_seconds=AGE_BOUND))
    now = replace(now, rate=max(now.rate, floor(behind, now)))

    after, _ = govern(behind, now, Memory(), replace(look, oldest_age_seconds=AGE_BOUND + 1))

    assert after.rate <= now.rate
    if after.state == RUNNING and now.rate > floor(behind, now):
        assert after.rate < now.rate


@given(policies, controls)
def test_a_healthy_target_never_gets_less_than_the_ceiling_allows(policy: Policy, now: Control) -> None:
    after, _ = govern(policy, now, Memory(), seen(age=0.0, dead=0))

    assert after.state == RUNNING
    assert after.rate >= min(now.rate, ceiling(policy, now)) * (1 - 1e-9)


@given(st.sampled_from([PAUSED, CANCELLED]), policies, observations)
def test_a_held_replay_is_left_as_it_is(state: str, policy: Policy, look: Observation) -> None:
    held = control(state=state)

    assert govern(policy, held, Memory(), look)[0] is held


def test_dead_letters_are_counted_from_the_first_look_and_pause_beyond_the_bound() -> None:
    policy = Policy(None, False, Health(max_dead_letters_growth=2))

    first, memory = govern(policy, control(), Memory(), seen(dead=10))
    second, memory = govern(policy, first, memory, seen(dead=12))
    third, _ = govern(policy, second, memory, seen(dead=13))

    assert (first.state, second.state, third.state) == (RUNNING, RUNNING, PAUSED)
    assert third.reason == "dead-letters: 3 more in the target's dead-letter queue, 2 allowed"


def test_a_target_that_stays_behind_at_the_lowest_rate_pauses_the_replay() -> None:
    policy = Policy(None, False, Health(max_oldest_message_age_seconds=AGE_BOUND))
    now, memory = control(), Memory()
    rates = [now.rate]
    while now.state == RUNNING:
        now, memory = govern(policy, now, memory, seen(age=100))
        rates.append(now.rate)
        assert len(rates) < 50

    assert rates[:4] == [100, 50, 25, 12.5]
    assert rates[-1] == 1.0
    assert rates.count(1.0) == LOOKS_AT_FLOOR + 1
    assert now.reason == "target-behind: its oldest message is 100 s old, 60 allowed, at 1 events/s"


def test_a_recovered_target_gets_its_rate_back_step_by_step() -> None:
    policy = Policy(None, False, Health(max_oldest_message_age_seconds=AGE_BOUND))
    now, memory = control(rate=50), Memory()
    rates = []
    for look in range(7):
        now, memory = govern(policy, now, memory, seen(look * 5.0))
        rates.append(now.rate)

    assert rates == pytest.approx([60, 70, 80, 90, 100, 100, 100])


def test_the_last_step_up_ends_at_the_ceiling() -> None:
    now, _ = govern(Policy(None, False, Health(max_oldest_message_age_seconds=60)), control(rate=95), Memory(), seen())

    assert now.rate == 100.0


def test_head_room_is_left_below_the_rate_at_which_the_target_fell_behind() -> None:
    policy = Policy(None, False, Health(max_oldest_message_age_seconds=AGE_BOUND, head_room=0.2))
    now, memory = govern(policy, control(rate=50), Memory(), seen(age=100))
    assert now.rate == 25
    for look in range(10):
        now, memory = govern(policy, now, memory, seen(look * 5.0))

    assert 40 <= now.rate < 46, "80 % of the 50 at which it fell behind, and a little for a consumer that grew"


def test_a_ramp_goes_on_by_itself_after_a_healthy_minute_at_each_step() -> None:
    policy = Policy((1.0, 10.0, 100.0), False, Health())
    now, memory = control(rate=1, limit=100), Memory()
    steps: list[tuple[int, float]] = []
    for look in range(120):
        now, memory = govern(policy, now, memory, seen(look * 5.0))
        steps.append((now.ramp_step, now.rate))

    assert [step for step, _ in steps] == sorted(step for step, _ in steps)
    for step, allowed in enumerate((1.0, 10.0, 100.0)):
        rates = [rate for at, rate in steps if at == step]
        assert max(rates) == pytest.approx(allowed)
        assert rates.count(max(rates)) * 5.0 >= STEP_SECONDS
    assert steps[-1] == (2, 100.0)


def test_a_ramp_that_asks_pauses_after_each_step_and_names_the_next() -> None:
    policy = Policy((1.0, 10.0), True, Health())
    now, memory = control(rate=1, limit=100), Memory()
    looks = 0
    while now.state == RUNNING:
        now, memory = govern(policy, now, memory, seen(looks * 5.0))
        looks += 1
        assert looks < 50

    assert now.ramp_step == 0
    assert now.reason == "ramp: step 1 of 2 (1 %) is done and the target healthy; resume to go on with 10 %"


def test_dead_letters_in_a_canary_step_pause_before_the_next_step() -> None:
    policy = Policy((1.0, 100.0), False, Health(max_dead_letters_growth=0))
    now, memory = govern(policy, control(rate=1), Memory(), seen(dead=5))

    now, memory = govern(policy, now, memory, seen(5.0, dead=6))

    assert (now.state, now.ramp_step) == (PAUSED, 0)


def test_dead_letters_are_counted_from_the_first_look_over_all_steps_of_a_ramp() -> None:
    policy = Policy((1.0, 10.0, 100.0), False, Health(max_dead_letters_growth=5))
    now, memory = control(rate=1), Memory()
    dead, look = 100, 0
    while now.state == RUNNING and look < 200:
        if look % 10 == 9:
            dead += 1
        now, memory = govern(policy, now, memory, seen(look * 5.0, dead=dead))
        look += 1

    assert now.state == PAUSED
    assert now.ramp_step > 0
    assert dead == 106


def test_a_plan_without_ramp_and_bounds_governs_nothing() -> None:
    plan = ReplayWorld([stored(0)]).plan

    assert not plan.is_governed
    assert replace(plan, ramp=(1.0,)).is_governed
    assert replace(plan, health=Health(max_dead_letters_growth=0)).is_governed


def test_the_age_of_a_standing_queue_grows_with_the_time_it_stands() -> None:
    backlog = BacklogAge()
    ages = [backlog.age(at, length, rate_in=10) for at, length in ((0, 0), (10, 100), (20, 200), (30, 300))]

    assert ages == [0, 0, 10, 20]


def test_the_age_of_a_moving_queue_is_its_length_by_its_throughput() -> None:
    backlog = BacklogAge()
    for at in range(0, 1000, 10):
        age = backlog.age(float(at), 50, rate_in=10)

    assert age == 5.0


def test_the_age_survives_the_way_through_the_state_machine() -> None:
    backlog = BacklogAge()
    backlog.age(0, 10, 1)

    again = BacklogAge(**backlog.to_json())

    assert again.age(100, 110, 1) == 100
