"""All that a report says, from CloudWatch, queues, buckets and the replays' documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from event_fork.archive.errors import ArchiveError
from event_fork.archive.layout import Layout
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, begun_at, needed_objects
from event_fork.archive.selection import Criteria, SelectedEvent, select
from event_fork.archive.store import BrowsableStore
from event_fork.archive.unpacking import decompress
from event_fork.events.time_window import Window
from event_fork_cli.archive_replay.statuses import Status
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.rejected.reading import plain_lines
from event_fork_cli.reports.forks import SEARCH, STORAGE, Failures, Fork
from event_fork_cli.reports.metrics import Hours, Metric, hour_of, hourly

_MOST_TYPES = 20
OTHER_TYPES, NO_TYPE = "(other types)", "(no type)"
_MOST_OBJECTS = 1_000
"""Of a fork's rejected documents: more are not read, and the count is marked as a least one."""
_DELIVERY = {STORAGE: "DeliveryToS3", SEARCH: "DeliveryToAmazonOpenSearchService"}


@dataclass(frozen=True, slots=True)
class Point:
    """A value of an hour, by its start."""

    hour: str
    value: float


@dataclass(frozen=True, slots=True)
class TypeCount:
    """Events of one type in an hour."""

    hour: str
    type: str
    events: int


@dataclass(frozen=True, slots=True)
class TopicReport:
    """What SNS counted in the window."""

    arn: str
    published: int
    delivered: int
    filtered_out: int
    failed: int
    hours: dict[str, list[Point]]


@dataclass(frozen=True, slots=True)
class ForkReport:
    """A fork in the window; None: not measured here, or nothing that this kind of fork has.

    `arrived`, `taken`: messages that came into its queue and left it; without a queue, records that came into its
    stream. `stored`: events found in the archive. `indexed`: documents. `rejected`: records in the error folders, at
    least so many when not `counted_all`. The three of now are `waiting`, `in_work`, `dead_letters`. Seconds: the
    longest in an hour of the window.
    """

    name: str
    kind: str
    arrived: int
    taken: int | None
    stored: int | None
    indexed: int | None
    rejected: int | None
    counted_all: bool
    waiting: int
    in_work: int
    dead_letters: int | None
    oldest_message_seconds: float | None
    delivery_lag_seconds: float | None
    hours: dict[str, list[Point]]


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A replay from the archive and how far it is."""

    replay_id: str
    state: str
    total: int
    sent: int
    failed: int
    left: int
    started: datetime | None
    target: str


@dataclass(frozen=True, slots=True)
class Report:
    """A topic's window. `types` is empty where no archive was read; `unreadable`: objects that could not be."""

    start: datetime
    end: datetime
    made: datetime
    topic: TopicReport
    forks: list[ForkReport]
    archive: str | None
    types: list[TypeCount]
    unreadable: int
    replays: list[ReplayReport]


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive that is read for types: its address, an opener of its store, the key prefix, the folders."""

    url: str
    open: Callable[[], BrowsableStore]
    prefix: str
    layout: Layout
    event_type_attribute: str


def collect(
    settings: AwsSettings,
    topic_arn: str,
    forks: list[Fork],
    window: Window,
    now: datetime,
    archive: Archive | None,
    replays: list[Status],
) -> Report:
    """Reads it all. Nothing is changed."""
    region = topic_arn.split(":")[3]
    topic = {name: _of_topic(topic_arn, metric) for name, metric in _TOPIC.items()}
    of_forks = {fork.name: dict(_metrics(fork)) for fork in forks}
    counted = hourly(
        settings.cloudwatch(region),
        [*topic.values(), *(m for each in of_forks.values() for m in each.values())],
        window,
    )
    types, unreadable = ([], 0) if archive is None else _types(archive, topic_arn, window, now)
    stored = Counter[str]()
    for each in types:
        stored[each.hour] += each.events
    return Report(
        start=window.start,
        end=window.end,
        made=now,
        topic=_topic_report(topic_arn, {name: counted[metric] for name, metric in topic.items()}),
        forks=[
            _fork_report(
                settings,
                fork,
                {name: counted[metric] for name, metric in of_forks[fork.name].items()},
                window,
                stored if archive is not None and fork.kind == STORAGE and fork.writes_to(archive.url) else None,
            )
            for fork in forks
        ],
        archive=None if archive is None else archive.url,
        types=types,
        unreadable=unreadable,
        replays=[
            ReplayReport(s.replay_id, s.state, s.total, s.sent, s.failed, s.left, s.started, s.target) for s in replays
        ],
    )


_TOPIC = {
    "published": "NumberOfMessagesPublished",
    "delivered": "NumberOfNotificationsDelivered",
    "filtered out": "NumberOfNotificationsFilteredOut",
    "failed": "NumberOfNotificationsFailed",
}


def _of_topic(topic_arn: str, metric: str) -> Metric:
    return Metric("AWS/SNS", metric, "TopicName", topic_arn.rpartition(":")[2])


def _metrics(fork: Fork) -> Iterator[tuple[str, Metric]]:
    def of_queue(name: str, queue: str, stat: str = "Sum") -> Metric:
        return Metric("AWS/SQS", name, "QueueName", queue, stat)

    def of_streams(name: str, stat: str = "Sum") -> Metric:
        return Metric("AWS/Firehose", name, "DeliveryStreamName", fork.streams[0], stat, fork.streams[1:])

    if fork.queue is not None:
        yield "arrived", of_queue("NumberOfMessagesSent", fork.queue)
        yield "taken", of_queue("NumberOfMessagesDeleted", fork.queue)
        yield "oldest message", of_queue("ApproximateAgeOfOldestMessage", fork.queue, "Maximum")
    elif fork.streams:
        yield "arrived", of_streams("IncomingRecords")
    if fork.dead_letter_queue:
        yield "dead letters", of_queue("ApproximateNumberOfMessagesVisible", fork.dead_letter_queue, "Maximum")
    if fork.streams and fork.kind in _DELIVERY:
        delivery = _DELIVERY[fork.kind]
        yield "delivery", of_streams(f"{delivery}.DataFreshness", "Maximum")
        if fork.kind == SEARCH:
            yield "indexed", of_streams(f"{delivery}.Records")


def _topic_report(arn: str, hours: dict[str, Hours]) -> TopicReport:
    sums = {name: round(sum(found.values())) for name, found in hours.items()}
    return TopicReport(
        arn,
        sums["published"],
        sums["delivered"],
        sums["filtered out"],
        sums["failed"],
        {name: _points(found) for name, found in hours.items() if found},
    )


def _fork_report(
    settings: AwsSettings, fork: Fork, hours: dict[str, Hours], window: Window, stored: Counter[str] | None
) -> ForkReport:
    rejected, counted_all = (None, True) if fork.failures is None else _rejected(settings, fork.failures, window)
    shown = {name: _points(found) for name, found in hours.items() if found}
    if stored is not None:
        shown["stored"] = [Point(hour, count) for hour, count in sorted(stored.items())]
    if rejected:
        shown["rejected"] = [Point(hour, count) for hour, count in sorted(rejected.items())]
    return ForkReport(
        name=fork.name,
        kind=fork.kind,
        arrived=round(sum(hours["arrived"].values())),
        taken=round(sum(hours["taken"].values())) if "taken" in hours else None,
        stored=None if stored is None else stored.total(),
        indexed=round(sum(hours["indexed"].values())) if "indexed" in hours else None,
        rejected=None if rejected is None else rejected.total(),
        counted_all=counted_all,
        waiting=fork.waiting,
        in_work=fork.in_work,
        dead_letters=fork.dead_letters,
        oldest_message_seconds=max(hours.get("oldest message", {}).values(), default=None),
        delivery_lag_seconds=max(hours.get("delivery", {}).values(), default=None),
        hours=shown,
    )


def _points(hours: Hours) -> list[Point]:
    return [Point(_text(hour), value) for hour, value in sorted(hours.items())]


def _text(hour: datetime) -> str:
    return f"{hour:%Y-%m-%dT%H:00Z}"


def _rejected(settings: AwsSettings, failures: Failures, window: Window) -> tuple[Counter[str], bool]:
    """Hour -> records in the error folders of objects begun in the window; whether all were read."""
    store = OpenArchive(settings, failures.bucket, settings.region_name)()
    found: Counter[str] = Counter()
    objects, counted_all = 0, True
    for entry in chain.from_iterable(map(store.list, _days(store, failures.prefix, window))):
        begun = begun_at(entry.key)
        if begun is None or not window.start <= begun < window.end:
            continue
        objects += 1
        if objects > _MOST_OBJECTS:
            return found, False
        try:
            for line in plain_lines(store.open(entry.key, etag=entry.etag).chunks()):
                found[_text(hour_of(begun))] += bool(line.strip())
        except ArchiveError:
            counted_all = False
    return found, counted_all


def _days(store: BrowsableStore, prefix: str, window: Window) -> Iterator[str]:
    """The folders of the window's days below each kind of failure, as the modules write them."""
    days = (window.end - window.start).days + 2
    for kind in store.folders(prefix):
        for number in range(days):
            yield f"{kind}date={window.start + timedelta(days=number):%Y-%m-%d}/"


def _types(archive: Archive, topic_arn: str, window: Window, now: datetime) -> tuple[list[TypeCount], int]:
    """The topic's events by type and hour; how many objects could not be read."""
    store = archive.open()
    criteria = Criteria(window, event_type_attribute=archive.event_type_attribute)
    counted: Counter[tuple[str, str]] = Counter()
    unreadable = 0
    for entry in needed_objects(store, Reach(archive.prefix, window, now - window.start, now, archive.layout)):
        try:
            for found in select(lines(decompress(store.open(entry.key, etag=entry.etag).chunks())), criteria):
                if isinstance(found, SelectedEvent) and found.event.topic_arn == topic_arn:
                    counted[f"{found.timestamp[:13]}:00Z", found.event_type or NO_TYPE] += 1
        except ArchiveError:
            unreadable += 1
    by_type: Counter[str] = Counter()
    for (_, name), count in counted.items():
        by_type[name] += count
    named = {name for name, _ in by_type.most_common(_MOST_TYPES)}
    shown: Counter[tuple[str, str]] = Counter()
    for (hour, name), count in counted.items():
        shown[hour, name if name in named else OTHER_TYPES] += count
    return [TypeCount(hour, name, count) for (hour, name), count in sorted(shown.items())], unreadable
