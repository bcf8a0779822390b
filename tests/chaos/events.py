"""The events of a run: each has an id of its own, wherever it goes."""

import json
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tests.support.module_stack import Event

ID = re.compile(r"event-\d{6}")
DEAR = 100
"""The search fork's filter policy lets through what costs as much, or more."""


@dataclass(frozen=True)
class Made:
    """An event of the run."""

    id: str
    amount: int
    event: Event

    @property
    def matches(self) -> bool:
        """Whether the search fork gets it."""
        return self.amount >= DEAR


def made(seed: int, count: int) -> list[Made]:
    """`count` events. Of those that the search fork gets, one in 200 is no document, one in 200 does not fit the index.

    The first is dear and fits, so that the index's field `amount` is a number.
    """
    chance = random.Random(seed)
    return [_made(number, chance) for number in range(count)]


def one_id(text: str) -> str:
    """The id of the one event that a text tells of: no UUID can look like it."""
    (found,) = set(ID.findall(text))
    return str(found)


def _made(number: int, chance: random.Random) -> Made:
    name, amount = f"event-{number:06d}", chance.randint(DEAR, 500) if number == 0 else chance.randint(1, 200)
    document: dict[str, object] = {"id": name, "amount": amount, "note": "x" * chance.randint(0, 400)}
    drawn = chance.random()
    if number == 0 or amount < DEAR or drawn > 0.01:
        message: object = document
    elif drawn > 0.005:
        message = [name]  # valid JSON and no object: the search fork sets it aside
    else:
        message = document | {"amount": {"value": amount}}  # the index's field is a number: OpenSearch refuses it
    return Made(name, amount, Event(json.dumps(message), {"amount": amount}))


def matching(events: Iterable[Made]) -> set[str]:
    """Ids of what the search fork gets."""
    return {event.id for event in events if event.matches}
