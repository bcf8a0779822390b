"""A report as tables."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.reports.collecting import Report
from event_fork_cli.reports.rows import Row, fork_rows, of_numbers, replay_rows, title_of, topic_rows, type_rows


def report_view(report: Report) -> RenderableType:
    """Topic, forks, types and replays."""
    window = f"{report.start:%Y-%m-%d %H:%M} to {report.end:%Y-%m-%d %H:%M} UTC"
    parts: list[RenderableType] = [_table(f"{title_of(report)}, {window}", topic_rows(report.topic))]
    parts.append(_table("Forks", fork_rows(report.forks)))
    if report.archive is not None:
        parts.append(_table(f"Types in {report.archive}", type_rows(report)))
    if report.replays:
        parts.append(_table("Replays", replay_rows(report.replays)))
    return Group(*parts)


def _table(title: str, rows: Sequence[Row]) -> Table:
    head, *body = rows
    table = Table(title=title, title_justify="left")
    for name, number in zip(head, of_numbers(rows), strict=True):
        table.add_column(str(name), justify="right" if number else "left", overflow="fold")
    for row in body:
        table.add_row(
            *(("-" if cell is None else f"{cell:,}" if isinstance(cell, int | float) else cell) for cell in row)
        )
    return table
