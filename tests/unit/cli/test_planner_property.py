"""The promise of a plan: its items hold every wanted event, each exactly once, and nothing else."""

import gzip
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from event_fork.archive.layout import HIVE
from event_fork.archive.lines import lines
from event_fork.archive.selection import SelectedEvent, select
from event_fork.archive.unpacking import decompress
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import Window, timestamp_text
from event_fork.replay_plan.item import MAX_ITEM_SECONDS
from event_fork.replay_plan.narrowing import Narrowing, seal_ids
from event_fork.replay_plan.plan import ArchiveLocation, Health, Plan, PlannedWindow, PlanRequest, Target, read_plan
from event_fork_cli.archive_replay.planner import make_plan, workers_for
from event_fork_cli.errors import NothingMatchedError
from tests.support.memory_archive import MemoryArchive

DAY = datetime(2026, 11, 23, tzinfo=UTC)
LATENESS = timedelta(hours=2)
POLICY = {"amount": [{"numeric": [">=", 100]}]}


@dataclass(frozen=True)
class Written:
    """An event and how long after its publishing it reached its object (copies are written more than once)."""

    number: int
    minute: float
    kind: str
    amount: int
    late_minutes: tuple[int, ...]

    @property
    def published(self) -> datetime:
        return DAY + timedelta(minutes=self.minute)

    def stored(self) -> StoredEvent:
        return StoredEvent(
            f"id-{self.number}",
            "arn:aws:sns:eu-west-1:000000000000:orders",
            json.dumps({"n": self.number}),
            timestamp_text(self.published),
            attributes={
                "event_type": {"Type": "String", "Value": self.kind},
                "amount": {"Type": "Number", "Value": str(self.amount)},
            },
        )


written = st.builds(
    Written,
    number=st.integers(0, 10**9),
    minute=st.floats(0, 24 * 60, exclude_max=True),
    kind=st.sampled_from(["placed", "paid"]),
    amount=st.sampled_from([1, 99, 100, 500]),
    late_minutes=st.lists(st.integers(0, 119), min_size=1, max_size=3).map(tuple),
)


def archive_of(events: list[Written]) -> MemoryArchive:
    """Objects as Firehose would make them: by arrival, at most 15 minutes each, some of them gzipped."""
    arrivals = [(event.published + timedelta(minutes=late), event) for event in events for late in event.late_minutes]
    arrivals.sort(key=lambda arrival: arrival[0])
    made = MemoryArchive()
    while arrivals:
        begun = arrivals[0][0].replace(microsecond=0)
        inside = [event for arrival, event in arrivals if arrival < begun + timedelta(minutes=15)]
        arrivals = arrivals[len(inside) :]
        column = ("", "kind=a/", "kind=b/store=c/")[len(made.objects) % 3]
        key = f"x/{column}{HIVE.prefix(begun)}s-1-{begun:%Y-%m-%d-%H-%M-%S}-{len(made.objects):08x}-0.gz"
        body = b"".join(event.stored().to_line() for event in inside)
        made.objects[key] = gzip.compress(body) if len(made.objects) % 2 else body
    return made


def sent_by_workers(plan: Plan, archive: MemoryArchive, chosen: frozenset[str] | None) -> list[str]:
    """What the workers find, the way they find it."""
    criteria = plan.criteria(chosen)
    ids: list[str] = []
    for item in plan.items:
        reader = archive.open(item.key, etag=item.etag)
        found = list(
            select(
                lines(decompress(reader.chunks())),
                criteria,
                first_line=item.first_line,
                last_line=item.last_line,
                skip_lines=item.skip_lines,
            )
        )
        assert all(isinstance(entry, SelectedEvent) for entry in found)
        assert len(found) == item.events
        assert item.events > 0
        ids += [entry.event.message_id for entry in found if isinstance(entry, SelectedEvent)]
    return ids


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(written, max_size=30, unique_by=lambda event: event.number),
    start=st.integers(0, 24 * 60),
    length=st.integers(1, 26 * 60),
    kinds=st.sampled_from([(), ("placed",), ("placed", "paid"), ("refunded",)]),
    filtered=st.booleans(),
    chosen=st.none() | st.frozensets(st.integers(0, 29), min_size=1),
    rate=st.sampled_from([0.01, 1.0, 1000.0]),
    pace=st.sampled_from([None, 1.0, 60.0]),
)
def test_the_items_of_a_plan_hold_every_wanted_event_exactly_once_and_nothing_else(
    events: list[Written],
    start: int,
    length: int,
    kinds: tuple[str, ...],
    filtered: bool,
    chosen: frozenset[int] | None,
    rate: float,
    pace: float | None,
) -> None:
    # GIVEN any archive with late events and second copies, and any window, types, filter, ids, rate and pace
    archive = archive_of(events)
    places = () if chosen is None else chosen
    given = [events[place].stored().message_id if place < len(events) else f"none-{place}" for place in places]
    ids = None if chosen is None else frozenset(given)
    window = Window(DAY + timedelta(minutes=start), DAY + timedelta(minutes=start + length))
    expected = {
        event.stored().message_id
        for event in events
        if window.holds(timestamp_text(event.published))
        and (not kinds or event.kind in kinds)
        and (not filtered or event.amount >= 100)
        and (ids is None or event.stored().message_id in ids)
    }
    request = PlanRequest(
        replay_id="r",
        created_at=timestamp_text(DAY + timedelta(days=5)),
        created_by="me",
        expires_at=timestamp_text(DAY + timedelta(days=6)),
        archive=ArchiveLocation("b", "x/", "eu-west-1"),
        window=PlannedWindow(window.start_text, window.end_text, LATENESS.total_seconds()),
        filter_policy=POLICY if filtered else None,
        filter_policy_scope="MessageAttributes",
        event_types=kinds,
        event_type_attribute="event_type",
        target=Target("arn:aws:sqs:eu-west-1:000000000000:q", "https://sqs/000000000000/q", "raw"),
        engine=None,
        rate=rate,
        pace=pace,
        workers=workers_for(rate),
        ramp=None,
        ramp_asks=False,
        health=Health(),
        narrowing=Narrowing(ids=None if ids is None else seal_ids(ids)[0]),
    )

    # WHEN it is planned
    try:
        made = make_plan(request, archive, processes=0, ids=ids)
        plan = read_plan(made.plan.to_bytes())
    except NothingMatchedError:
        assert not expected
        return

    # THEN the workers find the wanted events once each
    sent = sent_by_workers(plan, archive, ids)
    assert sorted(sent) == sorted(expected)
    assert set(made.missing) == (ids or set()) - expected
    # AND what the plan says about them is true
    by_type = {kind: sum(count.events for count in plan.counts if count.type == kind) for kind in ("placed", "paid")}
    assert plan.totals.events == len(expected) == sum(by_type.values())
    times = sorted(timestamp_text(event.published) for event in events if event.stored().message_id in expected)
    assert (plan.first_event, plan.last_event) == (times[0], times[-1])
    copies = sum(len(event.late_minutes) for event in events if event.stored().message_id in expected)
    assert plan.totals.duplicates == copies - len(expected)
    assert all(item.events <= max(1, rate / plan.workers * MAX_ITEM_SECONDS) for item in plan.items)
    if pace is None:
        assert all(item.not_before_seconds is None for item in plan.items)
    else:
        due = [item.not_before_seconds or 0.0 for item in plan.items]
        assert due == sorted(due)
        assert due[0] == 0 or plan.totals.duplicates
