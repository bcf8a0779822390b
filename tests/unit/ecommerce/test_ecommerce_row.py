"""The row of CheckoutTable: a function of the message alone, without the card, and what the demo's bug does to it."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from checkout.event import order_placed
from checkout.order import parse_order
from checkout.row import row_of, with_bug

from examples.ecommerce.demo.orders import samples


@pytest.fixture(scope="module")
def message() -> str:
    """The message of an order paid by card."""
    sample = next(sample for sample in samples(40, bad=0, seed=3) if sample.card_numbers)
    return order_placed(parse_order(sample.body), "o-1", datetime(2026, 11, 23, tzinfo=UTC)).message


def test_a_row_has_what_checkout_needs_and_exact_amounts(message: str) -> None:
    order = json.loads(message, parse_float=Decimal)
    row = row_of(message)
    assert row["id"] == "o-1"
    assert row["status"] == "paid"
    assert row["amount"] == order["amount"]
    assert isinstance(row["amount"], Decimal)
    assert [item["sku"] for item in row["items"]] == [item["sku"] for item in order["items"]]


def test_the_same_message_gives_the_same_row(message: str) -> None:
    assert row_of(message) == row_of(message)


def test_nothing_of_the_card_is_in_a_row(message: str) -> None:
    payment = json.loads(message)["payment"]
    stored = json.dumps(row_of(message), default=str)
    for name in ("cardNumber", "cardHolder", "expiry", "cvc"):
        assert name not in stored
    assert payment["cardNumber"] not in stored


def test_the_bug_spoils_amount_and_status_and_nothing_else(message: str) -> None:
    row = row_of(message)
    broken = with_bug(row)
    assert {name for name in row if row[name] != broken[name]} == {"amount", "status"}
    assert broken["amount"] * 100 == row["amount"]


@pytest.mark.parametrize("message", ["not JSON", "[]", "{}", '{"id": "o-1", "amount": 1}'])
def test_a_message_that_is_no_order_raises(message: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        row_of(message)
