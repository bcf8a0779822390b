"""examples/idempotent-consumer on the bench: whatever comes again, each order is charged once.

Beside it a shadow queue, and the queue of a consumer that is new: what a replay would change, and a switch from the
archive to live events while events are published.
"""

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
WRONG = 10
MORE_QUEUES = {
    # Override files, so that the example itself stays as it is. The subscription of "scoring" is the test's own.
    "more.tf": """
resource "aws_sqs_queue" "more" {
  for_each = toset(["shadow", "scoring"])
  name     = "${var.name}-${each.key}"
}
resource "aws_sqs_queue_policy" "scoring" {
  queue_url = aws_sqs_queue.more["scoring"].url
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "sns.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.more["scoring"].arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_sns_topic.orders.arn } }
    }]
  })
}
output "more_queues" {
  value = { for name, queue in aws_sqs_queue.more : name => { arn = queue.arn, url = queue.url } }
}
""",
    "more_override.tf": """
module "replay" {
  targets = [
    { arn = module.payments.queue_arn, url = module.payments.queue_url },
    { arn = aws_sqs_queue.more["shadow"].arn, url = aws_sqs_queue.more["shadow"].url, shadow = true },
    { arn = aws_sqs_queue.more["scoring"].arn, url = aws_sqs_queue.more["scoring"].url },
  ]
}
""",
}


@pytest.fixture(scope="module")
def stack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleStack]:
    function_zip = tmp_path_factory.mktemp("function") / "payments.zip"
    source = PROJECT / "examples/idempotent-consumer/function/payments.py"
    subprocess.run([sys.executable, "-m", "zipfile", "-c", function_zip, source], check=True)
    variables = {"function_zip": str(function_zip), "buffering_interval_seconds": 1, "bucket_force_destroy": True}
    with applied(bench, "examples/idempotent-consumer", MORE_QUEUES, **variables) as stack:
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


def test_a_shadow_shows_what_a_changed_consumer_would_do(stack: ModuleStack, tmp_path: Path) -> None:
    replays = ReplayStack(stack.bench, stack.workspace, tmp_path, [])
    plan = replays.plan("shadow", datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC), target="payments")
    before = charges(stack)

    ran = replays.event_fork("replay", "shadow", str(plan), "--output", "json")

    assert (ran.json["state"], ran.json["sent"]) == ("done", ORDERS + 1)
    live, shadow = stack.output["charges_table_name"], f"{stack.name}-shadow"
    orders = [
        json.loads(text)["id"]
        for message in stack.take(stack.output["more_queues"]["shadow"]["url"])
        if (text := json.loads(message["Body"])["Message"]) != "no order"
    ]
    with written(stack, shadow, {order: 2 if number < WRONG else 1 for number, order in enumerate(sorted(orders))}):
        found = replays.event_fork("replay", "diff", live, shadow, "--output", "json")
        alike = replays.event_fork("replay", "diff", live, shadow, "--ignore", "charged")
    assert found.code == 1
    assert f"{WRONG} of {ORDERS} items of {live} would change" in found.stderr
    report = json.loads(found.stdout)
    assert (report["same"], report["new"], report["gone"]) == (ORDERS - WRONG, 0, 0)
    assert report["samples"][0]["fields"] == [{"path": "$.charged", "live": "1", "shadow": "2"}]
    assert alike.code == 0, alike.stderr
    assert charges(stack) == before


@contextmanager
def written(stack: ModuleStack, table: str, charged: dict[str, int]) -> Iterator[None]:
    """A table that a shadow of the consumer has written."""
    client = stack.client("dynamodb")
    client.create_table(
        TableName=table,
        KeySchema=[{"AttributeName": "order_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "order_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    try:
        client.get_waiter("table_exists").wait(TableName=table)
        for order, times in charged.items():
            client.put_item(TableName=table, Item={"order_id": {"S": order}, "charged": {"N": str(times)}})
        yield
    finally:
        client.delete_table(TableName=table)


def test_a_new_consumer_gets_each_event_once_while_events_are_published(stack: ModuleStack, tmp_path: Path) -> None:
    replays = ReplayStack(stack.bench, stack.workspace, tmp_path, [])
    queue = stack.output["more_queues"]["scoring"]
    before = set(stack.publish(Event(json.dumps({"id": f"before-{number}"})) for number in range(15)))
    eventually(
        lambda: {event["MessageId"] for event in stack.stored_events(stack.output["bucket_name"], "date=")},
        lambda stored: before <= stored,
        within=WITHIN,
        what="there is an archive",
    )
    subscribed = stack.client("sns").subscribe(
        TopicArn=stack.output["topic_arn"], Protocol="sqs", Endpoint=queue["arn"], ReturnSubscriptionArn=True
    )
    try:
        overlap = stack.publish(Event(json.dumps({"id": f"overlap-{number}"})) for number in range(15))
        with publishing(stack) as during:
            archive = ("--archive", stack.output["archive_url"], "--from", "1h", "--target", queue["arn"])
            asked = ("replay", "bootstrap", *archive, "--settle", "8s", "--yes", "--output", "json")
            cut = datetime.now(UTC).isoformat()
            ran = eventually(
                lambda: replays.event_fork(*asked, "--cut", cut),
                lambda ran: "has not caught up" not in ran.stderr,
                within=WITHIN,
                what="the archive has everything from before the cut",
            )
            at_the_end = len(during)
        report = ran.json
        received: Counter[str] = Counter()

        def arrived() -> set[str]:
            received.update(json.loads(message["Body"])["MessageId"] for message in stack.take(queue["url"]))
            return set(received)

        eventually(arrived, lambda ids: ids >= set(stack.published), within=WITHIN, what="everything is there")
    finally:
        stack.client("sns").unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])

    assert received == Counter(stack.published)
    assert (report["missing"], report["second_copies"]) == (0, 0)
    assert report["doubles"] >= len(overlap), "they were archived and live"
    assert report["planned"] >= 30
    assert at_the_end > 10, "events were published during the switch"
    print(f"{report}, {at_the_end} events published meanwhile")


@contextmanager
def publishing(stack: ModuleStack) -> Iterator[list[str]]:
    """Somebody publishes all the time; the ids of what was published so far."""
    ended, ids = threading.Event(), list[str]()

    def publish() -> None:
        while not ended.wait(0.2):
            ids.extend(stack.publish([Event(json.dumps({"id": f"during-{len(ids)}"}))]))

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        yield ids
    finally:
        ended.set()
        publisher.join()


def test_a_second_plan_of_the_consumer_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_the_consumer_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
