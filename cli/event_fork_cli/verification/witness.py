"""SNS's own counts, minute by minute: a witness that these forks do not write.

https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
SNS writes no point for a minute in which nothing happened: no point beside others is a quiet minute, no point at all is
no witness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from event_fork.events.time_window import Window

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
_KEPT = ((timedelta(days=15), 60), (timedelta(days=63), 300), (timedelta(days=455), 3600))
LATE = timedelta(minutes=5)
"""How late the points of a minute may be there."""
PUBLISHED, DELIVERED, FILTERED, FAILED = (
    "NumberOfMessagesPublished",
    "NumberOfNotificationsDelivered",
    "NumberOfNotificationsFilteredOut",
    "NumberOfNotificationsFailed",
)
_METRICS = (PUBLISHED, DELIVERED, FILTERED, FAILED)
Counts = Mapping[str, int]
"""Start of a period, as `2026-11-23T10:00` in UTC -> how many."""


@dataclass(frozen=True, slots=True)
class Witness:
    """What SNS counted in periods of so many seconds."""

    seconds: int
    published: Counts
    delivered: Counts
    filtered: Counts
    failed: Counts

    def sums(self, window: Window) -> dict[str, int]:
        """Of the periods that lie in the window as a whole, by the name of the count."""
        first, last = whole_periods(window, self.seconds)
        return {
            name: sum(count for period, count in getattr(self, name).items() if first <= period < last)
            for name in ("published", "delivered", "filtered", "failed")
        }


class State(StrEnum):
    """A stretch of time."""

    COMPLETE = "complete"
    QUIET = "quiet"
    GAP = "gap"
    IN_FLIGHT = "in flight"
    MORE = "more than SNS counted"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of time, from its start to that of the next. `lost`: published, and neither archived nor set aside."""

    start: str
    state: State
    published: int
    stored: int
    lost: int
    failed: int


def period_for(window: Window, now: datetime) -> int | None:
    """The shortest period that CloudWatch still has for all of the window; None: it has forgotten it."""
    return next((seconds for kept, seconds in _KEPT if now - window.start < kept), None)


def ask(client: CloudWatchClient, topic_arn: str, window: Window, seconds: int) -> Witness:
    """What CloudWatch has of the topic, for all periods that touch the window."""
    length = timedelta(seconds=seconds)
    name = topic_arn.rpartition(":")[2]
    queries: list[Any] = [
        {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SNS",
                    "MetricName": metric,
                    "Dimensions": [{"Name": "TopicName", "Value": name}],
                },
                "Period": seconds,
                "Stat": "Sum",
            },
        }
        for number, metric in enumerate(_METRICS)
    ]
    counts: dict[str, dict[str, int]] = {metric: {} for metric in _METRICS}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=window.start - length, EndTime=window.end + length
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            of_metric = counts[_METRICS[int(result["Id"][1:])]]
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                start = period_start(moment.astimezone(UTC), seconds)
                of_metric[start] = of_metric.get(start, 0) + round(value)
    return Witness(seconds, counts[PUBLISHED], counts[DELIVERED], counts[FILTERED], counts[FAILED])


def period_start(moment: datetime, seconds: int) -> str:
    """The start of the period that a moment lies in."""
    begin = datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
    return f"{begin:%Y-%m-%dT%H:%M}"


def lost_by_period(
    published: Counts, stored: Counts, filtered: Counts | None, seconds: int
) -> tuple[dict[str, int], dict[str, int]]:
    """Period -> events that were published and are not stored; period -> events that SNS did not count.

    Two clocks set an event's minute: what one lacks and the next or the one before has too much is no difference.
    `filtered`: what SNS has filtered out for all subscriptions together, where the storage fork has a policy; of so
    many nobody can say whether they were for this fork.
    """
    periods = sorted({*published, *stored})
    rest = {period: published.get(period, 0) - stored.get(period, 0) for period in periods}
    for earlier, later in pairwise(periods):
        if rest[earlier] * rest[later] < 0 and _follows(earlier, later, seconds):
            moved = min(abs(rest[earlier]), abs(rest[later]))
            sign = 1 if rest[earlier] > 0 else -1
            rest[earlier] -= sign * moved
            rest[later] += sign * moved
    lost = {
        period: count - (0 if filtered is None else min(count, filtered.get(period, 0)))
        for period, count in rest.items()
        if count > 0
    }
    more = {period: -count for period, count in rest.items() if count < 0}
    return {period: count for period, count in lost.items() if count}, more


def stretches(witness: Witness, stored: Counts, window: Window, settled: datetime, *, filters: bool) -> list[Stretch]:
    """The window, hour by hour (day by day where it is longer than a week). Only periods that lie in it are judged."""
    step = timedelta(hours=1) if window.end - window.start <= timedelta(days=7) else timedelta(days=1)
    seconds, published = witness.seconds, witness.published
    lost, more = lost_by_period(published, stored, witness.filtered if filters else None, seconds)
    first, last = whole_periods(window, seconds)
    found: list[Stretch] = []
    begin = datetime.fromtimestamp(window.start.timestamp() // step.total_seconds() * step.total_seconds(), UTC)
    while begin < window.end:
        low, high = max(f"{begin:%Y-%m-%dT%H:%M}", first), min(f"{begin + step:%Y-%m-%dT%H:%M}", last)

        def within(counts: Counts, low: str = low, high: str = high) -> int:
            return sum(count for period, count in counts.items() if low <= period < high)

        late = f"{settled:%Y-%m-%dT%H:%M}"
        lost_late = within({period: count for period, count in lost.items() if period >= late})
        lost_here = within(lost) - lost_late
        has = (within(published), within(stored))
        found.append(
            Stretch(
                start=f"{max(begin, window.start):%Y-%m-%dT%H:%M}Z",
                state=_state(has, lost_here, lost_late, within(more)),
                published=has[0],
                stored=has[1],
                lost=lost_here,
                failed=within(witness.failed),
            )
        )
        begin += step
    return found


def whole_periods(window: Window, seconds: int) -> tuple[str, str]:
    """The start of the first period that lies in the window as a whole, and the end of the last one."""
    up = datetime.fromtimestamp(-(-window.start.timestamp() // seconds) * seconds, UTC)
    return f"{up:%Y-%m-%dT%H:%M}", period_start(window.end, seconds)


def _state(has: tuple[int, int], lost: int, late: int, more: int) -> State:
    if lost:
        return State.GAP
    if late:
        return State.IN_FLIGHT
    if more:
        return State.MORE
    return State.COMPLETE if any(has) else State.QUIET


def _follows(earlier: str, later: str, seconds: int) -> bool:
    return datetime.fromisoformat(later) - datetime.fromisoformat(earlier) == timedelta(seconds=seconds)
