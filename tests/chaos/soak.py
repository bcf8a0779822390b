"""`make soak MINUTES=30`: a steady load through all forks, and the memory of every part and function all the while.

The replay fork sends on what it gets, and a consumer takes it, so that nothing collects but the archive and the index.
Exit code 1 when memory is not flat (tests/chaos/memory.py has the rule), an event is lost, or the load was not held.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psutil

from testbench import host, processes
from tests.chaos import events
from tests.chaos.ledger import complaints, table
from tests.chaos.memory import BYTES_AN_EVENT, flat, growth
from tests.chaos.stand import Stand, exit_code, keep, say, standing
from tests.support.replay_stack import take

BATCH = 10
SAMPLE_SECONDS = 5.0
MIB = 2**20


def sample(stand: Stand) -> dict[str, int]:
    """Bytes of each part without what it has started, and of each function's largest process that runs now."""
    found: dict[str, int] = {}
    for part in stand.bench.endpoints.parts:
        process = processes.alive(stand.bench.state, part)
        if process is None:
            raise RuntimeError(f"{part} is gone")
        found[part] = int(process.memory_info().rss)
    for fork in stand.stack.output["forks"]:
        sizes = []
        for process in stand.bench.function_processes(stand.fork(fork)["function_name"]):
            with suppress(psutil.NoSuchProcess):  # an instance may end at any time
                sizes.append(int(process.memory_info().rss))
        if sizes:
            found[f"function {fork}"] = max(sizes)
    return found


def load(stand: Stand, made: Sequence[events.Made], rate: float) -> tuple[dict[str, list[int]], float]:
    """Publish at the rate; the samples by part, and the rate that was reached."""
    samples: dict[str, list[int]] = defaultdict(list)
    began = time.monotonic()
    next_sample = began
    for first in range(0, len(made), BATCH):
        if (early := began + first / rate - time.monotonic()) > 0:
            time.sleep(early)  # the rate is what is asked for
        stand.stack.publish(one.event for one in made[first : first + BATCH])
        if time.monotonic() >= next_sample:
            next_sample += SAMPLE_SECONDS
            for name, size in sample(stand).items():
                samples[name].append(size)
    return samples, len(made) / (time.monotonic() - began)


def run(minutes: float, rate: float, seed: int) -> dict[str, Any]:
    made = events.made(seed, int(minutes * 60 * rate) // BATCH * BATCH)
    taken: list[dict[str, Any]] = []
    with standing("soak") as stand, ThreadPoolExecutor(1) as pool:
        stand.start_replay()
        say(f"{len(made):,} events in {minutes:g} minutes")
        over = False

        def consume() -> None:
            sqs, url = stand.bench.client("sqs"), stand.stack.output["consumer_queue_url"]
            while not over:
                taken.extend(take(sqs, url))

        consumer = pool.submit(consume)
        try:
            samples, reached = load(stand, made, rate)
            stand.settle()
            stand.read("replay")
        finally:
            over = True
            consumer.result()
        wrong, _ = stand.verify()  # before the accounts, which take the dead letters out
        accounts = stand.accounts(made, taken)
        emulator = stand.bench.endpoints.backend
    found = complaints(accounts, {}, wrong)
    rows = {}
    for name, sizes in samples.items():
        allowed = BYTES_AN_EVENT * len(made) // 3 if name == emulator else 0
        held = flat(sizes, allowed)
        rows[name] = {"first": sizes[0], "peak": max(sizes), "last": sizes[-1], "growth": growth(sizes), "flat": held}
        if not held:
            found.append(f"{name} grew by {growth(sizes) / MIB:.1f} MiB between the second and the last third")
    if reached < 0.9 * rate:
        found.append(f"the load was {reached:.1f} events a second, not {rate:g}: the machine is too busy for it")
    return {
        "seed": seed,
        "minutes": minutes,
        "events": len(made),
        "rate": round(reached, 1),
        "load": os.getloadavg(),
        "memory": rows,
        "samples": samples,
        "failed": found,
        "table": table(accounts, {}),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=20.0, help="events a second; default: 20")
    parser.add_argument("--seed", type=int, default=14)
    given = parser.parse_args()
    if given.minutes * 60 < 12 * SAMPLE_SECONDS or given.rate <= 0:
        parser.error(f"--minutes must be at least 1 and --rate above 0, not {given.minutes:g} and {given.rate:g}")
    host.leave()
    report = run(given.minutes, given.rate, given.seed)
    keep("soak.json", report)
    print(f"\n{report['events']:,} events, {report['rate']} a second, load {report['load'][0]:.1f}\n")
    print(f"{'memory in MiB':<18}{'first':>8}{'peak':>8}{'last':>8}{'growth':>8}")
    for name, row in report["memory"].items():
        figures = "".join(f"{row[key] / MIB:>8.1f}" for key in ("first", "peak", "last", "growth"))
        print(f"{name:<18}{figures}  {'flat' if row['flat'] else 'NOT FLAT'}")
    print(f"\n{report['table']}")
    return exit_code(report["failed"])


if __name__ == "__main__":
    sys.exit(main())
