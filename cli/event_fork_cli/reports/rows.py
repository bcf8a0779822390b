"""The report's tables, the same for the terminal and for the page: a row of headings, then the rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from event_fork_cli.moments import shown_duration
from event_fork_cli.reports.collecting import ForkReport, ReplayReport, Report, TopicReport

Row = Sequence[str | int | float | None]


def title_of(report: Report) -> str:
    """What the report is about."""
    return f"Events of {report.topic.arn.rpartition(':')[2]}"


def topic_rows(topic: TopicReport) -> list[Row]:
    """What SNS counted of all subscriptions together."""
    return [
        ("published", "delivered", "filtered out", "failed"),
        (topic.published, topic.delivered, topic.filtered_out, topic.failed),
    ]


def fork_rows(forks: list[ForkReport]) -> list[Row]:
    """A column for each fork: there are more counts than forks, and a terminal or a telephone is narrow."""
    rows: list[Row] = [
        ("arrived", *(fork.arrived for fork in forks)),
        ("taken", *(fork.taken for fork in forks)),
        ("stored", *(fork.stored for fork in forks)),
        ("indexed", *(fork.indexed for fork in forks)),
        ("rejected", *(fork.rejected if fork.counted_all else f"at least {fork.rejected:,}" for fork in forks)),
        ("waiting now", *(fork.waiting for fork in forks)),
        ("in work now", *(fork.in_work for fork in forks)),
        ("dead letters now", *(fork.dead_letters for fork in forks)),
        ("longest wait", *(_seconds(fork.oldest_message_seconds) for fork in forks)),
        ("longest delivery", *(_seconds(fork.delivery_lag_seconds) for fork in forks)),
    ]
    return [("fork", *(f"{fork.name} ({fork.kind})" for fork in forks)), *rows]


def type_rows(report: Report) -> list[Row]:
    """One row for each type, the most frequent first."""
    counted: Counter[str] = Counter()
    for each in report.types:
        counted[each.type] += each.events
    unread: list[Row] = [("(objects that could not be read)", report.unreadable)] if report.unreadable else []
    return [("type", "events"), *counted.most_common(), *unread]


def replay_rows(replays: list[ReplayReport]) -> list[Row]:
    """One row for each replay."""
    head = ("replay", "state", "sent", "failed", "left", "of", "target")
    rows = [(r.replay_id, r.state, r.sent, r.failed, r.left, r.total, r.target.rpartition(":")[2]) for r in replays]
    return [head, *rows]


def of_numbers(rows: Sequence[Row]) -> list[bool]:
    """Which columns are of numbers, by the first row below the headings: they stand to the right."""
    return [len(rows) > 1 and not isinstance(cell, str) for cell in rows[min(1, len(rows) - 1)]]


def shown(cell: str | int | float | None) -> str:
    """A cell as text."""
    if cell is None:
        return "-"
    return cell if isinstance(cell, str) else f"{cell:,}"


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else shown_duration(timedelta(seconds=seconds))
