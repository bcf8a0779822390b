"""A rebuilt index, and the rows of a query, as tables."""

import json
from typing import Any

from rich.console import RenderableType
from rich.table import Table

from event_fork_cli.search.rebuilding import Rebuilt


def rebuilt_view(done: Rebuilt) -> RenderableType:
    """What was built, what was compared, what the alias means now."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    filled, compared = done.filled, done.compared
    table.add_row("index", done.rebuild.index)
    table.add_row("window", f"{done.rebuild.start} to {done.rebuild.end}")
    table.add_row("archive", f"{filled.events:,} events, {filled.wanted:,} of them for the index")
    table.add_row("documents", f"{filled.created:,} indexed, {filled.there:,} there already or second copies")
    for what, reasons in (("no document", filled.impossible), ("refused", filled.refused)):
        for reason, count in reasons.most_common():
            table.add_row(what, f"{count:,}: {reason}")
    table.add_row("ids compared", f"{compared.archive:,} in the archive, {compared.index:,} in the index")
    table.add_row("checksum", f"{compared.archive_checksum:032x}" + (", equal" if compared.equal else ", NOT equal"))
    if done.swap is not None:
        table.add_row("alias", done.swap.alias)
        table.add_row("out of it", ", ".join(done.swap.replaced) or "no index")
        if done.swap.narrowed:
            table.add_row("only outside the window", ", ".join(done.swap.narrowed))
    return table


def rows_view(columns: list[str], rows: list[dict[str, Any]]) -> RenderableType:
    """The rows of a query."""
    table = Table()
    for name in rows[0] if rows else columns:
        numbers = all(isinstance(row[name], int | float) and not isinstance(row[name], bool) for row in rows)
        table.add_column(name, overflow="fold", justify="right" if rows and numbers else "left")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
