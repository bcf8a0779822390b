"""How the target queue and its dead-letter queue are: SQS, and CloudWatch for the age of the oldest message.

Sources: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
         https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import boto3

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed
from event_fork.archive_replay.observation import BacklogAge, Observation
from event_fork.replay_plan.json_values import Matches, from_json, parse_json

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_sqs.client import SQSClient

_METRIC_PERIOD = 60
_METRIC_MINUTES = 5
"""SQS puts the metric every minute and a little late; older values say nothing about now."""


@dataclass(frozen=True, slots=True)
class _RedrivePolicy:
    deadLetterTargetArn: Annotated[str, Matches(r"(?:[^:]+:){5}[^:]+", "the ARN of a queue")]  # noqa: N815  SQS's name


class SqsTargetHealth:
    """One queue, in any Region or account, and the dead-letter queue that its redrive policy names.

    `own_account`: whose metrics CloudWatch answers with. A queue of another account has its age there, and a queue of
    the same name here would answer in its place.
    """

    def __init__(
        self,
        url: str,
        arn: str,
        backlog: BacklogAge,
        *,
        own_account: str,
        sqs: "SQSClient | None" = None,
        cloudwatch: "CloudWatchClient | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        region, account, self._name = arn.split(":")[3:6]
        self._is_own = account == own_account
        self._url = url
        self._backlog = backlog
        self._sqs = sqs or boto3.client("sqs", region_name=region, config=RETRYING_CONFIG)
        self._cloudwatch = cloudwatch or boto3.client("cloudwatch", region_name=region, config=RETRYING_CONFIG)
        self._clock = clock
        self._dead_letter_url: str | None = None

    def look(self, rate: float) -> Observation:
        """See TargetHealth.look."""
        with as_call_failed():
            attributes = self._sqs.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages", "RedrivePolicy"]
            )["Attributes"]
            dead_letters = self._dead_letters(attributes.get("RedrivePolicy"))
            measured = self._measured_age()
        now = self._clock()
        waiting = int(attributes["ApproximateNumberOfMessages"])
        estimated = self._backlog.age(now, waiting, rate)
        return Observation(now, waiting, dead_letters, estimated if measured is None else measured)

    def _dead_letters(self, redrive_policy: str | None) -> int | None:
        if not redrive_policy:
            return None
        if self._dead_letter_url is None:
            arn = from_json(
                _RedrivePolicy, parse_json(redrive_policy, "RedrivePolicy"), "RedrivePolicy"
            ).deadLetterTargetArn.split(":")
            found = self._sqs.get_queue_url(QueueName=arn[5], QueueOwnerAWSAccountId=arn[4])
            self._dead_letter_url = found["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self._dead_letter_url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"])

    def _measured_age(self) -> float | None:
        if not self._is_own:
            return None
        now = datetime.fromtimestamp(self._clock(), UTC)
        points = self._cloudwatch.get_metric_statistics(
            Namespace="AWS/SQS",
            MetricName="ApproximateAgeOfOldestMessage",
            Dimensions=[{"Name": "QueueName", "Value": self._name}],
            StartTime=now - timedelta(minutes=_METRIC_MINUTES),
            EndTime=now,
            Period=_METRIC_PERIOD,
            Statistics=["Maximum"],
        )["Datapoints"]
        newest = max(points, key=lambda point: point["Timestamp"], default=None)
        return None if newest is None else newest["Maximum"]
