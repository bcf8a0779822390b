"""An archive as tables."""

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.archive_replay.conversion import Converted
from event_fork_cli.archive_replay.inspection import Inspection
from event_fork_cli.moments import shown_duration
from event_fork_cli.views.plans import shown_bytes

_MOST_TYPES = 20


def inspection_view(found: Inspection) -> RenderableType:
    """What the archive is, then the objects that were looked into."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("archive", found.archive)
    table.add_row("folders", found.layout or "none by time")
    if found.columns:
        table.add_row("columns", ", ".join(found.columns[:_MOST_TYPES]))
    for folder, other in found.others.items():
        table.add_row("not of these", f"{folder} and others by {other} (--layout {other})")
    at_least = "" if found.counted_all else "at least "
    table.add_row("size", f"{at_least}{found.objects:,} objects, {shown_bytes(found.bytes)} as stored")
    if found.days:
        table.add_row("days", f"{found.days:,}")
    table.add_row("first, last", f"{found.first or 'not in its name'}, {found.last or 'not in its name'}")
    if found.names_ahead_seconds is not None:
        apart = shown_duration(timedelta(seconds=abs(found.names_ahead_seconds)))
        where = "after" if found.names_ahead_seconds > 0 else "before"
        table.add_row(
            "time zone",
            f"names tell times {apart} {where} their events: name the stream's zone, such as --layout auto@Asia/Tokyo",
        )
    table.add_row("topics", ", ".join(found.topics) or "none was seen")
    types = [f"{name} ({count:,})" for name, count in list(found.types.items())[:_MOST_TYPES]]
    table.add_row("types seen", ", ".join(types) or "none")
    samples = Table(title="Looked into", title_justify="left")
    samples.add_column("object", overflow="fold")
    samples.add_column("stored", justify="right")
    samples.add_column("compression")
    samples.add_column("events", justify="right")
    samples.add_column("cannot be read", overflow="fold")
    for sample in found.samples:
        trouble = sample.trouble
        if sample.unreadable_lines > 1:
            trouble += f" and {sample.unreadable_lines - 1:,} more"
        samples.add_row(sample.key, shown_bytes(sample.bytes), sample.compression, f"{sample.events:,}", trouble)
    return Group(table, samples)


def conversion_view(found: Sequence[Converted]) -> RenderableType:
    """How many objects there are now, with how many lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(justify="right")
    made = [one for one in found if one.lines is not None and not one.trouble]
    table.add_row("objects written", f"{len(made):,}")
    table.add_row("lines", f"{sum(one.lines or 0 for one in made):,}")
    table.add_row("there before", f"{sum(one.lines is None for one in found):,}")
    table.add_row("not read", f"{sum(bool(one.trouble) for one in found):,}")
    return table
