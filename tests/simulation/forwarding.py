"""Storage backup and search analytics: SNS, queue, function, Data Firehose, and what must hold of them."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

from tests.simulation.program import Program
from tests.simulation.services.functions import EventSourceMapping, Function
from tests.simulation.services.sqs import Message, Queue
from tests.simulation.services.state_machine import handler
from tests.simulation.troubles import Illness, Key, Kind, Troubles
from tests.simulation.world import Chance, World, envelope

NOTHING_LOST = "every published event is delivered, dead-lettered or waiting"
ACKNOWLEDGED = "nothing leaves a fork's queue before the next hop has it"
EMPTY = "when AWS is well again nothing waits any more"
INVARIANTS = (NOTHING_LOST, ACKNOWLEDGED, EMPTY)

_NUMBER = re.compile(r'(?:\\?"n\\?": ?|plain text )(\d+)')
FORKS = {"storage-backup": "orders-backup", "search-analytics": "orders-search"}


class Fork:
    """One fork of the topic: queue, function, stream, dead-letter queue."""

    def __init__(self, stage: Stage, module: str, name: str, batch_size: int, environment: dict[str, str]) -> None:
        self._stage = stage
        self.name = name
        self.dead_letters = stage.sqs.add(Queue(f"{name}-dead-letters"))
        self.queue = stage.sqs.add(Queue(name, visibility=365.0, dead_letters=self.dead_letters))
        self.stream: list[bytes] = []
        stage.firehose.streams[name] = self.stream
        self.function: Function = stage.function(
            name,
            handler(stage.program.source / "modules" / module),
            60.0,
            {"DELIVERY_STREAM_NAME": name, "DEAD_LETTER_QUEUE_URL": self.dead_letters.url} | environment,
        )
        stage.functions.map(
            EventSourceMapping(
                f"6b0e71bd-0000-4000-8000-0000000000{len(stage.functions.mappings):02d}",
                self.queue,
                self.function.arn,
                batch_size=batch_size,
                window=5.0,
                enabled=True,
                state="Enabled",
                acknowledged=self._acknowledged,
            )
        )
        self._read = 0
        self._delivered: Counter[int] = Counter()

    @property
    def delivered(self) -> Counter[int]:
        """Events that Firehose has, and how often."""
        for record in self.stream[self._read :]:
            plain = gzip.decompress(record) if record.startswith(b"\x1f\x8b") else record
            self._delivered.update(number_of(line) for line in plain.decode().splitlines())
        self._read = len(self.stream)
        return self._delivered

    def numbers(self, queue: Queue) -> set[int]:
        """The events in one of its queues."""
        return {number_of(message.body) for message in queue.messages.values()}

    def _acknowledged(self, message: Message) -> None:
        number = number_of(message.body)
        self._stage.check(
            ACKNOWLEDGED,
            self.delivered[number] > 0 or number in self.numbers(self.dead_letters),
            lambda: f"{self.name}: event {number} is deleted and nowhere else",
        )


class Stage(World):
    """Both forks of one topic."""

    def __init__(
        self, troubles: Troubles, *, batch_size: int, environment: dict[str, str], program: Program | None = None
    ) -> None:
        super().__init__(troubles, program)
        self.forks = [
            Fork(self, module, name, batch_size, environment if module == "storage-backup" else {})
            for module, name in FORKS.items()
        ]
        self.published: set[int] = set()

    def publish(self, number: int, body: str, *, twice: bool = False) -> None:
        """SNS delivers to every fork; sometimes twice."""
        self.published.add(number)
        for fork in self.forks:
            for _ in range(2 if twice else 1):
                self.sqs.put(fork.queue, body)

    def judge(self) -> None:
        """At every moment."""
        for fork in self.forks:
            there = fork.delivered.keys() | fork.numbers(fork.queue) | fork.numbers(fork.dead_letters)
            lost = self.published - there
            self.check(NOTHING_LOST, not lost, partial("{}: {} are nowhere".format, fork.name, sorted(lost)[:9]))


def number_of(text: str) -> int:
    """The event of a message, a stored line or a search document, whatever its form."""
    match = _NUMBER.search(text)
    if match is None:
        raise ValueError(f"no event of the simulation: {text}")
    return int(match[1])


def play(
    seed: int,
    only: Collection[Key] | None = None,
    program: Program | None = None,
    began: Callable[[World], None] = lambda stage: None,
) -> Stage:
    """One run by the seed: bursts of events through both forks; then AWS is well and everything arrives."""
    chance = Chance(seed)
    level = chance.one_of("level", 0.3, 1.0, 3.0)
    troubles = Troubles(seed, shares={kind: share * level for kind, share in _SHARES.items()}, only=only)
    packing = chance.one_of(
        "packing", {}, {"PACK_RECORDS": "false"}, {"PACK_RECORDS": "true", "MAX_EVENTS_PER_RECORD": "3"}
    )
    if not packing and chance.happens("compressed", 0.5):
        packing = {"COMPRESS_RECORDS": "true"}
    stage = Stage(
        troubles,
        batch_size=chance.one_of("batch", 10, 100, 1000),
        environment=packing | {"RECORD_FORMAT": chance.one_of("format", "envelope", "raw")},
        program=program,
    )
    stage.functions.lost_deletes = chance.one_of("deletes", 0.0, 0.05)
    began(stage)
    with stage:
        for _ in range(chance.whole("illnesses", 0, 2)):
            troubles.illnesses.append(
                Illness(
                    chance.between("begin", 0.0, 100.0),
                    chance.between("length", 15.0, 120.0),
                    chance.one_of("ill", "firehose", "firehose", "sqs"),
                    chance.one_of("how", Kind.THROTTLED, Kind.TIMED_OUT, Kind.LOST, Kind.REFUSED, Kind.PARTLY),
                )
            )
        number = 0
        for _ in range(chance.whole("bursts", 1, 6)):
            for _ in range(chance.one_of("burst", 5, 60, 300)):
                # Some are no search document; of those the search fork can make nothing, ever.
                body = envelope(number, stage.scheduler.now)
                if chance.happens("no object", 0.05):
                    body = json.dumps(json.loads(body) | {"Message": f"plain text {number}"})
                stage.publish(number, body, twice=chance.happens("twice", 0.02))
                number += 1
            stage.passes(chance.between("pause", 1.0, 60.0))
            stage.judge()
        troubles.shares, troubles.illnesses = {}, []
        stage.functions.lost_deletes = 0.0
        stage.passes(4_000.0)
        stage.judge()
        for fork in stage.forks:
            stage.check(
                EMPTY, not fork.queue.messages, partial("{}: {} wait".format, fork.name, len(fork.queue.messages))
            )
    return stage


_SHARES = {
    Kind.THROTTLED: 0.03,
    Kind.BROKEN: 0.02,
    Kind.BROKEN_AFTER: 0.01,
    Kind.LOST: 0.01,
    Kind.TIMED_OUT: 0.01,
    Kind.UNREACHABLE: 0.01,
    Kind.PARTLY: 0.08,
    Kind.SLOW: 0.02,
    Kind.REFUSED: 0.005,
    Kind.CRASH_BEFORE: 0.01,
    Kind.CRASH_AFTER: 0.01,
}
