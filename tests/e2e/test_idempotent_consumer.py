"""examples/idempotent-consumer on the bench: whatever comes again, each order is charged once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from testbench import Bench
from testbench.paths import PROJECT
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, applied
from tests.support.replay_stack import ReplayStack

pytestmark = pytest.mark.needs("distributed-map")

ORDERS, AGAIN, REPLAYS = 40, 7, 2
WITHIN = 180.0


@pytest.fixture(scope="module")
def stack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleStack]:
    function_zip = tmp_path_factory.mktemp("function") / "payments.zip"
    source = PROJECT / "examples/idempotent-consumer/function/payments.py"
    subprocess.run([sys.executable, "-m", "zipfile", "-c", function_zip, source], check=True)
    variables = {"function_zip": str(function_zip), "buffering_interval_seconds": 1, "bucket_force_destroy": True}
    with applied(bench, "examples/idempotent-consumer", **variables) as stack:
        yield stack


def charges(stack: ModuleStack) -> dict[str, int]:
    """Order -> how often it was charged."""
    pages = stack.client("dynamodb").get_paginator("scan").paginate(TableName=stack.output["charges_table_name"])
    return {item["order_id"]["S"]: int(item["charged"]["N"]) for page in pages for item in page["Items"]}


def idle(stack: ModuleStack) -> None:
    eventually(
        lambda: stack.waiting(stack.output["payments_queue_url"]),
        lambda waiting: waiting == 0,
        within=WITHIN,
        what="the consumer has worked everything off",
    )


def test_an_order_is_charged_once_over_the_live_event_second_deliveries_and_two_replays(
    stack: ModuleStack, tmp_path: Path
) -> None:
    began = datetime.now(UTC) - timedelta(minutes=1)
    once = {f"o-{number}": 1 for number in range(ORDERS)}
    stack.publish(Event(json.dumps({"id": order})) for order in once)
    stack.publish([Event("no order")])
    eventually(lambda: charges(stack), lambda found: found.keys() == once.keys(), within=WITHIN, what="all are charged")
    stored = eventually(
        lambda: stack.stored_events(stack.output["bucket_name"], "date="),
        lambda found: len(found) == ORDERS + 1,
        within=WITHIN,
        what="all are in the archive",
    )

    # SNS and SQS deliver at least once: the same envelope comes as another SQS message.
    for envelope in [event for event in stored if event["Message"] != "no order"][:AGAIN]:
        stack.client("sqs").send_message(QueueUrl=stack.output["payments_queue_url"], MessageBody=json.dumps(envelope))
    replays = ReplayStack(stack.bench, stack.workspace, tmp_path, [])
    for number in range(REPLAYS):
        plan = replays.plan(f"replay-{number}", began, datetime.now(UTC), target="payments")
        replay = replays.apply(plan)
        assert replays.until(replay, "done", "failed")["sent"] == ORDERS + 1
    idle(stack)

    assert charges(stack) == once
    poison = stack.take(stack.output["payments_dead_letter_queue_url"])
    assert [json.loads(message["Body"])["Message"] for message in poison] == ["no order"] * (1 + REPLAYS)


def test_a_second_plan_of_the_consumer_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_the_consumer_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
