"""What an archive is, from a few listings and a few of its objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import chain, islice

from event_fork.archive.errors import ArchiveError
from event_fork.archive.layout import Layout, other_layouts
from event_fork.archive.lines import lines
from event_fork.archive.listing import BUFFER_ALLOWANCE, begun_at, day_folders
from event_fork.archive.raw_lines import ENVELOPES, reader_of
from event_fork.archive.selection import Criteria, SelectedEvent, UnreadableLine, select
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.archive.unpacking import compression_of, decompress
from event_fork.events.time_window import EVER, timestamp_text

LISTED = 5_000
"""Objects that are counted at most: five listings of S3."""
_SAMPLED_LINES = 2_000


@dataclass(frozen=True, slots=True)
class SampledObject:
    """One object that was looked into: its first 2,000 lines. `trouble`: why it, or a line of it, cannot be read."""

    key: str
    bytes: int
    compression: str
    events: int
    unreadable_lines: int
    trouble: str


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an archive is. `objects` and `bytes` as stored; of at least so many when not `counted_all`.

    `first`, `last`: when the first and the last object were begun, as their names or folders say. `columns`: the
    uppermost folders of columns; `others`: folders by another layout, which is not read. `names_ahead_seconds`: how far
    the times in names are after those of all sampled events, where that is no buffering. `types` and `topics` are those
    of the sampled events.
    """

    archive: str
    layout: str
    columns: list[str]
    others: dict[str, str]
    days: int
    first: str | None
    last: str | None
    names_ahead_seconds: float | None
    objects: int
    bytes: int
    counted_all: bool
    topics: dict[str, int]
    types: dict[str, int]
    samples: list[SampledObject]


def inspect(store: BrowsableStore, archive: str, prefix: str, layout: Layout, event_type_attribute: str) -> Inspection:
    """Looks at the first and the last day and samples the first and the last object of each."""
    by_day = day_folders(store, prefix, layout, EVER.start, EVER.end)
    folders = [[root + day for root in beginnings] for day, beginnings in by_day.items()]
    ends = [folders[0], folders[-1]] if folders else [[prefix]]
    found = [sorted(_objects(store, end), key=partial(_moment, zone=layout.zone)) for end in ends]
    edges = [entry for objects in found if objects for entry in (objects[0], objects[-1])]
    everything = chain.from_iterable(map(store.list, chain.from_iterable(folders or ends)))
    counted = list(islice(everything, LISTED + 1))
    types: Counter[str] = Counter()
    topics: Counter[str] = Counter()
    ahead: list[timedelta] = []
    samples = [
        _sample(store, entry, event_type_attribute, types, topics, ahead, layout.zone)
        for entry in {entry.key: entry for entry in edges}.values()
    ]
    return Inspection(
        archive=archive,
        layout=str(layout),
        columns=sorted(
            {root.removeprefix(prefix).partition("/")[0] for root in chain(*by_day.values()) if root != prefix}
        ),
        others={folder: str(other) for folder, other in other_layouts(store, prefix, layout).items()},
        days=len(by_day),
        first=_begun(edges[0], layout.zone) if edges else None,
        last=_begun(edges[-1], layout.zone) if edges else None,
        names_ahead_seconds=_names_ahead(ahead),
        objects=min(len(counted), LISTED),
        bytes=sum(entry.size for entry in counted[:LISTED]),
        counted_all=len(counted) <= LISTED,
        topics=dict(topics.most_common()),
        types=dict(types.most_common()),
        samples=samples,
    )


def _objects(store: BrowsableStore, folders: list[str]) -> Iterator[ListedObject]:
    for entry in islice(chain.from_iterable(map(store.list, folders)), LISTED):
        if entry.size and not entry.key.endswith("/"):
            yield entry


def _moment(entry: ListedObject, zone: tzinfo) -> tuple[datetime, str]:
    return begun_at(entry.key, zone) or EVER.start, entry.key


def _begun(entry: ListedObject, zone: tzinfo) -> str | None:
    begun = begun_at(entry.key, zone)
    return timestamp_text(begun) if begun else None


def _names_ahead(ahead: list[timedelta]) -> float | None:
    """The smallest difference of an event and its object's name; None where it can be buffering."""
    least = min(ahead, key=abs, default=timedelta(0))
    return least.total_seconds() if abs(least) > BUFFER_ALLOWANCE else None


def sampled(
    store: BrowsableStore, entry: ListedObject, attribute: str, line_form: str = ENVELOPES
) -> tuple[str, Iterator[SelectedEvent | UnreadableLine]]:
    """An object's compression, and what its first 2,000 lines are: read, and ArchiveError raised, when asked for."""
    chunks = store.open(entry.key, etag=entry.etag).chunks()
    head = next(chunks, b"")

    def found() -> Iterator[SelectedEvent | UnreadableLine]:
        text = islice(lines(decompress(chain([head], chunks))), _SAMPLED_LINES)
        yield from select(text, Criteria(EVER, event_type_attribute=attribute), read=reader_of(line_form, entry.key))

    return compression_of(head), found()


def _sample(
    store: BrowsableStore,
    entry: ListedObject,
    attribute: str,
    types: Counter[str],
    topics: Counter[str],
    ahead: list[timedelta],
    zone: tzinfo,
) -> SampledObject:
    events = bad = 0
    begun = begun_at(entry.key, zone)
    compression = trouble = ""
    try:
        compression, lines_found = sampled(store, entry, attribute)
        for found in lines_found:
            if isinstance(found, UnreadableLine):
                bad += 1
                trouble = trouble or f"line {found.line}: {found.reason}"
                continue
            events += 1
            types[found.event_type or "(no type)"] += 1
            topics[found.event.topic_arn] += 1
            if begun is not None:
                ahead.append(begun - found.event.published_at)
    except ArchiveError as error:
        trouble = str(error)
    return SampledObject(entry.key, entry.size, compression, events, bad, trouble)
