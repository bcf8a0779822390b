"""Listing, scanning, second copies, items: all of it -> a Plan. Nothing is sent, nothing is written to AWS."""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta, tzinfo
from functools import partial
from pathlib import Path

from event_fork.archive.layout import HIVE, Layout
from event_fork.archive.listing import BUFFER_ALLOWANCE, Reach, begun_at, needed_objects
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.control import MAX_WORKERS
from event_fork.replay_plan.item import MAX_ITEM_EVENTS, MAX_ITEM_SECONDS, Item, Part
from event_fork.replay_plan.order import Order
from event_fork.replay_plan.plan import Count, Plan, PlannedObject, PlanRequest, Totals, Unreadable
from event_fork_cli.archive_replay.duplicates import Duplicate, not_found
from event_fork_cli.archive_replay.near_misses import what_is_there
from event_fork_cli.archive_replay.ordering import LanePart, Lanes, lanes_of, settled_order
from event_fork_cli.archive_replay.pool import InlineScan, ParallelScan, ScanOrder
from event_fork_cli.archive_replay.scanning import MAX_TYPES, OTHER_TYPES, ScannedObject
from event_fork_cli.archive_replay.segments import Segment, SegmentLimits
from event_fork_cli.costs.replays import DEFAULT_MEMORY, Load, Memory, Work, estimate
from event_fork_cli.errors import NothingMatchedError, NothingReadableError

EVENTS_PER_WORKER = 300
"""A second: what one worker sends with room to spare (SendMessageBatch of 10, one call after the other)."""


@dataclass(frozen=True, slots=True)
class ScanProgress:
    """How far the reading has got. `bytes` as stored."""

    objects: int
    bytes: int
    events: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and how long after its publishing the latest of its events reached the archive, by the objects' names.

    `too_early`: how long after its object was closed an event was published, by the same names; more than nothing
    cannot be. `missing`: ids that were asked for and are not among its events.
    """

    plan: Plan
    latest_arrival: timedelta
    too_early: timedelta
    missing: tuple[str, ...] = ()


def make_plan(
    request: PlanRequest,
    open_store: Callable[[], BrowsableStore],
    *,
    processes: int,
    ids: frozenset[str] | None = None,
    layout: Layout = HIVE,
    memory: Memory = DEFAULT_MEMORY,
    not_read: frozenset[str] = frozenset(),
    progress: Callable[[ScanProgress], None] = lambda _: None,
) -> Planned:
    """Reads the archive and decides what a replay sends.

    `open_store` makes a store; it is called in each of the `processes` (0: everything in this one), so it must be
    picklable. `ids`: those of the request's narrowing. `layout`: of the archive's keys. `memory`: of the functions, for
    the estimate. `not_read`: compressions that the worker cannot read.
    Raises NothingMatchedError when no event is wanted.
    """
    window = request.window
    with tempfile.TemporaryDirectory(prefix="event-fork-plan-") as folder:
        limits = item_limits(request.rate, request.workers, request.pace)
        spill, places = Path(folder, "copies"), Path(folder, "places")
        for made in (spill, places):
            made.mkdir()
        task = ScanOrder(open_store, request, limits, spill, places, ids, not_read)
        lateness, now = timedelta(seconds=window.lateness_seconds), timestamp_of(request.created_at)
        reach = Reach(request.archive.prefix, window.published, lateness, now, layout)
        objects = needed_objects(open_store(), reach)
        attribute, types = request.event_type_attribute, request.event_types
        hint = partial(what_is_there, open_store(), reach, attribute, types, request.lines)
        with ParallelScan(task, processes) if processes else InlineScan(task) as work:
            scanned = _read(work.scan(objects), progress)
            void = frozenset(scan for found in scanned for scan in found.void)
            missing = () if ids is None else not_found(ids, spill, void)
            found_twice = _by_scan(work.duplicates(void))
        lanes = None
        if request.order is not None:
            order = _settled(request.order, scanned)
            request = replace(request, order=order)
            twice = {scan: {copy.line for copy in copies} for scan, copies in found_twice.items()}
            lanes = lanes_of(places, order, limits.events, void, twice)
    plan = _plan(request, memory, scanned, found_twice, hint, lanes, ids)
    return Planned(plan, *_arrivals(scanned, layout.zone), missing)


def workers_for(rate: float) -> int:
    """How many workers hold a rate."""
    return max(1, min(MAX_WORKERS, math.ceil(rate / EVENTS_PER_WORKER)))


def item_limits(rate: float, workers: int, pace: float | None) -> SegmentLimits:
    """How large an item may be: 10,000 events, 4 minutes at a worker's rate, and 4 minutes at the pace."""
    events = min(MAX_ITEM_EVENTS, max(1, int(rate / workers * MAX_ITEM_SECONDS)))
    return SegmentLimits(events, None if pace is None else int(pace * MAX_ITEM_SECONDS * 1000))


def _read(
    batches: Iterator[tuple[list[ListedObject], list[ScannedObject]]], progress: Callable[[ScanProgress], None]
) -> list[ScannedObject]:
    scanned: list[ScannedObject] = []
    size = events = 0
    for listed, found in batches:
        scanned += found
        size += sum(entry.size for entry in listed)
        events += sum(segment.events for entry in found for segment in entry.segments)
        progress(ScanProgress(len(scanned), size, events))
    scanned.sort(key=lambda found: found.scan)
    return scanned


def _by_scan(buckets: Iterator[list[Duplicate]]) -> dict[int, list[Duplicate]]:
    by_scan: dict[int, list[Duplicate]] = {}
    for bucket in buckets:
        for duplicate in bucket:
            by_scan.setdefault(duplicate.scan, []).append(duplicate)
    for duplicates in by_scan.values():
        duplicates.sort(key=lambda duplicate: duplicate.line)
    return by_scan


def _plan(
    request: PlanRequest,
    memory: Memory,
    scanned: list[ScannedObject],
    found_twice: dict[int, list[Duplicate]],
    hint: Callable[[], str],
    lanes: Lanes | None,
    ids: frozenset[str] | None,
) -> Plan:
    events = sum(segment.events for found in scanned for segment in found.segments)
    duplicates = sum(map(len, found_twice.values()))
    unreadable = tuple(entry for found in scanned for entry in found.unreadable)
    if events == duplicates:
        error = NothingReadableError if unreadable else NothingMatchedError
        raise error(f"{_nothing(request, len(scanned), unreadable)}{_asked_for(ids)}; {hint()}")
    first = min(found.first for found in scanned if found.first)
    last = max(found.last for found in scanned if found.last)
    objects: tuple[PlannedObject, ...] = ()
    by_lane: tuple[int, ...] = ()
    workers = request.workers
    if lanes is None:
        items = tuple(_items(request.pace, scanned, found_twice, first))
        loads = [Load(item.events, item.last_line + 1) for item in items]
    else:
        objects, items, loads = _lane_items(lanes.parts, scanned)
        by_lane = tuple(_by_lane(lanes.parts).values())
        workers = len(by_lane)
    size = sum(found.bytes for found in scanned) - sum(
        duplicate.bytes for copies in found_twice.values() for duplicate in copies
    )
    span = 0.0 if request.pace is None else (timestamp_of(last) - timestamp_of(first)).total_seconds() / request.pace
    work = Work(
        loads,
        size,
        request.rate,
        workers,
        span,
        request.is_governed,
        memory,
        request.ramp or (),
        by_lane,
        lanes.largest_group if lanes else 0,
    )
    return Plan(
        **{value.name: getattr(request, value.name) for value in fields(PlanRequest)} | {"workers": workers},
        totals=Totals(len(scanned), events - duplicates, size, duplicates, unreadable),
        counts=tuple(_counts(scanned, found_twice)),
        first_event=first,
        last_event=last,
        estimate=estimate(work),
        items=items,
        objects=objects,
    ).sealed()


def _settled(order: Order, scanned: list[ScannedObject]) -> Order:
    events = sum(segment.events for found in scanned for segment in found.segments)
    ungrouped, unnumbered = sum(found.ungrouped for found in scanned), sum(found.unnumbered for found in scanned)
    return settled_order(order, events, ungrouped, unnumbered)


def _by_lane(parts: list[LanePart]) -> Counter[int]:
    events: Counter[int] = Counter()
    for part in parts:
        events[part.lane] += part.events
    return events


def _lane_items(
    parts: list[LanePart], scanned: list[ScannedObject]
) -> tuple[tuple[PlannedObject, ...], tuple[Item, ...], list[Load]]:
    """The objects that the parts lie in, an item for each part, and what it has to read and to send."""
    by_scan = {found.scan: found for found in scanned}
    wanted = sorted({scan for part in parts for scan in part.scans})
    places = {scan: place for place, scan in enumerate(wanted)}
    objects = tuple(PlannedObject(one.key, one.version_id, one.etag) for one in map(by_scan.__getitem__, wanted))
    items: list[Item] = []
    loads: list[Load] = []
    ends: Counter[int] = Counter()
    for number, part in enumerate(parts):
        used = tuple(sorted(places[scan] for scan in part.scans))
        first, line = objects[used[0]], ends[part.lane]
        ends[part.lane] += part.events
        items.append(
            Item(
                id=f"{number:06d}",
                key=first.key,
                version_id=first.version_id,
                etag=first.etag,
                first_line=line,
                last_line=line + part.events - 1,
                events=part.events,
                part=Part(part.lane, used, str(part.first), str(part.last)),
            )
        )
        lines = sum(by_scan[scan].segments[-1].last_line + 1 for scan in part.scans)
        loads.append(Load(part.events, lines))
    return objects, tuple(items), loads


def _arrivals(scanned: list[ScannedObject], zone: tzinfo) -> tuple[timedelta, timedelta]:
    """How long after its publishing the latest event arrived, and how much too early the earliest."""
    told = [(begun, found) for found in scanned if found.first and (begun := begun_at(found.key, zone))]
    latest = [begun - timestamp_of(found.first or "") for begun, found in told]
    early = [timestamp_of(found.last or "") - begun - BUFFER_ALLOWANCE for begun, found in told]
    nothing = timedelta(0)
    return max([nothing, *latest]), max([nothing, *early])


def _items(
    pace: float | None, scanned: list[ScannedObject], found_twice: dict[int, list[Duplicate]], first: str
) -> Iterator[Item]:
    start = round(timestamp_of(first).timestamp() * 1000)
    wanted = [
        (found, segment, skip)
        for found in scanned
        for segment, skip in _without(found.segments, found_twice.get(found.scan, []))
    ]
    if pace is not None:
        wanted.sort(key=lambda entry: entry[1].due)
    for number, (found, segment, skip) in enumerate(wanted):
        yield Item(
            id=f"{number:06d}",
            key=found.key,
            version_id=found.version_id,
            etag=found.etag,
            first_line=segment.first_line,
            last_line=segment.last_line,
            events=segment.events - len(skip),
            skip_lines=skip,
            not_before_seconds=None if pace is None else round((segment.due - start) / 1000 / pace, 3),
        )


def _without(segments: tuple[Segment, ...], duplicates: list[Duplicate]) -> Iterator[tuple[Segment, tuple[int, ...]]]:
    """The segments that have something left, each with the lines to leave out; both lists are in the order of lines."""
    place = 0
    for segment in segments:
        begin = place
        while place < len(duplicates) and duplicates[place].line <= segment.last_line:
            place += 1
        if place - begin < segment.events:
            yield segment, tuple(duplicate.line for duplicate in duplicates[begin:place])


def _counts(scanned: list[ScannedObject], found_twice: dict[int, list[Duplicate]]) -> Iterator[Count]:
    """Per hour and type, in that order; types beyond the first 500 of all are counted as one."""
    totals: Counter[tuple[str, str | None]] = Counter()
    types: set[str | None] = set()
    for found in scanned:
        less = Counter(duplicate.count for duplicate in found_twice.get(found.scan, ()))
        for place, count in enumerate(found.counts):
            if count.type not in types and len(types) >= MAX_TYPES:
                kind: str | None = OTHER_TYPES
            else:
                types.add(count.type)
                kind = count.type
            totals[count.hour, kind] += count.events - less[place]
    for (hour, kind), events in sorted(totals.items(), key=lambda entry: (entry[0][0], entry[0][1] or "")):
        if events:
            yield Count(kind, hour, events)


def _asked_for(ids: frozenset[str] | None) -> str:
    if not ids:
        return ""
    return f"; asked for were {len(ids):,} ids, such as {min(ids)}"


def _nothing(request: PlanRequest, objects: int, unreadable: tuple[Unreadable, ...]) -> str:
    where = f"s3://{request.archive.bucket}/{request.archive.prefix}"
    wanted = f"from {request.window.start} to {request.window.end}"
    sentence = f"no event of {where} {wanted} matches ({objects} objects were read)"
    if unreadable:
        first = f"{unreadable[0].key}: {unreadable[0].reason}"
        return f"{sentence}; {len(unreadable)} times something could not be read, first {first}"
    return sentence
