"""How slow a replay may be: each worker has so much time for an event, and so many invocations for an item.

An item that waits or sends for longer ends as failed, when its retrier has no attempt left.
"""

from __future__ import annotations

import math
from datetime import timedelta

from event_fork.replay_plan.plan import Plan
from event_fork.sending.backoff import usable_seconds
from event_fork_cli.errors import BadInputError
from event_fork_cli.moments import shown_duration
from event_fork_cli.options import refuse_slower

INVOCATIONS = 1000
"""MaxAttempts of OutOfTimeError in modules/archive-replay/state_machine.tf."""


def refuse_slower_than_items(option: str, rate: float, plan: Plan, worker_seconds: float) -> None:
    """Raises BadInputError for a rate at which the plan's largest item is not sent in the invocations it has."""
    refuse_slower(option, rate, plan.workers, worker_seconds)
    largest = max((item.events for item in plan.items), default=0)
    slowest = math.ceil(largest * plan.workers / _longest(worker_seconds) * 1000) / 1000
    if rate < slowest:
        raise BadInputError(
            option,
            f"must be at least {slowest:g}: one of {plan.workers} workers sends {largest:,} events of an object, and "
            f"has {INVOCATIONS:,} invocations for them",
            example=f"{slowest:g}",
            received=rate,
        )


def refuse_long_waits(option: str, plan: Plan, worker_seconds: float) -> None:
    """Raises BadInputError for a pace at which a worker waits longer for an event than its invocations last.

    A worker takes an item when the one that came so many places before it is done, and then waits until it is due.
    """
    if plan.pace is None:
        return
    due = [item.not_before_seconds or 0.0 for item in plan.items]
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


def _shown(seconds: float) -> str:
    return shown_duration(timedelta(seconds=seconds))


def _longest(worker_seconds: float) -> float:
    return INVOCATIONS * usable_seconds(worker_seconds)
