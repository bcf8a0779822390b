"""What redaction costs a storage function: process time of an event with rules, as a ratio to the same without any.

    python benchmarks/redaction_cost.py [--events N]

All variants run in turns over the same events in one process, so a slow machine changes the seconds and not the ratios.
The floor is one json.loads and one json.dumps of the same envelope.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.replay_data import event
from event_fork.events import envelope
from event_fork.events.redaction import Matches, Redactor
from event_fork.events.redaction_rules import parse_rules

ROUNDS = 7
PATHS = '{"path": "$.customer.name"}, {"path": "$..card"}, {"path": "$.items[*].price", "action": "mask"}'
CARDS = '{"detect": "card_number", "keep_last": 4}'
VARIANTS = {
    "no rules": "[]",
    "3 paths": f"[{PATHS}]",
    "3 paths, embedded": "[{}]".format(PATHS.replace("}", ', "embedded": true}')),
    "50 paths at any depth": json.dumps([{"path": f"$..a{number}..b"} for number in range(50)]),
    "card numbers": f"[{CARDS}]",
    "card numbers, e-mail, IBAN": f'[{CARDS}, {{"detect": "email"}}, {{"detect": "iban"}}]',
    "3 paths, card numbers": f"[{PATHS}, {CARDS}]",
}


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--events", type=int, default=2_000)
    bodies = _bodies(arguments.parse_args().events)
    runs: dict[str, Callable[[], None]] = {"one parse and one dump": lambda: _floor(bodies)}
    for name, rules in VARIANTS.items():
        runs[name] = _storing(bodies, Redactor(parse_rules(rules)))
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            begun = time.process_time()
            run()
            seconds[name].append(time.process_time() - begun)
    floor, plain = median(seconds["one parse and one dump"]), median(seconds["no rules"])
    print(f"{'':28} {'us an event':>11} {'to no rules':>11} {'to floor':>8}")
    for name, each in seconds.items():
        taken = median(each)
        print(f"{name:28} {taken / len(bodies) * 1e6:11.1f} {taken / plain:11.2f} {taken / floor:8.2f}")


def _bodies(count: int) -> list[str]:
    chance = random.Random(20261127)  # noqa: S311 the same events in every run
    now = datetime(2026, 11, 27, tzinfo=UTC)
    return [event(number, chance, now).to_line().decode() for number in range(count)]


def _floor(bodies: list[str]) -> None:
    for body in bodies:
        json.dumps(json.loads(body))


def _storing(bodies: list[str], redactor: Redactor) -> Callable[[], None]:
    def run() -> None:
        matches = Matches()
        for body in bodies:
            redactor(envelope.parse(body), matches).to_line()

    return run


if __name__ == "__main__":
    main()
