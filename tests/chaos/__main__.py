"""`make chaos`: 10,000 events through all three forks while everything around them fails, and an account of each.

The faults come from the seed. Exit code 1 when an event is lost, has no reason, is where it does not belong, when a
planned fault never struck, or when `event-fork verify` disagrees.
"""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from testbench import host
from tests.chaos import events
from tests.chaos.faults import Faults
from tests.chaos.ledger import complaints, table
from tests.chaos.schedule import Injection, afterwards, schedule
from tests.chaos.stand import Stand, exit_code, keep, mutate, say, standing

FORKS = ("backup", "search", "replay")


def publish(stand: Stand, made: Sequence[events.Made], planned: Sequence[Injection], faults: Faults) -> None:
    """Publish everything; each fault begins at its event, and the next one when it is over."""
    begun: Future[None] | None = None
    done = 0
    with ThreadPoolExecutor(1) as pool:
        for injection in planned:
            stand.stack.publish(one.event for one in made[done : injection.at])
            done = injection.at
            if begun is not None:
                begun.result()
            begun = pool.submit(faults.inject, injection)
        stand.stack.publish(one.event for one in made[done:])
        if begun is not None:
            begun.result()


def replay(stand: Stand, planned: Sequence[Injection], faults: Faults) -> None:
    """Send the replay queue to its target, through the faults of that."""
    for injection in planned:
        faults.inject(injection)
    stand.start_replay()
    stand.read("replay")


def run(seed: int, count: int, lose: Sequence[str]) -> dict[str, Any]:
    """One run; its report."""
    made, planned, later = events.made(seed, count), schedule(seed, count), afterwards(seed)
    seconds: dict[str, float] = {}
    since = time.monotonic()

    def phase(name: str) -> None:
        nonlocal since
        seconds[name] = round(time.monotonic() - since, 1)
        since = time.monotonic()
        say(f"{name}: {seconds[name]:.0f} s")

    with standing("chaos") as stand:
        phase("bench and apply")
        planted = next(one.id for one in made[count // 2 :] if one.matches)
        for fork in lose:
            say(f"planted: {fork} loses {planted}")
            mutate(stand, fork, planted)
        faults = Faults(stand)
        publish(stand, made, planned, faults)
        phase("publish")
        stand.settle()
        phase("settle")
        wrong, verified = stand.verify()
        waiting = stand.stack.waiting(stand.fork("replay")["queue_url"])
        phase("verify")
        replay(stand, later, faults)
        phase("replay")
        accounts = stand.accounts(made)
        injected = faults.counted([*planned, *later])
        phase("account")
    found = complaints(accounts, injected, wrong)
    if waiting != count:
        found.append(f"replay: {waiting:,} events waited in its queue, {count:,} were published")
    return {
        "seed": seed,
        "events": count,
        "schedule": [asdict(one) for one in (*planned, *later)],
        "accounts": [asdict(one) for one in accounts],
        "injected": injected,
        "verify": {
            "complete": not wrong,
            "said": wrong,
            **{key: verified.get(key) for key in ("published", "archived")},
        },
        "seconds": seconds,
        "load": os.getloadavg(),
        "failed": found,
        "table": table(accounts, injected),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000, help="how many; default: 10,000")
    parser.add_argument("--seed", type=int, help="of the faults and the events; default: any")
    parser.add_argument(
        "--lose", choices=FORKS, action="append", default=[], help="plant a loss: a fork loses one event"
    )
    given = parser.parse_args()
    if given.events < 500:
        parser.error(f"--events must be at least 500, so that every fault has something to strike, not {given.events}")
    seed = secrets.randbelow(2**32) if given.seed is None else given.seed
    host.leave()
    say(f"seed {seed}: make chaos SEED={seed} has the same faults")
    report = run(seed, given.events, given.lose)
    keep("report.json", report)
    took = sum(report["seconds"].values())
    print(f"\nseed {seed}, {given.events:,} events, {took:.0f} s, load {report['load'][0]:.1f}\n")
    print(report["table"])
    print(f"\nevent-fork verify: {report['verify']['said'] or 'complete'}")
    return exit_code(report["failed"])


if __name__ == "__main__":
    sys.exit(main())
