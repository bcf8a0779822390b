"""From what the operator typed to a checked PlanRequest. Asks AWS about queue, subscription and module."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from botocore.exceptions import ClientError, EndpointConnectionError

from event_fork.archive.errors import ArchiveError
from event_fork.archive.layout import FLAT, HIVE, Layout, detect, other_layouts, parse_layout, times_at_end
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.raw_lines import ENVELOPES, RAW_LINES
from event_fork.archive.store import BrowsableStore
from event_fork.archive.unpacking import decompress
from event_fork.errors import NotAnEnvelopeError
from event_fork.events.envelope import parse
from event_fork.events.time_window import Window, timestamp_text
from event_fork.filter_policy import compile_policy
from event_fork.replay_plan.control import MAX_RAMP_STEPS, MAX_WORKERS
from event_fork.replay_plan.narrowing import mib_for
from event_fork.replay_plan.order import BY_MESSAGE_GROUP, Order
from event_fork.replay_plan.plan import (
    BODY_ENVELOPE,
    BODY_RAW,
    FIFO_SUFFIX,
    MAX_PACE,
    MIN_PACE,
    ArchiveLocation,
    Health,
    PlannedWindow,
    PlanRequest,
    Target,
)
from event_fork_cli.archive_replay.choosing import Chosen, narrowing_of
from event_fork_cli.archive_replay.engines import (
    DEFAULT_WORKER_SECONDS,
    ReplayEngine,
    engine_for_target,
    engines_of,
    find_engines,
)
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.planner import Planned, workers_for
from event_fork_cli.archive_replay.shadows import new_replay_id
from event_fork_cli.archive_replay.subscriptions import subscription, subscription_of
from event_fork_cli.archive_replay.targets import find_target, target_notes
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.costs.replays import DEFAULT_MEMORY, Memory
from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.moments import length_of_time, moment, shown_duration
from event_fork_cli.options import Body, PlanOptions, checked_rate, refuse_slower

_PACE = re.compile(r"(\d+(?:\.\d+)?)x")
_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
ONE_GROUP_NOTE = (
    "not all events have a MessageGroupId, which SNS does not give to the queue of an archive: all are one group, and "
    "are sent one by one in the order of the topic. More groups at a time: --group-by, such as '$.order_id'"
)
_STILL_BUFFERED = timedelta(minutes=20)
_LONGEST_EXPIRY = timedelta(days=80)
"""Less than https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html remembers an execution."""
_PEEK_OBJECTS, _PEEK_LINES = 5, 100
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z]{2}(-[a-z]+)+-\d:\d{12}:[\w-]{1,256}(\.fifo)?", re.ASCII)
_MOST_DEAD_LETTERS = 1_000_000_000


class AskArchive(Protocol):
    """Who answers SQL over an archive: an extra of the command, which a plan without --sql does not need."""

    def __call__(
        self, sql: str, *, open_store: Callable[[], BrowsableStore], reach: Reach, event_type_attribute: str, lines: str
    ) -> Sequence[str]:
        """The ids that a query gives."""


@dataclass(slots=True)
class Checked:
    """A request, its ids, the way to its archive, its keys' layout, what its functions have; notes for the operator.

    `worker_seconds`: the time-out of the function that sends. `not_read`: compressions that it cannot read.
    """

    request: PlanRequest
    chosen: Chosen
    open_store: OpenArchive
    layout: Layout
    memory: Memory
    not_read: frozenset[str]
    worker_seconds: float
    notes: list[str] = field(default_factory=list)


def check(options: PlanOptions, settings: AwsSettings, now: datetime, by_sql: AskArchive) -> Checked:
    """The request the options ask for; `by_sql` gives the ids of --sql.

    Raises BadInputError, InvalidFilterPolicyError, RefusedError.
    """
    window = _window(options, now)
    lateness = length_of_time(options.lateness, "--lateness")
    expires_in = length_of_time(options.expires_in, "--expires-in")
    if expires_in > _LONGEST_EXPIRY:
        raise BadInputError(
            "--expires-in",
            f"must be at most {_LONGEST_EXPIRY.days} days: after 90 Step Functions has forgotten what was applied",
            example="--expires-in 7d",
            received=options.expires_in,
        )
    pace = None if options.pace is None else speed(options.pace)
    ramp = None if options.ramp is None else ramp_steps(options.ramp)
    rate = checked_rate("--rate", options.rate, example="--rate 200")
    health = _health(options)
    if options.workers is not None and not 1 <= options.workers <= MAX_WORKERS:
        raise BadInputError("--workers", f"must be 1 to {MAX_WORKERS}", example="--workers 4", received=options.workers)
    if options.ramp_ask and ramp is None:
        raise BadInputError("--ramp-ask", "needs --ramp", example="--ramp 1,10,100 --ramp-ask", received="no --ramp")
    caller = settings.caller()  # first, because STS says what is wrong with credentials and HeadBucket does not
    policy = filter_of(options.filter_file, options.filter_scope.value, options.like_subscription, settings)
    archive = archive_location(settings.s3(), options.archive, settings.region_name)
    open_store = OpenArchive(settings, archive.bucket, archive.region)
    layout = archive_layout(options.layout, open_store(), archive)
    if options.raw and layout.zone != UTC:
        rule = "must name no time zone with --raw: functions take the time of a raw line from the name, as UTC"
        raise BadInputError("--layout", rule, example="--layout auto", received=options.layout)
    notes: list[str] = []
    reach = Reach(archive.prefix, window, lateness, now, layout)

    line_form = RAW_LINES if options.raw else ENVELOPES
    ask = partial(
        by_sql,
        open_store=open_store,
        reach=reach,
        event_type_attribute=options.event_type_attribute,
        lines=line_form,
    )
    chosen = narrowing_of(options, settings, ask, notes)
    if options.raw:
        notes.append(
            "raw lines have no id and no time: events with the same text are one event, "
            "and each has the time of its object's name; attributes and types are not there"
        )
    if layout.folders != HIVE.folders:
        notes.append(
            f'the folders of this archive are "{layout}": '
            f'the replay module may read them only with archive.layout = "{layout}"'
        )
    notes += layout_notes(layout, open_store(), archive)
    engines = _engines(settings, archive, options.replay, notes)
    allowed = [target for engine in engines for target in engine.targets]
    target = find_target(options.target, allowed, settings)
    notes += target_notes(target, settings)
    engine = engine_for_target(engines, target.arn) if engines else None
    memory = engine.memory if engine else DEFAULT_MEMORY
    worker_seconds = engine.worker_seconds if engine else DEFAULT_WORKER_SECONDS
    not_read = engine.not_read if engine else frozenset[str]()
    workers = options.workers or workers_for(rate)
    refuse_slower("--rate", rate, workers, worker_seconds)
    order = _order(options, target.arn, workers)
    if chosen.ids_file is not None and (needed := mib_for(chosen.ids_file)) > memory.worker:
        raise RefusedError(
            f"so many ids take {needed} MiB of a worker, which has {memory.worker}: "
            "set archive_worker.memory_size in modules/replay, or plan them in parts"
        )
    if options.body is not Body.AUTO:
        body = options.body.value
    elif options.raw:
        body = BODY_RAW
    else:
        raw = policy.raw
        if raw is None:
            raw = _raw(settings, open_store(), reach, target.arn, notes)
        body = BODY_RAW if raw else BODY_ENVELOPE
    if now - window.end < _STILL_BUFFERED:
        notes.append(
            "the window ends so recently that its last events may still be on their way to the archive "
            "(Firehose buffers for up to 15 minutes): they would not be in this plan"
        )
    return Checked(
        PlanRequest(
            replay_id=new_replay_id(now),
            created_at=timestamp_text(now),
            created_by=caller,
            expires_at=timestamp_text(now + expires_in),
            archive=archive,
            window=PlannedWindow(window.start_text, window.end_text, lateness.total_seconds()),
            filter_policy=policy.document,
            filter_policy_scope=policy.scope,
            event_types=tuple(options.event_type or ()),
            event_type_attribute=options.event_type_attribute,
            target=Target(target.arn, target.url, body),
            engine=engine.in_plan() if engine else None,
            rate=rate,
            pace=pace,
            workers=workers,
            ramp=ramp,
            ramp_asks=options.ramp_ask,
            health=health,
            narrowing=chosen.narrowing,
            lines=line_form,
            order=order,
        ),
        chosen,
        open_store,
        layout,
        memory,
        not_read,
        worker_seconds,
        notes,
    )


def speed(text: str) -> float:
    """`original` or `Nx` as a number: how many times faster than they were published."""
    if text == "original":
        return 1.0
    match = _PACE.fullmatch(text)
    if not match or not MIN_PACE <= float(match[1]) <= MAX_PACE:
        raise BadInputError(
            "--pace",
            f"must be original or a multiple of it from {MIN_PACE}x to {MAX_PACE:,}x",
            example="--pace 10x",
            received=text,
        )
    return float(match[1])


def ramp_steps(text: str) -> tuple[float, ...]:
    """`1,10,100` as percentages of the rate, each larger than the one before."""
    try:
        steps = tuple(float(part) for part in text.split(","))
    except ValueError:
        steps = ()
    grows = bool(steps) and all(a < b for a, b in pairwise((0.0, *steps))) and steps[-1] <= 100
    if not grows or len(steps) > MAX_RAMP_STEPS:
        rule = f"must be growing percentages of the rate, at most 100, in at most {MAX_RAMP_STEPS} steps"
        raise BadInputError("--ramp", rule, example="--ramp 1,10,100", received=text)
    return steps


def archive_layout(text: str, store: BrowsableStore, archive: ArchiveLocation) -> Layout:
    """The layout that --layout names, or what the archive's folders say, in UTC or the named zone.

    Raises BadInputError.
    """
    folders, at, name = text.partition("@")
    return replace(_folders(folders, text, store, archive), zone=_zone(name, text) if at else UTC)


def _folders(folders: str, text: str, store: BrowsableStore, archive: ArchiveLocation) -> Layout:
    if folders == "flat":
        return FLAT
    if folders != "auto":
        try:
            return parse_layout(folders)
        except ValueError as error:
            raise BadInputError("--layout", str(error), example="--layout yyyy/MM/dd/HH/", received=text) from None
    found = detect(store, archive.prefix)
    _refuse_times(archive, found)
    if found is None:
        there = ", ".join(folder.removeprefix(archive.prefix) for folder in islice(store.folders(archive.prefix), 5))
        raise BadInputError(
            "--archive",
            f"must be what stands before the folders of times; here are the folders {there} "
            "(--layout flat reads all that is there)",
            example="--archive s3://orders-backup-20261123101500123400000001/orders/",
            received=f"s3://{archive.bucket}/{archive.prefix}",
        )
    return found


def _refuse_times(archive: ArchiveLocation, found: Layout | None) -> None:
    """Raises BadInputError for a prefix that holds what `plan` looks for below it."""
    begun = archive.prefix.rpartition("/")[2]
    times = begun if begun.endswith("=") else times_at_end(archive.prefix) if found in (None, FLAT) else ""
    if times:
        raise BadInputError(
            "--archive",
            f"must be what stands before the folders of times, without {times}",
            example=f"--archive s3://{archive.bucket}/{archive.prefix.removesuffix(times)}",
            received=f"s3://{archive.bucket}/{archive.prefix}",
        )


def _zone(name: str, text: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        rule = "must name, after @, a time zone that this machine knows (the stream's CustomTimeZone)"
        raise BadInputError("--layout", rule, example="--layout auto@Asia/Tokyo", received=text) from None


def layout_notes(layout: Layout, store: BrowsableStore, archive: ArchiveLocation) -> list[str]:
    """What to say of folders of times that are not of the layout, so that nothing in them is read."""
    return [
        f'folders such as {folder} are not read: they are "{other}", and those that are read "{layout}"; '
        f"for these events do it again with --layout {other}"
        for folder, other in other_layouts(store, archive.prefix, layout).items()
    ]


def read_filter(path: Path, scope: str) -> dict[str, Any]:
    """The filter policy of a file, checked as SNS would. Raises BadInputError, InvalidFilterPolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            "--filter", f"must be a file that can be read ({error})", example="--filter policy.json", received=str(path)
        ) from error
    compile_policy(text, scope)
    policy: dict[str, Any] = json.loads(text)
    return policy


def _window(options: PlanOptions, now: datetime) -> Window:
    start, end = moment(options.start, "--from", now), moment(options.end, "--to", now)
    try:
        return Window(start, end)
    except ValueError:
        raise BadInputError(
            "--to",
            f"must be later than --from ({options.start})",
            example="--from 2h --to 1h",
            received=options.end,
        ) from None


def _order(options: PlanOptions, target: str, workers: int) -> Order | None:
    """The order for a FIFO target; none for a standard queue, which keeps none."""
    example = "--target orders.fifo --order sequence"
    if not target.endswith(FIFO_SUFFIX):
        for option, given in (("--order", options.order), ("--group-by", options.group_by)):
            if given is not None:
                raise BadInputError(
                    option, "needs a FIFO target: others keep no order", example=example, received=target
                )
        return None
    wrong = "--raw" if options.raw else None if options.pace is None else "--pace"
    if wrong:
        rule = "must not be given with a FIFO target, to which each group is sent by its SequenceNumber"
        raise BadInputError(wrong, rule, example=example, received=target)
    try:
        return Order(BY_MESSAGE_GROUP if options.group_by is None else options.group_by, workers)
    except ValueError as error:
        rule = "must be a path into the message, the name of an attribute, MessageGroupId or all"
        raise BadInputError(
            "--group-by", f"{rule} ({error})", example="--group-by '$.order_id'", received=options.group_by
        ) from None


def _health(options: PlanOptions) -> Health:
    age = None if options.max_age is None else length_of_time(options.max_age, "--max-age").total_seconds()
    dead = options.max_dead_letters
    if dead is not None and not 0 <= dead <= _MOST_DEAD_LETTERS:
        rule = f"must be 0 to {_MOST_DEAD_LETTERS:,} messages"
        raise BadInputError("--max-dead-letters", rule, example="--max-dead-letters 10", received=dead)
    room = options.head_room
    if room is not None and not 0 <= room <= 99:
        raise BadInputError("--head-room", "must be a percentage from 0 to 99", example="--head-room 25", received=room)
    if room is not None and age is None:
        raise BadInputError(
            "--head-room",
            "needs --max-age: what the consumer can do shows when it falls behind",
            example="--head-room 25 --max-age 2m",
            received="no --max-age",
        )
    return Health(age, dead, None if room is None else room / 100)


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """A filter policy (None: everything), its scope, and the raw setting of the subscription it came from, if any."""

    document: dict[str, Any] | None
    scope: str
    raw: bool | None


def filter_of(path: Path | None, scope: str, like: str | None, settings: AwsSettings) -> FilterChoice:
    """The filter of --filter and --filter-scope, or of --like-subscription. Raises BadInputError and others."""
    if like is None:
        return FilterChoice(None if path is None else read_filter(path, scope), scope, None)
    if path is not None:
        raise BadInputError(
            "--filter", "and --like-subscription exclude each other", example="--filter policy.json", received=like
        )
    parts = like.split(":")
    found = subscription(settings.sns(parts[3] if len(parts) > 3 and parts[3] else None), like)
    return FilterChoice(found.filter_policy, found.filter_policy_scope, found.raw)


def _engines(settings: AwsSettings, archive: ArchiveLocation, name: str | None, notes: list[str]) -> list[ReplayEngine]:
    try:
        engines = engines_of(find_engines(settings.ssm(), notes.append), archive.bucket, archive.prefix, name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _DENIED:
            raise
        notes.append("the parameters of the replay modules may not be read: whether this can be applied is not known")
        return []
    if not engines:
        notes.append(
            f"no replay module has the archive s3://{archive.bucket}/{archive.prefix}: before `apply`, "
            "set `archive` in modules/replay"
        )
    return engines


def _raw(settings: AwsSettings, store: BrowsableStore, reach: Reach, queue_arn: str, notes: list[str]) -> bool | None:
    """Whether the target's own subscription to the topic of the archive is raw; None when that cannot be seen."""
    topic_arn = topic_of(store, reach)
    if topic_arn is None:
        return None
    parts = topic_arn.split(":")
    try:
        found = subscription_of(settings.sns(parts[3]), topic_arn, queue_arn)
    except EndpointConnectionError:  # nobody knows such a Region: whoever wrote the line made it up
        found = None
    if found is None:
        notes.append(
            f"{queue_arn} has no subscription to {topic_arn} that can be seen: the copies are SNS envelopes "
            "(--body raw sends the message alone)"
        )
        return None
    return found.raw


def topic_of(store: BrowsableStore, reach: Reach) -> str | None:
    """The topic of the first event that can be read and names one."""
    for listed in islice(needed_objects(store, reach), _PEEK_OBJECTS):
        try:
            for line in islice(lines(decompress(store.open(listed.key).chunks())), _PEEK_LINES):
                with suppress(NotAnEnvelopeError):  # the plan itself will name it
                    topic = parse(line.strip().decode(errors="replace")).topic_arn
                    if _TOPIC.fullmatch(topic):  # it says which Region is asked
                        return topic
        except ArchiveError:
            continue
    return None


def arrival_notes(planned: Planned, lateness: timedelta) -> Iterator[str]:
    """What to say when events arrived so late, or so early, that others may have been missed."""
    zone = "the stream has a time zone of its own: name it, for example --layout auto@Asia/Tokyo"
    if planned.latest_arrival > lateness * 0.8:
        yield (
            f"an event of the window reached the archive {shown_duration(planned.latest_arrival)} after it was "
            f"published, and arrivals are looked for up to {shown_duration(lateness)} after the window: plan again "
            f"with a larger --lateness, or {zone}"
        )
    if planned.too_early > timedelta(0):
        yield (
            f"an event of the window was published {shown_duration(planned.too_early)} after its object can have been "
            f"closed, as the object's name says: others may be missing, and {zone}"
        )
