"""How slow a replay may be: each worker has so much time for an event, and so many invocations for an item.

An item that waits or sends for longer ends as failed, when its retrier has no attempt left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta

from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import Plan
from event_fork.sending.backoff import usable_seconds
from event_fork_cli.errors import BadInputError
from event_fork_cli.moments import shown_duration
from event_fork_cli.options import refuse_slower

INVOCATIONS = 1000
"""MaxAttempts of OutOfTimeError in modules/archive-replay/state_machine.tf."""
_OF_TIME = 0.9
"""An invocation starts and reads before it sends."""
_GOVERNED = timedelta(days=25)
"""A turn of the governor is one invocation of 885 s and 9 events of the 25,000 that an execution's history holds."""
_EXECUTION = timedelta(days=360)
"""An execution ends after a year: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""


def refuse_endless(plan: Plan, worker_seconds: float, *, rate: str, pace: str) -> None:
    """Raises BadInputError for a plan that would end before all of it is sent. `rate`, `pace`: what to name in it."""
    refuse_slower_than_items(rate, plan.rate, plan, worker_seconds)
    refuse_long_waits(pace, plan, plan.items, worker_seconds)
    _refuse_too_long(rate, plan)


def refuse_slower_than_items(option: str, rate: float, plan: Plan, worker_seconds: float) -> None:
    """Raises BadInputError for a rate at which the plan's largest item is not sent in the invocations it has."""
    refuse_slower(option, rate, plan.workers, worker_seconds)
    largest = max((item.events for item in plan.items), default=0)
    # An invocation sends whole events, and has to start and read before it does.
    most = int(rate / plan.workers * usable_seconds(worker_seconds) * _OF_TIME)
    if largest > most * INVOCATIONS:
        needed = math.ceil(largest / INVOCATIONS) * plan.workers / usable_seconds(worker_seconds) / _OF_TIME
        slowest = math.ceil(needed * 1000) / 1000
        raise BadInputError(
            option,
            f"must be at least {slowest:g}: one of {plan.workers} workers sends {largest:,} events of an object, and "
            f"has {INVOCATIONS:,} invocations for them",
            example=f"{slowest:g}",
            received=rate,
        )


def refuse_long_waits(option: str, plan: Plan, items: Sequence[Item], worker_seconds: float) -> None:
    """Raises BadInputError for a pace at which a worker waits longer for an event than its invocations last.

    `items`: those that are to be sent. A worker takes one when the one that came so many places before it is done, and
    then waits until it is due.
    """
    if plan.pace is None:
        return
    due = [item.not_before_seconds or 0.0 for item in items]
    before = [0.0] * plan.workers + due
    longest = max((moment - begin for begin, moment in zip(before, due, strict=False)), default=0.0)
    most = _longest(worker_seconds)
    if longest > most:
        faster = math.ceil(plan.pace * longest / most * 1000) / 1000
        raise BadInputError(
            option,
            f"must be at least {faster:g}x, or the workers fewer: one would wait {_shown(longest)} until its events "
            f"are due, and can wait {_shown(most)}",
            example=f"--pace {faster:g}x",
            received=f"{plan.pace:g}x",
        )


def _refuse_too_long(option: str, plan: Plan) -> None:
    """Raises BadInputError for a replay that ends before it is done, by the limits of Step Functions."""
    most = _GOVERNED if plan.is_governed else _EXECUTION
    length = timedelta(minutes=plan.estimate.minutes)
    if length > most:
        raise BadInputError(
            option,
            f"must make it last at most {shown_duration(most)}, as long as an execution of Step Functions "
            f"{'with a governor ' if plan.is_governed else ''}can be; this one would take {shown_duration(length)}",
            example="a shorter window",
            received=f"{plan.rate:g}",
        )


def _shown(seconds: float) -> str:
    return shown_duration(timedelta(seconds=seconds))


def _longest(worker_seconds: float) -> float:
    return INVOCATIONS * usable_seconds(worker_seconds)
