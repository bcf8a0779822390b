"""Metrics that alarms and dashboards may watch: names, dimensions and values, with the page that says so.

CloudWatch takes an alarm or a dashboard on a metric that does not exist: it never fires, or stays empty. So it
does with a threshold that no value can cross.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from testbench.paths import PROJECT
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

_DOCS = "https://docs.aws.amazon.com/"
Faults = Iterator[tuple[str, str]]
"""Rule and message."""


@dataclass(frozen=True)
class Kind:
    """What the values of a metric are, and which statistics say something of them."""

    statistics: frozenset[str]
    least: float = 0
    most: float = math.inf


@dataclass(frozen=True)
class Metric:
    """A metric: the sets of dimensions that it comes with, and its values."""

    dimensions: tuple[frozenset[str], ...]
    kind: Kind


COUNT = Kind(frozenset({"Sum"}))
"""One value for each thing that happened, or so many."""
LEVEL = Kind(frozenset({"Average", "Minimum", "Maximum"}))
"""So many at the time, so old, so long."""
SUCCESS = Kind(frozenset({"Average", "Minimum"}), most=1)
"""1 for what succeeded and 0 for what did not."""
SEEN = Kind(frozenset({"Sum", "Maximum"}))
"""1 for every minute in which it was so."""
Group = tuple[str, Kind, tuple[str, ...]]
"""Names of metrics, what they are, and the dimensions of each set that they come with."""

_OF_A_FUNCTION = ("", "FunctionName", "FunctionName Resource", "FunctionName Resource ExecutedVersion")
_TO = ("S3", "AmazonOpenSearchService")
_GROUPS: dict[str, tuple[str, list[Group]]] = {
    "AWS/SQS": (
        f"{_DOCS}AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
        [
            (
                "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible"
                " ApproximateNumberOfMessagesVisible SentMessageSize",
                LEVEL,
                ("QueueName",),
            ),
            (
                "NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived NumberOfMessagesSent",
                COUNT,
                ("QueueName",),
            ),
        ],
    ),
    "AWS/SNS": (
        f"{_DOCS}sns/latest/dg/sns-monitoring-using-cloudwatch.html",
        [
            (
                "NumberOfMessagesPublished NumberOfNotificationsDelivered NumberOfNotificationsFailed"
                " NumberOfNotificationsFilteredOut NumberOfNotificationsFilteredOut-InvalidAttributes"
                " NumberOfNotificationsFilteredOut-InvalidMessageBody"
                " NumberOfNotificationsFilteredOut-MessageAttributes NumberOfNotificationsFilteredOut-MessageBody"
                " NumberOfNotificationsFilteredOut-NoMessageAttributes"
                " NumberOfNotificationsFailedToRedriveToDlq NumberOfNotificationsRedrivenToDlq",
                COUNT,
                ("TopicName",),
            ),
            ("PublishSize", LEVEL, ("TopicName",)),
        ],
    ),
    "AWS/Lambda": (
        f"{_DOCS}lambda/latest/dg/monitoring-metrics-types.html",
        [
            ("DeadLetterErrors Errors Invocations Throttles", COUNT, _OF_A_FUNCTION),
            ("ConcurrentExecutions Duration", LEVEL, _OF_A_FUNCTION),
            ("UnreservedConcurrentExecutions ClaimedAccountConcurrency", LEVEL, ("",)),
        ],
    ),
    "AWS/Firehose": (
        f"{_DOCS}firehose/latest/dev/monitoring-with-cloudwatch-metrics.html",
        [
            (
                " ".join(f"DeliveryTo{each}.Success" for each in _TO) + " BackupToS3.Success ExecuteProcessing.Success",
                SUCCESS,
                ("DeliveryStreamName",),
            ),
            (
                " ".join(f"DeliveryTo{each}.DataFreshness" for each in _TO)
                + " BackupToS3.DataFreshness ActivePartitionsLimit ExecuteProcessing.Duration JQProcessing.Duration"
                " PartitionCount PerPartitionThroughput",
                LEVEL,
                ("DeliveryStreamName",),
            ),
            (
                " ".join(f"DeliveryTo{each}.{what}" for each in _TO for what in ("Bytes", "Records"))
                + " FailedConversion.Bytes FailedConversion.Records IncomingBytes IncomingRecords KMSKeyAccessDenied"
                " KMSKeyDisabled KMSKeyInvalidState KMSKeyNotFound SucceedConversion.Records SucceedProcessing.Records"
                " ThrottledRecords",
                COUNT,
                ("DeliveryStreamName",),
            ),
            ("PartitionCountExceeded", SEEN, ("DeliveryStreamName",)),
        ],
    ),
    "AWS/States": (
        f"{_DOCS}step-functions/latest/dg/procedure-cw-metrics.html",
        [
            (
                "ExecutionThrottled ExecutionsAborted ExecutionsFailed ExecutionsStarted ExecutionsSucceeded"
                " ExecutionsTimedOut",
                COUNT,
                ("StateMachineArn",),
            ),
            ("ExecutionTime", LEVEL, ("StateMachineArn",)),
        ],
    ),
}
_OWN = "EventForkPipelines"
_OWN_NAME = re.compile(r'^[A-Z_]+ = "([A-Z]\w+)"', re.MULTILINE)
_OWN_BY_RULE = ("RedactionMatches", "RedactionUnmatched")


@cache
def namespaces() -> dict[str, dict[str, Metric]]:
    """Namespace -> metric -> what it is."""
    found = {namespace: _metrics(groups) for namespace, (_, groups) in _GROUPS.items()}
    names = {
        name
        for file in sorted((PROJECT / "lambdas" / "event_fork").rglob("*.py"))
        for name in _OWN_NAME.findall(file.read_text())
    }
    by_rule = names & set(_OWN_BY_RULE)
    own: list[Group] = [
        (" ".join(names - by_rule - {"EventsDeadLettered"}), COUNT, ("service",)),
        ("EventsDeadLettered", COUNT, ("service", "service reason")),
        (" ".join(by_rule), COUNT, ("service rule",)),
    ]
    return found | {_OWN: _metrics(own)}


def _metrics(groups: Iterable[Group]) -> dict[str, Metric]:
    return {
        name: Metric(tuple(frozenset(each.split()) for each in dimensions), kind)
        for names, kind, dimensions in groups
        for name in names.split()
    }


def judge(resources: Iterable[Resource]) -> Iterator[Finding]:
    """What is wrong with alarms and dashboards."""
    for resource in resources:
        if resource.type == "aws_cloudwatch_metric_alarm":
            for rule, message in _of_alarm(resource.values):
                yield Finding("metrics", rule, resource.in_module, message)
        if resource.type == "aws_cloudwatch_dashboard":
            for rule, message in _of_dashboard(json.loads(resource.values["dashboard_body"])):
                yield Finding("metrics", rule, resource.in_module, message)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WIDGET = _words("type x y width height properties")
_PROPERTIES = _words(
    """
    accountId annotations legend liveData metrics period region setPeriodToTimeRange sparkline stacked stat table
    timezone title trend view yAxis
    """
)
_VIEWS = ("timeSeries", "singleValue", "gauge", "bar", "pie", "table")
_OPTIONS = _words(
    "accountId color expression id label period region searchExpression showExpression stat visible yAxis"
)


def _of_dashboard(body: Mapping[str, Any]) -> Faults:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    if not body.get("widgets"):
        yield "no-metric", "the dashboard has no widget"
    for widget in body.get("widgets", []):
        yield from _of_widget(widget)


def _of_widget(widget: Mapping[str, Any]) -> Faults:
    properties = widget["properties"]
    if unknown := [*(widget.keys() - _WIDGET), *(properties.keys() - _PROPERTIES)]:
        yield "unknown", f"a widget has no {', '.join(unknown)}"
    if widget.get("type") != "metric":
        yield "type", f"a widget of metrics has the type metric, not {widget.get('type')}"
    yield from _layout(widget)
    if properties.get("view", "timeSeries") not in _VIEWS:
        yield "view", f"{properties['view']} is not one of {', '.join(_VIEWS)}"
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", str(properties.get("region"))):
        yield "region", f"the widget {properties.get('title')} has the Region {properties.get('region')}"
    if not properties.get("metrics"):
        yield "no-metric", f"the widget {properties.get('title')} watches no metric"
    for namespace, name, *rest in properties.get("metrics", []):
        options = rest.pop() if rest and isinstance(rest[-1], Mapping) else {}
        if others := options.keys() - _OPTIONS:
            yield "unknown", f"a metric has no option {', '.join(others)}"
        named = dict(zip(rest[::2], rest[1::2], strict=False))
        period = options.get("period", properties.get("period", 300))
        yield from _metric(namespace, name, named, options.get("stat", properties.get("stat", "Average")), period)


def _layout(widget: Mapping[str, Any]) -> Faults:
    """24 columns, 1,000 rows for a widget; x and width may be left out."""
    place = {name: widget.get(name, default) for name, default in (("x", 0), ("y", 0), ("width", 6), ("height", 6))}
    if any(not float(each).is_integer() for each in place.values()):
        yield "layout", f"{place} are not whole numbers"
    if place["x"] < 0 or place["y"] < 0 or place["width"] < 1 or place["x"] + place["width"] > 24:
        yield "layout", f"a widget of width {place['width']} at {place['x']} does not fit into 24 columns"
    if not 1 <= place["height"] <= 1000:
        yield "layout", f"a widget has a height of 1 to 1000, not {place['height']}"


_COMPARISONS = (
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
)
_MISSING = ("breaching", "notBreaching", "ignore", "missing")


def _of_alarm(alarm: Mapping[str, Any]) -> Faults:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    watched = [alarm] if alarm.get("metric_name") else []
    watched += [query["metric"][0] for query in alarm.get("metric_query") or [] if query.get("metric")]
    if not watched:
        yield "no-metric", "the alarm watches no metric"
    periods = alarm["evaluation_periods"]
    if (alarm.get("datapoints_to_alarm") or 1) > periods:
        yield "period", f"{alarm['datapoints_to_alarm']} of {periods} periods"
    if alarm["comparison_operator"] not in _COMPARISONS:
        yield "comparison", f"{alarm['comparison_operator']} is not one of {', '.join(_COMPARISONS)}"
    if (alarm.get("treat_missing_data") or "missing") not in _MISSING:
        yield "missing-data", f"{alarm['treat_missing_data']} is not one of {', '.join(_MISSING)}"
    for metric in watched:
        if metric.get("unit"):
            yield "unit", f"with the unit {metric['unit']} the alarm sees no value of another unit; leave it out"
        statistic = metric.get("stat") or metric.get("statistic") or metric.get("extended_statistic")
        dimensions = metric.get("dimensions") or {}
        yield from _metric(metric["namespace"], metric["metric_name"], dimensions, statistic, metric["period"])
        longest = 604_800 if metric["period"] >= 3600 else 86_400
        if metric["period"] * periods > longest:
            yield "period", f"{periods} periods of {metric['period']} s are over {longest} s"
    if watched == [alarm] and (known := namespaces().get(alarm["namespace"], {}).get(alarm["metric_name"])):
        yield from _threshold(known.kind, alarm["comparison_operator"], alarm["threshold"])


def _threshold(kind: Kind, comparison: str, threshold: float) -> Faults:
    """Some value of the metric crosses the threshold, and some does not."""
    crossed = {
        "GreaterThanThreshold": (kind.most > threshold, kind.least > threshold),
        "GreaterThanOrEqualToThreshold": (kind.most >= threshold, kind.least >= threshold),
        "LessThanThreshold": (kind.least < threshold, kind.most < threshold),
        "LessThanOrEqualToThreshold": (kind.least <= threshold, kind.most <= threshold),
    }
    can_be, must_be = crossed.get(comparison, (True, False))
    if not can_be or must_be:
        says = "is always so" if must_be else "is never so"
        yield "threshold", f"{comparison} {threshold} {says}: values are {kind.least} to {kind.most}"
    if kind in (COUNT, SEEN, LEVEL) and comparison.startswith("LessThan"):
        yield "threshold", f"{comparison} {threshold}: what is counted here is bad when there is much of it"


def _metric(namespace: str, name: str, dimensions: Mapping[str, Any], statistic: Any, period: Any) -> Faults:
    known = namespaces().get(namespace)
    if known is None:
        yield "namespace", f"{namespace} is not in the list"
        return
    source = _GROUPS[namespace][0] if namespace in _GROUPS else "lambdas/README.md"
    metric = known.get(name)
    if metric is None:
        yield "metric", f"{namespace} has no {name}: {source}"
        return
    if frozenset(dimensions) not in metric.dimensions:
        sets = " or ".join("+".join(sorted(each)) or "none" for each in metric.dimensions)
        yield "dimensions", f"{name} has {sets}, not {'+'.join(sorted(dimensions))}: {source}"
    if empty := [each for each, value in dimensions.items() if not value]:
        yield "dimensions", f"{name} has no value for {', '.join(empty)}"
    if statistic not in metric.kind.statistics:
        yield (
            "statistic",
            f"{name} is watched by {', '.join(sorted(metric.kind.statistics))}, not {statistic}: {source}",
        )
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        yield "period", f"{period} s is neither 10, 20, 30 nor a multiple of 60"
    if namespace.startswith("AWS/") and period < 60:
        yield "period", f"{namespace} has a value a minute, not every {period} s"
