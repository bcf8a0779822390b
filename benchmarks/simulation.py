"""A fork as a discrete-event simulation (SimPy): topic, queue, pollers, function, delivery streams, destination.

Time is virtual and the seed fixed, so every run gives the same numbers. Events move in groups: what is followed is how
many wait where, since when, and what limits them.

    queue        at most `in_flight` messages are received and not yet deleted; then nobody receives more
    pollers      each fills a batch, message by message, until it is full or its window is over, and invokes
    function     `seconds_a_batch` + `seconds_an_event` x messages
    streams      calls, records and bytes a second that each takes; what is refused is tried again at the next one
    destination  a buffer by size and time, then an object, or a bulk request to one of `writers` threads

Sources of the limits: docs/scale.md.
"""

import math
import random
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import simpy

TICK = 0.05
"""Seconds between two groups of published events."""
BACKOFF_SECONDS = 0.2
BURST_SECONDS = 1.0
"""Of a stream's quota, which may be used at once."""

Wait = Generator[Any, Any, None]
Group = tuple[float, float]
"""When they were published, and how many."""


@dataclass(frozen=True)
class Quota:
    """Of one delivery stream, a second."""

    bytes: float
    records: float
    calls: float


@dataclass(frozen=True)
class Fork:
    """What a fork is made of. Seconds and bytes are of one event unless they say otherwise."""

    stream_bytes: float
    """What an event adds to what is put into a stream."""
    packed: bool
    """Whether a batch becomes few records, or one for each event."""
    seconds_a_batch: float
    seconds_an_event: float
    quota: Quota
    streams: int = 1
    batch_messages: int = 1_000
    window_seconds: float = 5.0
    seconds_a_receive: float = 0.02
    """Of 10 messages. 0: as fast as there are messages."""
    slices: int = 4
    """In how many steps a batch is filled: only the simulation's grain."""
    in_flight: int = 120_000
    first_pollers: int = 5
    more_pollers_a_second: float = 5.0
    most_pollers: int = 1_000
    buffer_bytes: float = 5 * 1024 * 1024
    buffer_seconds: float = 300.0
    delivery_seconds: float = 0.2
    """Of an object or a bulk request."""
    delivery_seconds_an_event: float = 0.0
    writers: int | None = None
    """Bulk requests that the domain's nodes work on at a time; None: no limit, as with S3."""

    def buffered_seconds(self, rate: float) -> float:
        """How long a stream's buffer is open at that load."""
        return min(self.buffer_seconds, self.buffer_bytes * self.streams / (rate * self.stream_bytes))


@dataclass
class Seen:
    """What was seen once the load was held; `caught_up`: seconds until it was, None when it never was."""

    seconds: float
    caught_up: float | None = None
    delivered: float = 0.0
    invocations: int = 0
    messages: float = 0.0
    most_invocations: int = 0
    most_in_flight: float = 0.0
    most_pollers: int = 0
    puts: int = 0
    refused: int = 0
    deliveries: int = 0
    writer_seconds: float = 0.0
    latencies: list[Group] = field(default_factory=list)

    def latency(self, share: float) -> float:
        """The seconds from publishing to the destination that this share of the events does not exceed."""
        total, so_far = sum(count for _, count in self.latencies), 0.0
        for seconds, count in sorted(self.latencies):
            so_far += count
            if so_far >= share * total:
                return seconds
        return math.nan

    @property
    def refused_share(self) -> float:
        """Of all calls to the streams."""
        return self.refused / self.puts if self.puts else 0.0


class _Stream:
    """A delivery stream: a quota that refills, and a buffer that is delivered when it is full or old."""

    def __init__(self, world: "_World") -> None:
        self.world = world
        quota = world.fork.quota
        self.most = [quota.bytes * BURST_SECONDS, quota.records * BURST_SECONDS, quota.calls * BURST_SECONDS]
        self.left = list(self.most)
        self.at = 0.0
        self.buffer: list[Group] = []
        self.opened = 0

    def put(self, groups: Sequence[Group], size: float, records: float) -> bool:
        """Take what is within the quota, or nothing."""
        now, asked = self.world.env.now, (size, records, 1.0)
        passed, self.at = now - self.at, now
        self.left = [
            min(most, left + most / BURST_SECONDS * passed) for most, left in zip(self.most, self.left, strict=True)
        ]
        if any(left < min(want, most) for left, want, most in zip(self.left, asked, self.most, strict=True)):
            return False
        self.left = [left - want for left, want in zip(self.left, asked, strict=True)]
        if not self.buffer:
            self.opened += 1
            self.world.env.process(self._close(self.opened))
        self.buffer += groups
        if sum(count for _, count in self.buffer) * self.world.fork.stream_bytes >= self.world.fork.buffer_bytes:
            self._deliver()
        return True

    def _close(self, opened: int) -> Wait:
        yield self.world.env.timeout(self.world.fork.buffer_seconds)
        if self.buffer and self.opened == opened:
            self._deliver()

    def _deliver(self) -> None:
        groups, self.buffer = self.buffer, []
        self.opened += 1
        self.world.env.process(self.world.delivery(groups))


class _World:
    """One run."""

    def __init__(self, fork: Fork, rate: float, seconds: float, patience: float, seed: int) -> None:
        self.env = simpy.Environment()
        self.fork, self.rate, self.seconds, self.patience = fork, rate, seconds, patience
        self.chance = random.Random(seed)  # noqa: S311 the same in every run
        self.waiting: deque[Group] = deque()
        self.visible = 0.0
        self.in_flight = 0.0
        self.invoked = 0
        self.pollers = 0
        self.streams = [_Stream(self) for _ in range(fork.streams)]
        self.turn = cycle(self.streams)
        self.writers = simpy.Resource(self.env, fork.writers) if fork.writers else None
        self.seen = Seen(seconds)
        self.from_time = math.inf

    def run(self) -> Seen:
        """Wait until the load is held, then look for `seconds`."""
        for process in (self._publish(), self._scale(), self._watch()):
            self.env.process(process)
        while self.env.peek() < self.from_time + self.seconds and self.env.peek() < self.patience + self.seconds:
            self.env.step()
        return self.seen

    @property
    def _little(self) -> float:
        """Messages that may wait without anybody being late: those of a second."""
        return max(self.rate, 100.0)

    @property
    def looking(self) -> bool:
        """Whether what happens now counts."""
        return self.env.now >= self.from_time

    def _publish(self) -> Wait:
        mean = self.rate * TICK
        while True:
            # a normal number, which a Poisson one is where it matters
            count = max(0.0, round(self.chance.gauss(mean, math.sqrt(mean))))
            if count:
                self.waiting.append((self.env.now - TICK * self.chance.random(), count))
                self.visible += count
            yield self.env.timeout(TICK)

    def _scale(self) -> Wait:
        """More pollers as long as messages are left over, as Lambda starts them."""
        allowed = float(self.fork.first_pollers)
        while True:
            while self.pollers < min(int(allowed), self.fork.most_pollers):
                self.pollers += 1
                self.env.process(self._poll())
            yield self.env.timeout(1.0)
            if self.visible > self._little:
                allowed = min(allowed + self.fork.more_pollers_a_second, self.fork.most_pollers)

    def _watch(self) -> Wait:
        """The load is held once hardly anything waits, for as long as a buffer may stay open."""
        held_since: float | None = None
        settle = self.fork.buffered_seconds(self.rate) + self.fork.window_seconds + 5
        while True:
            yield self.env.timeout(1.0)
            if self.visible > self._little:
                held_since = None
            elif held_since is None:
                held_since = self.env.now
            if self.from_time == math.inf and (
                (held_since is not None and self.env.now >= held_since + settle) or self.env.now >= self.patience
            ):
                self.from_time = self.env.now
                self.seen.caught_up = held_since
            if self.looking:
                self.seen.most_in_flight = max(self.seen.most_in_flight, self.in_flight)
                self.seen.most_pollers = max(self.seen.most_pollers, self.pollers)

    def _take(self, most: float) -> list[Group]:
        most = min(most, self.fork.in_flight - self.in_flight)
        taken: list[Group] = []
        while most >= 1 and self.waiting:
            at, count = self.waiting.popleft()
            if count > most:
                self.waiting.appendleft((at, count - math.floor(most)))
                count = math.floor(most)
            taken.append((at, count))
            most -= count
            self.visible -= count
            self.in_flight += count
        return taken

    def _poll(self) -> Wait:
        fork = self.fork
        grain = fork.window_seconds / fork.slices
        if fork.seconds_a_receive:
            grain = min(grain, fork.batch_messages / 10 * fork.seconds_a_receive / fork.slices)
        readable = 10 * grain / fork.seconds_a_receive if fork.seconds_a_receive else math.inf
        yield self.env.timeout(self.chance.random() * grain)
        while True:
            batch = self._take(min(readable, fork.batch_messages))
            size = sum(count for _, count in batch)
            if not size:
                yield self.env.timeout(grain)
                continue
            over = self.env.now + fork.window_seconds
            while size < fork.batch_messages and self.env.now < over - 1e-9:
                yield self.env.timeout(min(grain, over - self.env.now))
                more = self._take(min(readable, fork.batch_messages - size))
                batch += more
                size += sum(count for _, count in more)
            yield self.env.process(self._invoke(batch, size))

    def _invoke(self, batch: list[Group], size: float) -> Wait:
        self.invoked += 1
        if self.looking:
            self.seen.invocations += 1
            self.seen.messages += size
            self.seen.most_invocations = max(self.seen.most_invocations, self.invoked)
        yield self.env.timeout(self.fork.seconds_a_batch + self.fork.seconds_an_event * size)
        for part in _calls(batch, size, self.fork):
            yield self.env.process(self._put(*part))
        self.invoked -= 1
        self.in_flight -= size

    def _put(self, groups: Sequence[Group], size: float, records: float) -> Wait:
        attempt = 0
        while True:
            taken = next(self.turn).put(groups, size, records)
            if self.looking:
                self.seen.puts += 1
                self.seen.refused += not taken
            if taken:
                return
            attempt += 1
            yield self.env.timeout(BACKOFF_SECONDS * min(2**attempt, 32) * (0.5 + self.chance.random()))

    def delivery(self, groups: Sequence[Group]) -> Wait:
        """One object, or one bulk request."""
        events = sum(count for _, count in groups)
        seconds = self.fork.delivery_seconds + self.fork.delivery_seconds_an_event * events
        if self.writers is None:
            yield self.env.timeout(seconds)
        else:
            with self.writers.request() as mine:
                yield mine
                yield self.env.timeout(seconds)
        if self.looking:
            self.seen.deliveries += 1
            self.seen.delivered += events
            self.seen.writer_seconds += seconds
            self.seen.latencies += [(self.env.now - at, count) for at, count in groups]


def _calls(batch: Sequence[Group], size: float, fork: Fork) -> Iterable[tuple[list[Group], float, float]]:
    """The batch as calls of at most 4 MiB and 500 records: groups, bytes, records of each."""
    total = size * fork.stream_bytes
    records = math.ceil(total / 1_024_000) if fork.packed else size
    calls = max(math.ceil(total / 4_194_304), math.ceil(records / 500))
    for _ in range(calls):
        yield [(at, count / calls) for at, count in batch], total / calls, records / calls


def simulate(fork: Fork, rate: float, patience: float = 120.0, seed: int = 14) -> Seen:
    """A fork under a steady load from nothing; `patience`: seconds in which it must have caught up with it.

    What is looked at is half a minute, or as long as four buffers take to fill.
    """
    return _World(fork, rate, max(30.0, 4 * fork.buffered_seconds(rate)), patience, seed).run()
