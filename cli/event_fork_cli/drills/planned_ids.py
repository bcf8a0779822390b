"""The ids of a plan's events, read from the archive once more: a plan names lines, and a queue holds ids."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from event_fork.archive.lines import lines
from event_fork.archive.raw_lines import reader_of
from event_fork.archive.selection import UnreadableLine, select
from event_fork.archive.store import ArchiveStore
from event_fork.archive.unpacking import decompress
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import Plan


def planned_ids(plan: Plan, store: ArchiveStore) -> Iterator[str]:
    """Each id once, as the workers choose them, of a plan that is not narrowed to ids. Raises ArchiveError."""
    criteria = plan.criteria()
    if plan.order is not None:
        seen: set[str] = set()
        for entry in plan.objects:
            text = lines(decompress(store.open(entry.key, etag=entry.etag).chunks()))
            for one in select(text, criteria):
                if not isinstance(one, UnreadableLine) and one.event.message_id not in seen:
                    seen.add(one.event.message_id)
                    yield one.event.message_id
        return
    for key, items in groupby(sorted(plan.items, key=_place), key=lambda item: item.key):
        ranges = list(items)
        reader = store.open(key, etag=ranges[0].etag)
        found = select(
            lines(decompress(reader.chunks())),
            criteria,
            read=reader_of(plan.lines, key),
            first_line=ranges[0].first_line,
            last_line=ranges[-1].last_line,
            skip_lines=frozenset(line for item in ranges for line in item.skip_lines),
        )
        # Between two ranges of an object there is nothing that is wanted.
        yield from (one.event.message_id for one in found if not isinstance(one, UnreadableLine))


def _place(item: Item) -> tuple[str, int]:
    return item.key, item.first_line
