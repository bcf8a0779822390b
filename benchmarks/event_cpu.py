"""CPU of one event on its way through the forks, as a ratio to the floor: one json.loads and one json.dumps of it.

Who redacts looks into the message, which is JSON in the event's JSON; there the floor parses and writes both.

What a function does beside, the call to Data Firehose above all, is the same with and without this code.
"""

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from benchmarks.measuring import Ratio, in_turns, with_reason
from benchmarks.replay_data import event
from event_fork.events import envelope
from event_fork.events.envelope import StoredEvent
from event_fork.events.redaction import Matches, Redactor
from event_fork.events.redaction_rules import parse_rules
from event_fork.forward.search_document import search_document

EVENTS = 2_000
STORAGE, SEARCH, REDACTED = 1.2, 1.6, 1.6
_FLOOR, _FLOOR_OF_BOTH = "floor", "floor, message included"
_PATHS = '{"path": "$.customer.name"}, {"path": "$..card"}, {"path": "$.items[*].price", "action": "mask"}'
_CARDS = '{"detect": "card_number", "keep_last": 4}'
RULES = {
    "3 paths": f"[{_PATHS}]",
    "3 paths, embedded": "[{}]".format(_PATHS.replace("}", ', "embedded": true}')),
    "50 paths at any depth": json.dumps([{"path": f"$..a{number}..b"} for number in range(50)]),
    "card numbers": f"[{_CARDS}]",
    "card numbers, e-mail, IBAN": f'[{_CARDS}, {{"detect": "email"}}, {{"detect": "iban"}}]',
    "3 paths, card numbers": f"[{_PATHS}, {_CARDS}]",
}


def ratios(events: int = EVENTS) -> Iterator[Ratio]:
    """All rows: about 1,000 bytes an event."""
    plain = _bodies(events)
    marked = [body.replace('{\\"order_id', '{\\"event_type\\": \\"order\\", \\"order_id') for body in plain]
    rows: dict[str, tuple[Callable[[], object], float]] = {
        "storage": (lambda: _stored(plain, Redactor()), STORAGE),
        "search": (lambda: _documents(plain), SEARCH),
        "search, a member that is no field": (lambda: _documents(marked), SEARCH),
    }
    for name, rules in RULES.items():
        redactor = Redactor(parse_rules(rules))
        rows[f"storage, redaction: {name}"] = (lambda redactor=redactor: _stored(plain, redactor), REDACTED)  # type: ignore[misc]
    floors: dict[str, Callable[[], object]] = {
        _FLOOR: lambda: _floor(plain),
        _FLOOR_OF_BOTH: lambda: _floor_of_both(plain),
    }
    seconds = in_turns({**floors, **{case: run for case, (run, _) in rows.items()}})
    for case, (run, target) in rows.items():
        floor = seconds[_FLOOR_OF_BOTH if "redaction" in case else _FLOOR]
        measured = Ratio(case, seconds[case] / floor, target, microseconds=seconds[case] / events * 1e6)
        yield with_reason(measured, run)


def _bodies(count: int) -> list[str]:
    chance = random.Random(20261127)  # noqa: S311 the same events in every run
    now = datetime(2026, 11, 27, tzinfo=UTC)
    return [event(number, chance, now).to_line().decode() for number in range(count)]


def _floor(bodies: list[str]) -> None:
    for body in bodies:
        json.dumps(json.loads(body))


def _floor_of_both(bodies: list[str]) -> None:
    for body in bodies:
        members = json.loads(body)
        members["Message"] = json.dumps(json.loads(members["Message"]))
        json.dumps(members)


def _stored(bodies: list[str], redactor: Redactor) -> None:
    matches = Matches()
    for body in bodies:
        StoredEvent.to_line(redactor(envelope.parse(body), matches))


def _documents(bodies: list[str]) -> None:
    for body in bodies:
        search_document(envelope.parse(body), "event_type")
