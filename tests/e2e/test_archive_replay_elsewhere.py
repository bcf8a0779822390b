"""Replays into queues of other Regions and of other accounts, with IAM and queue policies enforced.

The queues belong to somebody else: made by their owners' credentials, opened by their owners' policies. At home there
is a queue of the same name for each, which must stay empty: it would get what is sent with the wrong Region or account.
What the bench does not prove of AWS is in bench/docs/emulation.md.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from testbench import Bench
from testbench.polling import eventually
from tests.support import written_archive
from tests.support.replay_stack import ReplayStack, once, original_id, take

pytestmark = [pytest.mark.timeout(600), pytest.mark.needs("distributed-map")]

START = datetime(2026, 11, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENTS = 600
HOME, OTHER, STRANGER = "000000000000", "111111111111", "222222222222"
WHERE = {
    "region": (HOME, "us-east-1"),
    "account": (OTHER, "eu-west-1"),
    "both": (OTHER, "us-east-1"),
    "closed": (STRANGER, "eu-central-1"),
}
CONFIGURATION = {
    "elsewhere.tf": """
variable "elsewhere" {
  type = map(object({ arn = string, url = string }))
}
output "worker_role_arn" {
  value = module.replay.archive_worker_role_arn
}
output "governor_role_arn" {
  value = module.replay.archive_governor_role_arn
}
output "function_role_arn" {
  value = module.replay.function_role_arn
}
""",
    "elsewhere_override.tf": """
module "replay" {
  destination_queue = var.elsewhere["both"]
  targets           = values(var.elsewhere)
}
""",
}


@dataclass
class Queue:
    """A queue, seen by its owner."""

    sqs: Any
    name: str
    url: str = field(init=False)
    arn: str = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]
        self.arn = attributes["QueueArn"]

    def allow(self, **roles: str) -> None:
        """The owner lets each role do the named action."""
        statements = [
            {"Effect": "Allow", "Principal": {"AWS": role}, "Action": f"sqs:{action}", "Resource": self.arn}
            for action, role in roles.items()
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": policy})

    def take(self) -> list[dict[str, Any]]:
        """Take everything out."""
        return once(take(self.sqs, self.url))

    def ids(self) -> Counter[str]:
        """How often each event came."""
        return Counter(original_id(message) for message in self.take())


@dataclass(frozen=True)
class World:
    """The stack, the queues of others, and at home the ones of the same names."""

    stack: ReplayStack
    elsewhere: dict[str, Queue]
    namesakes: dict[str, Queue]

    def open(self, where: str) -> Queue:
        """The queue, after its owner let the replay in."""
        queue, output = self.elsewhere[where], self.stack.output
        if WHERE[where][0] != HOME:  # within an account the roles' own policies are enough
            queue.allow(SendMessage=output["worker_role_arn"], GetQueueAttributes=output["governor_role_arn"])
        return queue

    def plan(self, where: str, *options: str) -> str:
        """Make and apply a plan for the whole archive; gives the replay's id."""
        target = self.elsewhere[where].arn
        options = ("--body", "raw", "--rate", "1000", "--workers", "2", *options)
        return self.stack.apply(self.stack.plan(where, START, START + 2 * HOUR, *options, target=target))


@pytest.fixture(scope="module")
def world(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    name = f"elsewhere-{secrets.token_hex(3)}"
    elsewhere = {
        where: Queue(bench.client("sqs", region_name=region, aws_access_key_id=account), f"{name}-{where}")
        for where, (account, region) in WHERE.items()
    }
    namesakes = {where: Queue(bench.client("sqs"), queue.name) for where, queue in elsewhere.items()}
    workspace = bench.workspace(
        configuration="examples/archive-replay",
        variables={
            "name": name,
            "bucket_force_destroy": True,
            "powertools_layer_arn": bench.powertools_layer_arn,
            "elsewhere": {where: {"arn": queue.arn, "url": queue.url} for where, queue in elsewhere.items()},
        },
        files=CONFIGURATION,
    )
    try:
        workspace.apply()
        output = workspace.output()
        events = written_archive.events(output["topic_arn"], EVENTS, START, START + 2 * HOUR)
        written = list(written_archive.objects(events, HOUR / 4))
        stack = ReplayStack(bench, workspace, tmp_path_factory.mktemp("replay"), written)
        written_archive.put(stack.s3, output["bucket_name"], written)
        yield World(stack, elsewhere, namesakes)
    finally:
        workspace.destroy()
        workspace.remove()
        for queue in (*elsewhere.values(), *namesakes.values()):
            queue.sqs.delete_queue(QueueUrl=queue.url)


@pytest.mark.parametrize("where", ["region", "account", "both"])
def test_a_replay_reaches_a_queue_of_another_region_or_account(world: World, where: str) -> None:
    queue = world.open(where)

    replay = world.plan(where, "--max-age", "10m")  # with a bound, so that the governor must see the queue too
    done = world.stack.until(replay, "done")

    assert (done["sent"], done["failed"], done["left"]) == (EVENTS, 0, 0)
    assert queue.ids() == Counter(world.stack.expected(START, START + 2 * HOUR))
    assert world.namesakes[where].take() == []


def test_a_queue_of_another_account_that_is_closed_is_named_and_gets_everything_once_it_is_open(world: World) -> None:
    queue = world.elsewhere["closed"]

    replay = world.plan("closed")
    refused = world.stack.until(replay, "incomplete")
    assert (refused["sent"], refused["left"]) == (0, EVENTS)
    assert "AccessDenied" in refused["reason"]
    assert queue.arn in refused["reason"]
    assert queue.take() == []
    world.open("closed")
    resumed = world.stack.event_fork("replay", "resume", replay, "--no-watch")
    done = world.stack.until(replay, "done")

    assert resumed.code == 0, resumed.stderr
    assert (done["sent"], done["left"]) == (EVENTS, 0)
    assert queue.ids() == Counter(world.stack.expected(START, START + 2 * HOUR))
    assert world.namesakes["closed"].take() == []


def test_the_14_day_queue_is_replayed_into_a_queue_of_another_region_and_account(world: World) -> None:
    stack, queue = world.stack, world.elsewhere["both"]
    queue.allow(SendMessage=stack.output["function_role_arn"])
    sns, sqs = stack.bench.client("sns"), stack.bench.client("sqs")
    for number in range(20):
        sns.publish(TopicArn=stack.output["topic_arn"], Message=f"order-{number:02}")

    def waiting() -> str:
        attributes = sqs.get_queue_attributes(
            QueueUrl=stack.output["replay_queue_url"], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return str(attributes["Attributes"]["ApproximateNumberOfMessages"])

    eventually(waiting, lambda count: count == "20", within=30, what="20 events wait")

    name = stack.output["replay_queue_url"].rpartition("/")[2]
    ran = stack.event_fork("replay", "queue", "enable", name, "--yes", "--output", "json")

    assert ran.code == 0, ran.stderr
    assert sorted(message["Body"] for message in queue.take()) == [f"order-{number:02}" for number in range(20)]
    assert world.namesakes["both"].take() == []
