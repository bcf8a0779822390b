"""Comparisons as tables."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.comparing.results import Comparison

_LONGEST = 200


def comparison_view(found: Comparison) -> RenderableType:
    """The sentence, the counts, and the samples field by field."""
    counts = Table.grid(padding=(0, 2))
    counts.add_column(style="bold")
    counts.add_column(overflow="fold")
    counts.add_row("in all", found.sentence)
    counts.add_row("changed", f"{found.changed:,}")
    counts.add_row("new", f"{found.new:,} only in {found.shadow}")
    counts.add_row("not there", f"{found.gone:,} only in {found.live}")
    counts.add_row("same", f"{found.same:,}")
    if not found.samples:
        return counts
    table = Table(title=f"Samples ({len(found.samples):,})", title_justify="left")
    table.add_column("key", overflow="fold")
    table.add_column("what", no_wrap=True)
    for column in ("field", "live", "shadow"):
        table.add_column(column, overflow="fold")
    for sample in found.samples:
        table.add_section()
        names = [sample.key, sample.what.value]
        for one in sample.fields:
            table.add_row(*names, one.path, _short(one.live), _short(one.shadow))
            names = ["", ""]
        if not sample.fields:
            table.add_row(*names, "", "", "")
    return Group(counts, table)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"
