"""Running and past replays as tables, and the live bar."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from event_fork.replay_plan.control import Change
from event_fork_cli.archive_replay.statuses import ENDED, Status, StatusReader
from event_fork_cli.moments import shown_duration

POLL_SECONDS = 1.0
_RATE_SECONDS = 10.0
_LINE_EVERY_SECONDS = 10.0


def status_view(status: Status) -> RenderableType:
    """One replay: where it stands, and the first of its failures."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("replay", status.replay_id)
    table.add_row("state", f"{status.state}{': ' + status.reason if status.reason else ''}")
    share = f" ({status.sent / status.total:.1%})" if status.total else ""
    table.add_row("sent", f"{status.sent:,} of {status.total:,}{share}")
    table.add_row("failed, left", f"{status.failed:,}, {status.left:,}")
    if status.unmarked:
        table.add_row("unmarked", f"{status.unmarked:,} had no room for the attribute event-fork-replay-id")
    table.add_row("rate", f"{status.rate:g} of at most {status.limit:g} events/s, {status.workers} workers")
    if status.seconds_left is not None:
        table.add_row("time left", shown_duration(timedelta(seconds=status.seconds_left)))
    table.add_row("from", status.archive)
    table.add_row("to", status.target)
    table.add_row("planned by", status.created_by)
    for change in status.changes:
        table.add_row(change.what, f"{change.at} by {change.by}" + (f": {change.reason}" if change.reason else ""))
    for why in status.unreadable:
        table.add_row("not counted", why)
    for execution in status.executions:
        table.add_row("execution", f"{execution.name} {execution.status}, started {execution.started:%Y-%m-%d %H:%M}")
    for run in status.map_runs:
        counts = ", ".join(f"{count} {name}" for name, count in run.items.items() if count)
        table.add_row("map run", f"{counts or 'nothing yet'}; at most {run.max_concurrency} at once")
    if not status.failures:
        return table
    failures = Table(title="Failed (first 20)", title_justify="left")
    failures.add_column("line")
    failures.add_column("message id", no_wrap=True)  # to be copied
    failures.add_column("reason", overflow="fold")
    for failure in status.failures:
        failures.add_row(str(failure.line), failure.message_id, failure.reason)
    return Group(table, failures)


def history_view(statuses: list[Status]) -> Table:
    """One line for each replay."""
    table = Table()
    table.add_column("replay", no_wrap=True)  # to be copied
    for column in ("state", "who did what when (UTC)", "from", "to"):
        table.add_column(column, overflow="fold")
    table.add_column("sent", justify="right")
    table.add_column("failed", justify="right")
    for status in statuses:
        table.add_row(
            status.replay_id,
            status.state,
            Group(*map(_change, status.changes)),
            status.archive,
            status.target.rpartition(":")[2],
            f"{status.sent:,} of {status.total:,}",
            f"{status.failed:,}",
        )
    return table


def _change(change: Change) -> str:
    return f"{change.what} {change.at[:19].replace('T', ' ')} {change.by.rpartition('/')[2]}"


def watch(
    reader: StatusReader,
    console: Console,
    *,
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Status:
    """Shows a live bar on `console` until nothing of the replay runs any more; the last status.

    Without a terminal: a line every ten seconds.
    """
    measured: deque[tuple[float, int]] = deque()
    said = float("-inf")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=console, transient=False, disable=not console.is_terminal) as bar:
        task = bar.add_task("starting", total=None, said="")
        while True:
            status = reader.read()
            now = clock()
            measured.append((now, status.sent))
            while now - measured[0][0] > _RATE_SECONDS:
                measured.popleft()
            speed = _speed(measured)
            line = _line(status, speed)
            bar.update(task, description=status.state, total=max(status.total, 1), completed=status.sent, said=line)
            if not console.is_terminal and (now - said >= _LINE_EVERY_SECONDS or status.state in ENDED):
                console.print(f"{status.state}: {line}", soft_wrap=True)
                said = now
            if status.state in ENDED:
                return status
            wait(POLL_SECONDS)


def _line(status: Status, speed: float) -> str:
    left = "nothing"
    if status.left:
        left = shown_duration(timedelta(seconds=status.left / speed)) if speed else "?"
    return f"{status.sent:,} of {status.total:,} sent, {status.failed:,} failed, {speed:,.0f}/s, {left} left"


def _speed(measured: deque[tuple[float, int]]) -> float:
    (first, sent_first), (last, sent_last) = measured[0], measured[-1]
    return max(0.0, (sent_last - sent_first) / (last - first)) if last > first else 0.0
