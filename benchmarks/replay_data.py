"""A made-up archive of any size: one-KB order events, the project's own writer, keys as Firehose names them.

The same seed makes the same bytes. Nothing is kept in memory but one object.
"""

import gzip
import json
import random
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from event_fork.archive.layout import HIVE
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import timestamp_text

START = datetime(2026, 11, 20, tzinfo=UTC)
TYPES = ("order.placed", "order.paid", "order.shipped", "order.cancelled")
_WORDS = string.ascii_letters + "    "


@dataclass(frozen=True, slots=True)
class MadeObject:
    """One object of the archive: key, bytes (gzip), how many events are in it, how many lines are second copies."""

    key: str
    body: bytes
    events: int
    second_copies: int


def event(number: int, chance: random.Random, published: datetime) -> StoredEvent:
    """One event; a stored line of it has about 1,000 bytes."""
    message = json.dumps(
        {
            "order_id": f"o-{number:09d}",
            "customer": {
                "name": "".join(chance.choices(_WORDS, k=16)),
                "city": chance.choice(["Köln", "Paris", "Lagos"]),
            },
            "items": [
                {
                    "sku": f"sku-{chance.randrange(10_000):05d}",
                    "price": chance.randrange(100, 99_999) / 100,
                    "quantity": 1,
                }
                for _ in range(5)
            ],
            "note": "".join(chance.choices(_WORDS, k=240)),
        },
        ensure_ascii=False,
    )
    return StoredEvent(
        message_id=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        topic_arn="arn:aws:sns:eu-west-1:000000000000:checkout-events",
        message=message,
        timestamp=timestamp_text(published),
        attributes={
            "event_type": {"Type": "String", "Value": TYPES[number % len(TYPES)]},
            "amount": {"Type": "Number", "Value": str(chance.randrange(1, 500))},
        },
    )


def objects(
    events: int,
    *,
    per_object: int = 5_000,
    span: timedelta = timedelta(days=1),
    prefix: str = "",
    duplicate_every: int = 0,
    seed: int = 5,
) -> Iterator[MadeObject]:
    """An archive of `events` different events, evenly over `span`; every n-th is written again, one object on."""
    chance = random.Random(seed)  # noqa: S311
    step = span / events
    again: list[bytes] = []
    for first in range(0, events, per_object):
        numbers = range(first, min(first + per_object, events))
        lines = [event(number, chance, START + step * number).to_line() for number in numbers]
        begun = START + step * first
        name = uuid.UUID(int=chance.getrandbits(128), version=4)
        key = f"{prefix}{HIVE.prefix(begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-{name}.gz"
        body = gzip.compress(b"".join(again + lines), compresslevel=6, mtime=0)
        yield MadeObject(key, body, len(lines), len(again))
        again = lines[::duplicate_every] if duplicate_every else []
