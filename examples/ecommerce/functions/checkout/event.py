"""The event that tells of a placed order: the message every subscriber gets, and the attributes filters match. Pure."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from .order import InvalidOrderError, Order
from .rules import Fault

EVENT_TYPE = "order.placed"
MAX_MESSAGE_BYTES = 240 * 1024
"""SNS takes 256 KiB for message and attributes together (docs.aws.amazon.com/sns/latest/api/API_Publish.html)."""
_NO_CHARACTERS = {0xFFFE: r"\ufffe", 0xFFFF: r"\uffff"}
"""SQS takes them as JSON's escapes only.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""


@dataclass(frozen=True)
class OrderPlaced:
    """What is published.

    Attributes:
        order_id: the id the shop gave the order.
        message: the order as JSON, with `id`, `status` and `placedAt` added.
        attributes: message attributes by name, each (SNS type, value). Amount is a Number so that a filter policy can
            compare it; the replay copies keep to ten attributes, the most SQS takes with raw delivery.
    """

    order_id: str
    message: str
    attributes: dict[str, tuple[str, str]]


def order_placed(order: Order, order_id: str, placed_at: datetime) -> OrderPlaced:
    """The event for an order.

    Raises:
        InvalidOrderError: the message is too large for the topic, or no text.
    """
    record = {"id": order_id, "status": "placed", "placedAt": placed_at.isoformat(timespec="milliseconds"), **order}
    try:
        message = json.dumps(record, default=_number, ensure_ascii=False, separators=(",", ":"))
        size = len(message.encode())
    except UnicodeEncodeError as error:
        raise InvalidOrderError([Fault("body", r"has half of a surrogate pair such as \ud800")]) from error
    except RecursionError as error:
        raise InvalidOrderError([Fault("body", "is nested too deeply")]) from error
    if size > MAX_MESSAGE_BYTES:
        raise InvalidOrderError([Fault("body", f"has {size} bytes as a message, at most {MAX_MESSAGE_BYTES} fit")])
    return OrderPlaced(
        order_id,
        message.translate(_NO_CHARACTERS),
        {
            "event_type": ("String", EVENT_TYPE),
            "amount": ("Number", f"{Decimal(order['amount']):f}"),  # never 1E+2
            "currency": ("String", order["currency"]),
            "payment_method": ("String", order["payment"]["method"]),
        },
    )


def _number(value: Any) -> float:
    """Decimal as a JSON number: two decimals below a million come out of a double exactly as they went in."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
