"""Runs by seeds: one, many, and one cut down to the troubles that its violation needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from tests.simulation import archive_replay, forwarding, queue_replay
from tests.simulation.program import load
from tests.simulation.scheduler import StuckError
from tests.simulation.troubles import Key
from tests.simulation.world import ViolationError, World

WORLDS: dict[str, ModuleType] = {
    "forwarding": forwarding,
    "queue": queue_replay,
    "archive": archive_replay,
}
COMES_TO_AN_END = "every run comes to its end"
_MOST_SHRINKING_RUNS = 300


@dataclass
class Run:
    """What one run came to. `checks`: invariant -> how often it was looked at."""

    world: str
    seed: int
    port_calls: int = 0
    troubles: dict[Key, str] = field(default_factory=dict)
    checks: Counter[str] = field(default_factory=Counter)
    violated: str | None = None
    seen: str = ""


def run(world: str, seed: int, only: Collection[Key] | None = None, source: Path | None = None) -> Run:
    """One run; the same arguments give the same run."""
    stages: list[World] = []
    done = Run(world, seed)
    try:
        WORLDS[world].play(seed, only, load(source), stages.append)
    except ViolationError as error:
        done.violated, done.seen = error.invariant, str(error)
    except StuckError as error:
        done.violated, done.seen = COMES_TO_AN_END, str(error)
    for stage in stages:
        done.port_calls = sum(stage.network.calls.values())
        done.troubles = stage.troubles.happened
        done.checks = stage.checks
    return done


def shrunk(found: Run, source: Path | None = None) -> Run:
    """A run with the same violation and as few troubles as can be found by leaving out ever smaller parts of them."""
    keys = list(found.troubles)
    best = found
    part = max(1, len(keys) // 2)
    runs = 0
    while keys and runs < _MOST_SHRINKING_RUNS:
        smaller = False
        for place in range(0, len(keys), part):
            fewer = keys[:place] + keys[place + part :]
            runs += 1
            tried = run(found.world, found.seed, fewer, source)
            if tried.violated == found.violated:
                keys, best, smaller = fewer, tried, True
                break
        if not smaller:
            if part == 1:
                break
            part = max(1, part // 2)
    best.troubles = {key: text for key, text in best.troubles.items() if key in keys}
    return best


def table(runs: Iterable[Run]) -> str:
    """Invariants x runs x looks x violations, and the port calls of each world."""
    by_world: dict[str, list[Run]] = {}
    for one in runs:
        by_world.setdefault(one.world, []).append(one)
    lines = ["| world | invariant | runs | looks | violations |", "|---|---|---|---|---|"]
    for world, done in by_world.items():
        looks: Counter[str] = sum((one.checks for one in done), Counter())
        violated = Counter(one.violated for one in done if one.violated)
        for invariant in sorted({*looks, *WORLDS[world].INVARIANTS, *violated}):
            lines.append(f"| {world} | {invariant} | {len(done)} | {looks[invariant]:,} | {violated[invariant]} |")
    for world, done in by_world.items():
        calls = sum(one.port_calls for one in done)
        lines.append(
            f"\n{world}: {len(done)} runs, {calls:,} port calls, {sum(len(one.troubles) for one in done):,} troubles"
        )
    return "\n".join(lines)
