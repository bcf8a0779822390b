"""A plan for a shadow queue: exactly the events of another plan, and nothing that counts hangs on it."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.plan import Health, Plan, Target
from event_fork_cli.archive_replay.engines import AllowedTarget, ReplayEngine
from event_fork_cli.errors import RefusedError

_EXPIRES = timedelta(hours=1)


def new_replay_id(now: datetime) -> str:
    """Begins with the time, so that ids sort by it."""
    return f"replay-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def shadow_of(plan: Plan, target: AllowedTarget, engine: ReplayEngine, caller: str, now: datetime) -> Plan:
    """The same events in the same form and at the same rate, as a replay of its own. Raises RefusedError.

    Ramp and bounds protect the target's consumer, and a shadow's needs no protection. A signature was for the plan.
    """
    wanted = Target(target.arn, target.url, plan.target.body)
    if wanted.is_fifo != plan.target.is_fifo:
        kind = "FIFO" if plan.target.is_fifo else "standard"
        raise RefusedError(f"{target.arn} must be a {kind} queue, as the target of the plan is")
    return replace(
        plan,
        replay_id=new_replay_id(now),
        created_at=timestamp_text(now),
        created_by=caller,
        expires_at=timestamp_text(now + _EXPIRES),
        target=wanted,
        engine=engine.in_plan(),
        ramp=None,
        ramp_asks=False,
        health=Health(),
        signature=None,
    ).sealed()
