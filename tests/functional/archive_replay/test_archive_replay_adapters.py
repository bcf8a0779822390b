"""The adapters of the archive replay and of the replay window against moto: what they promise of AWS."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.adapters.sqs import SqsHiddenMessages
from event_fork.adapters.ssm_window import MAX_AGE_SECONDS, MAX_STALE_SECONDS, SsmParameter
from event_fork.adapters.target_health import SqsTargetHealth
from event_fork.archive_replay.observation import BacklogAge
from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.errors import ControlConflictError
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork.replay_plan.work_area import WorkArea
from event_fork.sending.ports import Hold
from tests.support.fakes import Clock
from tests.support.replay_world import ReplayWorld, stored

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
AREA = WorkArea("orders", "replay-1")
PLAN = ReplayWorld([stored(n) for n in range(10)], skip_lines=(1,), workers=2).plan.sealed()
CONTROL = Control("running", 10.0, 10.0, PLAN.sha256, 0, "", "ana", "2026-11-23T12:00:00.000Z", "replay-1")


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def documents() -> ReplayDocuments:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="archive", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="archive", Key=AREA.plan, Body=PLAN.to_bytes())
    s3.put_object(Bucket="archive", Key=AREA.control, Body=CONTROL.to_json())
    return ReplayDocuments(S3DocumentStore("archive"), AREA)


def test_documents_are_read_as_they_were_written(documents: ReplayDocuments) -> None:
    progress = Progress("000000", 7, 5, 1, 1, False, (FailedEvent(3, "id-3", "too large"),), "request-1")

    assert documents.progress("000000") == (None, None)
    etag = documents.put_progress(progress, None)

    assert documents.progress("000000") == (progress, etag)
    assert documents.control() == CONTROL
    assert documents.plan().replay_id == "replay-1"


def test_a_change_of_control_is_signed_and_dated(documents: ReplayDocuments) -> None:
    changed = documents.change_control(lambda now: replace(now, rate=5.0), changed_by="governor")

    assert documents.control() == changed
    assert (changed.rate, changed.changed_by) == (5.0, "governor")
    assert changed.changed_at > CONTROL.changed_at


@pytest.mark.parametrize("over", [False, True])
def test_a_write_that_was_refused_because_another_was_under_way_is_tried_again(
    documents: ReplayDocuments, monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    # GIVEN S3's answer to one of two conditional writes at once, whatever becomes of the other one
    progress = Progress("000000", 7, 5, 1, 1, False)
    etag = documents.put_progress(progress, None) if over else None
    put, answers = S3DocumentStore._put, ["409", "409"]

    def conflicting(store: S3DocumentStore, key: str, content: bytes, **condition: str) -> str | None:
        return None if answers and answers.pop() else put(store, key, content, **condition)

    monkeypatch.setattr(S3DocumentStore, "_put", conflicting)

    # WHEN progress is written THEN nobody has taken the item over
    written = documents.put_progress(replace(progress, line=9), etag)
    assert written is not None
    assert documents.progress("000000") == (replace(progress, line=9), written)
    assert answers == []


def test_of_two_changes_at_once_neither_is_lost(documents: ReplayDocuments) -> None:
    other: list[Control] = []

    def change(now: Control) -> Control:
        if not other:
            other.append(documents.change_control(lambda one: replace(one, limit=3.0), changed_by="ana"))
        return replace(now, rate=5.0)

    documents.change_control(change, changed_by="governor")

    found = documents.control()
    assert (found.limit, found.rate) == (3.0, 5.0)


def test_a_control_that_is_always_changed_by_others_is_given_up(documents: ReplayDocuments) -> None:
    rates = iter(range(100))

    def change(now: Control) -> Control:
        documents.change_control(lambda one: replace(one, limit=float(next(rates) + 1)), changed_by="ana")
        return replace(now, rate=5.0)

    with pytest.raises(ControlConflictError):
        documents.change_control(change, changed_by="governor")


def test_documents_that_cannot_be_read_fail_by_the_services_code() -> None:
    boto3.client("s3").create_bucket(Bucket="empty", CreateBucketConfiguration={"LocationConstraint": REGION})

    with pytest.raises(CallFailedError, match="NoSuchKey"):
        ReplayDocuments(S3DocumentStore("empty"), AREA).control()


def queues() -> tuple[str, str, str]:
    """A queue and its dead-letter queue: URL and ARN of the first, URL of the second."""
    sqs = boto3.client("sqs")
    dead = sqs.create_queue(QueueName="checkout-dlq")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 5})
    url = sqs.create_queue(QueueName="checkout", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return url, arn, dead


def test_health_is_backlog_dead_letters_and_an_estimated_age_without_a_metric() -> None:
    url, arn, dead = queues()
    sqs = boto3.client("sqs")
    now = [1000.0]
    health = SqsTargetHealth(url, arn, BacklogAge(), own_account=ACCOUNT, clock=lambda: now[0])
    for queue, count in ((url, 3), (dead, 2)):
        for number in range(count):
            sqs.send_message(QueueUrl=queue, MessageBody=str(number))

    health.look(10.0)
    now[0] += 30
    seen = health.look(10.0)

    assert (seen.at, seen.backlog, seen.dead_letters) == (1030.0, 3, 2)
    assert seen.oldest_age_seconds == pytest.approx(0.3), "3 messages, 10 a second go through"


def test_health_takes_the_age_that_cloudwatch_measured() -> None:
    url, arn, _ = queues()
    now = datetime.now(UTC)
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": "checkout"}],
                "Timestamp": now - timedelta(minutes=minutes),
                "Value": value,
            }
            for minutes, value in ((2, 400.0), (1, 77.0))
        ],
    )

    assert SqsTargetHealth(url, arn, BacklogAge(), own_account=ACCOUNT).look(1.0).oldest_age_seconds == 77.0
    # The metric of a queue of the same name in the function's own account says nothing about another account's queue.
    assert SqsTargetHealth(url, arn, BacklogAge(), own_account="999999999999").look(1.0).oldest_age_seconds == 0.0


def test_a_target_that_is_gone_fails_by_its_code() -> None:
    url, arn, _ = queues()
    boto3.client("sqs").delete_queue(QueueUrl=url)

    with pytest.raises(CallFailedError, match=r"NonExistentQueue|QueueDoesNotExist"):
        SqsTargetHealth(url, arn, BacklogAge(), own_account=ACCOUNT).look(1.0)


def test_hidden_messages_are_hidden_and_what_cannot_be_is_named() -> None:
    url, _, _ = queues()
    sqs = boto3.client("sqs")
    for number in range(9):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    received: list[Any] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600).get("Messages"):
        received.extend(messages)
    holds = [
        Hold(message["MessageId"], message["ReceiptHandle"], 900 if number < 8 else 0)
        for number, message in enumerate(received)
    ]

    failed = SqsHiddenMessages(url).hide([Hold("m", "no-such-handle", 900), *holds])

    assert list(failed) == [0]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "8"
    assert attributes["ApproximateNumberOfMessages"] == "1"


def test_the_window_is_read_at_most_every_5_seconds_and_an_old_one_will_do_for_a_minute() -> None:
    clock = Clock()
    calls: list[str] = []
    throttled: list[bool] = []

    class Client:
        def get_parameter(self, Name: str) -> dict[str, Any]:  # noqa: N803 -- boto3's
            calls.append(Name)
            if throttled:
                raise CallFailedError("ThrottlingException", "slow down", transient=True)
            return {"Parameter": {"Value": f"{len(calls)}"}}

    parameter = SsmParameter("window", Client(), clock)  # type: ignore[arg-type]

    assert [parameter.text(), parameter.text()] == ["1", "1"]
    clock.now += MAX_AGE_SECONDS
    assert parameter.text() == "2"
    throttled.append(True)
    clock.now += MAX_STALE_SECONDS - 1
    assert parameter.text() == "2"
    clock.now += 1
    with pytest.raises(CallFailedError):
        parameter.text()


def test_the_window_is_read_anew_when_that_is_asked_for() -> None:
    with mock_aws():
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name="window", Value="1", Type="String")
        parameter = SsmParameter("window", ssm, Clock())
        assert parameter.text() == "1"
        ssm.put_parameter(Name="window", Value="2", Type="String", Overwrite=True)

        assert (parameter.text(), parameter.read(), parameter.text()) == ("1", "2", "2")
