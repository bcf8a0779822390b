"""One run's AWS, its operators, and what is counted: services, network, program and clock put together."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from tests.simulation.clients import ACCOUNT, REGION, Network
from tests.simulation.program import Program, load
from tests.simulation.scheduler import EPOCH, Process, Scheduler, Task
from tests.simulation.services.firehose import Firehose
from tests.simulation.services.functions import Function, Functions
from tests.simulation.services.logs import Logs
from tests.simulation.services.s3 import S3
from tests.simulation.services.small import CloudWatch, Sns, Sts
from tests.simulation.services.sqs import Sqs
from tests.simulation.services.ssm import Ssm
from tests.simulation.services.step_functions import StepFunctions
from tests.simulation.troubles import Troubles, fraction

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"


class ViolationError(AssertionError):
    """An invariant does not hold: its name, and what was seen."""

    def __init__(self, invariant: str, seen: str) -> None:
        super().__init__(f"{invariant}: {seen}")
        self.invariant = invariant


@dataclass(eq=False)
class Command:
    """One run of `event-fork` by an operator. `code` None: it was killed, or it still runs."""

    arguments: tuple[str, ...]
    process: Process
    began: float
    task: Task | None = None
    code: int | None = None
    ended: float | None = None

    @property
    def output(self) -> Any:
        """What it printed on stdout, as JSON."""
        return json.loads(self.process.output.getvalue())

    @property
    def said(self) -> str:
        """What it printed on stderr."""
        return self.process.said.getvalue()


@dataclass
class Chance:
    """Draws of a scenario: the n-th draw of a name is the same for the same seed."""

    seed: object
    drawn: Counter[str] = field(default_factory=Counter)

    def fraction(self, what: str) -> float:
        """In [0, 1)."""
        self.drawn[what] += 1
        return fraction(self.seed, "scenario", what, self.drawn[what])

    def between(self, what: str, low: float, high: float) -> float:
        """In [low, high)."""
        return low + (high - low) * self.fraction(what)

    def whole(self, what: str, low: int, high: int) -> int:
        """From low to high, both included."""
        return low + int(self.fraction(what) * (high - low + 1))

    def one_of(self, what: str, *given: Any) -> Any:
        """One of the given."""
        return given[int(self.fraction(what) * len(given))]

    def happens(self, what: str, share: float) -> bool:
        """True in that share of the draws."""
        return self.fraction(what) < share


class World:
    """Use as a context manager; one world at a time."""

    def __init__(self, troubles: Troubles, program: Program | None = None) -> None:
        self.program = program or load()
        self.scheduler = Scheduler()
        self.troubles = troubles
        self.network = Network(self.scheduler, troubles)
        self.s3 = S3(self.scheduler)
        self.sqs = Sqs(self.network)
        self.ssm = Ssm(self.network)
        self.firehose = Firehose(self.network)
        self.logs = Logs(self.network)
        self.functions = Functions(self.network, self.sqs, self.logs)
        self.step_functions = StepFunctions(self.network, self.functions, self.s3)
        self.network.services = {
            "s3": self.s3,
            "sqs": self.sqs,
            "ssm": self.ssm,
            "firehose": self.firehose,
            "lambda": self.functions,
            "logs": self.logs,
            "stepfunctions": self.step_functions,
            "sts": Sts(self.network),
            "cloudwatch": CloudWatch(self.network, self.sqs),
        }
        self.s3.breaks = lambda: bool(self.network.entries_that_fail(1))
        self.commands: list[Command] = []
        self.checks: Counter[str] = Counter()
        self.violation: ViolationError | None = None
        """The first one. Code that sends catches what is raised in a call, so it is raised again at the end."""

    def __enter__(self) -> Self:
        self._running = self.program.running(self.network)
        self._running.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.scheduler.close()
        self._running.__exit__(None, None, None)
        if self.violation is not None and error is not self.violation:
            raise self.violation

    # -- what there is ------------------------------------------------------------------------------------------------

    def function(self, name: str, handler: str, timeout: float, environment: dict[str, str]) -> Function:
        """A function of the zip; `handler`: the module's name in event_fork."""
        return self.functions.add(Function(name, lambda: self.program.handler(handler), timeout, environment))

    def subscription(self, endpoint: str, *, raw: bool, filter_policy: str | None = None) -> None:
        """How the target gets its live events."""
        self.network.services["sns"] = Sns(endpoint, TOPIC, raw=raw, filter_policy=filter_policy)

    # -- operators ----------------------------------------------------------------------------------------------------

    def operator(self, name: str, *arguments: str, after: float = 0.0, skew: float = 0.0) -> Command:
        """Somebody runs `event-fork` with these arguments, `after` seconds from now."""
        number = sum(1 for command in self.commands if command.process.name.startswith(f"{name}#")) + 1
        process = Process(f"{name}#{number}", skew)
        command = Command(arguments, process, self.scheduler.now + after)

        def run() -> None:
            command.began = self.scheduler.now
            command.code = self.program.command(list(arguments))
            command.ended = self.scheduler.now

        command.task = self.scheduler.start(process, run, after=after)
        self.commands.append(command)
        return command

    def aside(self, name: str, work: Callable[[], Any], after: float = 0.0) -> Task:
        """Something else happens: an apply of Terraform, a signal, a publisher."""
        return self.scheduler.start(Process(name, ours=True), work, after=after)

    def interrupt(self, command: Command) -> None:
        """Ctrl-C in the terminal of a command: it arrives at its next call or sleep."""
        if command.task is not None and not command.task.done:
            command.process.interrupts += 1

    def kill(self, command: Command) -> None:
        """kill -9."""
        command.process.alive = False
        if command.task is not None:
            command.task.kill()

    def run(self, tasks: Sequence[Task | None], *, seconds: float) -> None:
        """Until these are done. Raises StuckError, and what a command raised that is no exit code."""
        self.scheduler.run(lambda: all(task is None or task.done for task in tasks), seconds=seconds)

    def ended(self, *commands: Command, seconds: float = 50_000.0) -> None:
        """Until these commands have ended; raises what went through a command as a traceback."""
        self.run([command.task for command in commands], seconds=seconds)
        for command in commands:
            error = command.task.error if command.task else None
            if isinstance(error, Exception):
                raise error

    def passes(self, seconds: float) -> None:
        """So much time passes."""
        end = self.scheduler.now + seconds
        self.run([self.aside("time", lambda: None, after=end - self.scheduler.now)], seconds=seconds + 1)

    # -- invariants ---------------------------------------------------------------------------------------------------

    def check(self, invariant: str, holds: bool, seen: Callable[[], str] = lambda: "") -> None:
        """Counts a check. Raises ViolationError."""
        self.checks[invariant] += 1
        if not holds:
            violation = ViolationError(invariant, seen())
            self.violation = self.violation or violation
            raise violation


def stored_text(seconds: float) -> str:
    """A moment of the run as SNS writes it."""
    moment = datetime.fromtimestamp(EPOCH + seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope(
    number: int, seconds: float, kind: str = "order.placed", sequence: int | None = None, **message: Any
) -> str:
    """SNS's envelope around the n-th event, published `seconds` after the beginning; `sequence`: of a FIFO topic."""
    return json.dumps(
        ({} if sequence is None else {"SequenceNumber": str(sequence)})
        | {
            "Type": "Notification",
            "MessageId": f"event-{number}",
            "TopicArn": TOPIC,
            "Message": json.dumps({"n": number} | message),
            "Timestamp": stored_text(seconds),
            "MessageAttributes": {"event_type": {"Type": "String", "Value": kind}},
        }
    )
