"""The governor's policy: from what is seen of the target to the replay's rate. Pure: data in, data out.

    ceiling   what the operator allows now: limit x ramp step, less the head-room once the consumer's capacity is known
    healthy   the rate grows by a tenth of the ceiling at each look (additive increase)
    behind    the target's oldest message is older than allowed: the rate halves (multiplicative decrease)
    stop      dead letters grew beyond the bound, or the target stays behind at the lowest rate: paused, with the reason

It pauses and never cancels: what was not sent can be resumed. The rule is that of TCP's congestion control (Chiu and
Jain 1989): many who share one consumer come to fair shares without knowing of each other, live events among them.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from event_fork.archive_replay.observation import Observation
from event_fork.replay_plan.control import DEAD_LETTERS, MIN_RATE, PAUSED, RAMP, RUNNING, Control
from event_fork.replay_plan.json_values import from_json
from event_fork.replay_plan.plan import Health

INCREASE = 0.1
"""Of the ceiling, at each healthy look."""
DECREASE = 0.5
FLOOR = 0.01
"""Of the operator's limit: the lowest rate that the governor sets by itself."""
LOOKS_AT_FLOOR = 6
"""Looks in a row behind at the lowest rate before the replay is paused."""
STEP_SECONDS = 60.0
"""A ramp step lasts at least so long at its full rate, healthy."""
CAPACITY_REGAIN = 1.01
"""At each healthy look the capacity is taken for so much larger: a consumer that was scaled up is found out."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the plan asks: `ramp` in percent of the limit, whether to ask after each step, the bounds."""

    ramp: tuple[float, ...] | None
    ramp_asks: bool
    health: Health


@dataclass(frozen=True, slots=True)
class Memory:
    """What the governor knows from earlier looks; it travels through the state machine as JSON.

    What must outlive an invocation that crashes, the first count of dead letters, is in control.json instead.
    `capacity`: events a second at which the target last fell behind. `healthy_since`: since when the ramp step's full
    rate is kept. `step`: the ramp step that the last look saw.
    """

    capacity: float | None = None
    healthy_since: float | None = None
    looks_at_floor: int = 0
    step: int | None = None

    def to_json(self) -> dict[str, Any]:
        """For the state machine."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> "Memory":
        """From the state machine; {} is a fresh one. Raises DocumentError."""
        return from_json(cls, value, "memory.policy")


def govern(policy: Policy, control: Control, memory: Memory, seen: Observation) -> tuple[Control, Memory]:
    """One look: the control to be written (the same object when nothing is to change) and what to remember."""
    if control.state != RUNNING:
        return control, memory
    if memory.step != control.ramp_step:
        memory = replace(memory, step=control.ramp_step, healthy_since=None)
    if policy.health.max_dead_letters_growth is not None and _is_fewest(control, seen):
        control = replace(control, dead_letters_at_first=seen.dead_letters)
    reason = _too_many_dead_letters(policy.health, control, seen)
    if reason:
        return replace(control, state=PAUSED, reason=reason), memory
    if _behind(policy.health, seen):
        return _slow_down(policy, control, memory, seen)
    return _speed_up(policy, control, memory, seen)


def seconds_to_send(events: float, limit: float, ramp: tuple[float, ...], look_seconds: float) -> float:
    """By the policy itself: how long a governed replay takes whose target keeps up and whose operator is quick."""
    policy = Policy(ramp, False, Health())
    control = Control(RUNNING, limit, limit, "", 0, "", "", "", "")
    control, memory, at = replace(control, rate=ceiling(policy, control)), Memory(), 0.0
    while (control.ramp_step + 1 < len(ramp) or control.rate < ceiling(policy, control)) and events > 0:
        events -= control.rate * look_seconds
        at += look_seconds
        control, memory = govern(policy, control, memory, Observation(at, 0, None, None))
    return at + events / control.rate


def ceiling(policy: Policy, control: Control, capacity: float | None = None) -> float:
    """The highest rate that is allowed now, in events a second."""
    ramp = policy.ramp or ()
    share = ramp[control.ramp_step] / 100 if control.ramp_step < len(ramp) else 1.0
    allowed = control.limit * min(1.0, share)
    if capacity is not None and policy.health.head_room is not None:
        allowed = min(allowed, capacity * (1 - policy.health.head_room))
    return max(allowed, min(MIN_RATE, control.limit))


def floor(policy: Policy, control: Control) -> float:
    """The lowest rate that the governor sets."""
    return min(ceiling(policy, control), max(MIN_RATE, control.limit * FLOOR))


def _is_fewest(control: Control, seen: Observation) -> bool:
    """Dead letters that are redriven, deleted or expire during a replay leave no room for as many new ones."""
    first, now = control.dead_letters_at_first, seen.dead_letters
    return now is not None and (first is None or now < first)


def _too_many_dead_letters(health: Health, control: Control, seen: Observation) -> str:
    bound, first = health.max_dead_letters_growth, control.dead_letters_at_first
    if bound is None or first is None or seen.dead_letters is None:
        return ""
    growth = seen.dead_letters - first
    return (
        f"{DEAD_LETTERS} {growth} more in the target's dead-letter queue, {bound:g} allowed" if growth > bound else ""
    )


def _behind(health: Health, seen: Observation) -> bool:
    bound = health.max_oldest_message_age_seconds
    return bound is not None and seen.oldest_age_seconds is not None and seen.oldest_age_seconds > bound


def _slow_down(policy: Policy, control: Control, memory: Memory, seen: Observation) -> tuple[Control, Memory]:
    lowest = floor(policy, control)
    at_floor = control.rate <= lowest
    memory = replace(
        memory,
        capacity=control.rate if memory.capacity is None else min(control.rate, memory.capacity),
        healthy_since=None,
        looks_at_floor=memory.looks_at_floor + 1 if at_floor else 0,
    )
    age, bound = seen.oldest_age_seconds, policy.health.max_oldest_message_age_seconds
    if memory.looks_at_floor >= LOOKS_AT_FLOOR:
        reason = f"target-behind: its oldest message is {age:.0f} s old, {bound:g} allowed, at {lowest:g} events/s"
        return replace(control, state=PAUSED, reason=reason), memory
    slower = max(lowest, min(ceiling(policy, control), control.rate * DECREASE))
    if slower == control.rate:
        return control, memory
    return replace(control, rate=slower, reason=f"slower: the target's oldest message is {age:.0f} s old"), memory


def _speed_up(policy: Policy, control: Control, memory: Memory, seen: Observation) -> tuple[Control, Memory]:
    capacity = None if memory.capacity is None else memory.capacity * CAPACITY_REGAIN
    memory = replace(memory, capacity=capacity, looks_at_floor=0)
    highest = max(ceiling(policy, control, memory.capacity), floor(policy, control))
    if control.rate < highest:
        faster = min(highest, max(floor(policy, control), control.rate + highest * INCREASE))
        return replace(control, rate=faster, reason="faster: the target keeps up"), memory
    if control.rate > highest:
        return replace(control, rate=highest, reason=f"held at {highest:g} events/s"), replace(
            memory, healthy_since=None
        )
    if memory.healthy_since is None:
        return control, replace(memory, healthy_since=seen.at)
    return _next_step(policy, control, memory, seen)


def _next_step(policy: Policy, control: Control, memory: Memory, seen: Observation) -> tuple[Control, Memory]:
    ramp, step = policy.ramp or (), control.ramp_step
    since = seen.at if memory.healthy_since is None else memory.healthy_since
    if step + 1 >= len(ramp) or seen.at - since < STEP_SECONDS:
        return control, memory
    done = f"{RAMP} step {step + 1} of {len(ramp)} ({ramp[step]:g} %) is done and the target healthy"
    if policy.ramp_asks:
        return replace(control, state=PAUSED, reason=f"{done}; resume to go on with {ramp[step + 1]:g} %"), memory
    return replace(control, ramp_step=step + 1, reason=done), memory
