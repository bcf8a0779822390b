"""Counts hour by hour from CloudWatch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from event_fork.events.time_window import Window

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

HOUR = timedelta(hours=1)
_AT_ONCE = 500
"""Queries that GetMetricData takes."""

Hours = Mapping[datetime, float]
"""Start of an hour in UTC -> value. An hour without a point is not in it: nothing was measured."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of one thing, or of several together. `stat`: Sum or Maximum of each hour."""

    namespace: str
    name: str
    dimension: str
    of: str
    stat: str = "Sum"
    and_of: tuple[str, ...] = ()


def hourly(client: CloudWatchClient, metrics: Iterable[Metric], window: Window) -> dict[Metric, Hours]:
    """What CloudWatch has for every hour that touches the window."""
    found: dict[Metric, dict[datetime, float]] = {metric: {} for metric in metrics}
    wanted = [(metric, of) for metric in found for of in (metric.of, *metric.and_of)]
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        queries: list[Any] = [_query(number, *each) for number, each in enumerate(part)]
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=hour_of(window.start), EndTime=window.end
        )
        for page in pages:
            for result in page["MetricDataResults"]:
                metric, _ = part[int(result["Id"][1:])]
                for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                    hour, known = hour_of(moment), found[metric].get(hour_of(moment))
                    found[metric][hour] = (
                        value if known is None else max(known, value) if metric.stat == "Maximum" else known + value
                    )
    return dict(found)


def hour_of(moment: datetime) -> datetime:
    """The start of the hour that a moment lies in, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _query(number: int, metric: Metric, of: str) -> dict[str, Any]:
    described = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": metric.dimension, "Value": of}],
    }
    return {"Id": f"m{number}", "MetricStat": {"Metric": described, "Period": 3600, "Stat": metric.stat}}
