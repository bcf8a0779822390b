"""Groups of what failed, one of them in full, what a repair did, and the history, as tables."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from rich.console import Group as Parts
from rich.console import RenderableType
from rich.table import Table

from event_fork.events.time_window import timestamp_text
from event_fork_cli.moments import shown_duration
from event_fork_cli.repairs.groups import Group
from event_fork_cli.repairs.history import Entry
from event_fork_cli.views.plans import shown_bytes

DONE = "done"
_MOST_TYPES = 3


def groups_view(groups: Sequence[Group], title: str) -> RenderableType:
    """One line for each group."""
    table = Table(title=title, title_justify="left")
    table.add_column("group", no_wrap=True)  # to be copied
    table.add_column("count", justify="right", no_wrap=True)
    table.add_column("why, and which events", overflow="fold")
    table.add_column("first, last (UTC)", no_wrap=True)
    table.add_column("example", overflow="fold")
    for group in groups:
        why = (group.reason, group.error, group.field and f"field {group.field}", _types(group.types))
        times = dict.fromkeys(map(_shown_time, (group.first, group.last)))
        table.add_row(group.id, f"{group.count:,}", _lines(why), _lines(times), group.example)
    return table


def rows(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Groups as CSV and JSON have them."""
    return [
        {
            "group": group.id,
            "count": group.count,
            "reason": group.reason,
            "error": group.error,
            "field": group.field,
            "types": dict(group.types.most_common()),
            "first": group.first,
            "last": group.last,
            "bytes": group.bytes,
            "example": group.example,
        }
        for group in groups
    ]


def samples_view(group: Group, samples: Sequence[dict[str, Any]]) -> RenderableType:
    """A group, and some of it in full."""
    parts: list[RenderableType] = [_grid(_of_group(group))]
    for number, sample in enumerate(samples, 1):
        told = {name: _text(value) for name, value in sample.items() if value is not None}
        parts.append(_grid({f"sample {number}": "", **told}))
    return Parts(*parts)


def fields_view(fields: dict[str, Any]) -> Table:
    """Name and value, line by line; what there is nothing of is left out, except `done`."""
    return _grid({name: _text(value) for name, value in fields.items() if value or name == DONE})


def history_view(entries: Sequence[Entry]) -> Table:
    """One line for each repair."""
    table = Table()
    for column in ("ended (UTC)", "action", "by", "chosen", "set"):
        table.add_column(column, overflow="fold")
    table.add_column("done", justify="right")
    table.add_column("left", justify="right")
    table.add_column("how it ended", overflow="fold")
    for entry in entries:
        repair = entry.repair
        names = ("action", "chosen", "set_file", "done", "left", "ended")
        action, chosen, set_file, done, left, ended = (_text(repair.get(name, "")) for name in names)
        by = entry.by.rpartition("/")[2] or entry.by
        table.add_row(timestamp_text(entry.at)[:19].replace("T", " "), action, by, chosen, set_file, done, left, ended)
    return table


def seconds_text(seconds: float) -> str:
    """How long something took."""
    return shown_duration(timedelta(seconds=seconds))


def _of_group(group: Group) -> dict[str, str]:
    return {
        "group": group.id,
        "reason": group.reason,
        "error": group.error,
        "field": group.field,
        "count": f"{group.count:,} ({shown_bytes(group.bytes)})",
        "types": _types(group.types),
        "first, last": f"{group.first or '?'}, {group.last or '?'}",
    }


def _lines(texts: Iterable[str]) -> Parts:
    return Parts(*filter(None, texts))


def _types(types: Counter[str]) -> str:
    named = [f"{kind} {count:,}" for kind, count in types.most_common(_MOST_TYPES)]
    more = len(types) - len(named)
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _shown_time(text: str) -> str:
    return text[:19].replace("T", " ")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return json.dumps(value, ensure_ascii=False)


def _grid(fields: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        if value or name.startswith("sample"):
            table.add_row(name, value)
    return table
