"""Orders for the demo: varied, made from a seed, some of them wrong on purpose. Pure: no network, no clock."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from faker import Faker

from examples.ecommerce.demo.unindexable import CASES, Metadata
from examples.ecommerce.demo.wrong import WRONG

Order = dict[str, Any]

FILTER_FROM = Decimal(100)
"""Orders of this many dollars and more go to the search index (filter policy in forks.tf)."""

CATALOGUE: tuple[tuple[str, str, str], ...] = (
    ("MUG-001", "Stoneware mug", "14.50"),
    ("TEE-014", "Organic cotton T-shirt", "24.00"),
    ("BAG-203", "Waxed canvas backpack", "129.00"),
    ("LMP-077", "Desk lamp", "59.90"),
    ("KTL-310", "Gooseneck kettle", "84.95"),
    ("HDP-512", "Wireless headphones", "199.00"),
    ("NTB-008", "Dotted notebook", "11.25"),
    ("CHR-900", "Ergonomic office chair", "349.00"),
    ("KBD-120", "Mechanical keyboard", "149.99"),
    ("PLT-045", "Monstera in a pot", "32.40"),
)
CARD_TYPES = ("visa16", "mastercard", "amex", "discover")
SHIPPING_COSTS = {"standard": "4.90", "express": "14.90", "pickup": "0.00"}


@dataclass(frozen=True)
class Sample:
    """One request of the demo.

    Attributes:
        body: the request body.
        wrong_field: the field the refusal has to name; None for an order that has to be accepted.
        card_numbers: card numbers in the body, for which the archive is searched afterwards.
    """

    body: str
    wrong_field: str | None
    card_numbers: tuple[str, ...]


def samples(count: int, bad: int, seed: int) -> list[Sample]:
    """`count` requests of which `bad` have to be refused, evenly mixed; the same for the same arguments.

    The good ones begin with an order just below the filter's limit, one just at it, and those the search index cannot
    take (unindexable.py), so five good ones have all of them.
    """
    if not 0 <= bad < count:
        raise ValueError(f"bad must be from 0 to {count - 1}, not {bad}")
    maker = _Maker(seed)
    good = [_sample(order) for order in maker.good(count - bad)]
    refused = [maker.refused(number) for number in range(bad)]
    mixed = good + refused
    maker.random.shuffle(mixed)
    return mixed


class _Maker:
    """Makes orders from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - test data, not a secret
        self.faker = Faker("en_US")
        self.faker.seed_instance(seed)

    def good(self, count: int) -> Iterator[Order]:
        """`count` sound orders; the special ones first."""
        special = [self.costing("99.99"), self.costing("100.00"), *(self.unindexable(case()) for case in CASES)]
        yield from special[:count]
        for _ in range(len(special), count):
            yield self.order()

    def order(self) -> Order:
        """A sound order as shops see them."""
        chosen = self.random.sample(CATALOGUE, k=self.random.choice((1, 1, 1, 2, 2, 3)))
        items = [self._item(*product, quantity=self.random.choice((1, 1, 1, 2, 3))) for product in chosen]
        shipping = self.random.choice(list(SHIPPING_COSTS))
        return self._order(items, shipping, self._payment(), self._metadata())

    def costing(self, amount: str) -> Order:
        """A sound order of exactly that amount."""
        item = self._item("GFT-100", "Gift box", amount, quantity=1)
        return self._order([item], "pickup", self._payment(), self._metadata())

    def unindexable(self, metadata: Metadata) -> Order:
        """A sound order, dear enough for the index, with metadata that the index cannot take."""
        item = self._item("CHR-900", "Ergonomic office chair", "349.00", quantity=1)
        return self._order([item], "express", self._payment(), metadata)

    def refused(self, number: int) -> Sample:
        """An order that is wrong in one way; the ways take turns."""
        field, spoil = WRONG[number % len(WRONG)]
        order = self.order()
        order["payment"] = self._card()
        body = spoil(order)
        return _sample(order, body=body if isinstance(body, str) else json.dumps(order), wrong_field=field)

    def _order(self, items: list[Order], shipping: str, payment: Order, metadata: Order) -> Order:
        cost = Decimal(SHIPPING_COSTS[shipping])
        total = sum((item["quantity"] * Decimal(str(item["unitPrice"])) for item in items), cost)
        return {
            "customer": {
                "id": f"c-{self.random.randrange(10_000, 99_999)}",
                "name": self.faker.name(),
                "email": self.faker.safe_email(),
            },
            "items": items,
            "shipping": {
                "method": shipping,
                "cost": float(cost),
                "address": {
                    "line1": self.faker.street_address(),
                    "city": self.faker.city(),
                    "postalCode": self.faker.postcode(),
                    "country": "US",
                },
            },
            "payment": payment,
            "amount": float(total),
            "currency": "USD",
            "metadata": metadata,
        }

    def _item(self, sku: str, name: str, price: str, quantity: int) -> Order:
        return {"sku": sku, "name": name, "quantity": quantity, "unitPrice": float(price)}

    def _payment(self) -> Order:
        method = self.random.choice(("card", "card", "card", "paypal", "bank_transfer", "gift_card"))
        return self._card() if method == "card" else {"method": method}

    def _card(self) -> Order:
        return {
            "method": "card",
            "cardNumber": self.faker.credit_card_number(self.random.choice(CARD_TYPES)),
            "cardHolder": self.faker.name(),
            "expiry": f"{self.random.randint(1, 12):02}/{self.random.randint(31, 36)}",
            "cvc": self.faker.credit_card_security_code(),
        }

    def _metadata(self) -> Metadata:
        """Free form, but every name keeps its type from order to order: the index maps a name once."""
        metadata = {"channel": self.random.choice(("web", "app", "phone")), "gift": self.random.random() < 0.1}
        if self.random.random() < 0.3:
            metadata["note"] = self.faker.sentence(nb_words=6)
        if self.random.random() < 0.3:
            metadata["campaign"] = self.random.choice(("spring", "newsletter", "friends"))
        return metadata


def _sample(order: Order, body: str | None = None, wrong_field: str | None = None) -> Sample:
    number = order.get("payment", {}).get("cardNumber")
    numbers = (number,) if isinstance(number, str) else ()
    return Sample(body if body is not None else json.dumps(order), wrong_field, numbers)
