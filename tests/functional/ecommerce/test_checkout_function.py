"""CheckoutFunction against moto's DynamoDB: rows, replays, partial failures, and the bug of the walk-through."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from checkout import checkout
from checkout.event import order_placed
from checkout.order import parse_order
from checkout.row import row_of
from checkout.settings import SettingsError
from moto import mock_aws

from examples.ecommerce.demo.orders import samples

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

Rows = Callable[[], dict[str, dict[str, Any]]]
CONTEXT = SimpleNamespace(
    function_name="checkout", memory_limit_in_mb=128, invoked_function_arn="arn:fn", aws_request_id="r-1"
)
MESSAGES = [
    order_placed(parse_order(sample.body), f"o-{number}", datetime(2026, 11, 23, tzinfo=UTC)).message
    for number, sample in enumerate(samples(5, bad=0, seed=5))
]


@pytest.fixture(autouse=True)
def _new_execution_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TABLE_NAME", "orders")
    forget()
    yield
    forget()


def forget() -> None:
    """A new execution environment."""
    checkout.settings.cache_clear()
    checkout.table.cache_clear()


@pytest.fixture
def rows() -> Iterator[Rows]:
    """The rows of CheckoutTable by id."""
    with mock_aws():
        table = boto3.resource("dynamodb").create_table(
            TableName="orders",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield lambda: {str(row["id"]): row for row in table.scan()["Items"]}


def batch(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"m-{number}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for number, body in enumerate(bodies)
        ]
    }


def failed(answer: Any) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_every_order_of_a_batch_is_kept_under_its_id(rows: Rows) -> None:
    assert failed(checkout.handler(batch(*MESSAGES), CONTEXT)) == []
    assert rows() == {f"o-{number}": row_of(message) for number, message in enumerate(MESSAGES)}


def test_a_replayed_order_leaves_the_same_row(rows: Rows) -> None:
    checkout.handler(batch(*MESSAGES), CONTEXT)
    before = rows()
    checkout.handler(batch(*MESSAGES, *MESSAGES), CONTEXT)
    assert rows() == before


def test_only_the_message_that_cannot_be_kept_comes_back(rows: Rows) -> None:
    answer = checkout.handler(batch(MESSAGES[0], "not JSON", MESSAGES[1], json.dumps({"id": "x"})), CONTEXT)
    assert failed(answer) == ["m-1", "m-3"]
    assert set(rows()) == {"o-0", "o-1"}


def test_a_batch_of_which_nothing_can_be_kept_fails_as_a_whole(rows: Rows) -> None:
    with pytest.raises(BatchProcessingError):
        checkout.handler(batch("a", "b"), CONTEXT)


def test_a_table_that_refuses_fails_the_batch() -> None:
    with mock_aws(), pytest.raises(BatchProcessingError):
        checkout.handler(batch(*MESSAGES), CONTEXT)


def test_the_bug_spoils_rows_and_a_replay_after_the_fix_heals_them(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = {f"o-{number}": row_of(message) for number, message in enumerate(MESSAGES)}
    monkeypatch.setenv("BUG_ENABLED", "true")
    checkout.handler(batch(*MESSAGES), CONTEXT)
    spoiled = rows()
    assert all(spoiled[name]["amount"] * 100 == row["amount"] for name, row in sound.items())
    assert all(row["status"] == "unpaid" for row in spoiled.values())

    monkeypatch.setenv("BUG_ENABLED", "false")
    forget()
    checkout.handler(batch(*MESSAGES), CONTEXT)
    assert rows() == sound


def test_wrong_settings_fail_the_invocation_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUG_ENABLED", "perhaps")
    with pytest.raises(SettingsError, match="BUG_ENABLED"):
        checkout.handler(batch(MESSAGES[0]), CONTEXT)
