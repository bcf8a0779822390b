"""What is measured of topics and queues, alarms that go off, filter patterns. Corrections: metrics, alarm_states,
log_patterns."""

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbench import Bench
from testbench.backends.ministack.corrections import alarm_states
from testbench.polling import eventually


class Account:
    """Topics, queues and alarms with unique names."""

    def __init__(self, bench: Bench) -> None:
        self.sns, self.sqs = bench.client("sns"), bench.client("sqs")
        self.watch, self.logs = bench.client("cloudwatch"), bench.client("logs")

    @staticmethod
    def name() -> str:
        return f"watch-{uuid.uuid4().hex[:8]}"

    def topic(self, **attributes: str) -> str:
        return str(self.sns.create_topic(Name=self.name(), Attributes=attributes)["TopicArn"])

    def queue(self, **attributes: str) -> tuple[str, str]:
        """(URL, ARN) of a new queue that SNS may send to."""
        url = self.sqs.create_queue(QueueName=self.name(), Attributes=attributes)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]}
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
        return url, arn

    def sum(self, namespace: str, metric: str, **dimension: str) -> float | None:
        """The metric's sum so far, None when nothing was written."""
        [(name, value)] = dimension.items()
        now = datetime.now(UTC)
        points = self.watch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value}],
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points) if points else None

    def alarm(self, queue_arn: str, topic_arn: str, **settings: Any) -> str:
        """An alarm on messages in the queue, in a period of ten seconds, so that a test sees it end."""
        name = self.name()
        self.watch.put_metric_alarm(
            AlarmName=name,
            **{
                "Namespace": "AWS/SQS",
                "MetricName": "ApproximateNumberOfMessagesVisible",
                "Dimensions": [{"Name": "QueueName", "Value": queue_arn.rpartition(":")[2]}],
                "Statistic": "Maximum",
                "Period": 10,
                "EvaluationPeriods": 1,
                "Threshold": 0,
                "ComparisonOperator": "GreaterThanThreshold",
                "TreatMissingData": "notBreaching",
                "AlarmActions": [topic_arn],
                "OKActions": [topic_arn],
                **settings,
            },
        )
        return name

    def state(self, alarm: str, wanted: str) -> None:
        eventually(
            lambda: self.watch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]["StateValue"],
            lambda found: found == wanted,
            within=60,
            what=f"{alarm} {wanted}",
        )


@pytest.fixture(scope="module")
def account(bench: Bench) -> Account:
    return Account(bench)


def test_what_a_topic_does_is_counted(account: Account) -> None:
    topic, (url, queue) = account.topic(), account.queue()
    filtered, (_, gone), (_, dead) = account.queue(), account.queue(), account.queue()
    subscribe = account.sns.subscribe
    subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    subscribe(TopicArn=topic, Protocol="sqs", Endpoint=filtered[1], Attributes={"FilterPolicy": '{"kind": ["x"]}'})
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    subscribe(TopicArn=topic, Protocol="sqs", Endpoint=gone, Attributes=redrive)
    account.sqs.delete_queue(QueueUrl=url.rpartition("/")[0] + "/" + gone.rpartition(":")[2])
    account.sns.publish(TopicArn=topic, Message="four")
    account.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "four"}])
    name = topic.rpartition(":")[2]
    found = {
        metric: account.sum("AWS/SNS", metric, TopicName=name)
        for metric in (
            "NumberOfMessagesPublished",
            "PublishSize",
            "NumberOfNotificationsDelivered",
            "NumberOfNotificationsFilteredOut",
            "NumberOfNotificationsFilteredOut-MessageAttributes",
            "NumberOfNotificationsFailed",
            "NumberOfNotificationsRedrivenToDlq",
            "NumberOfNotificationsFailedToRedriveToDlq",
        )
    }
    assert list(found.values()) == [2, 8, 2, 2, 2, 2, 2, None]
    assert account.sum("AWS/SQS", "NumberOfMessagesSent", QueueName=queue.rpartition(":")[2]) == 2


def test_what_neither_the_queue_nor_its_dead_letter_queue_takes_is_counted(account: Account) -> None:
    topic, (_, queue) = account.topic(), account.queue(MaximumMessageSize="1024")
    _, dead = account.queue(MaximumMessageSize="1024")
    redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=redrive)
    account.sns.publish(TopicArn=topic, Message="m" * 1024)
    lost = "NumberOfNotificationsFailedToRedriveToDlq"
    assert account.sum("AWS/SNS", lost, TopicName=topic.rpartition(":")[2]) == 1


def test_what_a_queue_does_and_holds_is_measured(account: Account) -> None:
    url, arn = account.queue()
    name = arn.rpartition(":")[2]
    for number in range(3):
        account.sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    [first, second] = account.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=2)["Messages"]
    account.sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    entries = [{"Id": "1", "ReceiptHandle": second["ReceiptHandle"]}]
    account.sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    counted = [
        account.sum("AWS/SQS", f"NumberOfMessages{kind}", QueueName=name) for kind in ("Sent", "Received", "Deleted")
    ]
    assert counted == [3, 2, 2]
    eventually(
        lambda: account.sum("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=name),
        lambda found: found == 1,
        within=20,
        what="one message is visible",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"AlarmActions": ["oncall"]},
        {"OKActions": ["arn:aws:sns:eu-west-1"]},
        {"TreatMissingData": "breach"},
        {"DatapointsToAlarm": 3, "EvaluationPeriods": 2},
        {"Period": 7},
        {"Period": 90},
        {"Period": 300, "EvaluationPeriods": 289},
        {"Period": 3600, "EvaluationPeriods": 169},
    ],
    ids=str,
)
def test_an_alarm_that_cloudwatch_does_not_take_is_refused(account: Account, wrong: dict[str, Any]) -> None:
    good = {"Namespace": "n", "MetricName": "m", "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 288}
    good |= {"Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "AlarmName": "refused"}
    with pytest.raises(ClientError, match="ValidationError"):
        account.watch.put_metric_alarm(**good | wrong)
    account.watch.put_metric_alarm(**good)
    account.watch.delete_alarms(AlarmNames=["refused"])


def test_an_alarm_goes_off_by_its_own_dimension_tells_its_topic_and_ends(account: Account) -> None:
    topic, (told, listener) = account.topic(), account.queue()
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener)
    (url, queue), (_, other) = account.queue(), account.queue()
    alarm, quiet = account.alarm(queue, topic), account.alarm(other, topic)
    account.state(alarm, "OK")
    account.state(quiet, "OK")
    account.sqs.purge_queue(QueueUrl=told)
    account.sqs.send_message(QueueUrl=url, MessageBody="m")
    account.state(alarm, "ALARM")
    account.sqs.purge_queue(QueueUrl=url)
    account.state(alarm, "OK")
    account.state(quiet, "OK")
    heard = account.sqs.receive_message(QueueUrl=told, MaxNumberOfMessages=10, WaitTimeSeconds=5)["Messages"]
    messages = [json.loads(json.loads(message["Body"])["Message"]) for message in heard]
    assert [(each["AlarmName"], each["NewStateValue"]) for each in messages] == [(alarm, "ALARM"), (alarm, "OK")]
    history = account.watch.describe_alarm_history(AlarmName=alarm, HistoryItemType="StateUpdate")
    assert any("to ALARM" in item["HistorySummary"] for item in history["AlarmHistoryItems"])


def test_a_topic_whose_policy_does_not_let_cloudwatch_in_is_not_told(account: Account) -> None:
    topic, (told, listener) = account.topic(), account.queue()
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener)
    only = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}
    account.sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=json.dumps({"Version": "2012-10-17", "Statement": [only]}),
    )
    url, queue = account.queue()
    alarm = account.alarm(queue, topic)
    account.sqs.send_message(QueueUrl=url, MessageBody="m")
    account.state(alarm, "ALARM")
    assert "Messages" not in account.sqs.receive_message(QueueUrl=told, WaitTimeSeconds=2)


ALARM = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 5, "EvaluationPeriods": 3, "StateValue": "OK"}


@pytest.mark.parametrize(
    ("settings", "values", "wanted"),
    [
        ({}, [6, 6, 6], "ALARM"),
        ({}, [6, 5, 6], "OK"),
        ({"DatapointsToAlarm": 2}, [6, 5, 6], "ALARM"),
        ({}, [None, None, None], "INSUFFICIENT_DATA"),
        ({"TreatMissingData": "notBreaching"}, [None, None, None], "OK"),
        ({"TreatMissingData": "breaching"}, [None, None, None], "ALARM"),
        ({"TreatMissingData": "ignore", "StateValue": "ALARM"}, [None, None, None], "ALARM"),
        ({"TreatMissingData": "breaching"}, [6, None, 6], "ALARM"),
        ({"TreatMissingData": "notBreaching"}, [6, None, 6], "OK"),
        ({"ComparisonOperator": "LessThanOrEqualToThreshold"}, [5, 5, 0], "ALARM"),
    ],
)
def test_the_state_follows_from_the_periods_that_are_evaluated(
    settings: dict[str, Any], values: list[float | None], wanted: str
) -> None:
    assert alarm_states.state(ALARM | settings, values) == wanted


@pytest.fixture(scope="module")
def found(account: Account) -> Callable[[str], list[str]]:
    """found(PATTERN): the messages of a log group that match."""
    group = account.name()
    account.logs.create_log_group(logGroupName=group)
    account.logs.create_log_stream(logGroupName=group, logStreamName="s")
    lines = [
        json.dumps({"level": "ERROR", "count": 2}),
        json.dumps({"level": "INFO", "count": 3}),
        "ERROR plain",
        "error",
    ]
    events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
    account.logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    def found(pattern: str) -> list[str]:
        events = account.logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        return [event["message"][:11] for event in events]

    return found


def test_filter_log_events_heeds_the_pattern(found: Callable[[str], list[str]]) -> None:
    assert found("ERROR plain") == ["ERROR plain"]
    assert found('{ $.level = "ERROR" }') == ['{"level": "']
    assert len(found("{ $.count > 1 }")) == 2
    assert found("{ $.count > 3 }") == []
    assert found("-ERROR -INFO") == ["error"]


def test_a_pattern_that_is_none_is_refused_by_the_api(found: Callable[[str], list[str]]) -> None:
    with pytest.raises(ClientError, match="InvalidParameterException"):
        found("order-placed")
