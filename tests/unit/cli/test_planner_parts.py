"""Parts of the planner: segments, second copies, scanning with faults, listing, the estimate, large plans."""

import gzip
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive.layout import HIVE
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.selection import Criteria, SelectedEvent
from event_fork.archive.store import ListedObject
from event_fork.archive_replay.governor import Memory as GovernorMemory
from event_fork.archive_replay.governor import Policy, govern, seconds_to_send
from event_fork.archive_replay.governor_loop import LOOK_SECONDS
from event_fork.archive_replay.observation import Observation
from event_fork.events.envelope import StoredEvent
from event_fork.events.messages import MessageAttribute, OutgoingMessage
from event_fork.events.time_window import Window, timestamp_text
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.item import MAX_ITEM_EVENTS
from event_fork.replay_plan.plan import BODY_ENVELOPE, BODY_RAW, Health
from event_fork_cli.archive_replay.duplicates import RECORD, Duplicate, duplicates_in, identity
from event_fork_cli.archive_replay.planner import item_limits, workers_for
from event_fork_cli.archive_replay.scanning import ATTEMPTS, MAX_TYPES, OTHER_TYPES, Scanner, message_bytes
from event_fork_cli.archive_replay.segments import Segment, Segmenter, SegmentLimits
from event_fork_cli.archive_replay.spill import SpillWriter, bucket_files
from event_fork_cli.costs.replays import Load, Memory, Work, estimate
from tests.support.memory_archive import MemoryArchive

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(hours=1))


def event(number: int, minutes: float = 0, kind: str = "t", message: str = "m") -> StoredEvent:
    attributes = {"event_type": {"Type": "String", "Value": kind}}
    return StoredEvent(
        f"id-{number}", "arn", message, timestamp_text(NOON + timedelta(minutes=minutes)), None, attributes
    )


def scanner(archive: MemoryArchive, folder: Path, body: str = BODY_RAW) -> Scanner:
    return Scanner(archive, Criteria(WINDOW), SegmentLimits(1000), body, SpillWriter(folder), wait=lambda _: None)


def listed(archive: MemoryArchive, key: str = "k") -> ListedObject:
    return next(found for found in archive.list(key) if found.key == key)


# -- segments ------------------------------------------------------------------------------------------------------


def test_segments_are_tight_ranges_of_at_most_so_many_events() -> None:
    segmenter = Segmenter(SegmentLimits(2))
    for line in (3, 4, 9, 10, 50):
        segmenter.add(line, "2026-11-23T12:00:00.000Z")

    assert segmenter.segments() == (Segment(3, 4, 2, 0), Segment(9, 10, 2, 0), Segment(50, 50, 1, 0))
    assert Segmenter(SegmentLimits(2)).segments() == ()


def test_with_a_pace_a_segment_spans_so_much_time_and_late_events_cut_nothing() -> None:
    segmenter = Segmenter(SegmentLimits(100, span_ms=60_000))
    for line, second in enumerate((0, 30, 5, 60, 61, 2, 100)):
        segmenter.add(line, timestamp_text(NOON + timedelta(seconds=second)))

    start = int(NOON.timestamp() * 1000)
    assert segmenter.segments() == (Segment(0, 3, 4, start), Segment(4, 6, 3, start + 61_000))


@pytest.mark.parametrize(
    ("rate", "workers", "pace", "limits"),
    [
        (1, 1, None, SegmentLimits(240)),
        (0.001, 1, None, SegmentLimits(1)),
        (1000, 4, None, SegmentLimits(MAX_ITEM_EVENTS)),
        (10, 10, 2.0, SegmentLimits(240, 480_000)),
    ],
)
def test_an_item_is_done_in_four_minutes(rate: float, workers: int, pace: float | None, limits: SegmentLimits) -> None:
    assert item_limits(rate, workers, pace) == limits


def test_workers_follow_the_rate() -> None:
    assert [workers_for(rate) for rate in (0.01, 300, 301, 3000, 10**9)] == [1, 1, 2, 10, 1000]


# -- second copies -------------------------------------------------------------------------------------------------

copies = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 50)), unique_by=lambda c: c[1:], max_size=40
)


@given(copies, st.frozensets(st.integers(0, 5), max_size=3), st.sampled_from([0, 64, 10**9]))
def test_the_first_copy_in_the_archive_is_kept_and_the_others_are_named(
    records: list[tuple[int, int, int]], void: frozenset[int], in_memory: int
) -> None:
    import tempfile

    # GIVEN records of events (id, scan, line) in two files, of one bucket that does or does not fit in memory
    shuffled = records[:]
    random.Random(1).shuffle(shuffled)
    with tempfile.TemporaryDirectory() as name:
        files = [Path(name) / "000.1", Path(name) / "000.2"]
        for place, file in enumerate(files):
            file.write_bytes(
                b"".join(RECORD.pack(identity(str(one)), scan, line, one, 7) for one, scan, line in shuffled[place::2])
            )

        # WHEN second copies are looked for
        found = duplicates_in(files, void, in_memory=in_memory)

    # THEN of each id all but the first one that counts are found
    seen: set[int] = set()
    expected = set()
    for one, scan, line in sorted(records, key=lambda record: record[1:]):
        if scan in void:
            continue
        if one in seen:
            expected.add(Duplicate(scan, line, one, 7))
        seen.add(one)
    assert set(found) == expected
    assert len(found) == len(expected)


# -- scanning ------------------------------------------------------------------------------------------------------


def test_a_connection_that_breaks_twice_is_read_again_from_the_start(tmp_path: Path) -> None:
    body = b"".join(event(number).to_line() for number in range(200))
    archive = MemoryArchive({"k": body}, breaks={"k": 2})

    found = scanner(archive, tmp_path).scan(5, listed(archive))

    assert found.readable
    assert (found.scan, found.void) == (5 * ATTEMPTS + 2, (5 * ATTEMPTS, 5 * ATTEMPTS + 1))
    assert sum(segment.events for segment in found.segments) == 200
    # what the broken readings left behind is no second copy
    assert [copy for files in bucket_files(tmp_path) for copy in duplicates_in(files, found.void)] == []


def test_a_connection_that_always_breaks_makes_the_object_unreadable_and_says_why(tmp_path: Path) -> None:
    archive = MemoryArchive({"k": event(1).to_line() * 100}, breaks={"k": 99})

    found = scanner(archive, tmp_path).scan(0, listed(archive))

    assert not found.readable
    assert found.segments == ()
    assert [entry.reason for entry in found.unreadable] == ["the connection to S3 broke: test (3 times)"]
    assert found.void == (0, 1, 2)


def test_an_object_that_may_not_be_read_or_was_deleted_or_replaced_is_named(tmp_path: Path) -> None:
    archive = MemoryArchive({"k": b"x"}, denied={"k"})
    assert scanner(archive, tmp_path).scan(0, listed(archive)).unreadable[0].reason == "AccessDenied: Access Denied"

    before = ListedObject("gone", "etag", 1)
    assert scanner(archive, tmp_path).scan(0, before).unreadable[0].reason == "was deleted"

    replaced = ListedObject("k", "other", 1)
    archive.denied.clear()
    assert scanner(archive, tmp_path).scan(0, replaced).unreadable[0].reason == "was replaced by another version"


def test_an_attribute_that_is_different_in_every_event_does_not_fill_the_memory(tmp_path: Path) -> None:
    body = b"".join(event(number, kind=f"order-{number}").to_line() for number in range(MAX_TYPES + 100))
    archive = MemoryArchive({"k": body})

    counts = scanner(archive, tmp_path).scan(0, listed(archive)).counts

    assert len(counts) == MAX_TYPES + 1
    assert [count.events for count in counts if count.type == OTHER_TYPES] == [100]


def test_named_lines_are_the_first_ten_and_all_are_counted(tmp_path: Path) -> None:
    archive = MemoryArchive({"k": event(1).to_line() + b"x\n" * 50})

    (entry,) = scanner(archive, tmp_path).scan(0, listed(archive)).unreadable

    assert entry.lines == tuple(range(1, 11))
    assert entry.count == 50


@given(st.text(), st.dictionaries(st.text("ab", min_size=1), st.text(max_size=5), max_size=3))
def test_bytes_are_counted_as_sqs_counts_them(message: str, attributes: dict[str, str]) -> None:
    stored = {name: {"Type": "String", "Value": value} for name, value in attributes.items()}
    one = StoredEvent("i", "arn", message, "t", None, stored)
    copy = OutgoingMessage(
        "i", message, {name: MessageAttribute("String", value) for name, value in attributes.items()}
    )

    assert message_bytes(SelectedEvent(0, one, None, "t", b"")) == copy.size()


def test_an_envelope_counts_as_its_stored_line(tmp_path: Path) -> None:
    archive = MemoryArchive({"k": event(1).to_line()})

    assert scanner(archive, tmp_path, BODY_ENVELOPE).scan(0, listed(archive)).bytes == len(event(1).to_line()) - 1


# -- listing -------------------------------------------------------------------------------------------------------


def test_only_the_needed_keys_are_listed_in_the_order_of_time_and_a_few_ahead() -> None:
    archive = MemoryArchive()
    for hour in range(24 * 40):
        begun = NOON + timedelta(hours=hour)
        archive.objects[f"{HIVE.prefix(begun)}s-1-{begun:%Y-%m-%d-%H-%M-%S}-0-0.gz"] = gzip.compress(b"x")
    archive.objects["date=2026-11-24/hour=00/empty"] = b""
    window = Window(NOON, NOON + timedelta(days=30))
    found: Iterator[ListedObject] = needed_objects(
        archive, Reach("", window, timedelta(hours=1), NOON + timedelta(days=90))
    )

    first = next(found)
    assert len(archive.listed) <= 9
    keys = [first.key, *(entry.key for entry in found)]
    assert keys == sorted(keys)
    assert len(keys) == 30 * 24 + 2
    assert len(archive.listed) < 60


# -- estimate ------------------------------------------------------------------------------------------------------


def test_the_estimate_is_what_the_rate_allows_and_what_the_services_cost() -> None:
    million = Work(
        loads=[Load(10_000, 10_000)] * 100, bytes=10**9, rate=1000, workers=4, span_seconds=0, governed=False
    )

    made = estimate(million)

    # each worker sends 25 items at 250 a second, and begins and reads each of them
    assert made.minutes == pytest.approx((1000 + 2 + 25 * (0.3 + 0.2)) / 60, abs=0.001)
    # 100,000 requests of SQS are 4 cents, four workers of 0.5 GB for 1,000 s are 2.7 cents
    assert 0.066 < made.dollars < 0.09


def test_a_pace_makes_it_longer_and_large_events_make_it_dearer() -> None:
    small = Work(loads=[Load(1000, 1000)], bytes=10**6, rate=100, workers=1, span_seconds=0, governed=False)
    slow = Work(loads=[Load(1000, 1000)], bytes=10**6, rate=100, workers=1, span_seconds=3600, governed=False)
    large = Work(loads=[Load(1000, 1000)], bytes=10**9, rate=100, workers=1, span_seconds=0, governed=False)

    assert estimate(slow).minutes == 60
    assert estimate(large).dollars > estimate(small).dollars * 2


def test_a_ramp_takes_its_steps_minutes_and_fewer_items_than_workers_take_longer() -> None:
    plain = Work(loads=[Load(1_532, 0)], bytes=10**6, rate=200, workers=1, span_seconds=0, governed=True)
    ramped = replace(plain, ramp=(1.0, 10.0, 100.0))

    assert estimate(plain).minutes == pytest.approx((1_532 / 200 + 2.3) / 60, abs=0.001)
    assert 2.2 < estimate(ramped).minutes < 3.5
    assert estimate(replace(plain, workers=4)).minutes == pytest.approx((4 * 1_532 / 200 + 2.3) / 60, abs=0.001)
    quarters = replace(plain, workers=4, loads=[Load(383, 0)] * 4)
    assert estimate(quarters).minutes == estimate(plain).minutes
    fifth = replace(quarters, loads=[Load(383, 0)] * 5)
    assert estimate(fifth).minutes == pytest.approx((2 * 1_532 / 200 + 2.4) / 60, abs=0.002), (
        "one worker has two of them"
    )
    half = replace(ramped, loads=[Load(10**9, 0)], ramp=(0.01, 50.0))
    assert estimate(half).minutes == pytest.approx(10**9 / 100 / 60, rel=0.001)


@pytest.mark.parametrize("ramp", [(1.0, 10.0, 100.0), (50.0, 100.0), (5.0,), ()])
@pytest.mark.parametrize("events", [10, 1_532, 40_000])
def test_the_estimate_of_a_ramp_is_what_a_governed_replay_takes(ramp: tuple[float, ...], events: int) -> None:
    estimated = seconds_to_send(events, 200.0, ramp, LOOK_SECONDS)

    policy, memory, sent, at = Policy(ramp or None, False, Health()), GovernorMemory(), 0.0, 0.0
    control = Control("running", 200.0 * min(1.0, (ramp or (100,))[0] / 100), 200.0, "", 0, "", "", "", "x")
    while sent < events:
        sent, at = sent + control.rate / 10, at + 0.1
        if round(at * 10) % 50 == 0:
            control, memory = govern(policy, control, memory, Observation(at, 0, None, None))
    assert estimated == pytest.approx(at, rel=0.02, abs=0.2)


def test_the_governor_costs_its_function_and_not_a_turn_of_the_state_machine_for_every_look() -> None:
    ten_hours = Work(loads=[Load(9_000, 9_000)] * 4, bytes=10**6, rate=1, workers=1, span_seconds=0, governed=False)

    governor = estimate(replace(ten_hours, governed=True)).dollars - estimate(ten_hours).dollars

    # 512 MB for 36,000 s are 24 cents, 41 invocations and 7,200 reads of control.json not one more
    assert 0.24 < governor < 0.25


def test_dollars_follow_the_memory_that_the_module_gives_its_functions() -> None:
    work = Work(loads=[Load(9_000, 9_000)] * 4, bytes=10**6, rate=1, workers=1, span_seconds=0, governed=True)

    doubled = estimate(replace(work, memory=Memory(worker=1024, governor=1024))).dollars - estimate(work).dollars

    assert doubled == pytest.approx(36_000 * 0.000_013_333_4, abs=0.0001)
