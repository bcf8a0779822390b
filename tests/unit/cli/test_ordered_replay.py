"""A replay into a FIFO queue, from planner to queue: each group in the order of its numbers, whatever fails."""

import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from event_fork.archive_replay.burst import BurstSender
from event_fork.archive_replay.errors import ArchiveReplayError, PlanMismatchError
from event_fork.archive_replay.worker import ItemReplay, Tools, items_from
from event_fork.events.envelope import StoredEvent
from event_fork.events.messages import OutgoingMessage
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.order import BY_MESSAGE_GROUP, ONE_GROUP, Order, sequence_of
from event_fork.replay_plan.plan import (
    ArchiveLocation,
    Health,
    Plan,
    PlannedWindow,
    PlanRequest,
    Target,
    digest,
    read_plan,
)
from event_fork.sending.backoff import Backoff, Deadline
from event_fork_cli.archive_replay import ordering
from event_fork_cli.archive_replay.engines import AllowedTarget, ReplayEngine
from event_fork_cli.archive_replay.planner import make_plan
from event_fork_cli.archive_replay.shadows import shadow_of
from event_fork_cli.drills.planned_ids import planned_ids
from event_fork_cli.errors import RefusedError
from tests.support.fakes import Clock, FakeQueue, failing, refusing, took_all
from tests.support.memory_archive import MemoryArchive
from tests.support.memory_documents import MemoryDocuments
from tests.support.replay_world import Crash

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIFO = Target("arn:aws:sqs:eu-west-1:000000000000:q.fifo", "https://sqs/000000000000/q.fifo", "raw")


def event(number: int, group: str | None = "a", sequence: int | str | None = None, **others: Any) -> StoredEvent:
    """The n-th event of a FIFO topic; its sequence number is n as a text without zeros, as no writer promises them."""
    members = {"SequenceNumber": str(number if sequence is None else sequence), **others}
    if group is not None:
        members["MessageGroupId"] = group
    text = json.dumps({"n": number, "group": group, "nested": {"key": group}})
    return StoredEvent(
        f"id-{number}",
        "arn:aws:sns:eu-west-1:000000000000:orders.fifo",
        text,
        timestamp_text(NOON + timedelta(seconds=number % 3000)),
        attributes={"tenant": {"Type": "String", "Value": group}} if group else None,
        others=members,
    )


def archive_of(*objects: Iterable[StoredEvent]) -> MemoryArchive:
    archive = MemoryArchive()
    for number, events in enumerate(objects):
        begun = NOON + timedelta(minutes=number)
        key = f"date=2026-11-23/hour={begun:%H}/orders-1-{begun:%Y-%m-%d-%H-%M-%S}-{number:08x}.gz"
        archive.objects[key] = gzip.compress(b"".join(one.to_line() for one in events))
    return archive


def planned(
    archive: MemoryArchive, *, group_by: str = BY_MESSAGE_GROUP, workers: int = 2, rate: float = 1000.0
) -> Plan:
    request = PlanRequest(
        replay_id="r",
        created_at=timestamp_text(NOON + timedelta(days=1)),
        created_by="me",
        expires_at=timestamp_text(NOON + timedelta(days=2)),
        archive=ArchiveLocation("b", "", "eu-west-1"),
        window=PlannedWindow(timestamp_text(NOON), timestamp_text(NOON + timedelta(hours=1)), 36_000),
        filter_policy=None,
        filter_policy_scope="MessageAttributes",
        event_types=(),
        event_type_attribute="event_type",
        target=FIFO,
        engine=None,
        rate=rate,
        pace=None,
        workers=workers,
        ramp=None,
        ramp_asks=False,
        health=Health(),
        order=Order(group_by, workers),
    )
    return read_plan(make_plan(request, archive, processes=0).plan.to_bytes())


class Replay:
    """A plan, its work area and a FIFO queue; `lane` is what one invocation of the worker does."""

    def __init__(self, plan: Plan, archive: MemoryArchive, *faults: Any) -> None:
        self.plan, self.queue, self.clock = plan, FakeQueue(*faults), Clock()
        control = Control(RUNNING, plan.rate, plan.rate, plan.sha256, 0, "", "me", plan.created_at, plan.replay_id)
        self.documents = MemoryDocuments(plan, control)
        assert plan.order is not None
        backoff = Backoff(attempts=2, draw=lambda _low, high: high, sleep=self.clock.sleep)
        self.tools = Tools(
            plan=plan,
            criteria=plan.criteria(),
            documents=self.documents,
            archive=archive,
            sender=BurstSender(self.queue, "raw", plan.replay_id, backoff, plan.order.group_of()),
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        self.requests = 0

    def lane(self, head: Item, seconds: float = 1e9) -> None:
        self.requests += 1
        deadline = Deadline(self.clock.now + seconds, self.clock)
        for item in items_from(self.tools, head):
            ItemReplay(self.tools, item, deadline, f"request-{self.requests}", self.plan.replay_id, 0.0).run()

    def finished(self) -> bool:
        return all((one := self.documents.progresses.get(item.id)) and one.finished for item in self.plan.items)

    def run(self, *, attempts: int = 200, seconds: Callable[[], float] = lambda: 1e9) -> None:
        """All lanes side by side, one item or so at a time, until all is sent."""
        for _ in range(attempts):
            for head in self.plan.heads(self.plan.items):
                try:
                    self.lane(head, seconds())
                except (ArchiveReplayError, Crash):
                    continue
            if self.finished():
                return
        pytest.fail("not finished")


def numbers_by_group(taken: Sequence[OutgoingMessage]) -> dict[str, list[int]]:
    """The events that came, as a queue that knows their deduplication ids has them."""
    known: set[str | None] = set()
    found: dict[str, list[int]] = {}
    for message in taken:
        if message.deduplication_id not in known:
            known.add(message.deduplication_id)
            found.setdefault(message.group_id or "", []).append(json.loads(message.body)["n"])
    return found


def troubles(chance: Random) -> Iterator[Any]:
    """Calls that fail in part, as a whole, after they took all; a worker that dies; then nothing."""

    def dies(entries: Sequence[object]) -> Mapping[int, Any]:
        raise Crash

    for _ in range(60):
        places = chance.sample(range(10), chance.randint(0, 10))
        yield chance.choice([failing(), failing(), failing(*places), failing(*range(10)), took_all, dies])
    yield failing()


@pytest.mark.parametrize("seed", range(25))
def test_each_group_arrives_in_the_order_of_its_numbers_whatever_fails(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN events of some groups, in objects in no order, some of them twice
    chance = Random(seed)
    monkeypatch.setattr(ordering, "PART_BYTES", chance.choice([1, 4_000, 16 * 2**20]))
    monkeypatch.setattr(ordering, "_RUN_RECORDS", 7)
    groups = [f"g{number}" for number in range(chance.choice([1, 3, 12]))]
    events = [event(9_950 + number, chance.choice(groups)) for number in range(chance.randint(1, 120))]
    expected: dict[str, list[int]] = {}
    for one in events:
        expected.setdefault(str((one.others or {})["MessageGroupId"]), []).append(json.loads(one.message)["n"])
    stored = [*events, *chance.sample(events, len(events) // 5)]
    chance.shuffle(stored)
    parts = chance.randint(1, 6)
    archive = archive_of(*(stored[part::parts] for part in range(parts)))

    # WHEN they are planned and sent, by workers that have little time and much trouble
    plan = planned(archive, workers=chance.choice([1, 2, 5]), rate=chance.choice([20.0, 2000.0]))
    replay = Replay(plan, archive, *troubles(chance))
    replay.run(seconds=lambda: chance.choice([0.5, 3.0, 1e9]))

    # THEN each group is whole and in order
    assert plan.totals.events == len(events)
    assert plan.totals.duplicates == len(stored) - len(events)
    assert numbers_by_group(replay.queue.taken) == expected
    assert sorted(planned_ids(plan, archive)) == sorted(one.message_id for one in events)
    # AND no call had two of a group
    assert all(len({message.group_id for message in call}) == len(call) for call in replay.queue.calls)


def test_a_lane_has_one_worker_and_each_group_one_lane() -> None:
    archive = archive_of([event(number, f"g{number % 20}") for number in range(100)])

    plan = planned(archive, workers=4, rate=0.04)

    lanes: dict[int, set[str]] = {}
    replay = Replay(plan, archive)
    for head in plan.heads(plan.items):
        assert head.part is not None
        replay.queue.taken.clear()
        replay.lane(head)
        lanes[head.part.lane] = set(numbers_by_group(replay.queue.taken))
    assert len(plan.items) > plan.workers == len(lanes)
    assert sum(map(len, lanes.values())) == 20 == len(set().union(*lanes.values()))


def test_an_event_that_the_queue_refuses_is_named_and_never_sent_after_the_next_of_its_group() -> None:
    archive = archive_of([event(number, "ab"[number % 2]) for number in range(20)])
    plan = planned(archive, workers=1)
    # The queue refuses a's third event once, and does not take b's fourth for longer than an invocation tries.
    faults = [failing(), failing(), refusing("4"), refusing("4"), *[failing(0, 1)] * 2, failing()]
    replay = Replay(plan, archive, *faults)

    replay.run()

    by_group = numbers_by_group(replay.queue.taken)
    assert by_group == {"a": [0, 2, 6, 8, 10, 12, 14, 16, 18], "b": [*range(1, 20, 2)]}
    progress = replay.documents.progresses["000000"]
    assert [(failed.line, failed.message_id) for failed in progress.failed] == [(4, "id-4")]
    replay.run()
    assert numbers_by_group(replay.queue.taken) == by_group


@pytest.mark.parametrize("group_by", ["$.group", "$.nested.key", "tenant", BY_MESSAGE_GROUP])
def test_groups_are_told_by_a_path_an_attribute_or_the_envelope(group_by: str) -> None:
    archive = archive_of([event(number, "xyz"[number % 3]) for number in range(30)])

    replay = Replay(planned(archive, group_by=group_by), archive)
    replay.run()

    assert numbers_by_group(replay.queue.taken) == {
        "x": [*range(0, 30, 3)],
        "y": [*range(1, 30, 3)],
        "z": [*range(2, 30, 3)],
    }


def test_without_groups_in_the_envelopes_all_are_one_group_in_the_order_of_the_topic() -> None:
    archive = archive_of([event(number, None) for number in (3, 1)], [event(2, None), event(0, "a")])

    plan = planned(archive)
    replay = Replay(plan, archive)
    replay.run()

    assert plan.order == Order(ONE_GROUP, 1)
    assert plan.workers == 1
    assert numbers_by_group(replay.queue.taken) == {"all": [0, 1, 2, 3]}


def test_a_group_that_no_queue_takes_is_one_by_its_hash() -> None:
    archive = archive_of([event(1, "München"), event(2, "g" * 129), event(3, "München")])

    replay = Replay(planned(archive), archive)
    replay.run()

    found = numbers_by_group(replay.queue.taken)
    assert sorted(found.values()) == [[1, 3], [2]]
    assert all(len(group) == 64 and group.isalnum() for group in found)


def test_copies_have_one_deduplication_id_in_a_replay_and_another_in_the_next() -> None:
    archive = archive_of([event(1)])
    plan = planned(archive)
    ids = []
    for name in ("r", "r", "s"):
        replay = Replay(replace(plan, replay_id=name).sealed(), archive)
        replay.run()
        ids.append(replay.queue.taken[0].deduplication_id)

    assert ids[0] == ids[1] != ids[2]
    assert all(one and len(one) <= 128 for one in ids)


@pytest.mark.parametrize(
    ("events", "group_by", "words"),
    [
        (
            [event(1), replace(event(2), others=None)],
            BY_MESSAGE_GROUP,
            "1 of 2 events that were read have no SequenceNumber",
        ),
        ([event(1, sequence="12a")], BY_MESSAGE_GROUP, "no SequenceNumber"),
        ([event(1, sequence="-1")], BY_MESSAGE_GROUP, "no SequenceNumber"),
        ([event(1, sequence=2**128)], BY_MESSAGE_GROUP, "no SequenceNumber"),
        ([event(1), event(2, None)], "$.group", "1 of 2 events that were read have nothing at $.group"),
        ([event(1), event(2, None)], "tenant", "--group-by all"),
    ],
)
def test_events_without_a_place_in_the_order_are_refused_by_the_plan(
    events: list[StoredEvent], group_by: str, words: str
) -> None:
    with pytest.raises(RefusedError, match=words.replace("$", r"\$")):
        planned(archive_of(events), group_by=group_by)


def test_sequence_numbers_are_compared_as_numbers() -> None:
    archive = archive_of([event(1, sequence="00000000000000000010"), event(2, sequence="9"), event(3, sequence="100")])

    replay = Replay(planned(archive), archive)
    replay.run()

    assert numbers_by_group(replay.queue.taken) == {"a": [2, 1, 3]}
    assert sequence_of(event(1, sequence="10000000000000028000")) == 10_000_000_000_000_028_000


def test_events_that_share_a_number_by_the_thousand_are_no_fifo_topics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordering, "MAX_ITEM_EVENTS", 10)

    with pytest.raises(RefusedError, match="SequenceNumbers that no item can part, such as 7"):
        planned(archive_of([event(number, sequence=7) for number in range(30)]))


def test_an_object_that_holds_other_events_than_were_planned_sends_nothing_of_the_item() -> None:
    archive = archive_of([event(1), event(2)])
    plan = planned(archive)
    item = replace(plan.items[0], events=3, last_line=2)
    forged = replace(plan, items=(item,), totals=replace(plan.totals, events=3)).sealed()
    replay = Replay(forged, archive)

    with pytest.raises(PlanMismatchError, match="3 events of lane"):
        replay.lane(item)

    assert replay.queue.taken == []


def test_an_ordered_plan_has_a_format_that_older_functions_refuse_and_others_keep_theirs() -> None:
    plan = planned(archive_of([event(1)]))

    assert plan.to_json()["format"] == 3
    assert plan.lines == "envelope"


def test_a_shadow_of_an_ordered_plan_is_a_fifo_queue_too() -> None:
    plan = planned(archive_of([event(1)]))
    engine = ReplayEngine("orders", "arn", "b", "", "eu-west-1", ())
    queue = AllowedTarget(FIFO.queue_arn.replace(":q", ":s"), FIFO.queue_url.replace("/q", "/s"))

    assert shadow_of(plan, queue, engine, "me", NOON).items == plan.items
    with pytest.raises(RefusedError, match="must be a FIFO queue"):
        shadow_of(plan, AllowedTarget(queue.arn[:-5], queue.url[:-5]), engine, "me", NOON)


FORGERIES: list[Callable[[dict[str, Any]], object]] = [
    lambda plan: plan["items"].reverse(),
    lambda plan: plan["items"][0]["part"].update(lane=7),
    lambda plan: plan["items"][0]["part"].update(objects=[9]),
    lambda plan: plan["items"][0]["part"].update(objects=[]),
    lambda plan: plan["items"][0]["part"].update(first="8", last="2"),
    lambda plan: plan["items"][0]["part"].update(last="99"),
    lambda plan: plan["items"][0]["part"].update(first="-1"),
    lambda plan: plan["items"][0].update(part=None),
    lambda plan: plan["items"][0].update(etag="another"),
    lambda plan: plan["items"][1].update(first_line=0, last_line=0),
    lambda plan: plan["objects"][0].update(key="event-fork-replays/x"),
    lambda plan: plan["order"].update(lanes=0),
    lambda plan: plan["order"].update(group_by="$..["),
    lambda plan: plan.update(order=None),
    lambda plan: plan.update(pace=1),
    lambda plan: plan.update(format=2),
    lambda plan: plan["target"].update(queue_arn=FIFO.queue_arn[:-5], queue_url=FIFO.queue_url[:-5]),
]


@pytest.mark.parametrize("change", FORGERIES)
def test_an_ordered_plan_that_contradicts_itself_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(planned(archive_of(map(event, range(4))), workers=1, rate=0.01).to_bytes())
    assert len(document["items"]) == 2
    change(document)
    document["sha256"] = digest(document)

    with pytest.raises(DocumentError):
        read_plan(json.dumps(document).encode())
