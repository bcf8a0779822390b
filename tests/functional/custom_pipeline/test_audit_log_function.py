"""The function of the audit log on moto: one row an event, and only what failed goes back."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import audit_log
import boto3
import pytest
from moto import mock_aws

CONTEXT = SimpleNamespace(
    function_name="fork", memory_limit_in_mb=128, invoked_function_arn="arn:fn", aws_request_id="r-1"
)


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("TABLE_NAME", "rows")
    audit_log.table.cache_clear()
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="rows",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "event_id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "event_id", "KeyType": "HASH"}],
        )
        yield
    audit_log.table.cache_clear()


def record(event_id: str, **attributes: str) -> dict[str, Any]:
    """A message of the queue: SNS's envelope of one event."""
    envelope = {
        "Type": "Notification",
        "MessageId": event_id,
        "TopicArn": "arn:aws:sns:eu-west-1:123456789012:orders",
        "Message": f"message of {event_id}",
        "Timestamp": "2026-11-23T12:00:00.000Z",
        "MessageAttributes": {name: {"Type": "String", "Value": value} for name, value in attributes.items()},
    }
    return {"messageId": f"sqs-{event_id}", "body": json.dumps(envelope)}


def rows() -> dict[str, dict[str, Any]]:
    items = boto3.resource("dynamodb").Table("rows").scan()["Items"]
    return {str(item["event_id"]): dict(item) for item in items}


def failures(*records: dict[str, Any]) -> list[str]:
    answer = audit_log.handler({"Records": list(records)}, CONTEXT)
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_every_event_has_one_row_however_often_it_is_delivered() -> None:
    first, second = record("e-1", event_type="order.placed"), record("e-2")

    assert failures(first, second, first) == []
    assert rows() == {
        "e-1": {
            "event_id": "e-1",
            "published_at": "2026-11-23T12:00:00.000Z",
            "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders",
            "event_type": "order.placed",
            "message": "message of e-1",
        },
        "e-2": rows()["e-2"],
    }
    assert rows()["e-2"]["event_type"] == "unknown"


def test_only_what_failed_goes_back_to_the_queue() -> None:
    assert failures({"messageId": "sqs-bad", "body": "no envelope"}, record("e-1")) == ["sqs-bad"]
    assert set(rows()) == {"e-1"}


def test_nothing_is_lost_when_the_table_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLE_NAME", "not-there")

    assert failures(record("e-1")) == ["sqs-e-1"]
    assert rows() == {}
