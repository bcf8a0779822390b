"""Drills as tables."""

from __future__ import annotations

from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.drills.drilling import Drill
from event_fork_cli.drills.switching import Switched
from event_fork_cli.moments import shown_duration
from event_fork_cli.views.plans import shown_unreadable
from event_fork_cli.views.repairs import fields_view


def drill_view(drill: Drill) -> RenderableType:
    """The verdict first, then the counts, then what would be lost."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("drill", f"{'passed' if drill.passed else 'FAILED'} ({drill.replay_id}, {drill.state})")
    for reason in drill.reasons:
        table.add_row("because", reason)
    table.add_row("archive", drill.archive)
    table.add_row("window", f"{drill.start} to {drill.end} (published)")
    table.add_row("shadow queue", drill.target)
    table.add_row("events", f"{drill.came:,} of {drill.planned:,} came back")
    table.add_row("second copies", f"{drill.copies:,}")
    table.add_row("missing, extra", f"{drill.missing:,}, {drill.extra:,}")
    table.add_row("failed, left", f"{drill.failed:,}, {drill.left:,}")
    table.add_row("unreadable", shown_unreadable(drill.unreadable))
    table.add_row("restored in", _restored(drill))
    if drill.newest_event is not None:
        table.add_row("newest event", drill.newest_event)
    if drill.strangers or drill.not_deleted:
        table.add_row("left in the queue", f"{drill.strangers:,} of others, {drill.not_deleted:,} that stay undeleted")
    if not drill.lost:
        return table
    lost = Table(title="Would be lost (first 20)", title_justify="left")
    lost.add_column("object, line or event", overflow="fold")
    for one in drill.lost:
        lost.add_row(one)
    return Group(table, lost)


def switched_view(found: Switched) -> RenderableType:
    """What a new consumer finds."""
    shown = {
        "queue": found.target,
        "replay": found.replay_id,
        "cut": found.cut,
        "from the archive": found.planned,
        "doubles": f"{found.doubles:,} live messages were deleted, for the archive brings them",
        "second copies": found.second_copies,
        "live events": found.live,
        "missing": found.missing,
    }
    return fields_view(shown)


def _restored(drill: Drill) -> str:
    if drill.seconds_to_restore is None:
        return "nothing came back"
    whole, plan = (shown_duration(timedelta(seconds=one)) for one in (drill.seconds_to_restore, drill.seconds_to_plan))
    return f"{whole} ({plan} of it to plan)"
