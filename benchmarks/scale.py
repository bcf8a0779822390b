"""Forks at 100, 10,000 and 100,000 events a second, on paper: the simulation with AWS's quotas and measured seconds.

    python -m benchmarks.scale

What an event takes of a function's time, and of a domain's, is fitted on benchmarks/measured.json by least squares, on
the single and the double load; what it says of the fourfold load is held against what was measured.
docs/scale.md is made of it by `make docs`; tests/functional/test_scale.py holds the page to it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from benchmarks.__main__ import committed
from benchmarks.forwarding import MESSAGES
from benchmarks.measured import read
from benchmarks.simulation import Fork, Quota, Seen, simulate
from event_fork_cli.costs.ways import QUEUE_COMPRESSED, SECONDS, Workload, ways

SIZE = 1_000
RATES = (100, 1_000, 10_000, 100_000)
MIB = 1024 * 1024
LARGE = Quota(5 * MIB, 500_000, 2_000)
"""us-east-1, us-west-2 and eu-west-1."""
OTHERS = Quota(1 * MIB, 100_000, 1_000)
HEADROOM = 1.25
"""So much more than the mean load: streams do not get the same load in every second."""
FULL_CORE_MIB = 1_769
"""Memory at which Lambda gives a function one processor; less gives a share."""
FUNCTION_MIB = 512
BATCH_SECONDS = 0.05
"""Of an invocation beside its messages: the call to Data Firehose, as `event-fork cost` takes it."""
S3_SECONDS = 0.2
LEAST_PROCESSORS = 2
"""Of a domain: one in each of two nodes."""
BUSY = 0.6
"""Of a domain's processors, at most so much should index."""
PROCESSOR_DOLLARS = 0.068 * 730
"""A month of an m7g.medium.search, which has one."""
PREDICTED_WITHIN = 0.2


@dataclass(frozen=True)
class Line:
    """Seconds = `once` + `each` x count."""

    once: float
    each: float

    @classmethod
    def through(cls, points: Mapping[float, float]) -> "Line":
        """The least squares of two points or more."""
        mean_x, mean_y = (sum(each) / len(points) for each in (points.keys(), points.values()))
        slope = sum((x - mean_x) * (y - mean_y) for x, y in points.items()) / sum((x - mean_x) ** 2 for x in points)
        return cls(max(0.0, mean_y - slope * mean_x), slope)

    def at(self, count: float) -> float:
        """Seconds of so many."""
        return self.once + self.each * count


@dataclass(frozen=True)
class Prediction:
    """A figure of the fourfold load: from the fit, and measured."""

    what: str
    predicted: float
    measured: float
    unit: str

    @property
    def off(self) -> float:
        """By what share it is wrong."""
        return self.predicted / self.measured - 1


@dataclass(frozen=True)
class Result:
    """A fork at a rate."""

    rate: int
    fork: str
    setting: str
    made: Fork
    seen: Seen
    streams_elsewhere: int
    """Where a stream takes 1 MiB/s."""
    dollars: float

    @property
    def held(self) -> bool:
        """Whether all that comes is delivered."""
        return self.seen.caught_up is not None

    @property
    def domain_dollars(self) -> float:
        """A month of as many nodes, without replicas, volumes and managers."""
        return (self.made.writers or 0) * PROCESSOR_DOLLARS


def points(kind: str, unit: str) -> dict[float, float]:
    """What was measured of batches: how many -> seconds."""
    rows: dict[str, Any] = {**read()["chain"]["batches"], **read()["functions"]}
    pattern = re.compile(rf"{kind}, ([\d,]+) {unit}")
    found = {match[1]: row["seconds"] for name, row in rows.items() if (match := pattern.fullmatch(name))}
    return {float(count.replace(",", "")): seconds for count, seconds in found.items()}


def fitted(measured: Mapping[float, float]) -> Line:
    """Without the largest, which is what is predicted."""
    return Line.through(dict(sorted(measured.items())[:-1]))


@cache
def functions() -> dict[str, Line]:
    """Seconds of the functions, on a whole processor of the measured machine."""
    return {fork: fitted(points(fork, "messages")) for fork in ("storage", "search")}


@cache
def bulk() -> Line:
    """Seconds of a bulk request, of one thread."""
    return fitted(points("bulk", "documents"))


def stream_bytes(way: str) -> float:
    """What an event adds to a stream, counted."""
    return committed()[f"{way}, {SIZE:,} B"]["bytes"] / MESSAGES


def streams(rate: float, size: float, quota: Quota, records: float) -> int:
    """How many are needed."""
    return max(1, math.ceil(max(rate * size / quota.bytes, rate * records / quota.records) * HEADROOM))


def storage(rate: float) -> Fork:
    """modules/storage-backup as it is by default, with enough streams."""
    size = stream_bytes("storage, compressed")
    return Fork(
        stream_bytes=size,
        packed=True,
        seconds_a_batch=BATCH_SECONDS,
        seconds_an_event=functions()["storage"].each * FULL_CORE_MIB / FUNCTION_MIB,
        quota=LARGE,
        streams=streams(rate, size, LARGE, 0),
        delivery_seconds=S3_SECONDS,
    )


def search(rate: float) -> Fork:
    """modules/search-analytics as it is by default, with enough streams and a domain that is busy by 60 %."""
    size = stream_bytes("search")
    line = bulk()
    return Fork(
        stream_bytes=size,
        packed=False,
        seconds_a_batch=BATCH_SECONDS,
        seconds_an_event=functions()["search"].each * FULL_CORE_MIB / FUNCTION_MIB,
        quota=LARGE,
        streams=streams(rate, size, LARGE, 1),
        delivery_seconds=line.once,
        delivery_seconds_an_event=line.each,
        writers=max(LEAST_PROCESSORS, math.ceil(rate * line.each / BUSY)),
    )


SHORT = {"batch_messages": 500, "window_seconds": 1.0}
"""For the largest load: messages are in flight while a batch is filled, and SQS has a limit of these."""


@cache
def results() -> tuple[Result, ...]:
    """Every row of the page."""
    return tuple(_results())


def _results() -> Iterator[Result]:
    forks = {"storage-backup": (storage, QUEUE_COMPRESSED), "search-analytics": (search, "search-analytics")}
    for name, (make, way) in forks.items():
        for rate in RATES:
            made = make(rate)
            load = Workload(int(rate * SECONDS), SIZE)
            dollars = next(each.dollars for each in ways(load) if each.name == way)
            elsewhere = streams(rate, made.stream_bytes, OTHERS, 0 if made.packed else 1)
            settings: list[tuple[str, dict[str, Any]]] = [("default", {})]
            if rate == max(RATES):
                settings.append(("batches of 500, window 1 s", SHORT))
            for setting, changes in settings:
                tried = replace(made, **changes)
                yield Result(rate, name, setting, tried, simulate(tried, rate), elsewhere, dollars)


@cache
def predictions() -> tuple[Prediction, ...]:
    """The fourfold load: predicted from the single and the double, and measured."""
    return tuple(_predictions())


def _predictions() -> Iterator[Prediction]:
    for kind, unit in (("storage", "messages"), ("search", "messages"), ("bulk", "documents")):
        measured = points(kind, unit)
        largest = max(measured)
        yield Prediction(f"{kind}, {largest:,.0f} {unit}", fitted(measured).at(largest), measured[largest], "s")
    chain = read()["chain"]
    rows, rate = chain["rows"], chain["rate"]
    for way, fork in (("topic to S3", on_the_bench("storage")), ("topic to index", on_the_bench("search"))):
        known = {times: rows[f"{way}, {times}x"] for times in (1, 2)}
        # What the simulation does not know of: the emulator's own time, and the watcher's. Other work only adds.
        beside = [row["p50"] - _bench_run(fork, rate * times).latency(0.5) for times, row in known.items()]
        row = rows[f"{way}, 4x"]
        yield Prediction(f"{way}, p50", _bench_run(fork, rate * 4).latency(0.5) + min(beside), row["p50"], "s")


def on_the_bench(fork: str) -> Fork:
    """benchmarks/chain/main.tf: the emulator's one poller, a window and a buffer of a second."""
    line = functions()[fork]
    return Fork(
        stream_bytes=stream_bytes("search" if fork == "search" else "storage, compressed"),
        packed=fork != "search",
        seconds_a_batch=line.once,
        seconds_an_event=line.each,
        quota=LARGE,
        window_seconds=1.0,
        slices=10,
        seconds_a_receive=0.0,
        first_pollers=1,
        most_pollers=1,
        buffer_seconds=1.0,
        delivery_seconds=0.0,
    )


def _bench_run(fork: Fork, rate: float) -> Seen:
    return simulate(fork, rate)


def main() -> None:
    """Print it all."""
    for each in results():
        seen = each.seen
        print(
            f"{each.fork:17}{each.rate:>8,}/s {each.setting:28} at once {seen.most_invocations:>5} "
            f"pollers {seen.most_pollers:>5} in flight {seen.most_in_flight:>9,.0f} "
            f"streams {each.made.streams:>3}, {each.streams_elsewhere:>3} refused {seen.refused_share:6.2%} "
            f"p50 {seen.latency(0.5):6.1f} p99 {seen.latency(0.99):6.1f} "
            f"held after {seen.caught_up} processors {each.made.writers} ${each.dollars:,.0f}"
        )
    for one in predictions():
        print(f"{one.what:36} predicted {one.predicted:8.3f} {one.unit}, measured {one.measured:8.3f}: {one.off:+.0%}")


if __name__ == "__main__":
    main()
