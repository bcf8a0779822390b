"""A replay from the archive: planner, command, state machine, workers and governor, and what must hold of them.

`Stage` is the archive, the module and the target; `play` lets two operators and the seed's troubles loose on it.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from tests.simulation.clients import REGION
from tests.simulation.program import Program
from tests.simulation.scheduler import EPOCH, Task
from tests.simulation.services.functions import Outcome
from tests.simulation.services.sqs import Message, Queue
from tests.simulation.services.state_machine import definition, handler
from tests.simulation.troubles import Illness, Key, Kind, Troubles, fraction
from tests.simulation.world import Chance, Command, World, envelope

BUCKET = "orders-backup"
MODULE = "orders"
BEFORE = 7_200.0
"""The archive's events were published so many seconds before the run begins."""

EXACTLY_THE_PLAN = "a replay sends its plan's events and no others"
ALL_OF_IT = "a replay that says done has sent all of its plan"
NO_MORE_COPIES = "an event is sent again only where docs/cli.md says so"
RATE = "all workers together keep the rate"
ONE_EXECUTION = "a plan is applied once"
COUNTS = "status counts what was sent"
FENCED = "only workers of the execution that control.json lets send do"
IN_ORDER = "a FIFO target gets the events of a group in the order of their numbers"
INVARIANTS = (EXACTLY_THE_PLAN, ALL_OF_IT, NO_MORE_COPIES, RATE, ONE_EXECUTION, COUNTS, FENCED, IN_ORDER)

UNWRITTEN_EVENTS = 1_000
UNWRITTEN_SECONDS = 5.0
"""docs/cli.md: a worker that crashes repeats at most the last 1,000 events or 5 seconds."""
_LONGEST = 20_000.0
"""No replay here takes so many seconds, whatever happens."""
_WINDOW = 10.0
_OBEYED_AFTER = 30.0
"""A lower rate is the one that counts so many seconds later."""
_STILL_SENDS = 15.0
"""Seconds: a worker looks every 5 seconds between two calls, and a call takes up to 10."""
_INTERRUPTED = frozenset(
    {"Runtime.ExitError", "Sandbox.Timedout", "CallFailedError", "ControlConflictError", "ClientError"}
)


class Stage(World):
    """An archive of so many events, a replay module and its target; `folder` for plan files.

    `groups`: of a FIFO topic's events; the target is a FIFO queue then, and the archive is in no order.
    """

    def __init__(
        self,
        troubles: Troubles,
        *,
        events: int = 1_000,
        per_object: int = 500,
        worker_timeout: float = 900.0,
        raw: bool = True,
        groups: int = 0,
        program: Program | None = None,
    ) -> None:
        super().__init__(troubles, program)
        self._folder = tempfile.TemporaryDirectory(prefix="event-fork-simulation-")
        self.folder = Path(self._folder.name)
        self.planned = {f"event-{number}" for number in range(events)}
        self.groups = groups
        self._shuffled = sorted(range(events), key=lambda number: fraction(troubles.seed, "shuffled", number))
        self._latest: dict[str, int] = {}
        """The highest number of each group that the target has got."""
        self.sends: list[tuple[float, str]] = []
        self.copies: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.lets: list[tuple[float, str]] = []
        """When control.json was written, and which execution it lets send; "-" for none."""
        self.resumes = 0
        self.takeovers = 0
        """Items that were claimed while another invocation was at them."""
        self._claimed: dict[str, str | None] = {}
        self.consumer_may_rest = True
        self.rates: list[tuple[float, float]] = []
        fifo = ".fifo" if groups else ""
        self.dead_letters = self.sqs.add(Queue(f"checkout-dead-letters{fifo}"))
        self.target = self.sqs.add(Queue(f"checkout{fifo}", dead_letters=self.dead_letters, sent=self._sent))
        self.subscription(self.target.arn, raw=raw)
        module = self.program.source / "modules" / "archive-replay"
        self.worker = self.function("orders-replay-worker", handler(module, "worker"), worker_timeout, {})
        self.governor = self.function("orders-replay-governor", handler(module, "governor"), 900.0, {})
        self.state_machine = self.step_functions.add(
            f"{MODULE}-archive",
            definition(
                module,
                {"worker": self.worker.arn, "governor": self.governor.arn},
                {"worker": {"timeout_seconds": int(worker_timeout)}},
            ),
        )
        self.ssm.set(
            f"/event-fork-pipelines/{MODULE}/archive-replay",
            json.dumps(
                {
                    "state_machine_arn": self.state_machine,
                    "bucket": BUCKET,
                    "prefix": "",
                    "region": REGION,
                    "targets": [{"arn": self.target.arn, "url": self.target.url}],
                }
            ),
        )
        self.s3.buckets[BUCKET] = {}
        self.s3.put = self._put
        self.keys = [
            self._object(range(first, min(first + per_object, events))) for first in range(0, events, per_object)
        ]
        invoke = self.functions.invoke

        def watched(arn: str, payload: Any) -> Task:
            task = invoke(arn, payload)
            if arn == self.worker.arn:
                self.aside("watch", lambda: self._invoked(task))
            return task

        self.functions.invoke = watched  # type: ignore[method-assign]

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)
        self._folder.cleanup()

    def _object(self, numbers: range) -> str:
        """Events at even distances of 10 ms, in one object."""
        begun = datetime.fromtimestamp(EPOCH - BEFORE + numbers.start * 0.01, UTC)
        key = f"{begun:date=%Y-%m-%d/hour=%H/orders-1-%Y-%m-%d-%H-%M-%S}-{numbers.start:08x}.gz"
        lines = "".join(self._line(number) + "\n" for number in numbers)
        self.s3.store(BUCKET, key, gzip.compress(lines.encode(), compresslevel=1))
        return key

    def _line(self, number: int) -> str:
        if not self.groups:
            return envelope(number, -BEFORE + number * 0.01)
        number = self._shuffled[number]
        # Numbers of four digits and of five, some events twice.
        line = envelope(number, -BEFORE + number * 0.01, sequence=9_950 + number, group=f"g{number % self.groups}")
        return f"{line}\n{line}" if number % 10 == 0 else line

    # -- what is seen -------------------------------------------------------------------------------------------------

    def _sent(self, message: Message) -> None:
        content = json.loads(message.body)
        event = f"event-{content['n']}"
        if self.groups:
            self._judge_order(message, content, first=event not in self.copies)
        self.copies[event] += 1
        self.sends.append((self.scheduler.now, event))
        self.check(EXACTLY_THE_PLAN, event in self.planned, lambda: f"{event} was sent and is not in the plan")
        execution = self.functions.payloads[self.network.process.name]["BatchInput"].get("execution", "")
        began = bisect_right(self.lets, (self.scheduler.now - _STILL_SENDS, "~")) - 1
        lately = {name for _, name in self.lets[max(0, began) :]}
        self.check(
            FENCED, execution in lately, lambda: f"{execution} sent {event}, {lately} may at {self.scheduler.now}"
        )

    def _judge_order(self, message: Message, content: dict[str, Any], *, first: bool) -> None:
        """An event that comes for the first time is the next of its group: none of it was passed over."""
        group, number = content["group"], content["n"]
        self.check(IN_ORDER, message.group == group, lambda: f"event {number} of {group} came in {message.group}")
        if first:
            wanted = self._latest.get(group, number % self.groups - self.groups) + self.groups
            self.check(IN_ORDER, number == wanted, lambda: f"event {number} of {group} came before {wanted}")
            self._latest[group] = number

    def _put(self, key: str, body: bytes) -> None:
        if key.endswith("/control.json"):
            control = json.loads(body)
            self.rates.append((self.scheduler.now, max(control["rate"], control["limit"])))
            self.lets.append(
                (self.scheduler.now, control.get("execution", "") if control["state"] == "running" else "-")
            )
        if "/progress/" in key:
            progress = json.loads(body)
            request, before = progress.get("request_id"), self._claimed.get(key)
            if before not in (None, request) and self.functions.invocations[before or ""] is None:
                self.takeovers += 1
            self._claimed[key] = request if progress.get("claimed") else None

    def _invoked(self, task: Task) -> None:
        self.scheduler.wait(task)
        outcome: Outcome = task.result
        self.outcomes[outcome.error[0] if outcome.error else "answered"] += 1

    @property
    def again(self) -> int:
        """Copies beyond the first of an event."""
        return sum(self.copies.values()) - len(self.copies)

    @property
    def missing(self) -> set[str]:
        """Planned events that the target never got."""
        return self.planned - self.copies.keys()

    @property
    def copies_allowed(self) -> int:
        """As docs/cli.md promises: 1,000 events or 5 seconds a worker that was broken off, 10 a call without answer."""
        broken = sum(self.outcomes[name] for name in _INTERRUPTED) + self.takeovers
        highest = max(rate for _, rate in self.rates)
        unwritten = min(UNWRITTEN_EVENTS, int(highest * (UNWRITTEN_SECONDS + 1.0)) + 20)
        return unwritten * broken + 10 * self.network.unknown_outcomes["SendMessageBatch"]

    def items(self) -> int:
        """How many items the last plan has."""
        return len(json.loads((self.folder / "plan.json").read_bytes())["items"])

    # -- commands -----------------------------------------------------------------------------------------------------

    def plan(self, *options: str, rate: float = 300.0, workers: int | None = None) -> str:
        """Makes a plan of the whole archive; its replay's id."""
        (self.folder / "plan.json").unlink(missing_ok=True)  # a plan is not written over without asking
        arguments = ["replay", "plan", "--archive", f"s3://{BUCKET}", "--from", "4h", "--to", "1h"]
        arguments += ["--target", self.target.name, "--rate", str(rate), "--processes", "0"]
        arguments += ["--order", "sequence", "--group-by", "$.group"] if self.groups else []
        arguments += ["--out", str(self.folder / "plan.json"), "--output", "json", *options]
        arguments += [] if workers is None else ["--workers", str(workers)]
        command = self.operator("planner", *arguments)
        self.ended(command)
        if command.code != 0:
            raise RuntimeError(command.said)
        replay_id: str = command.output["replay_id"]
        return replay_id

    def apply(self, name: str = "ana", *, after: float = 0.0, skew: float = 0.0) -> Command:
        """Somebody applies the plan and does not watch."""
        path = str(self.folder / "plan.json")
        arguments = ("replay", "apply", path, "--yes", "--no-watch", "--output", "json")
        return self.operator(name, *arguments, after=after, skew=skew)

    def steer(self, name: str, what: str, replay_id: str, *more: str, after: float = 0.0, skew: float = 0.0) -> Command:
        """Somebody pauses, cancels, resumes, ... or looks."""
        watch = ("--no-watch",) if what == "resume" else ()
        return self.operator(name, "replay", what, replay_id, *more, *watch, "--output", "json", after=after, skew=skew)

    def status(self, replay_id: str) -> dict[str, Any]:
        """Where the replay stands, by the command; until it answers."""
        end = self.scheduler.now + _LONGEST
        while True:
            command = self.steer("looker", "status", replay_id)
            self.ended(command)
            if command.code == 0:
                status: dict[str, Any] = command.output
                self.judge_status(status)
                return status
            if "was applied" in command.said:  # every apply died before it had written the plan
                return {"state": "not-started", "reason": command.said, "sent": 0}
            self.check(COUNTS, self.scheduler.now < end, partial("status never answers: {}".format, command.said))
            self.passes(60.0)

    def finish(self, replay_id: str, *, attempts: int = 30) -> dict[str, Any]:
        """Resume until it is done, as an operator would whose AWS is well again."""
        for _ in range(attempts):
            status = self.until_it_rests(replay_id)
            if status["state"] in ("done", "done-with-failures"):
                break
            if status["state"] == "not-started":
                again = self.apply("finisher")
                self.ended(again)
                if again.code == 0:
                    continue  # else it was cancelled before it began, and is to be resumed
            command = self.resumed("finisher", replay_id)
            self.ended(command)
        return self.until_it_rests(replay_id)

    def resumed(self, name: str, replay_id: str, *, after: float = 0.0, skew: float = 0.0) -> Command:
        """Somebody resumes."""
        self.resumes += 1
        return self.steer(name, "resume", replay_id, after=after, skew=skew)

    def until_it_rests(self, replay_id: str) -> dict[str, Any]:
        """The status when nothing of the replay runs any more."""
        end = self.scheduler.now + _LONGEST
        while True:
            status = self.status(replay_id)
            if status["state"] not in ("running", "pausing", "cancelling"):
                return status
            self.check(ALL_OF_IT, self.scheduler.now < end, partial("{state} after so long".format_map, status))
            self.passes(20.0)

    # -- judgements ---------------------------------------------------------------------------------------------------

    def judge_status(self, status: dict[str, Any]) -> None:
        """What a status that was just read must agree with."""
        sent = sum(self.copies.values())
        self.check(COUNTS, status["sent"] <= sent, lambda: f"status says {status['sent']} sent, the target got {sent}")
        if status["state"] == "done":
            self.check(ALL_OF_IT, not self.missing, lambda: f"done, and {len(self.missing)} events were never sent")
            self.check(
                COUNTS,
                status["sent"] == len(self.planned),
                lambda: f"done, and {status['sent']} of {len(self.planned)}",
            )

    def judge(self) -> None:
        """What must hold whenever a run ends."""
        again, allowed = self.again, self.copies_allowed
        self.check(
            NO_MORE_COPIES,
            again <= allowed,
            lambda: f"{again} copies beyond the first of {len(self.copies)}, {allowed} allowed ({self.outcomes})",
        )
        first = [one for one in self.step_functions.executions.values() if "-r" not in one.name[-4:]]
        self.check(ONE_EXECUTION, len(first) <= 1, lambda: f"{len(first)} executions of one plan")
        self.judge_rate()

    def judge_rate(self) -> None:
        """In every 10 seconds at most what the highest rate of that time allows."""
        times = [at for at, _ in self.sends]
        changes = [at for at, _ in self.rates]
        slack = self._slack()
        for place, at in enumerate(times):
            if place % 10:
                continue
            count = bisect_right(times, at + _WINDOW) - bisect_left(times, at)
            begin = max(0, bisect_right(changes, at - _OBEYED_AFTER) - 1)
            rate = max(rate for _, rate in self.rates[begin : max(begin + 1, bisect_right(changes, at + _WINDOW))])
            self.check(
                RATE,
                count <= rate * _WINDOW * 1.01 + slack,
                lambda: f"{count} events in {_WINDOW:.0f} s at {at:.1f} s ({rate:g}/s, {slack} more allowed)",  # noqa: B023
            )

    def _slack(self) -> int:
        """Workers may be half a second ahead; some was sent without anybody knowing, or is owed by the dead."""
        highest = max(rate for _, rate in self.rates)
        broken = sum(count for name, count in self.outcomes.items() if name != "answered") + self.resumes
        burst = int(max(10.0, min(500.0, highest)))
        return burst * (2 + broken) + 10 * self.network.unknown_outcomes["SendMessageBatch"] + 2 * self.items()


def play(
    seed: int,
    only: Collection[Key] | None = None,
    program: Program | None = None,
    began: Callable[[World], None] = lambda stage: None,
) -> Stage:
    """One run by the seed: two operators, clocks apart, every kind of trouble; then AWS is well and it is finished."""
    chance = Chance(seed)
    shares = _shares(chance)
    troubles = Troubles(seed, shares=shares, only=only, spared=("planner", "looker", "finisher"))
    troubles.slowest = chance.one_of("calls", 0.04, 0.1, 0.4)
    workers = chance.whole("workers", 1, 3)
    stage = Stage(
        troubles,
        events=chance.one_of("events", 60, 400, 1500),
        per_object=chance.one_of("per object", 37, 200, 700),
        worker_timeout=chance.one_of("time-out", 60.0, 120.0, 900.0),
        raw=True,
        groups=chance.one_of("groups", 0, 0, 0, 1, 7),
        program=program,
    )
    stage.step_functions.lost_contact = chance.one_of("contact", 0.0, 0.0, 0.05)
    stage.functions.any_instance = chance.happens("any instance", 0.3)
    began(stage)
    with stage:
        options: list[str] = []
        if chance.happens("ramp", 0.25):
            options += ["--ramp", "10,50,100"]
        if chance.happens("governed", 0.25):
            options += ["--max-age", "2m"]
        if options:
            stage.aside("consumer", partial(_consume, stage, chance))
        rate = chance.one_of("rate", 8.0, 40.0, 300.0)
        replay_id = stage.plan(*options, rate=rate, workers=workers)
        _ill(stage, chance)
        _operators(stage, chance, replay_id, rate)
        # AWS is well again, and somebody brings it to its end.
        troubles.shares = {}
        troubles.illnesses = []
        stage.step_functions.lost_contact = 0.0
        stage.consumer_may_rest = False
        status = stage.finish(replay_id)
        stage.check(
            ALL_OF_IT,
            status["state"] == "done",
            lambda: f"it cannot be finished: {status['state']} ({status['reason']})",
        )
        stage.passes(1_000.0)  # whoever still sends shows
        stage.judge()
    return stage


def _shares(chance: Chance) -> dict[Kind, float]:
    level = chance.one_of("level", 0.0, 0.3, 1.0)
    shares = {
        Kind.THROTTLED: 0.02,
        Kind.BROKEN: 0.01,
        Kind.BROKEN_AFTER: 0.005,
        Kind.LOST: 0.004,
        Kind.TIMED_OUT: 0.004,
        Kind.UNREACHABLE: 0.004,
        Kind.PARTLY: 0.03,
        Kind.SLOW: 0.01,
        Kind.CRASH_BEFORE: 0.002,
        Kind.CRASH_AFTER: 0.002,
        Kind.CLOCK: 0.01,
    }
    return {kind: share * level for kind, share in shares.items()} if level else {}


def _ill(stage: Stage, chance: Chance) -> None:
    """Now and then the target, or S3, is ill for longer than any time-out of one call."""
    for _ in range(chance.whole("illnesses", 0, 2)):
        target = ("sqs", stage.target.name)
        service, resource = chance.one_of("ill", target, target, ("s3", "progress/"))
        stage.troubles.illnesses.append(
            Illness(
                stage.scheduler.now + chance.between("begin", 0.0, 90.0),
                chance.between("length", 12.0, 45.0),
                service,
                chance.one_of("how", Kind.THROTTLED, Kind.TIMED_OUT, Kind.LOST, Kind.BROKEN, Kind.PARTLY),
                resource,
            )
        )


def _consume(stage: Stage, chance: Chance) -> None:
    """Takes what is in the target every few seconds, but for a minute now and then."""
    number = 0
    while True:
        number += 1
        rests = stage.consumer_may_rest and chance.happens("consumer rests", 0.1)
        text = f"from {stage.scheduler.now:.1f} s on for 60.0 s, the consumer rests"
        if rests and stage.troubles.happens(("consumer", number), text):
            stage.scheduler.sleep(60.0)
        stage.scheduler.sleep(5.0)
        stage.target.messages.clear()


def _operators(stage: Stage, chance: Chance, replay_id: str, rate: float) -> None:
    """One applies, sometimes two at once; then both do what comes to their minds, one thing after the other."""
    skews = {name: chance.one_of("skew", 0.0, 0.0, 40.0, -300.0) for name in ("ana", "ben")}
    applying = [stage.apply("ana", skew=skews["ana"])]
    if chance.happens("twice", 0.3):
        applying.append(stage.apply("ben", after=chance.between("second", 0.0, 3.0), skew=skews["ben"]))
    stage.ended(*applying)
    tasks = [stage.aside(name, _session(stage, chance, name, skews[name], replay_id, rate)) for name in ("ana", "ben")]
    stage.run(tasks, seconds=50_000.0)
    for task in tasks:
        if task.error is not None:
            raise task.error


def _session(stage: Stage, chance: Chance, name: str, skew: float, replay_id: str, rate: float) -> Callable[[], None]:
    def work() -> None:
        for number in range(chance.whole(f"acts of {name}", 0, 4)):
            stage.scheduler.sleep(chance.between(f"pause of {name}", 0.5, 40.0))
            what = chance.one_of(f"act of {name}", "pause", "cancel", "resume", "resume", "rate", "status")
            more: Sequence[str] = (str(chance.one_of(f"rate of {name}", rate / 4, rate / 2, rate)),)
            if not stage.troubles.happens((f"act of {name}", number), f"{name}: {what} at {stage.scheduler.now:.1f} s"):
                continue
            if what == "resume":
                command = stage.resumed(name, replay_id, skew=skew)
            else:
                command = stage.steer(name, what, replay_id, *(more if what == "rate" else ()), skew=skew)
            if command.task is not None:
                stage.scheduler.wait(command.task)
                if isinstance(command.task.error, Exception):
                    raise command.task.error
            if command.code == 0:
                stage.judge_status(command.output)

    return work
