"""A plan as tables."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from event_fork.archive.raw_lines import RAW_LINES
from event_fork.archive_replay.governor import STEP_SECONDS
from event_fork.replay_plan.order import ONE_GROUP
from event_fork.replay_plan.plan import Plan, Unreadable
from event_fork_cli.moments import shown_duration

NO_TYPE = "(no type)"
_BAR, _SHORTEST_BAR = 30, 4
_FOR_TEXT = 80
_MOST_TYPES = 20
_MOST_ROWS = 100
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def plan_view(plan: Plan, latest_arrival: timedelta | None = None) -> RenderableType:
    """Counts per hour and type with bars, then totals, then what cannot be read."""
    parts: list[RenderableType] = [counts_table(plan), summary(plan, latest_arrival)]
    if plan.totals.unreadable:
        parts.append(unreadable_table(plan.totals.unreadable))
    return Group(*parts)


def counts_table(plan: Plan) -> Table:
    """Events per hour and type; per day when there are too many hours to look at."""
    counts = Counter({(count.hour, count.type): count.events for count in plan.counts})
    unit = "hour (UTC)"
    if len(counts) > _MOST_ROWS:
        unit = "day (UTC)"
        by_day: Counter[tuple[str, str | None]] = Counter()
        for (hour, kind), events in counts.items():
            by_day[hour[:10], kind] += events
        counts = by_day
    table = Table(title=f"Replay plan {plan.replay_id}", title_justify="left")
    table.add_column(unit, no_wrap=True)
    table.add_column("event type", overflow="fold")  # whole: two types may differ at their ends only
    table.add_column("events", justify="right", no_wrap=True)
    table.add_column("")
    largest = max(counts.values())
    before = ""
    for (when, kind), events in sorted(counts.items(), key=lambda entry: (entry[0][0], entry[0][1] or "")):
        shown = "" if when == before else when.replace("T", " ")
        table.add_row(shown, kind or NO_TYPE, f"{events:,}", Bar(events, largest))
        before = when
    if before != min(when for when, _ in counts):
        table.add_section()
        for place, (kind, events) in enumerate(_by_type(plan).most_common(_MOST_TYPES)):
            table.add_row("" if place else "in all", kind or NO_TYPE, f"{events:,}", "")
    return table


def _by_type(plan: Plan) -> Counter[str | None]:
    totals: Counter[str | None] = Counter()
    for count in plan.counts:
        totals[count.type] += count.events
    return totals


def summary(plan: Plan, latest_arrival: timedelta | None) -> Table:
    """What would be sent, where to, how fast, how long, for how much."""
    totals = plan.totals
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("archive", f"s3://{plan.archive.bucket}/{plan.archive.prefix} ({totals.objects:,} objects read)")
    table.add_row("window", f"{plan.window.start} to {plan.window.end} (published)")
    if plan.event_types:
        table.add_row("event types", ", ".join(plan.event_types))
    if plan.filter_policy is not None:
        table.add_row("filter policy", f"on {plan.filter_policy_scope}")
    if plan.lines == RAW_LINES:
        table.add_row("lines", "messages alone: ids from their text, times from the objects' names")
    narrowing = plan.narrowing
    if narrowing.ids is not None:
        table.add_row("ids", f"{totals.events:,} of {narrowing.ids.count:,}")
    for condition in narrowing.where:
        table.add_row("where", f"{condition.path} = {condition.value}")
    if narrowing.sample_percent is not None:
        table.add_row("sample", f"{narrowing.sample_percent:g} % of the ids")
    table.add_row("events", f"{totals.events:,} ({shown_bytes(totals.bytes)}), {plan.first_event} to {plan.last_event}")
    table.add_row("duplicates", f"{totals.duplicates:,} second copies are left out")
    if latest_arrival is not None:
        table.add_row("latest arrival", f"{shown_duration(latest_arrival)} after publishing")
    table.add_row("unreadable", shown_unreadable(totals.unreadable))
    table.add_row("target", f"{plan.target.queue_arn} (body: {plan.target.body})")
    if plan.order is not None:
        table.add_row("order", f"each group by its SequenceNumber; groups: {shown_groups(plan.order.group_by)}")
    table.add_row("speed", shown_speed(plan))
    minutes, dollars = plan.estimate.minutes, plan.estimate.dollars
    table.add_row(
        "estimate", f"{shown_duration(timedelta(minutes=minutes))}, ${dollars:,.4f} at list price{shown_ifs(plan)}"
    )
    table.add_row("expires", plan.expires_at)
    return table


def unreadable_table(unreadable: tuple[Unreadable, ...]) -> Table:
    """What is not in the plan because it cannot be read."""
    table = Table(title="Cannot be read, will not be sent", title_justify="left")
    table.add_column("object", overflow="fold")
    table.add_column("lines (from 0)")
    table.add_column("reason", overflow="fold")
    for entry in unreadable:
        table.add_row(entry.key, shown_lines(entry), entry.reason)
    return table


def shown_lines(entry: Unreadable) -> str:
    """The lines of an entry: `all`, or the first ones and how many there are."""
    if entry.lines is None:
        return "all"
    more = f", ... ({entry.count:,})" if entry.count > len(entry.lines) else ""
    return ", ".join(map(str, entry.lines)) + more


def shown_unreadable(unreadable: tuple[Unreadable, ...]) -> str:
    """How much cannot be read, in a few words."""
    if not unreadable:
        return "nothing"
    objects = sum(entry.lines is None for entry in unreadable)
    lines = sum(entry.count for entry in unreadable)
    return f"{objects:,} objects, {lines:,} lines of others"


def shown_speed(plan: Plan) -> str:
    """Rate, pace, ramp and workers."""
    parts = [f"at most {plan.rate:g} events/s, {plan.workers} workers"]
    if plan.pace is not None:
        parts.append("at original speed" if plan.pace == 1 else f"{plan.pace:g} times the original speed")
    if plan.ramp is not None:
        steps = ", ".join(f"{step:g}" for step in plan.ramp)
        lasts = f"each {STEP_SECONDS:g} s at its full rate" + (", then asks" if plan.ramp_asks else "")
        parts.append(f"ramp {steps} % ({lasts})")
    if plan.is_governed:
        parts.append("governed by the target's health")
    return "; ".join(parts)


def shown_groups(group_by: str) -> str:
    """What is a group."""
    return "all events are one" if group_by == ONE_GROUP else f"by {group_by}"


def shown_ifs(plan: Plan) -> str:
    """What the estimate takes for granted."""
    room, age = plan.health.head_room, plan.health.max_oldest_message_age_seconds
    ifs = ["if the target keeps up"] if age is not None else []
    ifs += ["if you answer at once"] if plan.ramp_asks else []
    text = "".join(f", {one}" for one in ifs)
    if room:
        behind = timedelta(minutes=plan.estimate.minutes / (1 - room))
        text += f"; about {shown_duration(behind)} if this rate is all that it can take"
    return text


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of up to 30 columns, in eighths of one; shorter where a terminal needs the room for what is read."""

    value: int
    largest: int

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = max(_SHORTEST_BAR, min(_BAR, options.max_width - _FOR_TEXT))
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        eighths = max(1, round(self.value / self.largest * min(_BAR, options.max_width) * 8))
        yield Text(_EIGHTHS[8] * (eighths // 8) + (_EIGHTHS[eighths % 8] if eighths % 8 else ""), style="cyan")


def shown_bytes(size: int) -> str:
    """Bytes in the largest unit that leaves a digit before the point."""
    value, units = float(size), iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    for larger in units:
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
