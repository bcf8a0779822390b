"""The row of CheckoutTable for an order. Pure, of the message alone: a replay writes the same row again."""

import json
from decimal import Decimal
from typing import Any

Row = dict[str, Any]


def row_of(message: str) -> Row:
    """The row for a published order, without anything of the card.

    Args:
        message: the message of an order.placed event.

    Raises:
        ValueError: the message is not JSON.
        KeyError, TypeError: it is not an order; the message ends in the dead-letter queue.
    """
    order = json.loads(message, parse_float=Decimal)
    return {
        "id": order["id"],
        "status": "paid",
        "amount": order["amount"],
        "currency": order["currency"],
        "customerId": order["customer"]["id"],
        "items": [{name: item[name] for name in ("sku", "quantity", "unitPrice")} for item in order["items"]],
        "paymentMethod": order["payment"]["method"],
        "shippingMethod": order["shipping"]["method"],
        "placedAt": order["placedAt"],
    }


def with_bug(row: Row) -> Row:
    """The row as the broken release wrote it (BUG_ENABLED): it took dollars for cents and never saw the payment."""
    return {**row, "amount": row["amount"] / Decimal(100), "status": "unpaid"}
