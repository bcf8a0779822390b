"""Metrics that alarms and dashboards may watch: names and dimensions, with the page that says so.

CloudWatch takes an alarm or a dashboard on a metric that does not exist: it never fires, or stays empty.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testbench.paths import PROJECT
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

_DOCS = "https://docs.aws.amazon.com/"


@dataclass(frozen=True)
class Namespace:
    """The metrics of a service and the sets of dimensions that it sends them with."""

    metrics: frozenset[str]
    dimensions: tuple[frozenset[str], ...]
    source: str


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DELIVERY = [
    f"DeliveryTo{destination}.{metric}"
    for destination in ("S3", "AmazonOpenSearchService")
    for metric in ("Bytes", "DataFreshness", "Records", "Success")
]
_OWN = re.compile(r'^[A-Z_]+ = "([A-Z]\w+)"', re.MULTILINE)

NAMESPACES: dict[str, Namespace] = {
    "AWS/SQS": Namespace(
        _names(
            "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible"
            " ApproximateNumberOfMessagesVisible NumberOfEmptyReceives NumberOfMessagesDeleted NumberOfMessagesReceived"
            " NumberOfMessagesSent SentMessageSize"
        ),
        (_names("QueueName"),),
        f"{_DOCS}AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    ),
    "AWS/SNS": Namespace(
        _names(
            "NumberOfMessagesPublished NumberOfNotificationsDelivered NumberOfNotificationsFailed"
            " NumberOfNotificationsFilteredOut NumberOfNotificationsFilteredOut-InvalidAttributes"
            " NumberOfNotificationsFilteredOut-InvalidMessageBody NumberOfNotificationsFilteredOut-MessageAttributes"
            " NumberOfNotificationsFilteredOut-MessageBody NumberOfNotificationsFilteredOut-NoMessageAttributes"
            " NumberOfNotificationsFailedToRedriveToDlq NumberOfNotificationsRedrivenToDlq PublishSize"
        ),
        (_names("TopicName"),),
        f"{_DOCS}sns/latest/dg/sns-monitoring-using-cloudwatch.html",
    ),
    "AWS/Lambda": Namespace(
        _names("ConcurrentExecutions DeadLetterErrors Duration Errors Invocations Throttles"),
        (_names("FunctionName"), _names("FunctionName Resource")),
        f"{_DOCS}lambda/latest/dg/monitoring-metrics-types.html",
    ),
    "AWS/Firehose": Namespace(
        _names(
            "ActivePartitionsLimit BackupToS3.DataFreshness BackupToS3.Success ExecuteProcessing.Duration"
            " ExecuteProcessing.Success FailedConversion.Bytes FailedConversion.Records IncomingBytes IncomingRecords"
            " JQProcessing.Duration KMSKeyAccessDenied KMSKeyDisabled KMSKeyInvalidState KMSKeyNotFound"
            " PartitionCount PartitionCountExceeded PerPartitionThroughput SucceedConversion.Records"
            " SucceedProcessing.Records ThrottledRecords"
        )
        | frozenset(_DELIVERY),
        (_names("DeliveryStreamName"),),
        f"{_DOCS}firehose/latest/dev/monitoring-with-cloudwatch-metrics.html",
    ),
    "AWS/States": Namespace(
        _names(
            "ExecutionThrottled ExecutionTime ExecutionsAborted ExecutionsFailed ExecutionsStarted ExecutionsSucceeded"
            " ExecutionsTimedOut"
        ),
        (_names("StateMachineArn"), _names("StateMachineArn MapRunLabel")),
        f"{_DOCS}step-functions/latest/dg/procedure-cw-metrics.html",
    ),
    "EventForkPipelines": Namespace(
        frozenset(
            name
            for file in sorted((PROJECT / "lambdas" / "event_fork").rglob("*.py"))
            for name in _OWN.findall(file.read_text())
        ),
        (_names("service"), _names("service reason")),
        "lambdas/README.md",
    ),
}


def judge(resources: Iterable[Resource]) -> Iterator[Finding]:
    """What is wrong with the metrics and periods of the alarms."""
    for resource in resources:
        if resource.type == "aws_cloudwatch_metric_alarm":
            for rule, message in _against(resource.values):
                yield Finding("metrics", rule, resource.in_module, message)
        if resource.type == "aws_cloudwatch_dashboard":
            for rule, message in _of_dashboard(json.loads(resource.values["dashboard_body"])):
                yield Finding("metrics", rule, resource.in_module, message)


def _of_dashboard(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html"""
    if not body.get("widgets"):
        yield "no-metric", "the dashboard has no widget"
    for widget in body.get("widgets", []):
        if widget["x"] + widget["width"] > 24 or not float(widget["width"]).is_integer():
            yield "layout", f"a widget of width {widget['width']} at {widget['x']} does not fit into 24 columns"
        if not widget["properties"].get("metrics"):
            yield "no-metric", f"the widget {widget['properties'].get('title')} watches no metric"
        for namespace, name, *dimensions, _options in widget["properties"].get("metrics", []):
            named = dict(zip(dimensions[::2], dimensions[1::2], strict=True))
            yield from _metric({"namespace": namespace, "metric_name": name, "dimensions": named})


def _against(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    watched = [alarm] if alarm.get("metric_name") else []
    watched += [query["metric"][0] for query in alarm.get("metric_query") or [] if query.get("metric")]
    if not watched:
        yield "no-metric", "the alarm watches no metric"
    for metric in watched:
        yield from _metric(metric)
        period = metric["period"]
        if period not in (10, 20, 30) and period % 60:
            yield "period", f"{period} s is neither 10, 20, 30 nor a multiple of 60"
        if metric["namespace"].startswith("AWS/") and period < 60:
            yield "period", f"{metric['namespace']} has a value a minute, not every {period} s"
        longest = 604_800 if period >= 3600 else 86_400
        if period * alarm["evaluation_periods"] > longest:  # API reference of PutMetricAlarm, EvaluationPeriods
            yield "period", f"{alarm['evaluation_periods']} periods of {period} s are over {longest} s"


def _metric(metric: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    namespace = NAMESPACES.get(metric["namespace"])
    if namespace is None:
        yield "namespace", f"{metric['namespace']} is not in the list"
        return
    if metric["metric_name"] not in namespace.metrics:
        yield "metric", f"{metric['namespace']} has no {metric['metric_name']}: {namespace.source}"
    if frozenset(metric.get("dimensions") or {}) not in namespace.dimensions:
        known = " or ".join("+".join(sorted(each)) for each in namespace.dimensions)
        yield (
            "dimensions",
            f"{metric['metric_name']} has {known}, not {'+'.join(sorted(metric.get('dimensions') or {}))}",
        )
