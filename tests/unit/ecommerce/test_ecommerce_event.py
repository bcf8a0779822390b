"""The event of a placed order: message, attributes, size."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from checkout.event import MAX_MESSAGE_BYTES, order_placed
from checkout.order import InvalidOrderError, parse_order

from examples.ecommerce.demo.orders import samples

PLACED_AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def body(metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(samples(1, bad=0, seed=1)[0].body)
    return {**order, "metadata": metadata or {}}


def test_the_message_is_the_order_with_id_status_and_time() -> None:
    order = body({"naïve": "☕"})
    event = order_placed(parse_order(json.dumps(order)), "o-1", PLACED_AT)
    assert json.loads(event.message) == {
        "id": "o-1",
        "status": "placed",
        "placedAt": "2026-11-23T09:30:00.000+00:00",
        **order,
    }


def test_filters_find_type_amount_currency_and_payment_method_in_the_attributes() -> None:
    order = parse_order(json.dumps(body()))
    assert order_placed(order, "o-1", PLACED_AT).attributes == {
        "event_type": ("String", "order.placed"),
        "amount": ("Number", "99.99"),
        "currency": ("String", "USD"),
        "payment_method": ("String", order["payment"]["method"]),
    }


def test_every_amount_of_cents_survives_as_a_json_number() -> None:
    for cents in (1, 29, 1001, 5799, 99_999_999):
        order = parse_order(json.dumps(body())) | {"amount": cents / 100}
        assert f'"amount":{cents / 100}' in order_placed(order, "o-1", PLACED_AT).message


def test_an_order_too_large_for_the_topic_is_refused_before_it_is_published() -> None:
    order = parse_order(json.dumps(body({"note": "é" * (MAX_MESSAGE_BYTES // 2)})), max_bytes=2**20)
    with pytest.raises(InvalidOrderError, match="body has"):
        order_placed(order, "o-1", PLACED_AT)


def test_half_of_a_surrogate_pair_is_refused_for_it_is_no_text() -> None:
    order = parse_order(json.dumps(body({"note": "HALF"})).replace("HALF", r"\ud800"))
    with pytest.raises(InvalidOrderError, match="half of a surrogate pair"):
        order_placed(order, "o-1", PLACED_AT)


def test_what_sqs_takes_for_no_character_is_published_as_an_escape() -> None:
    event = order_placed(parse_order(json.dumps(body({"note": "\uffff\ufffe"}))), "o-1", PLACED_AT)
    assert not {"\uffff", "\ufffe"} & set(event.message)
    assert json.loads(event.message)["metadata"] == {"note": "\uffff\ufffe"}


def test_an_amount_with_an_exponent_is_a_plain_number_in_the_attributes() -> None:
    order = parse_order(json.dumps(body())) | {"amount": Decimal("1E+2")}
    assert order_placed(order, "o-1", PLACED_AT).attributes["amount"] == ("Number", "100")
