"""examples/archive-replay on the bench with an archive in it, and the command `event-fork` as a user runs it."""

import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from event_fork.events.envelope import StoredEvent
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.plan import read_plan
from event_fork.replay_plan.work_area import WorkArea
from testbench import Bench, Workspace
from tests.support.command import EVENT_FORK, Ran, environment, event_fork
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.written_archive import WrittenObject

SHADOW = {
    # A second target that a test can delete, and a third that keeps the order. An override file, so that the example
    # itself stays as it is.
    "shadow.tf": 'resource "aws_sqs_queue" "shadow" {\n  name = "${var.name}-shadow"\n}\n'
    'resource "aws_sqs_queue" "fifo" {\n  name       = "${var.name}.fifo"\n  fifo_queue = true\n}\n'
    'output "fifo_queue_url" {\n  value = aws_sqs_queue.fifo.url\n}\n'
    'output "fifo_queue_arn" {\n  value = aws_sqs_queue.fifo.arn\n}\n'
    'output "shadow_queue_url" {\n  value = aws_sqs_queue.shadow.url\n}\n'
    'output "shadow_queue_arn" {\n  value = aws_sqs_queue.shadow.arn\n}\n',
    "shadow_override.tf": 'module "replay" {\n  targets = [\n'
    "    { arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url, "
    "dead_letter_queue_arn = aws_sqs_queue.checkout_dead_letter.arn },\n"
    "    { arn = aws_sqs_queue.shadow.arn, url = aws_sqs_queue.shadow.url, shadow = true },\n"
    "    { arn = aws_sqs_queue.fifo.arn, url = aws_sqs_queue.fifo.url },\n  ]\n}\n",
}


@dataclass
class Received:
    """What a queue held: ids of the events and the attributes of the copies."""

    ids: Counter[str]
    messages: list[dict[str, Any]]


class ReplayStack:
    """The applied example. `written` is the archive; `folder` is where plans are saved."""

    def __init__(self, bench: Bench, workspace: Workspace, folder: Path, written: Sequence[WrittenObject]) -> None:
        self.bench = bench
        self.workspace = workspace
        self.folder = folder
        self.written = list(written)
        self.output = workspace.output()

    # -- the command -----------------------------------------------------------------------------------------------

    def event_fork(self, *arguments: str, timeout: float = 240.0, **more: str) -> Ran:
        """Run the command to its end."""
        return event_fork(self.bench, *arguments, timeout=timeout, more=more)

    def start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Run the command beside the test."""
        with (self.folder / "command.log").open("ab") as log:
            return subprocess.Popen([*EVENT_FORK, *arguments], env=environment(self.bench), stdout=log, stderr=log)

    def plan(self, name: str, start: datetime, end: datetime, *options: str, target: str = "checkout") -> Path:
        """Make and save a plan for a window of the archive. `target`: one of the stack's queues, or an ARN."""
        queue = target if target.startswith("arn:") else self.output[f"{target}_queue_arn"]
        file = self.folder / f"{name}.json"
        ran = self.event_fork(
            "replay",
            "plan",
            *("--archive", self.output["archive_url"], "--target", queue),
            *("--from", start.isoformat(), "--to", end.isoformat(), "--out", str(file), "--overwrite", *options),
        )
        assert ran.code == 0, ran.stderr
        return file

    def area(self, replay: str) -> WorkArea:
        """Where its documents lie. The state machine is named after the module."""
        return WorkArea(self.output["state_machine_arn"].rpartition(":")[2].removesuffix("-archive"), replay)

    def begin_at(self, rate: float, plan: Path) -> Path:
        """Let the plan begin at that rate once it is applied; it can be given its own later.

        The apply then goes on with what another one that died has left: no other way is slow from the first event on.
        """
        made = read_plan(plan.read_bytes())
        left = Control(RUNNING, rate, made.rate, made.sha256, 0, "applied", "", made.created_at, made.replay_id)
        key = self.area(made.replay_id).control
        self.s3.put_object(Bucket=self.output["bucket_name"], Key=key, Body=left.to_json())
        return plan

    def apply(self, plan: Path) -> str:
        """Start it; gives the replay's id."""
        ran = self.event_fork("replay", "apply", str(plan), "--yes", "--no-watch")
        assert ran.code == 0, ran.stderr
        return str(json.loads(plan.read_text())["replay_id"])

    def status(self, replay: str) -> dict[str, Any]:
        found: dict[str, Any] = self.event_fork("replay", "status", replay, "--output", "json").json
        return found

    def until(self, replay: str, *states: str, limit: float = 240.0) -> dict[str, Any]:
        """Wait until the replay is in one of the states; the last status is in the failure's text."""
        end = time.monotonic() + limit
        while (found := self.status(replay))["state"] not in states:
            assert time.monotonic() < end, f"not {states} after {limit} s: {found}"
            time.sleep(0.5)
        return found

    # -- what is expected and what came ----------------------------------------------------------------------------

    def expected(self, start: datetime, end: datetime, keep: Callable[[StoredEvent], bool] = bool) -> set[str]:
        """Ids of the events of the archive in [start, end)."""
        return {
            event.message_id
            for one in self.written
            for event in one.events
            if start <= event.published_at < end and keep(event)
        }

    def receive(self, queue: str = "checkout", *, threads: int = 4) -> Received:
        """Take everything out of a queue."""
        with ThreadPoolExecutor(threads) as pool:
            found = once(message for part in pool.map(self._take, [queue] * threads) for message in part)
        return Received(Counter(original_id(message) for message in found), found)

    @contextmanager
    def consuming(self, queue: str = "checkout", *, threads: int = 3) -> Iterator[Received]:
        """A consumer that takes messages as they come; at the end it takes what is left.

        The emulator looks through a whole queue at each call, so 50,000 messages must not lie there at once.
        """
        received = Received(Counter(), [])
        ended = threading.Event()

        def take() -> None:
            while not ended.is_set():
                received.messages.extend(self._take(queue))

        with ThreadPoolExecutor(threads) as pool:
            consumers = [pool.submit(take) for _ in range(threads)]
            try:
                yield received
            finally:
                ended.set()
                for consumer in consumers:
                    consumer.result()
                received.messages[:] = once([*received.messages, *self._take(queue)])
                received.ids.update(original_id(message) for message in received.messages)

    def receive_bodies(self, queue: str, count: int, *, limit: float = 60.0) -> list[str]:
        """Take messages out of a queue until there are `count` of them and no more come for a second."""
        end = time.monotonic() + limit
        bodies: list[str] = []
        while len(bodies) < count and time.monotonic() < end:
            bodies += [message["Body"] for message in self._take(queue)]
        return bodies + [message["Body"] for message in self._take(queue)]

    def _take(self, queue: str) -> list[dict[str, Any]]:
        return take(self.bench.client("sqs"), self.output[f"{queue}_queue_url"])

    # -- faults ----------------------------------------------------------------------------------------------------

    @cached_property
    def s3(self) -> Any:
        return self.bench.client("s3")

    @contextmanager
    def worker_through_proxy(self) -> Iterator[FaultProxy]:
        """The worker's calls of SQS go through a proxy; afterwards the function is as it was."""
        functions = self.bench.client("lambda")
        name = self.output["worker_function_name"]
        before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        with fault_proxy(self.bench.endpoints.aws_endpoint_url) as proxy:
            set_environment(functions, name, {**before, "AWS_ENDPOINT_URL_SQS": proxy.url})
            try:
                yield proxy
            finally:
                set_environment(functions, name, before)


def take(sqs: Any, url: str) -> list[dict[str, Any]]:
    """Receive and delete until no more come for a second."""
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["MessageGroupId"],
        WaitTimeSeconds=1,
    ).get("Messages", []):
        found.extend(messages)
        entries = [
            {"Id": str(index), "ReceiptHandle": message["ReceiptHandle"]} for index, message in enumerate(messages)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    return found


def once(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each message one time: SQS may hand one out again whose deletion came late. Every copy has an id of its own."""
    return list({message["MessageId"]: message for message in messages}.values())


def set_environment(functions: Any, name: str, variables: Mapping[str, str]) -> None:
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": dict(variables)})
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def original_id(message: Mapping[str, Any]) -> str:
    """SNS's id of a raw copy."""
    return str(message["MessageAttributes"]["event-fork-original-message-id"]["StringValue"])
