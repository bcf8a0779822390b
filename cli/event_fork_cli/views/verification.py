"""A verified window as tables."""

from rich.console import Group, RenderableType
from rich.table import Table

from event_fork_cli.verification.verifying import Report
from event_fork_cli.verification.witness import State
from event_fork_cli.views.plans import shown_bytes

_MOST_SHOWN = 20
_LINES = 48


def report_view(report: Report) -> RenderableType:
    """What was compared, hour by hour, and what is missing or too much."""
    parts: list[RenderableType] = [_head(report), _indices(report)]
    if report.stretches:
        parts.append(_stretches(report))
    if report.differences:
        parts.append(_differences(report))
    if report.unreadable:
        table = Table(title="Cannot be read", title_justify="left")
        table.add_column("object", overflow="fold")
        table.add_column("why", overflow="fold")
        for entry in report.unreadable[:_MOST_SHOWN]:
            table.add_row(entry["key"], entry["reason"])
        parts.append(table)
    return Group(*parts)


def _head(report: Report) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("window", f"{report.start} to {report.end}")
    table.add_row("topic", report.topic_arn)
    table.add_row("archive", f"{report.archive} ({report.objects:,} objects, {shown_bytes(report.bytes)} as stored)")
    counts = f"{report.archived:,} archived"
    if report.set_aside:
        counts += f", {report.set_aside:,} dead-lettered or refused by the archive"
    if report.published is not None:
        counts = f"{report.published:,} published by SNS's count, {counts}"
    table.add_row("events", counts)
    table.add_row("verdict", _verdict(report))
    return table


def _verdict(report: Report) -> str:
    if not report.complete:
        return "NOT complete"
    if not report.is_settled:
        return f"complete up to {report.settled}; what was published later may be on its way"
    return "complete"


def _indices(report: Report) -> Table:
    table = Table(title="Indices", title_justify="left")
    columns = {
        "wanted": "wanted",
        "indexed": "indexed",
        "dead letters": "dead_letters",
        "rejected": "rejected",
        "routed": "routed",
        "in flight": "in_flight",
        "missing": "missing",
        "too much": "unwanted",
        "second copies": "copies",
    }
    if not any(tally.routed for tally in report.indices.values()):
        del columns["routed"]
    table.add_column("search fork")
    for title in columns:
        table.add_column(title, justify="right")
    for fork, tally in report.indices.items():
        table.add_row(fork, *(f"{getattr(tally, name):,}" for name in columns.values()))
    return table


def _stretches(report: Report) -> Table:
    table = Table(title="By time of publishing", title_justify="left")
    table.add_column("from")
    for name in ("published", "stored", "lost", "SNS failed"):
        table.add_column(name, justify="right")
    table.add_column("")
    shown = report.stretches
    if len(shown) > _LINES:
        # Of a long window what is not as it should be comes first.
        shown = sorted(shown, key=lambda one: (one.state in (State.COMPLETE, State.QUIET), one.start))[:_LINES]
    for one in shown:
        table.add_row(one.start, f"{one.published:,}", f"{one.stored:,}", f"{one.lost:,}", f"{one.failed:,}", one.state)
    if len(shown) < len(report.stretches):
        table.add_row(f"and {len(report.stretches) - len(shown):,} more")
    return table


def _differences(report: Report) -> Table:
    table = Table(title="Differences", title_justify="left")
    for name in ("event", "published", "what", "fork", "object"):
        table.add_column(name, overflow="fold")
    for one in report.differences[:_MOST_SHOWN]:
        what = f"{one.kind}: no document ({one.reason})" if one.reason else str(one.kind)
        table.add_row(one.event_id, one.published, what, one.fork, one.object)
    if len(report.differences) > _MOST_SHOWN:
        table.add_row(f"and {len(report.differences) - _MOST_SHOWN:,} more (--output json has them)")
    return table
