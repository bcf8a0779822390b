"""From `event-fork replay apply` to the first event in the target queue: how long it takes, and where the time goes.

    make bench-replay            (or: python benchmarks/replay_first_event.py --help)

examples/archive-replay is applied to the bench, with an archive of three days, an object for each hour. The
command runs as an operator runs it, in a process of its own. Its calls and the worker's go through counting proxies,
whose clocks give the parts of the time. Beside it, in the same run, what AWS, here the bench, takes without the
command:

    StartExecution   of the same state machine, with everything prepared
    Invoke           of the worker function itself, with one item

Cold: the worker has no process. Warm: it has one. Median of some rounds. Exit code 1 when an apply takes 5 seconds.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas"), str(ROOT / "cli")]

from event_fork.adapters.s3_documents import S3DocumentStore  # noqa: E402
from event_fork.events.time_window import timestamp_text  # noqa: E402
from event_fork.replay_plan.control import RUNNING, Control  # noqa: E402
from event_fork.replay_plan.documents import ReplayDocuments  # noqa: E402
from event_fork.replay_plan.json_values import to_json  # noqa: E402
from event_fork.replay_plan.plan import Plan, read_plan  # noqa: E402
from event_fork_cli.archive_replay.applying import execution_input  # noqa: E402
from testbench import Bench  # noqa: E402
from testbench.polling import eventually  # noqa: E402
from tests.support import written_archive  # noqa: E402
from tests.support.fault_proxy import Answer, FaultProxy, Request, fault_proxy  # noqa: E402
from tests.support.replay_stack import ReplayStack, set_environment  # noqa: E402

LIMIT_SECONDS = 5.0
ROUNDS = 3
START = datetime(2026, 11, 20, tzinfo=UTC)
END = START + timedelta(days=3)
EVENTS = 72
"""One in each object, so that a run is short."""
ENDED = ("SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT")


@dataclass
class Calls:
    """The calls that went through a proxy, with their times (seconds since the epoch)."""

    proxy: FaultProxy
    seen: list[tuple[float, str]] = field(default_factory=list)

    def note(self, request: Request) -> Answer | None:
        """A rule of the proxy that lets everything through."""
        self.seen.append((time.time(), request.operation))
        return None

    def before(self, operation: str) -> tuple[float, int, float]:
        """Time of the first call, how many came before the first `operation`, and the time of that."""
        moment, number = next((at, index) for index, (at, name) in enumerate(self.seen) if name == operation)
        return self.seen[0][0], number, moment


@dataclass(frozen=True)
class Run:
    """One measurement: seconds from the beginning to the first event in the queue, part by part."""

    total: float
    parts: dict[str, float]
    calls: dict[str, int]


@dataclass
class Rig:
    """The applied example, the plan that every run is a copy of, and the proxies."""

    stack: ReplayStack
    plan: Plan
    command: Calls
    worker: Calls
    variables: dict[str, str]

    # -- what is measured ------------------------------------------------------------------------------------------

    def apply(self) -> Run:
        """The command."""
        file = self.stack.folder / f"{uuid.uuid4()}.json"
        plan = self._plan()
        file.write_bytes(plan.to_bytes())
        began = time.time()
        ran = self.stack.event_fork(
            *("replay", "apply", str(file), "--yes", "--no-watch"), AWS_ENDPOINT_URL=self.command.proxy.url
        )
        if ran.code != 0:
            raise SystemExit(f"the command ended with exit code {ran.code}\n{ran.stderr}")
        first_call, checks, started = self.command.before("StartExecution")
        run = self._run(began, {"the command starts": first_call - began, "checks": started - first_call}, started)
        self._until_ended(plan)
        return replace(run, calls={"of the command before StartExecution": checks, **run.calls})

    def start_execution(self) -> Run:
        """The same state machine without the command."""
        plan = self._plan()
        documents = self._prepare(plan)
        began = time.time()
        self.stack.bench.client("stepfunctions").start_execution(
            stateMachineArn=self.stack.output["state_machine_arn"],
            name=plan.replay_id,
            input=json.dumps(execution_input(plan, documents)),
        )
        run = self._run(began, {}, began)
        self._until_ended(plan)
        return run

    def invoke(self) -> Run:
        """The worker alone."""
        plan = self._plan()
        documents = self._prepare(plan)
        batch = {key: value for key, value in execution_input(plan, documents).items() if key != "workers"}
        event = {
            "BatchInput": {**batch, "started_at": timestamp_text(datetime.now(UTC)), "execution": plan.replay_id},
            "Items": [to_json(plan.items[0])],
        }
        began = time.time()
        answer = self.stack.bench.client("lambda").invoke(
            FunctionName=self.stack.output["worker_function_name"], Payload=json.dumps(event).encode()
        )
        if "FunctionError" in answer:
            raise SystemExit(f"the worker failed: {answer['Payload'].read()!r}")
        return self._run(began, {}, began)

    # -- before and after ------------------------------------------------------------------------------------------

    def cool(self) -> None:
        """End the worker's processes: its configuration changes."""
        functions, name = self.stack.bench.client("lambda"), self.stack.output["worker_function_name"]
        set_environment(functions, name, {**self.variables, "BENCHMARK_ROUND": uuid.uuid4().hex})

    def clear(self) -> None:
        """Forget the calls of the last run; its events were taken out of the queue."""
        self.command.seen.clear()
        self.worker.seen.clear()

    def _plan(self) -> Plan:
        return replace(self.plan, replay_id=f"replay-{uuid.uuid4().hex[:20]}").sealed()

    def _prepare(self, plan: Plan) -> ReplayDocuments:
        documents = ReplayDocuments(
            S3DocumentStore(plan.archive.bucket, self.stack.s3), self.stack.area(plan.replay_id)
        )
        documents.create_control(
            Control(RUNNING, plan.rate, plan.rate, plan.sha256, 0, "", "", plan.created_at, plan.replay_id)
        )
        documents.write_plan(plan.to_bytes())
        documents.write_items(plan.items)
        return documents

    def _run(self, began: float, parts: dict[str, float], started: float) -> Run:
        eventually(
            lambda: any(name == "SendMessageBatch" for _, name in list(self.worker.seen)),
            bool,
            within=60,
            what="the worker sends",
        )
        first_call, reads, sent = self.worker.before("SendMessageBatch")
        arrived = self._first_arrival()
        return Run(
            arrived - began,
            parts
            | {
                "until the worker's first call": first_call - started,
                "the worker reads plan and object": sent - first_call,
                "SendMessageBatch": arrived - sent,
            },
            {"of the worker before SendMessageBatch": reads},
        )

    def _first_arrival(self) -> float:
        """When SQS took the first event, by its own clock (milliseconds). The earliest is handed out first."""
        sqs, url = self.stack.bench.client("sqs"), self.stack.output["checkout_queue_url"]
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["SentTimestamp"],
            WaitTimeSeconds=20,
        )
        for message in answer["Messages"]:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return min(int(message["Attributes"]["SentTimestamp"]) for message in answer["Messages"]) / 1000

    def _until_ended(self, plan: Plan) -> None:
        machine = self.stack.output["state_machine_arn"].replace(":stateMachine:", ":execution:")
        states = self.stack.bench.client("stepfunctions")
        eventually(
            lambda: states.describe_execution(executionArn=f"{machine}:{plan.replay_id}")["status"],
            lambda status: status in ENDED,
            within=120,
            what="the execution ends",
        )


@contextmanager
def applied(bench: Bench, folder: Path) -> Iterator[ReplayStack]:
    """The example with an archive in it."""
    say("applying examples/archive-replay")
    workspace = bench.workspace(
        configuration="examples/archive-replay",
        variables={
            "name": f"first-{uuid.uuid4().hex[:6]}",
            "bucket_force_destroy": True,
            "powertools_layer_arn": bench.powertools_layer_arn,
        },
    )
    try:
        workspace.apply()
        output = workspace.output()
        events = written_archive.events(output["topic_arn"], EVENTS, START, END)
        written = list(written_archive.objects(events, timedelta(hours=1)))
        stack = ReplayStack(bench, workspace, folder, written)
        written_archive.put(stack.s3, output["bucket_name"], written)
        yield stack
    finally:
        say("destroying it")
        workspace.destroy()
        workspace.remove()


@contextmanager
def rigged(stack: ReplayStack) -> Iterator[Rig]:
    """Make the plan and put the proxies in between."""
    plan = read_plan(stack.plan("plan", START, END).read_bytes())
    functions, name = stack.bench.client("lambda"), stack.output["worker_function_name"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    upstream = stack.bench.endpoints.aws_endpoint_url
    with fault_proxy(upstream) as of_command, fault_proxy(upstream) as of_worker:
        command, worker = Calls(of_command), Calls(of_worker)
        of_command.rule, of_worker.rule = command.note, worker.note
        yield Rig(stack, plan, command, worker, {**before, "AWS_ENDPOINT_URL": of_worker.url})


def measure(rig: Rig, rounds: int) -> dict[str, list[Run]]:
    """Every case, cold and warm, in turns."""
    cases: dict[str, Callable[[], Run]] = {
        "event-fork replay apply": rig.apply,
        "StartExecution": rig.start_execution,
        "Invoke": rig.invoke,
    }
    found: dict[str, list[Run]] = {f"{case}, {state}": [] for case in cases for state in ("cold", "warm")}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for case, run in cases.items():
            rig.cool()
            for state in ("cold", "warm"):
                rig.clear()
                found[f"{case}, {state}"].append(run())
                rig.stack.receive()
    return found


def median(runs: list[Run]) -> Run:
    """The run of median length."""
    return sorted(runs, key=lambda run: run.total)[len(runs) // 2]


def say(text: str) -> None:
    """What is going on, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true", help="print all runs as JSON")
    options = parser.parse_args()
    state = ROOT / ".bench" / "run" / "replay-first-event"
    with (
        tempfile.TemporaryDirectory(prefix="bench-replay-") as name,
        Bench.running(state) as bench,
        applied(bench, Path(name)) as stack,
        rigged(stack) as made,
    ):
        items, folders = len(made.plan.items), {item.key.rpartition("/")[0] for item in made.plan.items}
        found = measure(made, options.rounds)
    if options.json:
        print(json.dumps({case: [run.__dict__ for run in runs] for case, runs in found.items()}, indent=2))
    print(
        f"{items} items in {len(folders)} hours of archive; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
    )
    for case, runs in found.items():
        run = median(runs)
        spread = f"{min(r.total for r in runs):.2f}-{max(r.total for r in runs):.2f}"
        print(f"{case:32}{run.total:>6.2f} s   ({spread} s in {len(runs)} runs)")
        for part, seconds in run.parts.items():
            print(f"    {part:40}{seconds:>6.2f} s")
        for part, calls in run.calls.items():
            print(f"    {f'calls {part}':40}{calls:>6}")
    slowest = max(statistics.median(r.total for r in found[f"event-fork replay apply, {s}"]) for s in ("cold", "warm"))
    if slowest >= LIMIT_SECONDS:
        print(f"not below {LIMIT_SECONDS:g} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
