"""An archive, queues, a topic and a replay module's parameter on moto; Step Functions is a fake behind its port."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from event_fork.archive.layout import HIVE
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.item import items_from_jsonl
from event_fork.replay_plan.plan import Plan, read_plan
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli import app
from event_fork_cli.commands import context
from event_fork_cli.commands import replay as replay_commands
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from tests.support.fake_executions import FakeExecutions

REGION: Final = "eu-west-1"
ACCOUNT = "123456789012"
BUCKET = "orders-backup-20261123101500123400000001"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:orders"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders-archive"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class Result:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed on stdout, which must be JSON."""
        return json.loads(self.out)


def event(number: int, minutes: float = 0, kind: str = "order.placed", message: str | None = None) -> StoredEvent:
    """An event published so many minutes after noon."""
    return StoredEvent(
        f"id-{number}",
        TOPIC,
        message if message is not None else json.dumps({"number": number}),
        timestamp_text(NOON + timedelta(minutes=minutes)),
        attributes={
            "event_type": {"Type": "String", "Value": kind},
            "amount": {"Type": "Number", "Value": str(number)},
        },
    )


@cache
def _session() -> boto3.Session:
    return boto3.Session(region_name=REGION)


@dataclass
class World:
    """AWS as the command meets it, and the command."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    executions: FakeExecutions = field(default_factory=FakeExecutions)

    def __post_init__(self) -> None:
        session = _session()
        self.s3 = session.client("s3")
        self.sqs = session.client("sqs")
        self.sns = session.client("sns")
        self.ssm = session.client("ssm")
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        self.queue_url = self.sqs.create_queue(QueueName="CheckoutQueue")["QueueUrl"]
        self.queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:CheckoutQueue"
        self.topic = self.sns.create_topic(Name="orders")["TopicArn"]
        self.module("orders")

    def module(self, name: str, targets: list[str] | None = None) -> None:
        """What a replay module leaves in Parameter Store."""
        arns = [self.queue_arn] if targets is None else targets
        record = {
            "state_machine_arn": MACHINE.replace("orders", name),
            "bucket": BUCKET,
            "prefix": "",
            "region": REGION,
            "targets": [{"arn": arn, "url": self.url_of(arn)} for arn in arns],
        }
        self.ssm.put_parameter(
            Name=f"/event-fork-pipelines/{name}/archive-replay", Value=json.dumps(record), Type="String", Overwrite=True
        )

    def url_of(self, arn: str) -> str:
        """A queue's URL, there or not."""
        return self.queue_url.replace(f"{ACCOUNT}/CheckoutQueue", "/".join(arn.split(":")[4:]))

    def put(self, *events: StoredEvent, minutes: float = 0, name: str = "a", body: bytes | None = None) -> str:
        """An object that was begun so many minutes after noon; its key."""
        begun = NOON + timedelta(minutes=minutes)
        key = f"{HIVE.prefix(begun)}orders-1-{begun:%Y-%m-%d-%H-%M-%S}-{name}b2c3d4-0000-4000-8000-000000000000.gz"
        content = gzip.compress(b"".join(one.to_line() for one in events), mtime=0) if body is None else body
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        return key

    def run(self, *arguments: str) -> Result:
        """The command with these arguments."""
        code = app.run([*arguments, "--region", REGION])
        printed = self.capsys.readouterr()
        return Result(code, printed.out, printed.err)

    def plan(self, *options: str, start: str = "2026-11-23T12:00Z", end: str = "2026-11-23T13:00Z") -> Result:
        """`replay plan` over the hour after noon, printing JSON, in this process."""
        where = ("--archive", f"s3://{BUCKET}", "--from", start, "--to", end, "--target", "CheckoutQueue")
        return self.run("replay", "plan", *where, "--processes", "0", "--output", "json", *options)

    def planned(self, *options: str) -> Path:
        """A plan file that was just made."""
        path = self.folder / "plan.json"
        result = self.plan("--out", str(path), "--overwrite", *options)
        assert result.code == 0, result.err
        return path

    def apply(self, path: Path, *options: str) -> Result:
        """`replay apply PLAN --yes`, not watching."""
        return self.run("replay", "apply", str(path), "--yes", "--no-watch", "--output", "json", *options)

    def applied(self, *options: str) -> Plan:
        """A replay that runs."""
        path = self.planned(*options)
        result = self.apply(path)
        assert result.code == 0, result.err
        return read_plan(path.read_bytes())

    def object(self, key: str) -> bytes:
        """The bytes of an object of the archive's bucket."""
        return self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def control(self, replay_id: str) -> Control:
        """control.json of a replay."""
        return Control.from_json(self.object(WorkArea("orders", replay_id).control))

    def set_control(self, replay_id: str, control: Control) -> None:
        """Writes control.json as the governor would."""
        self.s3.put_object(Bucket=BUCKET, Key=WorkArea("orders", replay_id).control, Body=control.to_json())

    def items(self, replay_id: str) -> list[str]:
        """The ids of the items that the next worker would get."""
        return [item.id for item in items_from_jsonl(self.object(WorkArea("orders", replay_id).items))]

    def work(
        self,
        plan: Plan,
        item: int,
        sent: int,
        *,
        finished: bool = True,
        failed: int = 0,
        stopped: str = "",
        claimed: bool = False,
    ) -> None:
        """A worker did so much of an item."""
        worked = plan.items[item]
        progress = Progress(
            item=worked.id,
            line=worked.last_line + 1 if finished else worked.first_line + sent,
            sent=sent,
            duplicates_skipped=len(worked.skip_lines),
            unmarked=0,
            finished=finished,
            failed=tuple(FailedEvent(number, f"id-{number}", "MessageTooLong") for number in range(failed)),
            stopped=stopped,
            claimed=claimed,
        )
        key = WorkArea("orders", plan.replay_id).progress(worked.id)
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=progress.to_json())

    def waiting(self) -> int:
        """Messages in the target queue."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(found["Attributes"]["ApproximateNumberOfMessages"])


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Everything fresh; the clock of the commands stands at four in the afternoon."""
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        made = World(tmp_path, capsys)
        clock: Callable[[], datetime] = lambda: NOON + timedelta(hours=4)  # noqa: E731
        monkeypatch.setattr(context, "now", clock)
        for module in (context, replay_commands):
            monkeypatch.setattr(module, "StepFunctions", lambda _: made.executions)
        _receive_one_at_a_time(monkeypatch)
        yield made


def _receive_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moto may give two threads one message at the same moment, and then knows only one of the two receipt handles."""
    lock, receive = Lock(), DeadLetterQueue.receive

    def received(queue: DeadLetterQueue, hold: int) -> list[Letter]:
        with lock:
            return receive(queue, hold)

    monkeypatch.setattr(DeadLetterQueue, "receive", received)
