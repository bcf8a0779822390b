"""The judge of metrics finds what it is there for: one fault each in an alarm and a widget that are right."""

import json
from typing import Any

import pytest

from tests.conformance import metrics
from tests.conformance.planning import Resource

ALARM: dict[str, Any] = {
    "namespace": "AWS/SQS",
    "metric_name": "ApproximateNumberOfMessagesVisible",
    "dimensions": {"QueueName": "orders-dlq"},
    "statistic": "Maximum",
    "period": 60,
    "evaluation_periods": 1,
    "comparison_operator": "GreaterThanThreshold",
    "threshold": 0,
    "treat_missing_data": "notBreaching",
}
SUCCESS = {
    "namespace": "AWS/Firehose",
    "metric_name": "DeliveryToS3.Success",
    "dimensions": {"DeliveryStreamName": "orders"},
    "statistic": "Average",
    "comparison_operator": "LessThanThreshold",
    "threshold": 1,
}
FAILED = {
    "namespace": "AWS/SNS",
    "metric_name": "NumberOfNotificationsFailed",
    "dimensions": {"TopicName": "orders"},
    "statistic": "Sum",
}


def of_alarm(**changed: Any) -> set[str]:
    resource = Resource("module.fork_1.aws_cloudwatch_metric_alarm.x", "aws_cloudwatch_metric_alarm", ALARM | changed)
    return {each.rule for each in metrics.judge([resource])}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        SUCCESS,
        FAILED,
        {"threshold": 1, "comparison_operator": "GreaterThanOrEqualToThreshold"},
        {"period": 3600, "evaluation_periods": 168},
    ],
    ids=str,
)
def test_a_right_alarm_has_nothing_against_it(changed: dict[str, Any]) -> None:
    assert of_alarm(**changed) == set()


@pytest.mark.parametrize(
    ("rule", "changed"),
    [
        ("metric", {"metric_name": "ApproximateNumberOfMessageVisible"}),
        ("metric", {"metric_name": "approximateNumberOfMessagesVisible"}),
        ("metric", {"metric_name": "NumberOfNotificationsFailed"}),
        ("namespace", {"namespace": "AWS/Queue"}),
        ("namespace", {"namespace": "aws/SQS"}),
        ("dimensions", {"dimensions": {"Queue": "orders"}}),
        ("dimensions", {"dimensions": {}}),
        ("dimensions", {"dimensions": {"QueueName": ""}}),
        ("dimensions", {"dimensions": {"QueueName": "orders", "Region": "eu-west-1"}}),
        ("dimensions", {"dimensions": {"TopicName": "orders"}}),
        (
            "dimensions",
            {
                "namespace": "AWS/Lambda",
                "metric_name": "UnreservedConcurrentExecutions",
                "dimensions": {"FunctionName": "orders"},
            },
        ),
        (
            "dimensions",
            {
                "namespace": "EventForkPipelines",
                "metric_name": "EventsNotReplayed",
                "statistic": "Sum",
                "dimensions": {"service": "orders", "reason": "too-large"},
            },
        ),
        (
            "dimensions",
            {
                "namespace": "EventForkPipelines",
                "metric_name": "RedactionUnmatched",
                "statistic": "Sum",
                "dimensions": {"service": "orders"},
            },
        ),
        ("statistic", {"statistic": "Sum"}),
        ("statistic", {"statistic": "max"}),
        ("statistic", {"statistic": None}),
        ("statistic", {**FAILED, "statistic": "Average"}),
        ("statistic", {**SUCCESS, "statistic": "Sum"}),
        ("period", {"period": 45}),
        ("period", {"period": 30}),
        ("period", {"period": 0}),
        ("period", {"period": 90}),
        ("period", {"period": 3600, "evaluation_periods": 169}),
        ("period", {"datapoints_to_alarm": 2}),
        ("comparison", {"comparison_operator": "GreaterThan"}),
        ("threshold", {"threshold": -1}),
        ("threshold", {"comparison_operator": "GreaterThanOrEqualToThreshold"}),
        ("threshold", {"comparison_operator": "LessThanThreshold"}),
        ("threshold", {"comparison_operator": "LessThanThreshold", "threshold": 5}),
        ("threshold", {**SUCCESS, "threshold": 0}),
        ("threshold", {**SUCCESS, "threshold": 100}),
        ("threshold", {**SUCCESS, "comparison_operator": "GreaterThanThreshold"}),
        ("threshold", {**SUCCESS, "comparison_operator": "LessThanOrEqualToThreshold"}),
        ("missing-data", {"treat_missing_data": "notbreaching"}),
        ("unit", {"unit": "Seconds"}),
        ("no-metric", {"metric_name": None}),
    ],
    ids=str,
)
def test_a_planted_fault_in_an_alarm_is_found(rule: str, changed: dict[str, Any]) -> None:
    assert rule in of_alarm(**changed)


METRIC = ["AWS/SQS", "NumberOfMessagesSent", "QueueName", "orders", {"stat": "Sum"}]
WIDGET = {"type": "metric", "x": 0, "y": 0, "width": 8, "height": 6}
PROPERTIES = {"title": "Events", "region": "eu-west-1", "view": "timeSeries", "period": 60, "metrics": [METRIC]}


def of_dashboard(*widgets: dict[str, Any]) -> set[str]:
    body = {"dashboard_name": "orders", "dashboard_body": json.dumps({"widgets": widgets})}
    resource = Resource("module.fork_1.aws_cloudwatch_dashboard.this", "aws_cloudwatch_dashboard", body)
    return {each.rule for each in metrics.judge([resource])}


def test_a_right_dashboard_has_nothing_against_it() -> None:
    assert of_dashboard({**WIDGET, "properties": PROPERTIES}) == set()


@pytest.mark.parametrize(
    ("rule", "widget", "properties"),
    [
        ("no-metric", {}, {"metrics": []}),
        ("layout", {"x": 20}, {}),
        ("layout", {"width": 0}, {}),
        ("layout", {"width": 4.8}, {}),
        ("layout", {"height": 0}, {}),
        ("layout", {"y": -1}, {}),
        ("type", {"type": "metrics"}, {}),
        ("unknown", {"heigth": 6}, {}),
        ("unknown", {}, {"titel": "Events"}),
        ("unknown", {}, {"metrics": [[*METRIC[:4], {"statistic": "Sum"}]]}),
        ("view", {}, {"view": "timeseries"}),
        ("region", {}, {"region": "eu-west"}),
        ("region", {}, {"region": None}),
        ("metric", {}, {"metrics": [["AWS/SQS", "Sent", *METRIC[2:]]]}),
        ("dimensions", {}, {"metrics": [[*METRIC[:2], "Queue", *METRIC[3:]]]}),
        ("dimensions", {}, {"metrics": [[*METRIC[:2], {"stat": "Sum"}]]}),
        ("namespace", {}, {"metrics": [["AWS/Queue", *METRIC[1:]]]}),
        ("statistic", {}, {"metrics": [[*METRIC[:4], {"stat": "Summe"}]]}),
        ("statistic", {}, {"metrics": [[*METRIC[:4], {"stat": "Maximum"}]]}),
        ("statistic", {}, {"metrics": [METRIC[:4]]}),
        ("period", {}, {"period": 45}),
        ("period", {}, {"metrics": [[*METRIC[:4], {"stat": "Sum", "period": 90}]]}),
    ],
    ids=str,
)
def test_a_planted_fault_in_a_dashboard_is_found(rule: str, widget: dict[str, Any], properties: dict[str, Any]) -> None:
    assert rule in of_dashboard({**WIDGET, **widget, "properties": PROPERTIES | properties})


def test_a_dashboard_without_widgets_is_found() -> None:
    assert of_dashboard() == {"no-metric"}
