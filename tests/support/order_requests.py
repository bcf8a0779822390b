"""Requests for the API of examples/ecommerce, made by hypothesis: sound orders, spoiled ones, and anything else.

`is_order` is the oracle: what an order is in words of its own, and not by the rules of the example's code.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from jsonschema import Draft4Validator

from testbench.paths import PROJECT

MODEL = Draft4Validator(json.loads((PROJECT / "examples/ecommerce/order.schema.json").read_text()))
"""What API Gateway checks before the function sees a request."""
Json = Any

_CHARACTERS = st.characters()  # lone halves of surrogate pairs among them: JSON can say \ud800
_WORDS = st.text(_CHARACTERS, min_size=1, max_size=12) | st.sampled_from([" ", " " * 300, "\0", "\ufffe", "é" * 200])
_NUMBERS = st.integers() | st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0, -0.0, 1e308, 10**400])
_LEAVES = st.none() | st.booleans() | _NUMBERS | _WORDS
_ANYTHING: st.SearchStrategy[Json] = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_WORDS, inner, max_size=4), max_leaves=12
)
_CENTS = st.integers(0, 50_000)
_CARD = st.sampled_from(["4111111111111111", "378282246310005", "6011111111111117"])


def _money(cents: int, exponent: bool) -> Json:
    """The same amount as a fraction, or as a whole number where it is one."""
    return cents // 100 if exponent and cents % 100 == 0 else cents / 100


@st.composite
def orders(draw: st.DrawFn) -> Json:
    """Sound orders, also at the ends of what is allowed."""
    items: list[dict[str, Json]] = [
        {
            "sku": draw(st.from_regex(r"[A-Z0-9-]{3,32}", fullmatch=True)),
            "name": draw(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(str.strip)),
            "quantity": draw(st.integers(1, 999)),
            "cents": draw(st.integers(1, 10_000)),
        }
        for _ in range(draw(st.integers(1, 3)))
    ]
    cost = draw(_CENTS)
    total = sum(item["quantity"] * item["cents"] for item in items) + cost
    if total > 100_000_000:
        items, total = items[:1], items[0]["quantity"] * items[0]["cents"] + cost
    whole = draw(st.booleans())
    method = draw(st.sampled_from(["card", "paypal", "bank_transfer", "gift_card"]))
    card = {
        "cardNumber": draw(_CARD),
        "cardHolder": "Ada",
        "expiry": "09/31",
        "cvc": draw(st.sampled_from(["123", "1234"])),
    }
    order: dict[str, Json] = {
        "customer": {
            "id": draw(st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)),
            "name": "Ada",
            "email": "a@b.c",
        },
        "items": [
            {**{name: item[name] for name in ("sku", "name", "quantity")}, "unitPrice": _money(item["cents"], whole)}
            for item in items
        ],
        "shipping": {
            "method": draw(st.sampled_from(["standard", "express", "pickup"])),
            "cost": _money(cost, whole),
            "address": {"line1": "1 Main Street", "city": "Dublin", "postalCode": "D02", "country": "IE"},
        },
        "payment": {"method": method, **(card if method == "card" else {})},
        "amount": _money(total, whole),
        "currency": "USD",
    }
    if draw(st.booleans()):
        order["metadata"] = draw(st.dictionaries(_WORDS, _ANYTHING, max_size=3))
    return order


def _places(value: Json, path: tuple[Json, ...] = ()) -> list[tuple[Json, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for name, one in inner for place in _places(one, (*path, name)))]


@st.composite
def spoiled(draw: st.DrawFn) -> Json:
    """A sound order in which one value is another, is gone, or has a stranger beside it."""
    order = draw(orders())
    *above, last = draw(st.sampled_from(_places(order)))
    holder = order
    for name in above:
        holder = holder[name]
    spoil = draw(st.sampled_from(["replace", "remove", "add", "long"]))
    if spoil == "remove":
        del holder[last]
    elif spoil == "add" and isinstance(holder, dict):
        holder[draw(_WORDS)] = draw(_ANYTHING)
    else:
        holder[last] = (
            draw(_ANYTHING)
            if spoil != "long"
            else draw(st.sampled_from([["x"] * 200, "x" * 70_000, "." * 40_000 + " "]))
        )
    return order


def _text(order: Json, *, escaped: bool) -> str:
    """As JSON; a client may send characters as they are or as escapes, and lone surrogates only as those."""
    try:
        text = json.dumps(order, ensure_ascii=escaped)
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(order)
    return text


requests: st.SearchStrategy[str] = (
    st.builds(_text, orders(), escaped=st.booleans())
    | st.builds(_text, spoiled(), escaped=st.booleans())
    | st.builds(_text, _ANYTHING, escaped=st.booleans())
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
    | st.sampled_from(
        ["", "[" * 60_000, '{"metadata":' + '{"a":' * 900 + "1" + "}" * 901, "9" * 5_000, "null", '"\\ud800"']
    )
)
"""Bodies of POST /orders."""


def is_order(order: Json) -> bool:
    """Whether a published order, without what the shop adds to it, is one. Amounts are Decimal."""
    checks: dict[str, Callable[[], bool]] = {
        "model": lambda: MODEL.is_valid(order),
        "customer": lambda: (
            bool(re.fullmatch(r"[\w-]{1,64}", order["customer"]["id"], re.ASCII))
            and 1 <= len(order["customer"]["name"]) <= 200
            and 1 < order["customer"]["email"].index("@") + 1 < len(order["customer"]["email"]) <= 254
        ),
        "items": lambda: (
            1 <= len(order["items"]) <= 100
            and all(
                1 <= item["quantity"] <= 999
                and type(item["quantity"]) is int
                and _cents(item["unitPrice"])
                and 3 <= len(item["sku"]) <= 32
                and 1 <= len(item["name"]) <= 200
                and set(item) == {"sku", "name", "quantity", "unitPrice"}
                for item in order["items"]
            )
        ),
        "sum": lambda: (
            Decimal(order["amount"])
            == sum(
                (item["quantity"] * item["unitPrice"] for item in order["items"]), Decimal(order["shipping"]["cost"])
            )
        ),
        "amount": lambda: Decimal("0.01") <= order["amount"] <= 1_000_000 and _cents(order["amount"]),
        "payment": lambda: (
            set(order["payment"])
            == (
                {"method"}
                | ({"cardNumber", "cardHolder", "expiry", "cvc"} if order["payment"]["method"] == "card" else set())
            )
        ),
        "currency": lambda: order["currency"] == "USD",
        "metadata": lambda: isinstance(order.get("metadata", {}), dict),
    }
    return all(check() for check in checks.values())


def _cents(amount: Json) -> bool:
    return type(amount) in (int, Decimal) and amount == round(Decimal(amount), 2)
