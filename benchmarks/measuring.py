"""What `make bench` is made of: counts held against a committed table, and ratios of CPU with their reasons.

A count is the same on every machine, so it may only get better. A ratio is CPU of both sides, in turns, in one process:
a slow machine changes the seconds and not the ratio.
"""

import cProfile
import pstats
import resource
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROUNDS = 7
TOLERANCE = 0.01
"""Compressed sizes differ a little from one zlib to the next, and calls not at all."""
PROFILED = 6

Counts = Mapping[str, Mapping[str, int]]
"""Row -> quantity -> number; less is better."""
Run = Callable[[], object]


@dataclass(frozen=True)
class Ratio:
    """One measured row. `why`: for a target that is not met, the functions that took the time."""

    case: str
    value: float
    target: float | None = None
    at_least: bool = False
    microseconds: float | None = None
    why: tuple[str, ...] = ()

    @property
    def met(self) -> bool | None:
        """None without a target."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def cpu_seconds() -> float:
    """CPU of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def in_turns(runs: Mapping[str, Run], rounds: int = ROUNDS) -> dict[str, float]:
    """Median CPU seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            before = cpu_seconds()
            run()
            seconds[name].append(cpu_seconds() - before)
    return {name: statistics.median(each) for name, each in seconds.items()}


def profile(run: Run) -> tuple[str, ...]:
    """The functions that took the most time by themselves, and their share."""
    profiler = cProfile.Profile()
    profiler.runcall(run)
    stats: Any = pstats.Stats(profiler)
    largest = sorted(stats.stats.items(), key=lambda entry: -entry[1][2])[:PROFILED]
    return tuple(
        f"{own / stats.total_tt:4.0%} {calls:>8,} calls  {Path(file).name}:{name}"
        for (file, _, name), (calls, _, own, _, _) in largest
    )


def with_reason(ratio: Ratio, run: Run) -> Ratio:
    """The ratio, with a profile where its target is not met."""
    return ratio if ratio.met in (True, None) else replace(ratio, why=profile(run))


def worse(counted: Counts, committed: Counts) -> list[str]:
    """What is worse than the committed table says, or is not in both."""
    found = [f"{row}: is in one table only" for row in sorted(counted.keys() ^ committed.keys())]
    for row in sorted(counted.keys() & committed.keys()):
        now, before = counted[row], committed[row]
        found += [f"{row}: {name} is in one table only" for name in sorted(now.keys() ^ before.keys())]
        found += [
            f"{row}: {name} was {before[name]:,}, is {now[name]:,}"
            for name in sorted(now.keys() & before.keys())
            if now[name] > before[name] * (1 + TOLERANCE)
        ]
    return found
