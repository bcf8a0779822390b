"""The ways an order of the demo can be wrong: the field the refusal has to name, and what spoils a card order so."""

from collections.abc import Callable
from typing import Any

Order = dict[str, Any]
Spoil = Callable[[Order], str | None]
"""Changes the order in place; or gives the whole body where it is no JSON object at all."""


def _without(*path: str) -> Spoil:
    def spoil(order: Order) -> None:
        _parent(order, path).pop(path[-1])

    return spoil


def _with(value: Any, *path: str) -> Spoil:
    def spoil(order: Order) -> None:
        _parent(order, path)[path[-1]] = value

    return spoil


def _body(text: str) -> Spoil:
    return lambda _: text


def _item(name: str, value: Any) -> Spoil:
    def spoil(order: Order) -> None:
        order["items"][0][name] = value

    return spoil


def _one_dollar_more(order: Order) -> None:
    order["amount"] += 1


def _paypal_with_card(order: Order) -> None:
    order["payment"]["method"] = "paypal"


def _other_check_digit(order: Order) -> None:
    number = order["payment"]["cardNumber"]
    order["payment"]["cardNumber"] = number[:-1] + str((int(number[-1]) + 1) % 10)


def _parent(order: Order, path: tuple[str, ...]) -> Order:
    for name in path[:-1]:
        order = order[name]
    return order


WRONG: tuple[tuple[str, Spoil], ...] = (
    ("payment", _without("payment")),
    ("amount", _one_dollar_more),
    ("payment.cardNumber", _other_check_digit),
    ("items[0].quantity", _item("quantity", 0)),
    ("customer.email", _with("nobody at example.com", "customer", "email")),
    ("items", _without("items")),
    ("currency", _with("DOGE", "currency")),
    ("shipping.address.country", _with("Atlantis", "shipping", "address", "country")),
    ("customer.name", _without("customer", "name")),
    ("amount", _with("a lot", "amount")),
    ("payment.cvc", _without("payment", "cvc")),
    ("items", _with([], "items")),
    ("items[0].unitPrice", _item("unitPrice", -5)),
    ("payment.expiry", _with("13/31", "payment", "expiry")),
    ("discount", _with(0.5, "discount")),
    ("payment.cardNumber", _paypal_with_card),
    ("shipping.address.city", _without("shipping", "address", "city")),
    ("items[0].quantity", _item("quantity", "two")),
    ("metadata", _with("none", "metadata")),
    ("body", _body('{"customer": ')),
)
