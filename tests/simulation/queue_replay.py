"""A replay from the 14-day queue: command, mapping, function, window and lock, and what must hold of them."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.program import Program
from tests.simulation.scheduler import EPOCH
from tests.simulation.services.functions import EventSourceMapping
from tests.simulation.services.sqs import Message, Queue
from tests.simulation.services.state_machine import handler
from tests.simulation.troubles import Illness, Key, Kind, Troubles
from tests.simulation.world import Chance, Command, World, envelope

PARAMETER = "/event-fork-pipelines/orders/replay-window"
VISIBILITY = 360.0
RETENTION = 1_209_600.0
TYPES = ("order.placed", "order.paid")
FILTER = '{"event_type": ["order.paid"]}'

NOTHING_LOST = "every event is in the queue, the target or a dead-letter queue"
ACKNOWLEDGED = "nothing leaves the queue before the target or the dead-letter queue has it"
UNWANTED = "an event outside of the run's window never leaves"
WANTED = "a run that says done has forwarded what it wants"
AS_IT_WAS = "after a run, mapping, window, lock and alias are as they were"
CLOSED_LAST = "the window is closed only by who has seen the mapping off"
RATE = "a run keeps its rate"
ENDS = "a run comes to its end"
INVARIANTS = (NOTHING_LOST, ACKNOWLEDGED, UNWANTED, WANTED, AS_IT_WAS, CLOSED_LAST, RATE, ENDS)

_LONGEST = 90_000.0
_WINDOW = 10.0
_UNCOUNTED = 75.0
"""What arrived in the last so many seconds of a run it need not have seen: a minute, and a few looks."""


@dataclass(frozen=True)
class Event:
    """An event that was published: its number, when (seconds of the run; before it: negative), its type."""

    number: int
    at: float
    kind: str


class Stage(World):
    """A replay queue with so many events in it."""

    def __init__(
        self,
        troubles: Troubles,
        *,
        events: int = 100,
        raw: bool = False,
        batch_size: int = 10,
        timeout: float = 60.0,
        maximum_concurrency: int | None = None,
        pollers: int | None = None,
        program: Program | None = None,
    ) -> None:
        super().__init__(troubles, program)
        self.raw = raw
        self.target_dead_letters = self.sqs.add(Queue("checkout-dead-letters"))
        self.target = self.sqs.add(Queue("checkout", dead_letters=self.target_dead_letters, sent=self._sent))
        self.dead_letters = self.sqs.add(Queue("orders-replay-dead-letters"))
        self.queue = self.sqs.add(
            Queue("orders-replay", visibility=VISIBILITY, retention=RETENTION, dead_letters=self.dead_letters)
        )
        self.replayer = self.function(
            "orders-replay",
            handler(self.program.source / "modules" / "replay"),
            timeout,
            {
                "DESTINATION_QUEUE_URL": self.target.url,
                "DESTINATION_QUEUE_REGION": "eu-west-1",
                "DEAD_LETTER_QUEUE_URL": self.dead_letters.url,
                "REPLAY_ID": "orders-replay",
                "REPLAY_WINDOW_PARAMETER": PARAMETER,
                "QUEUE_URL": self.queue.url,
                "QUEUE_RETENTION_SECONDS": str(int(RETENTION)),
            },
        )
        self.subscription(self.target.arn, raw=raw, filter_policy=FILTER)
        self.maximum_concurrency = maximum_concurrency
        self.mapping = EventSourceMapping(
            "6b0e71bd-0000-4000-8000-000000000001",
            self.queue,
            self.replayer.arn,
            batch_size=batch_size,
            window=5.0 if batch_size > 10 else 0.0,
            maximum_concurrency=maximum_concurrency,
            acknowledged=self._acknowledged,
        )
        if pollers is not None:
            self.functions.pollers = pollers
        self.functions.map(self.mapping)
        self.ssm.set(PARAMETER, "{}")
        self.windows: dict[str, dict[str, Any]] = {}
        put = self.ssm.set

        def remembered(name: str, value: str | None) -> None:
            put(name, value)
            if name == PARAMETER and value == "{}":
                # A `disable` may close late, when another run has begun meanwhile: that run then ends with a sentence.
                seen = self.functions.seen_polling.get(self.network.process.name)
                self.check(CLOSED_LAST, seen is False, lambda: f"it is {self.mapping.state}")
            document = json.loads(value) if value and name == PARAMETER else {}
            if "replay_id" in document:
                self.windows[document["replay_id"]] = document

        self.ssm.set = remembered  # type: ignore[method-assign]
        self.events: dict[int, Event] = {}
        self.forwarded: Counter[int] = Counter()
        self.sends: list[tuple[float, str]] = []
        self.waiting_at_start: dict[Command, set[int]] = {}
        self.arrived: dict[int, float] = {}
        for number in range(events):
            self.publish(Event(number, -3_600.0 + number * 3_000.0 / events, TYPES[number % 2]))

    def publish(self, event: Event) -> None:
        """An event comes from SNS into the queue."""
        self.events[event.number] = event
        self.arrived[event.number] = self.scheduler.now
        if self.raw:
            attributes = {"event_type": {"DataType": "String", "StringValue": event.kind}}
            self.sqs.put(self.queue, json.dumps({"n": event.number}), attributes, at=event.at)
        else:
            self.sqs.put(self.queue, envelope(event.number, event.at, event.kind), at=event.at)

    # -- what is seen -------------------------------------------------------------------------------------------------

    def number_of(self, message: Message) -> int:
        """Which event a message is."""
        body = json.loads(message.body)
        return int(body["n"] if "n" in body else json.loads(body["Message"])["n"])

    def _sent(self, message: Message) -> None:
        number = self.number_of(message)
        self.forwarded[number] += 1
        mark = message.attributes.get("event-fork-replay-id", {}).get("StringValue", "")
        self.sends.append((self.scheduler.now, mark))
        self.check(
            UNWANTED,
            mark in self.windows and self.wants(self.windows[mark], self.events[number]),
            lambda: f"event {self.events[number]} was forwarded by {mark or 'no run'}, windows {self.windows}",
        )

    def wants(self, window: dict[str, Any], event: Event) -> bool:
        """What the window's document says of the event."""
        moment = datetime.fromtimestamp(EPOCH, UTC) + timedelta(milliseconds=int(event.at * 1000))
        if moment >= datetime.fromisoformat(window["until"]):
            return False
        if "from" in window and moment < datetime.fromisoformat(window["from"]):
            return False
        policy = window.get("filter_policy")
        return policy is None or event.kind in policy["event_type"]

    def _acknowledged(self, message: Message) -> None:
        number = self.number_of(message)
        self.check(
            ACKNOWLEDGED,
            self.forwarded[number] > 0 or number in self.numbers(self.dead_letters),
            lambda: f"event {number} is deleted and is nowhere else",
        )

    def numbers(self, queue: Queue) -> set[int]:
        return {self.number_of(message) for message in queue.messages.values()}

    # -- what is done -------------------------------------------------------------------------------------------------

    def enable(self, name: str, *options: str, after: float = 0.0, skew: float = 0.0) -> Command:
        """Somebody runs `replay queue enable`."""
        arguments = ("replay", "queue", "enable", "orders-replay", "--yes", "--output", "json", *options)
        command = self.operator(name, *arguments, after=after, skew=skew)

        def look() -> None:
            self.waiting_at_start[command] = self.numbers(self.queue)

        self.aside("look", look, after=after)
        return command

    def disable(self, name: str, *, after: float = 0.0) -> Command:
        """Somebody runs `replay queue disable`."""
        return self.operator(name, "replay", "queue", "disable", "orders-replay", "--output", "json", after=after)

    def terraform_apply(self, after: float = 0.0) -> Any:
        """Terraform puts the mapping to what its configuration says, as often as it is refused."""

        def work() -> None:
            while self.mapping.state not in ("Enabled", "Disabled"):
                self.scheduler.sleep(2.0)
            configured = {} if self.maximum_concurrency is None else {"MaximumConcurrency": self.maximum_concurrency}
            self.functions.update_event_source_mapping(
                UUID=self.mapping.uuid, Enabled=False, FunctionName=self.replayer.arn, ScalingConfig=configured
            )

        return self.aside("terraform", work, after=after)

    def tidy(self) -> Command:
        """`disable` until it answers; what it could not do shows in AS_IT_WAS."""
        for _ in range(20):
            command = self.disable("finisher")
            self.ended(command, seconds=_LONGEST)
            if command.code == 0:
                return command
            self.passes(10.0)
        self.check(ENDS, False, lambda: f"disable does not answer: {command.said}")
        return command

    # -- judgements ---------------------------------------------------------------------------------------------------

    def judge_run(self, command: Command) -> None:
        """What a run that ended by itself with exit code 0 must have done."""
        if command.code != 0:
            return
        window = self.windows[command.output["replay_id"]]
        counted = self.scheduler.now - _UNCOUNTED - self.sqs.lag
        seen = self.waiting_at_start[command] | {number for number, at in self.arrived.items() if at < counted}
        wanted = {number for number in seen if self.wants(window, self.events[number])}
        dead = self.numbers(self.dead_letters)
        missing = {number for number in wanted if not self.forwarded[number] and number not in dead}
        self.check(
            WANTED,
            not missing,
            lambda: (
                f"{len(missing)} of {len(wanted)} wanted events were not forwarded when the run said: {command.output}"
            ),
        )

    def judge_idle(self) -> None:
        """When no run goes on, all is as before the first one."""
        found = {
            "mapping": self.mapping.state,
            "function": self.mapping.function_arn,
            "maximum concurrency": self.mapping.maximum_concurrency,
            "window": self.ssm.now(PARAMETER),
            "lock": self.ssm.now(f"{PARAMETER}-lock"),
            "aliases": list(self.replayer.aliases),
        }
        expected: dict[str, object] = {
            "mapping": "Disabled",
            "function": self.replayer.arn,
            "maximum concurrency": self.maximum_concurrency,
            "window": "{}",
            "lock": None,
            "aliases": [],
        }
        different = {name: value for name, value in found.items() if value != expected[name]}
        self.check(AS_IT_WAS, not different, lambda: f"{different}")

    def judge(self) -> None:
        """What must hold whenever a run of the simulation ends."""
        there = self.numbers(self.queue) | self.numbers(self.dead_letters) | self.forwarded.keys()
        lost = self.events.keys() - there
        self.check(NOTHING_LOST, not lost, lambda: f"{len(lost)} events are nowhere, such as {sorted(lost)[:3]}")
        for mark, window in self.windows.items():
            if "rate" in window:
                self._judge_rate(mark, window["rate"])

    def _judge_rate(self, mark: str, rate: float) -> None:
        times = [at for at, by in self.sends if by == mark]
        died = sum(1 for name in self.network.crashes if name.startswith(self.replayer.name))
        unknown = 10 * self.network.unknown_outcomes["SendMessageBatch"]
        slack = 10 * max(2, self.maximum_concurrency or 2) * (1 + died) + unknown
        for place, at in enumerate(times):
            count = bisect_right(times, at + _WINDOW) - bisect_left(times, at)
            self.check(
                RATE,
                count <= rate * _WINDOW * 1.01 + slack,
                lambda: f"{count} in {_WINDOW:.0f} s at {times[place]:.1f} s by {mark}, {rate:g}/s asked",  # noqa: B023
            )


def play(
    seed: int,
    only: Collection[Key] | None = None,
    program: Program | None = None,
    began: Callable[[World], None] = lambda stage: None,
) -> Stage:
    """One run by the seed: two operators, Terraform, kills and Ctrl-C; then AWS is well and all is forwarded."""
    chance = Chance(seed)
    level = chance.one_of("level", 0.0, 0.3, 1.0)
    troubles = Troubles(seed, shares=_shares(level), only=only, spared=("finisher",))
    batch_size = chance.one_of("batch", 10, 10, 100)
    stage = Stage(
        troubles,
        events=chance.one_of("events", 30, 120, 300),
        raw=chance.happens("raw", 0.5),
        batch_size=batch_size,
        maximum_concurrency=chance.one_of("concurrency", None, None, 2, 4),
        program=program,
    )
    stage.ssm.stale = chance.one_of("stale", 0.0, 0.3, 0.7)
    stage.sqs.lag = chance.one_of("lag", 0.0, 8.0, 50.0)
    stage.sqs.any_order = chance.happens("any order", 0.3)
    stage.functions.lost_deletes = chance.one_of("deletes", 0.0, 0.0, 0.05)
    stage.functions.any_instance = chance.happens("any instance", 0.3)
    stage.mapping.settled = chance.one_of("settled", 3.0, 20.0, 110.0)
    began(stage)
    with stage:
        for _ in range(chance.whole("illnesses", 0, 2)):
            service, resource = chance.one_of("ill", ("sqs", "checkout"), ("ssm", ""), ("lambda", "6b0e71bd"))
            stage.troubles.illnesses.append(
                Illness(
                    chance.between("begin", 0.0, 200.0),
                    chance.between("length", 12.0, 100.0),
                    service,
                    chance.one_of("how", Kind.THROTTLED, Kind.TIMED_OUT, Kind.LOST, Kind.REFUSED),
                    resource,
                )
            )
        arrivals = chance.one_of("arrivals", 0, 0, 1, 20)
        if arrivals:
            stage.aside("publisher", lambda: _publish(stage, arrivals), after=1.0)
        sessions = [stage.aside(name, _session(stage, chance, name)) for name in ("ana", "ben")]
        if chance.happens("terraform", 0.3):
            sessions.append(stage.terraform_apply(after=chance.between("apply", 5.0, 200.0)))
        stage.run(sessions, seconds=_LONGEST * 4)
        for command in stage.commands:
            if command.task is not None and isinstance(command.task.error, Exception):
                raise command.task.error
        troubles.shares, troubles.illnesses = {}, []
        stage.ssm.stale, stage.functions.lost_deletes = 0.0, 0.0
        stage.tidy()
        stage.judge_idle()
        stage.passes(2 * VISIBILITY)
        stage.judge()
        _forward_the_rest(stage)
        stage.judge()
        stage.judge_idle()
    return stage


def _publish(stage: Stage, arrivals: int) -> None:
    """The topic lives: so many events every five seconds, for a quarter of an hour."""
    first = len(stage.events)
    for number in range(first, first + arrivals * 180):
        stage.publish(Event(number, stage.scheduler.now, TYPES[number % 2]))
        if number % arrivals == 0:
            stage.scheduler.sleep(5.0)


def _forward_the_rest(stage: Stage) -> None:
    for _ in range(6):
        stage.passes(43_200.0)  # whatever is hidden can be had again
        command = stage.enable("finisher")
        stage.ended(command, seconds=_LONGEST)
        stage.judge_run(command)
        if not stage.queue.messages:
            break
    left = stage.numbers(stage.queue) - stage.forwarded.keys()
    stage.check(WANTED, not left, lambda: f"{len(left)} events cannot be forwarded by any run")


def _shares(level: float) -> dict[Kind, float]:
    shares = {
        Kind.THROTTLED: 0.02,
        Kind.BROKEN: 0.01,
        Kind.BROKEN_AFTER: 0.01,
        Kind.LOST: 0.006,
        Kind.TIMED_OUT: 0.004,
        Kind.UNREACHABLE: 0.004,
        Kind.PARTLY: 0.05,
        Kind.SLOW: 0.01,
        Kind.CRASH_BEFORE: 0.006,
        Kind.CRASH_AFTER: 0.006,
        Kind.CLOCK: 0.01,
    }
    return {kind: share * level for kind, share in shares.items()} if level else {}


def _session(stage: Stage, chance: Chance, name: str) -> Callable[[], None]:
    """One operator: runs with any window, now and then broken off."""

    def work() -> None:
        skew = chance.one_of(f"skew of {name}", 0.0, 0.0, 30.0, -200.0)
        for number in range(chance.whole(f"acts of {name}", 1, 3)):
            stage.scheduler.sleep(chance.between(f"pause of {name}", 0.5, 60.0))
            if not stage.troubles.happens((f"act of {name}", number), f"{name} acts at {stage.scheduler.now:.1f} s"):
                continue
            if chance.happens(f"disable by {name}", 0.25):
                command = stage.disable(name)
            else:
                command = stage.enable(name, *_window(chance, name), skew=skew)
            if command.task is None:
                continue
            patience = chance.between(f"patience of {name}", 1.0, 100.0)
            killed, broken_off = chance.happens(f"killed by {name}", 0.5), chance.happens(f"broken off by {name}", 0.3)
            if broken_off and not stage.scheduler.wait(command.task, patience):
                (stage.kill if killed else stage.interrupt)(command)
            ended = stage.scheduler.wait(command.task, _LONGEST)
            stage.check(ENDS, ended, lambda: f"{command.arguments} still runs")  # noqa: B023
            if command.arguments[2] == "enable":
                stage.judge_run(command)

    return work


def _window(chance: Chance, name: str) -> list[str]:
    options: list[str] = []
    if chance.happens(f"from of {name}", 0.4):
        options += ["--from", f"{chance.whole(f'since {name}', 20, 50)}m"]
    if chance.happens(f"until of {name}", 0.4):
        options += ["--until", f"{chance.whole(f'before {name}', 5, 18)}m"]
    if chance.happens(f"filter of {name}", 0.4):
        options += ["--like-subscription", "arn:aws:sns:eu-west-1:123456789012:orders:1b0e71bd"]
    if chance.happens(f"rate of {name}", 0.5):
        options += ["--rate", str(chance.one_of(f"how fast {name}", 1, 5, 50))]
    return options
