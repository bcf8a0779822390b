"""What an order is. Pure: no environment, no AWS.

An order as the API takes it; amounts are USD with at most two decimals::

    {"customer": {"id", "name", "email"},
     "items": [{"sku", "name", "quantity", "unitPrice"}, ...],
     "shipping": {"method", "cost", "address": {"line1", "city", "postalCode", "country"}},
     "payment": {"method", and for method "card": "cardNumber", "cardHolder", "expiry", "cvc"},
     "amount": sum of quantity x unitPrice + shipping cost, "currency": "USD",
     "metadata": {free form, optional}}

API Gateway has refused what lacks a field before it comes here (order.schema.json). Its model cannot add up, check a
card number or say which field has the wrong type, so everything is checked here, and every faulty field is named.
"""

import json
from collections.abc import Iterable
from decimal import Decimal
from math import isfinite
from typing import Any, NoReturn

from .rules import Fault, card_number, fields, free_form, list_of, matching, money, one_of, text, whole_number

Order = dict[str, Any]

MOST = "1000000"
"""The largest amount in USD; far inside what an SNS filter policy can compare (1e9)."""
MAX_BODY_BYTES = 65_536
"""Of a request. It also bounds the work that one request makes, and the length of an answer that names every fault."""

CUSTOMER = fields(
    {
        "id": matching(r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, - or _"),
        "name": text(200),
        "email": matching(r"(?=.{5,254}\Z)[^@\s]{1,64}@[^@\s]+\.[^@\s]+", "an e-mail address"),
    }
)
ITEM = fields(
    {
        "sku": matching(r"[A-Z0-9-]{3,32}", "3 to 32 capital letters, digits or -"),
        "name": text(200),
        "quantity": whole_number(1, 999),
        "unitPrice": money("0.01", MOST),
    }
)
ADDRESS = fields(
    {
        "line1": text(200),
        "city": text(100),
        "postalCode": text(16),
        "country": matching(r"[A-Z]{2}", "a two-letter country code (ISO 3166-1)"),
    }
)
SHIPPING = fields({"method": one_of("standard", "express", "pickup"), "cost": money("0.00", MOST), "address": ADDRESS})
PAYMENT_METHOD = one_of("card", "paypal", "bank_transfer", "gift_card")
OTHER_PAYMENT = fields({"method": PAYMENT_METHOD})
CARD_PAYMENT = fields(
    {
        "method": PAYMENT_METHOD,
        "cardNumber": card_number(),
        "cardHolder": text(100),
        "expiry": matching(r"(0[1-9]|1[0-2])/\d\d", "a month and a year like 09/29"),
        "cvc": matching(r"\d{3,4}", "3 or 4 digits"),
    }
)


def _payment(path: str, value: Any) -> Iterable[Fault]:
    """Card fields belong to card payments, and to no other."""
    by_card = isinstance(value, dict) and value.get("method") == "card"
    return (CARD_PAYMENT if by_card else OTHER_PAYMENT)(path, value)


ORDER = fields(
    {
        "customer": CUSTOMER,
        "items": list_of(ITEM, longest=100),
        "shipping": SHIPPING,
        "payment": _payment,
        "amount": money("0.01", MOST),
        "currency": one_of("USD"),
    },
    optional={"metadata": free_form()},
)


class InvalidOrderError(ValueError):
    """The body is not an order; `faults` has at least one entry."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.field} {fault.reason}" for fault in faults))
        self.faults = faults


def parse_order(body: str, max_bytes: int = MAX_BODY_BYTES) -> Order:
    """The order in a request body of at most `max_bytes`, fractions as Decimal.

    Raises:
        InvalidOrderError: names every field that is wrong.
    """
    if (size := len(body.encode(errors="replace"))) > max_bytes:
        raise InvalidOrderError([Fault("body", f"has {size} bytes, at most {max_bytes} are taken")])
    try:
        order = json.loads(body, parse_float=_fraction, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidOrderError([Fault("body", f"is not JSON: {error}")]) from error
    if faults := list(ORDER("", order)):
        raise InvalidOrderError(faults)
    if order["amount"] != (total := _total(order)):
        raise InvalidOrderError([Fault("amount", f"is {order['amount']}, but items and shipping add up to {total}")])
    return dict(order)


def _total(order: Order) -> Decimal:
    return sum((item["quantity"] * item["unitPrice"] for item in order["items"]), Decimal(order["shipping"]["cost"]))


def _fraction(number: str) -> Decimal:
    """A JSON number with a fraction or an exponent; refused where no double holds it: no reader of the topic could."""
    if not isfinite(float(number)):
        raise ValueError(f"the number {number} is too large")
    return Decimal(number)


def _refuse_constant(name: str) -> NoReturn:
    """Python reads NaN and Infinity, JSON has neither."""
    raise ValueError(f"{name} is not a JSON value")
