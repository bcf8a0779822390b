"""The statements of docs/security.md are enough for the calls that each job's commands make, and have no others."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest

from event_fork_cli import aws
from event_fork_cli.archive_replay.executions import execution_arn
from event_fork_cli.dead_letters import looking
from event_fork_cli.drills import collecting
from testbench.paths import PROJECT
from tests.functional.cli.conftest import BUCKET, MACHINE, REGION, World, _session, event
from tests.functional.cli.test_replay_drill import SHADOW, Workers, shadows

ACTIONS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "DeleteMessageBatch": "sqs:DeleteMessage",
    "ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "GetCallerIdentity": None,  # needs no permission
}
OF_STEP_FUNCTIONS = {
    "start": ["states:StartExecution"],
    "describe": ["states:DescribeExecution"],
    "stop": ["states:StopExecution"],
    "map_runs": ["states:ListMapRuns", "states:DescribeMapRun"],
}


SECURITY = ("docs/security.md", "## Who plans, applies, pauses and watches")
REHEARSALS = ("docs/rehearsals.md", "## Permissions")


def statements(job: str, place: tuple[str, str] = SECURITY) -> list[tuple[str, list[str]]]:
    """Action and resources, as the page has them."""
    page = (PROJECT / place[0]).read_text(encoding="utf-8")
    block = re.search(r"```json\n(.*?)```", page.partition(place[1])[2], re.DOTALL)
    assert block
    found = json.loads(block[1])
    return [
        (action, listed(statement["Resource"]))
        for statement in found[job]
        for action in listed(statement["Action"])
        if statement["Effect"] == "Allow"
    ]


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


class Calls:
    """What the command calls: actions, each with the resource where it is an object of S3."""

    def __init__(self, world: World) -> None:
        self.made: set[tuple[str, str]] = set()
        session = aws._session(None, REGION)
        session.events.register("provide-client-params", self._called, unique_id="calls")
        for name, actions in OF_STEP_FUNCTIONS.items():
            self._of_step_functions(world, name, actions)

    def _called(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        action = ACTIONS.get(model.name, f"{model.service_model.endpoint_prefix}:{model.name}")
        if model.name == "GetObject" and "VersionId" in params:
            action = "s3:GetObjectVersion"
        if action is not None:
            key = f"/{params['Key']}" if "Key" in params else ""
            self.made.add((action, f"arn:aws:s3:::{params['Bucket']}{key}" if "Bucket" in params else ""))

    def _of_step_functions(self, world: World, name: str, actions: list[str]) -> None:
        original = getattr(world.executions, name)

        def called(*given: Any) -> Any:
            self.made.update((action, "") for action in actions)
            return original(*given)

        world.executions.__dict__[name] = called

    def by(self, result: Any) -> set[tuple[str, str]]:
        """What a command that did its work has called, and forget it."""
        assert result.code == 0, result.err
        made, self.made = self.made, set()
        return made


@pytest.fixture
def calls(world: World) -> Iterator[Calls]:
    world.put(*(event(number, number / 10) for number in range(100)))
    yield Calls(world)
    aws._session(None, REGION).events.unregister("provide-client-params", unique_id="calls")


def as_on_the_page(resource: str) -> str:
    return (
        resource.replace(BUCKET, "ARCHIVE")
        .replace("replays/orders/", "replays/orders-replay/")
        .replace("ARCHIVE/date=", "ARCHIVE/orders/date=")
    )


def test_each_job_has_what_its_commands_call_and_no_more(world: World, calls: Calls) -> None:
    key = _session().client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
    path = world.folder / "plan.json"
    made: dict[str, set[tuple[str, str]]] = {}
    world.sns.subscribe(TopicArn=world.topic, Protocol="sqs", Endpoint=world.queue_arn)
    parameter = "/event-fork-pipelines/orders/archive-replay"
    world.ssm.delete_parameter(Name=parameter)
    made["plan"] = calls.by(world.plan())  # without a module the queue itself is looked at
    world.module("orders")
    made["plan"] |= calls.by(world.plan("--out", str(path), "--sign", key, "--event-id", "id-1", "--event-id", "id-2"))
    replay_id = json.loads(path.read_bytes())["replay_id"]
    made["apply"] = calls.by(world.apply(path, "--signed-by", key))
    made["watch"] = calls.by(world.run("replay", "status", replay_id)) | calls.by(world.run("replay", "list"))
    made["pause"] = calls.by(world.run("replay", "rate", replay_id, "5")) | calls.by(
        world.run("replay", "pause", replay_id)
    )
    world.executions.end(execution_arn(MACHINE, replay_id))
    made["apply"] |= calls.by(world.run("replay", "resume", replay_id, "--no-watch"))
    made["pause"] |= calls.by(world.run("replay", "cancel", replay_id))

    for job, called in made.items():
        allowed = statements(job) + (statements("watch") if job in {"apply", "pause"} else [])
        for action, resource in called:
            patterns = [pattern for name, resources in allowed for pattern in resources if name == action]
            assert patterns, f"{job} calls {action}"
            if resource:
                assert any(fnmatchcase(as_on_the_page(resource), pattern) for pattern in patterns), (job, resource)
        own = {action for action, _ in statements(job)}
        # The planner reads the versions of objects where the bucket keeps any; which ones, depends on the archive.
        assert own - {action for action, _ in called} <= {"s3:GetObjectVersion"}, job


def test_drill_shadow_diff_and_bootstrap_have_what_they_call_and_no_more(
    world: World, calls: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0)
    for name in ("QUIET_SECONDS", "SETTLED_SECONDS", "WAIT_SECONDS"):
        monkeypatch.setattr(collecting, name, 0.0)
    shadow, live = (world.sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("CheckoutShadow", "Scoring"))
    arn = world.queue_arn.replace("CheckoutQueue", "Scoring")
    archive = ("--archive", f"s3://{BUCKET}", "--processes", "0")
    tables = boto3.client("dynamodb", region_name=REGION)
    for name in ("orders", "orders-shadow"):
        tables.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
    tables.put_item(TableName="orders", Item={"id": {"S": "1"}})
    made: dict[str, set[tuple[str, str]]] = {}

    shadows(world, SHADOW)
    world.executions.on_start = Workers(world, shadow).run
    path = world.planned()
    world.sqs.send_message(QueueUrl=shadow, MessageBody="of others")
    calls.made.clear()
    made["shadow"] = calls.by(world.run("replay", "shadow", str(path), "--no-watch"))
    world.sqs.purge_queue(QueueUrl=shadow)
    calls.made.clear()
    made["drill"] = calls.by(world.run("replay", "drill", *archive, "--from", "2026-11-23T12:00Z"))
    made["diff"] = calls.by(world.run("replay", "diff", "orders", "orders-shadow"))
    world.module("orders", [arn])
    world.executions.on_start = Workers(world, live).run
    world.sns.subscribe(TopicArn=world.topic, Protocol="sqs", Endpoint=arn)
    waiting = event(1, 0.1).to_line().decode().strip()
    world.sqs.send_message(QueueUrl=live, MessageBody=waiting)
    calls.made.clear()
    options = ("--from", "2026-11-23T12:00Z", "--cut", "2026-11-23T13:00Z", "--target", "Scoring", "--yes")
    made["bootstrap"] = calls.by(world.run("replay", "bootstrap", *archive, *options))

    of_a_replay = [*statements("plan"), *statements("watch"), *statements("apply")]
    for job, called in made.items():
        own = [] if job == "shadow" else statements(job, REHEARSALS)
        allowed = {action for action, _ in (own if job == "diff" else [*of_a_replay, *own])}
        assert {action for action, _ in called} <= allowed, job
        # Messages of others are given back, and a drill that is stopped cancels its replay.
        assert {action for action, _ in own} - {action for action, _ in called} <= {"sqs:ChangeMessageVisibility"}, job
