"""The replay queue as tables, and its live line."""

import json
from datetime import timedelta

from rich.table import Table

from event_fork_cli.moments import shown_duration
from event_fork_cli.queue_replay.draining import Drain, QueueRun, QueueStatus


def queue_view(status: QueueStatus) -> Table:
    """Where a replay queue stands."""
    table = _grid()
    table.add_row("queue", status.queue)
    table.add_row("mapping", status.mapping_state)
    table.add_row("waiting", f"{status.visible:,} visible, {status.hidden:,} hidden")
    table.add_row("run", "none" if status.holder is None else _held(status))
    if status.window is not None:
        table.add_row("window", json.dumps(status.window))
    return table


def run_view(run: QueueRun) -> Table:
    """What a run did."""
    table = _grid()
    table.add_row("replay", run.replay_id)
    table.add_row("queue", run.queue)
    table.add_row("forwarded", f"{run.forwarded:,} in {shown_duration(timedelta(seconds=run.seconds))}")
    if run.dead_lettered:
        table.add_row("dead-lettered", f"{run.dead_lettered:,}")
    table.add_row("stay for later", f"{run.left:,}, hidden until {run.hidden_until} at most")
    if run.in_flight:
        table.add_row("in flight", f"{run.in_flight:,} of these: failed, not their turn yet, or hidden before")
    table.add_row("mapping", "as somebody else left it" if run.ended_by else "off again")
    return table


def drain_line(look: Drain) -> str:
    """A look at a run, in one line."""
    settling = look.settling
    failures = "".join(f"; {code}: {count:,} went back" for code, count in settling.failures.most_common())
    left = "?" if not look.rate else shown_duration(timedelta(seconds=look.now.visible / look.rate))
    return (
        f"{look.now.visible:,} of {settling.start.visible:,} still to be looked at, {settling.forwarded:,} forwarded, "
        f"{look.now.hidden:,} in flight or kept, {look.rate:,.0f}/s, {left} left{failures}"
    )


def _held(status: QueueStatus) -> str:
    holder = status.holder or {}
    return f"{holder.get('replay_id')} by {holder.get('holder')} since {holder.get('started_at')}"


def _grid() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    return table
