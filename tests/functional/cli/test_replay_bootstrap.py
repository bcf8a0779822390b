"""`event-fork replay bootstrap`: a new consumer's queue gets each event once, from the archive or live."""

import json
import time
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from event_fork.events.envelope import StoredEvent
from event_fork_cli.commands import context
from event_fork_cli.dead_letters import looking
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from tests.functional.cli.conftest import ACCOUNT, BUCKET, NOON, REGION, Result, World, event
from tests.functional.cli.test_replay_drill import Workers

CUT = 60
"""Minutes after noon."""


@dataclass
class Consumer:
    """A new consumer's queue, subscribed to the topic, and the workers that send to it."""

    world: World
    url: str
    arn: str
    subscription: str
    workers: Workers

    def live(self, *events: StoredEvent) -> None:
        """SNS has delivered these."""
        for one in events:
            self.world.sqs.send_message(QueueUrl=self.url, MessageBody=one.to_line().decode().strip())

    def run(self, *options: str) -> Result:
        where = ("--archive", f"s3://{BUCKET}", "--from", "2026-11-23T11:00Z", "--target", "Scoring", "--yes")
        cut = ("--cut", "2026-11-23T13:00Z", "--processes", "0", "--output", "json")
        return self.world.run("replay", "bootstrap", *where, *cut, *options)

    def ids(self) -> Counter[str]:
        """What a consumer that is switched on now gets."""
        found: Counter[str] = Counter()
        while messages := self.world.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            found.update(json.loads(message["Body"])["MessageId"] for message in messages)
        return found


@pytest.fixture
def consumer(world: World, monkeypatch: pytest.MonkeyPatch) -> Consumer:
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0)
    url = world.sqs.create_queue(QueueName="Scoring")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:Scoring"
    world.module("orders", [world.queue_arn, arn])
    subscription = world.sns.subscribe(TopicArn=world.topic, Protocol="sqs", Endpoint=arn)["SubscriptionArn"]
    workers = Workers(world, url)
    world.executions.on_start = workers.run
    return Consumer(world, url, arn, subscription, workers)


def test_each_event_is_there_once_whether_archived_live_or_both(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(60)))  # up to the cut
    world.put(*(event(number, number) for number in range(60, 70)), minutes=60)  # archived too, and younger
    consumer.live(*(event(number, number) for number in range(40, 80)), event(75, 75))

    found = consumer.run()

    assert found.code == 0, found.err
    assert consumer.ids() == Counter(f"id-{number}" for number in range(80))
    report = found.json
    assert (report["planned"], report["doubles"], report["live"], report["missing"]) == (60, 21, 20, 0)
    assert "the consumer may be switched on" in found.err


def test_a_topic_that_never_rests_does_not_keep_it_looking(
    world: World, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(event(number, number) for number in range(12)))
    consumer.live(*(event(number, number) for number in range(6, 12)))
    receive, published = DeadLetterQueue.receive, count(100)

    def busy(queue: DeadLetterQueue, hold: int) -> list[Letter]:
        consumer.live(event(next(published), 70))
        return receive(queue, hold)

    monkeypatch.setattr(DeadLetterQueue, "receive", busy)

    found = consumer.run()

    assert found.code == 0, found.err
    assert consumer.ids() == Counter([*range_of(0, 12), *range_of(100, next(published))])


def range_of(first: int, last: int) -> list[str]:
    return [f"id-{number}" for number in range(first, last)]


def test_second_copies_of_a_worker_are_deleted_at_the_end(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(12)))
    consumer.workers.change = lambda copies: [*copies, *copies[:5]]

    found = consumer.run()

    assert found.code == 0, found.err
    assert found.json["second_copies"] == 5
    assert consumer.ids() == Counter(f"id-{number}" for number in range(12))


def test_an_archive_that_has_not_caught_up_sends_and_deletes_nothing(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(50)))
    consumer.live(*(event(number, number) for number in range(45, 61)))

    found = consumer.run()

    assert found.code == 1
    assert "the archive lacks 10 events from before 2026-11-23T13:00:00.000Z that wait in the queue (id-50" in found.err
    assert "--cut 2026-11-23T13:00:00.000Z" in found.err
    assert world.executions.names == []
    assert consumer.ids() == Counter(f"id-{number}" for number in range(45, 61))


def test_what_the_queues_own_filter_policy_keeps_out_is_neither_sent_nor_missed(
    world: World, consumer: Consumer
) -> None:
    world.sns.set_subscription_attributes(
        SubscriptionArn=consumer.subscription,
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"event_type": ["order.paid"]}),
    )
    world.put(*(event(number, number, "order.paid" if number % 2 else "order.placed") for number in range(20)))
    # SNS needs up to 15 minutes for a new policy: one came that it keeps out
    consumer.live(event(900, 20), event(21, 61, "order.paid"))

    found = consumer.run()

    assert found.code == 0, found.err
    assert consumer.ids() == Counter([*(f"id-{number}" for number in range(1, 20, 2)), "id-900", "id-21"])


def test_a_filter_policy_that_asks_for_what_is_redacted_is_named_as_a_cause(world: World, consumer: Consumer) -> None:
    world.sns.set_subscription_attributes(
        SubscriptionArn=consumer.subscription,
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"amount": [{"exists": True}]}),
    )
    redacted = replace(event(1, 1), attributes={"event_type": {"Type": "String", "Value": "order.placed"}})
    world.put(redacted, event(2, 2))
    consumer.live(event(1, 1), event(2, 2))

    found = consumer.run()

    assert found.code == 1
    assert "or the filter policy asks for what is redacted in it" in found.err
    assert world.executions.names == []


def test_events_are_still_there_when_the_replay_stops_half_way(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(20)))
    consumer.live(*(event(number, number) for number in range(10, 20)), event(70, 70))
    consumer.workers.change = lambda copies: copies[:5]
    consumer.workers.failed = 1

    found = consumer.run()

    assert found.code == 1
    assert "leave the consumer off, and go on with: event-fork replay resume replay-" in found.err


def test_nothing_is_deleted_when_the_replay_cannot_be_started(
    world: World, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(event(number, number) for number in range(20)))
    consumer.live(*(event(number, number) for number in range(10, 20)), event(70, 70))

    def refused(*_: Any) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(world.executions, "start", refused)

    assert consumer.run().code == 1
    assert consumer.ids() == Counter([*(f"id-{number}" for number in range(10, 20)), "id-70"])


def test_a_consumer_that_is_on_or_a_queue_that_does_not_fit_is_refused(world: World, consumer: Consumer) -> None:
    world.put(event(1, 1))
    consumer.live(event(2, 70))

    def refused(told: str, *options: str) -> None:
        found = consumer.run(*options)
        assert (found.code, told in found.err) == (2, True), found.err
        assert world.executions.names == []

    refused("--cut must not be in the future", "--cut", "2027-01-01")
    refused("--from must be earlier than --cut", "--cut", "2026-11-23T10:00Z")
    refused("has no subscription to", "--target", "CheckoutQueue")
    world.sqs.receive_message(QueueUrl=consumer.url, VisibilityTimeout=600)
    refused("1 messages of Scoring are in flight")
    world.sqs.purge_queue(QueueUrl=consumer.url)
    consumer.live(event(2, 70))
    letters = world.sqs.create_queue(QueueName="letters")["QueueUrl"]
    assert letters
    policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters", "maxReceiveCount": 3}
    world.sqs.set_queue_attributes(QueueUrl=consumer.url, Attributes={"RedrivePolicy": json.dumps(policy)})
    refused("must have a maxReceiveCount of at least 5, and has 3")
    world.sqs.set_queue_attributes(QueueUrl=consumer.url, Attributes={"RedrivePolicy": ""})
    world.sqs.set_queue_attributes(QueueUrl=consumer.url, Attributes={"MessageRetentionPeriod": "60"})
    refused("raise its MessageRetentionPeriod", "--rate", "0.01")
    world.sqs.set_queue_attributes(QueueUrl=consumer.url, Attributes={"MessageRetentionPeriod": "345600"})
    world.sqs.send_message(QueueUrl=consumer.url, MessageBody="no envelope")
    refused("1 messages in arn:aws:sqs:eu-west-1:123456789012:Scoring are no SNS envelopes")
    world.sns.set_subscription_attributes(
        SubscriptionArn=consumer.subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    refused("is raw, and raw messages have no ids")


def test_an_archive_with_a_hole_is_refused_until_it_is_accepted(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(5)))
    key = world.put(minutes=10, body=b"\x1f\x8b\x08 not gzip")

    found = consumer.run()

    assert found.code == 1
    assert f"would have a gap ({key}" in found.err
    assert world.executions.names == []
    assert consumer.run("--skip-unreadable").code == 0


def test_it_waits_for_the_archive_and_can_be_interrupted(
    world: World, consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(event(number, number) for number in range(5)))
    clock = [NOON + timedelta(minutes=CUT + 1)]
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += timedelta(seconds=seconds)

    monkeypatch.setattr(context, "now", lambda: clock[0])
    monkeypatch.setattr(time, "sleep", sleep)

    found = consumer.run("--settle", "10m")

    assert found.code == 0, found.err
    assert "waiting 9 min until the archive has what was published before the cut" in found.err
    assert sum(slept) >= 540

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    clock[0] = NOON + timedelta(minutes=CUT + 1)
    monkeypatch.setattr(time, "sleep", interrupted)
    again = consumer.run("--settle", "10m")
    assert again.code == 1
    assert "interrupted before anything was done; to go on: the same with --cut 2026-11-23T13:00:00.000Z" in again.err


def test_a_queue_that_somebody_empties_meanwhile_is_red(world: World, consumer: Consumer) -> None:
    world.put(*(event(number, number) for number in range(12)))
    consumer.workers.change = lambda copies: copies[3:]

    found = consumer.run()

    assert found.code == 1
    assert "3 events are not in the queue: somebody consumes it already" in found.err


def test_without_a_terminal_it_asks_for_yes(world: World, consumer: Consumer) -> None:
    world.put(event(1, 1))
    where = ("--archive", f"s3://{BUCKET}", "--from", "2026-11-23T11:00Z", "--target", "Scoring", "--processes", "0")

    found = world.run("replay", "bootstrap", *where, "--cut", "2026-11-23T13:00Z")

    assert found.code == 2
    assert "give --yes" in found.err
    assert world.executions.names == []
