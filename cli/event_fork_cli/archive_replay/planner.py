"""Listing, scanning, second copies, items: all of it -> a Plan. Nothing is sent, nothing is written to AWS."""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import partial
from pathlib import Path

from event_fork.archive.layout import HIVE, Layout
from event_fork.archive.listing import Reach, begun_at, needed_objects
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.control import MAX_WORKERS
from event_fork.replay_plan.item import MAX_ITEM_EVENTS, MAX_ITEM_SECONDS, Item
from event_fork.replay_plan.plan import Count, Plan, PlanRequest, Totals, Unreadable
from event_fork_cli.archive_replay.duplicates import Duplicate, not_found
from event_fork_cli.archive_replay.near_misses import what_is_there
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

    `missing`: ids that were asked for and are not among its events.
    """

    plan: Plan
    latest_arrival: timedelta
    missing: tuple[str, ...] = ()


def make_plan(
    request: PlanRequest,
    open_store: Callable[[], BrowsableStore],
    *,
    processes: int,
    ids: frozenset[str] | None = None,
    layout: Layout = HIVE,
    memory: Memory = DEFAULT_MEMORY,
    progress: Callable[[ScanProgress], None] = lambda _: None,
) -> Planned:
    """Reads the archive and decides what a replay sends.

    `open_store` makes a store; it is called in each of the `processes` (0: everything in this one), so it must be
    picklable. `ids`: those of the request's narrowing. `layout`: of the archive's keys. `memory`: of the functions, for
    the estimate.
    Raises NothingMatchedError when no event is wanted.
    """
    window = request.window
    with tempfile.TemporaryDirectory(prefix="event-fork-plan-") as folder:
        limits = item_limits(request.rate, request.workers, request.pace)
        order = ScanOrder(open_store, request, limits, spill=Path(folder), ids=ids)
        lateness, now = timedelta(seconds=window.lateness_seconds), timestamp_of(request.created_at)
        reach = Reach(request.archive.prefix, window.published, lateness, now, layout)
        objects = needed_objects(open_store(), reach)
        attribute, types = request.event_type_attribute, request.event_types
        hint = partial(what_is_there, open_store(), reach, attribute, types, request.lines)
        with ParallelScan(order, processes) if processes else InlineScan(order) as work:
            scanned = _read(work.scan(objects), progress)
            void = frozenset(scan for found in scanned for scan in found.void)
            missing = () if ids is None else not_found(ids, Path(folder), void)
            found_twice = _by_scan(work.duplicates(void))
    return Planned(_plan(request, memory, scanned, found_twice, hint), _latest_arrival(scanned), missing)


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
) -> Plan:
    events = sum(segment.events for found in scanned for segment in found.segments)
    duplicates = sum(map(len, found_twice.values()))
    unreadable = tuple(entry for found in scanned for entry in found.unreadable)
    if events == duplicates:
        error = NothingReadableError if unreadable else NothingMatchedError
        raise error(f"{_nothing(request, len(scanned), unreadable)}; {hint()}")
    first = min(found.first for found in scanned if found.first)
    last = max(found.last for found in scanned if found.last)
    items = tuple(_items(request.pace, scanned, found_twice, first))
    size = sum(found.bytes for found in scanned) - sum(
        duplicate.bytes for copies in found_twice.values() for duplicate in copies
    )
    span = 0.0 if request.pace is None else (timestamp_of(last) - timestamp_of(first)).total_seconds() / request.pace
    work = Work(
        [Load(item.events, item.last_line + 1) for item in items],
        size,
        request.rate,
        request.workers,
        span,
        request.is_governed,
        memory,
        request.ramp or (),
    )
    return Plan(
        **{value.name: getattr(request, value.name) for value in fields(PlanRequest)},
        totals=Totals(len(scanned), events - duplicates, size, duplicates, unreadable),
        counts=tuple(_counts(scanned, found_twice)),
        first_event=first,
        last_event=last,
        estimate=estimate(work),
        items=items,
    ).sealed()


def _latest_arrival(scanned: list[ScannedObject]) -> timedelta:
    waits = [begun - timestamp_of(found.first) for found in scanned if found.first and (begun := begun_at(found.key))]
    return max(waits, default=timedelta(0))


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


def _nothing(request: PlanRequest, objects: int, unreadable: tuple[Unreadable, ...]) -> str:
    where = f"s3://{request.archive.bucket}/{request.archive.prefix}"
    wanted = f"from {request.window.start} to {request.window.end}"
    sentence = f"no event of {where} {wanted} matches ({objects} objects were read)"
    if unreadable:
        first = f"{unreadable[0].key}: {unreadable[0].reason}"
        return f"{sentence}; {len(unreadable)} times something could not be read, first {first}"
    return sentence
