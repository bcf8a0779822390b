"""`event-fork replay drill`: a window comes back into a shadow queue, and every way in which it does not is red."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from event_fork.adapters.s3_archive import S3ArchiveStore
from event_fork.adapters.sqs import SqsQueue
from event_fork.archive.lines import lines
from event_fork.archive.selection import SelectedEvent, select
from event_fork.archive.unpacking import decompress
from event_fork.archive_replay.copies import copy_of
from event_fork.events.messages import OutgoingMessage, text_attribute
from event_fork.replay_plan.plan import Plan, read_plan
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay.executions import execution_arn
from event_fork_cli.dead_letters import looking
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from event_fork_cli.drills import collecting
from event_fork_cli.drills.id_sets import IdSets
from event_fork_cli.queue_replay.pipelines import Backlog
from tests.functional.cli.conftest import ACCOUNT, BUCKET, MACHINE, REGION, Result, World, event

SHADOW = f"arn:aws:sqs:{REGION}:{ACCOUNT}:CheckoutShadow"


@dataclass
class Workers:
    """In the place of state machine and workers: sends what the plan says, as the workers do, and ends.

    `change` makes other messages of those that would be sent; `progress` says otherwise what was done.
    """

    world: World
    url: str
    change: Callable[[list[OutgoingMessage]], list[OutgoingMessage]] = lambda copies: copies
    ends: bool = True
    failed: int = 0
    unsent: int = 0
    plan: Plan | None = field(default=None)

    def run(self, given: Mapping[str, Any]) -> None:
        self.plan = plan = read_plan(self.world.object(WorkArea("orders", given["replay_id"]).plan))
        store = S3ArchiveStore(self.world.s3, BUCKET)
        for number, item in enumerate(plan.items):
            found = select(
                lines(decompress(store.open(item.key).chunks())),
                plan.criteria(),
                first_line=item.first_line,
                last_line=item.last_line,
                skip_lines=item.skip_lines,
            )
            copies = [copy_of(one, plan.target.body, plan.replay_id) for one in found if isinstance(one, SelectedEvent)]
            sent = self.change(copies)
            queue = SqsQueue(self.url, self.world.sqs)
            for first in range(0, len(sent), 10):
                assert queue.send(sent[first : first + 10]) == {}
            self.world.work(
                plan, number, item.events - self.failed - self.unsent, finished=self.ends, failed=self.failed
            )
        if self.ends:
            self.world.executions.end(execution_arn(MACHINE, plan.replay_id))


@pytest.fixture
def workers(world: World, monkeypatch: pytest.MonkeyPatch) -> Workers:
    """A shadow queue among the targets, and what sends to it."""
    url = world.sqs.create_queue(QueueName="CheckoutShadow")["QueueUrl"]
    shadows(world, SHADOW)
    made = Workers(world, url)
    world.executions.on_start = made.run
    for name in ("QUIET_SECONDS", "OBEYED_SECONDS", "SETTLED_SECONDS", "WAIT_SECONDS"):
        monkeypatch.setattr(collecting, name, 0.0)
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0)
    return made


def shadows(world: World, *arns: str) -> None:
    world.module("orders", [world.queue_arn, *arns])
    name = "/event-fork-pipelines/orders/archive-replay"
    record = json.loads(world.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    for target in record["targets"]:
        if target["arn"] in arns:
            target["shadow"] = True
    world.ssm.put_parameter(Name=name, Value=json.dumps(record), Type="String", Overwrite=True)


def drill(world: World, *options: str) -> Result:
    window = ("--from", "2026-11-23T12:00Z", "--to", "2026-11-23T13:00Z")
    where = ("--archive", f"s3://{BUCKET}", "--processes", "0", "--output", "json")
    return world.run("replay", "drill", *where, *window, *options)


def left(workers: Workers) -> list[str]:
    """What is visible in the shadow queue afterwards."""
    found = workers.world.sqs.receive_message(QueueUrl=workers.url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [message["Body"] for message in found.get("Messages", [])]


def test_a_window_that_comes_back_whole_passes_and_the_queue_is_empty_again(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(25)))
    world.put(*(event(number, 10) for number in range(20, 60)), minutes=10)  # five of them are second copies

    found = drill(world)

    assert found.code == 0, found.err
    report = found.json
    assert (report["passed"], report["planned"], report["came"], report["missing"]) == (True, 60, 60, 0)
    assert (report["copies"], report["extra"], report["failed"], report["left"]) == (0, 0, 0, 0)
    assert report["target"] == SHADOW
    assert report["seconds_to_restore"] is not None
    assert report["reasons"] == report["lost"] == []
    assert left(workers) == []
    assert workers.plan is not None
    assert workers.plan.target.body == "envelope"


def test_copies_are_counted_and_are_no_failure(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: [*copies, *copies[:3]]

    found = drill(world)

    assert found.code == 0, found.err
    assert (found.json["came"], found.json["copies"]) == (12, 3)
    assert left(workers) == []


def test_an_object_that_cannot_be_read_is_red_and_the_rest_is_counted(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(5)))
    key = world.put(minutes=10, body=b"\x1f\x8b\x08 not gzip")

    found = drill(world)

    assert found.code == 1
    assert "1 objects and 0 lines cannot be read" in found.err
    assert (found.json["passed"], found.json["came"]) == (False, 5)
    assert found.json["lost"][0].startswith(key)


def test_an_archive_of_which_nothing_can_be_read_is_red_and_no_empty_window(world: World, workers: Workers) -> None:
    world.put(minutes=10, body=b"\x1f\x8b\x08 not gzip")

    found = drill(world)

    assert found.code == 1
    assert (found.json["state"], found.json["passed"]) == ("not-planned", False)
    assert "could not be read" in found.json["reasons"][0]
    assert world.executions.names == []


def test_an_empty_window_is_not_a_passed_drill(world: World, workers: Workers) -> None:
    world.put(event(1, -120), minutes=-120)

    assert drill(world).code == 3


def test_events_that_do_not_arrive_are_named(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: copies[2:]

    found = drill(world)

    assert found.code == 1
    assert found.json["lost"] == ["id-0", "id-1"]
    assert "2 of 12 events did not come" in found.err
    assert "somebody else receives from the shadow queue" in found.err


def test_a_replay_that_fails_or_leaves_events_is_red_with_its_reason(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: copies[1:]
    workers.failed = 1

    found = drill(world)

    assert found.code == 1
    assert "the replay is done-with-failures" in found.err
    assert "1 events could not be sent" in found.err
    assert found.json["failed"] == 1
    assert "MessageTooLong" in found.json["lost"][0]


def test_what_others_sent_stays_and_is_visible_again(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: [*copies, OutgoingMessage("x", "not mine"), *copies_of_another_replay(copies)]

    found = drill(world)

    assert found.code == 0, found.err
    assert (found.json["came"], found.json["strangers"]) == (12, 2)
    assert len(left(workers)) == 2


def copies_of_another_replay(copies: list[OutgoingMessage]) -> list[OutgoingMessage]:
    return [OutgoingMessage("y", copies[0].body, {**copies[0].attributes, **marked("replay-other")})]


def marked(replay: str) -> dict[str, Any]:
    return {"event-fork-replay-id": text_attribute(replay)}


def test_a_copy_without_room_for_the_mark_is_known_by_its_event(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: [OutgoingMessage(copies[0].key, copies[0].body), *copies[1:]]

    found = drill(world)

    assert found.code == 0, found.err
    assert (found.json["came"], found.json["strangers"]) == (12, 0)
    assert left(workers) == []


def test_an_event_that_the_plan_does_not_have_is_red(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.change = lambda copies: [
        *copies,
        OutgoingMessage("z", copies[0].body.replace("id-0", "id-99"), copies[0].attributes),
    ]

    found = drill(world)

    assert found.code == 1
    assert "1 events came that the plan does not have" in found.err


def test_a_replay_that_does_not_end_in_time_is_cancelled_and_what_it_sent_is_taken_away(
    world: World, workers: Workers
) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.ends = False
    workers.unsent = 4
    workers.change = lambda copies: copies[:8]

    found = drill(world, "--within", "1s")

    assert found.code == 1
    assert "the replay is cancelled: not done after 1 s" in found.err
    assert (found.json["came"], found.json["missing"], found.json["left"]) == (8, 4, 4)
    assert left(workers) == []
    assert list(world.executions.stopped.values()) == ["not done after 1 s"]


def test_strangers_that_keep_coming_do_not_keep_a_drill_from_its_end(
    world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(event(number) for number in range(12)))
    receive = DeadLetterQueue.receive

    def busy(queue: DeadLetterQueue, hold: int) -> list[Letter]:
        world.sqs.send_message(QueueUrl=workers.url, MessageBody="a live event")
        return receive(queue, hold)

    monkeypatch.setattr(DeadLetterQueue, "receive", busy)
    monkeypatch.setattr(collecting, "_LOOK_SECONDS", 0.0)

    found = drill(world)

    assert found.code == 0, found.err
    assert (found.json["came"], found.json["strangers"] > 0) == (12, True)


def test_a_drill_that_breaks_off_cancels_its_replay(
    world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(*(event(number) for number in range(12)))
    workers.ends = False

    def broken(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IdSets, "arrive", broken)

    found = drill(world)

    assert found.code == 1
    assert "No space left on device" in found.err
    assert list(world.executions.stopped.values()) == ["the drill ended early"]


def test_only_a_declared_shadow_that_is_empty_is_drilled_into(world: World, workers: Workers) -> None:
    world.put(event(1))
    world.sqs.send_message(QueueUrl=workers.url, MessageBody="left over")

    used = drill(world)
    assert (used.code, "must be empty for a drill, and has 1 messages" in used.err) == (2, True), used.err
    live = drill(world, "--target", "CheckoutQueue")
    assert (live.code, "no queue CheckoutQueue among the targets" in live.err) == (2, True), live.err
    shadows(world, SHADOW, SHADOW + "2")
    several = drill(world)
    assert (several.code, "must say which shadow queue is meant" in several.err) == (2, True), several.err
    shadows(world)
    none = drill(world)
    assert (none.code, "set targets[].shadow = true in modules/replay" in none.err) == (2, True), none.err
    assert world.executions.names == []


def test_the_table_shows_nothing_that_a_terminal_obeys(world: World, workers: Workers) -> None:
    world.put(*(event(number) for number in range(3)), replace(event(7), message_id="id-\x1b[2J"))
    workers.change = lambda copies: copies[:3]

    found = drill(world, "--output", "table")

    assert found.code == 1
    assert "\x1b" not in found.out + found.err
    assert "id-\\u001b[2J" in found.out
    assert "FAILED" in found.out


def test_the_drill_waits_for_what_comes_late(world: World, workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(*(event(number) for number in range(12)))
    monkeypatch.setattr(collecting, "QUIET_SECONDS", 5.0)
    late: list[OutgoingMessage] = []
    workers.change = lambda copies: late.append(copies[0]) or copies[1:]  # type: ignore[func-returns-value]
    backlog = DeadLetterQueue.backlog

    def look(queue: DeadLetterQueue) -> Backlog:
        while late:
            SqsQueue(workers.url, world.sqs).send([late.pop()])
        return backlog(queue)

    monkeypatch.setattr(DeadLetterQueue, "backlog", look)

    found = drill(world)

    assert found.code == 0, found.err
    assert found.json["came"] == 12
