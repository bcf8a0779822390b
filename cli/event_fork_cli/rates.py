"""A rate as operators give it."""

import math

from event_fork.replay_plan.control import MIN_RATE
from event_fork_cli.errors import BadInputError


def checked_rate(option: str, rate: float, *, example: str) -> float:
    """The rate itself, in events a second. Raises BadInputError; NaN and infinity are no rates."""
    if not (math.isfinite(rate) and rate >= MIN_RATE):
        raise BadInputError(option, f"must be at least {MIN_RATE} events a second", example=example, received=rate)
    return rate
