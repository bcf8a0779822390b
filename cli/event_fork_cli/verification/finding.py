"""One event, or those that have a value in their message, wherever they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from event_fork.archive.errors import ArchiveError
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.selection import Criteria, UnreadableLine, select
from event_fork.archive.store import ArchiveStore, BrowsableStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.events.json_path import Descendant, JsonPath, Member
from event_fork.events.time_window import Window
from event_fork.forward.search_document import ID, TEXT, TIMESTAMP, is_reserved, published
from event_fork_cli.archive_replay.pool import InlineScan, ParallelScan
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.dead_letters.looking import MOST, DeadLetterQueue, Looking
from event_fork_cli.rejected.reading import Unread
from event_fork_cli.repairs.criteria import Where
from event_fork_cli.repairs.forks import Fork, error_store
from event_fork_cli.search.contents import by_id, sources_of
from event_fork_cli.search.sources import Backup, Deployed, Search
from event_fork_cli.verification.reading import Rejected, rejected_in

LEAST_RECEPTIONS = 100
"""A queue whose messages become dead letters after fewer receptions is not looked into: each look is one."""
MOST_FOUND = 1_000
_IN_INDEX, _MOST_DOCUMENTS = "index", 1_000


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for: an id, or values in the message, all of them."""

    event_id: str | None
    where: tuple[Where, ...]

    def is_event(self, event_id: str, message: str) -> bool:
        """Whether an event is meant."""
        if self.event_id is not None:
            return event_id == self.event_id
        try:
            return self.is_document(event_id, json.loads(message))
        except (ValueError, RecursionError):
            return False

    def is_document(self, event_id: str | None, document: Any) -> bool:
        """The same of a message that was read."""
        if self.event_id is not None:
            return event_id == self.event_id
        return all(where.holds(document) for where in self.where)

    @property
    def query(self) -> dict[str, Any] | None:
        """For an index: at least all documents that are meant; None where paths have more than names."""
        if self.event_id is not None:
            return by_id([self.event_id])
        names = [_names(where.path) for where in self.where]
        if any(len(found) != len(where.path) or not found for found, where in zip(names, self.where, strict=True)):
            return None
        return {
            "bool": {
                "filter": [
                    {"match": {_field(found): _match(where.value)}}
                    for found, where in zip(names, self.where, strict=True)
                ]
            }
        }


def _field(names: Sequence[str]) -> str:
    """Where an index has what stands there in the message."""
    return TEXT if is_reserved(names[0]) else ".".join(names)


def _match(value: str) -> dict[str, Any]:
    # A value without letters and digits has no words: all documents are looked at then.
    return {"query": value, "lenient": True, "operator": "and", "zero_terms_query": "all"}


def _names(path: JsonPath) -> list[str]:
    """The names on a path, without its other steps."""
    members = [step for step in path if isinstance(step, Member) and not isinstance(step, Descendant)]
    return [step.name for step in members if not step.by_prefix]


@dataclass(frozen=True, slots=True)
class Found:
    """An event in one place. `at`: object and line, index and id of the document, or queue; `why`: it is there."""

    event_id: str
    place: str
    fork: str
    published: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class SeekOrder:
    """What a process needs to look through the archive; all of it can be pickled."""

    open_store: Callable[[], BrowsableStore]
    window: Window
    sought: Sought
    fork: str
    spill: Path = Path()

    def scanner(self) -> Seeker:
        """Who looks."""
        return Seeker(self)


class Seeker:
    """Looks through objects of the archive. Threads may share it."""

    def __init__(self, order: SeekOrder) -> None:
        self._order = order
        self._store: ArchiveStore = order.open_store()

    def scan(self, index: int, listed: ListedObject) -> tuple[list[Found], str]:  # noqa: ARG002 ObjectScanner's
        """What is meant in one object, and why it cannot be read to its end ("": it can)."""
        order, found = self._order, []
        try:
            text = lines(decompress(self._store.open(listed.key, etag=listed.etag).chunks()))
            for one in select(text, Criteria(order.window)):
                if isinstance(one, UnreadableLine):
                    continue
                event = one.event
                if order.sought.is_event(event.message_id, event.message):
                    at = f"{listed.key} line {one.line}"
                    found.append(Found(event.message_id, "archive", order.fork, one.timestamp, at))
        except ArchiveError as error:
            return found, f"{listed.key}: {error}"
        return found, ""


def in_archive(
    settings: AwsSettings, backup: Backup, sought: Sought, reach: Reach, processes: int, notes: list[str]
) -> Iterator[Found]:
    """In the archive of a storage fork."""
    open_store = OpenArchive(settings, backup.archive.bucket, backup.archive.region)
    order = SeekOrder(open_store, reach.window, sought, backup.deployed.name)
    with ParallelScan(order, processes) if processes else InlineScan(order) as work:
        for _, batch in work.scan(needed_objects(open_store(), reach)):
            for found, trouble in batch:
                if trouble:
                    notes.append(f"not all of the archive can be read: {trouble}")
                yield from found


def in_index(
    settings: AwsSettings, search: Search, sought: Sought, window: Window, notes: list[str]
) -> Iterator[Found]:
    """In the index of a search fork."""
    query = sought.query
    if query is None:
        notes.append(f"the index of {search.deployed.name} was not asked: it knows paths of names only")
        return
    calls = search.calls(settings)
    within = {"range": {TIMESTAMP: {"gte": window.start_text, "lt": window.end_text}}}
    hits = sources_of(calls, search.names(calls), {"bool": {"filter": [query, within]}}, _MOST_DOCUMENTS)
    for hit in hits:
        document = hit.get("_source") or {}  # an index may keep none
        event_id = str(document.get(ID, hit["_id"]))
        if sought.is_document(event_id, published(document)):
            at = f"{hit['_index']} document {hit['_id']}"
            yield Found(event_id, _IN_INDEX, search.deployed.name, str(document.get(TIMESTAMP, "")), at)
    if len(hits) == _MOST_DOCUMENTS:
        notes.append(f"only {_MOST_DOCUMENTS:,} documents of the index were looked at")


def in_dead_letters(settings: AwsSettings, fork: Fork, sought: Sought, notes: list[str]) -> Iterator[Found]:
    """Among the dead letters of a fork."""
    yield from _in_queue(
        settings, fork.dead_letters_url, fork.dead_letters_arn, fork.name, "dead letters", sought, notes
    )


def in_queue(settings: AwsSettings, fork: Deployed, sought: Sought, notes: list[str]) -> Iterator[Found]:
    """In the queue of a fork, where looking does no harm."""
    url, arn = fork.fork.queue_url, fork.fork.queue_arn
    if not url:  # SNS writes to the stream itself
        return
    queue = DeadLetterQueue(url, arn, settings.sqs())
    waiting = queue.backlog()
    receptions = queue.receptions(LEAST_RECEPTIONS)
    if not fork.is_replay or fork.polled or receptions < LEAST_RECEPTIONS:
        if waiting.all:
            notes.append(
                f"{waiting.all:,} messages wait in the queue {fork.name}; it was not looked into: its function takes "
                f"them, and each look counts as one of {receptions:,} receptions"
            )
        return
    yield from _in_queue(settings, url, arn, fork.name, "queue", sought, notes)


def _in_queue(
    settings: AwsSettings, url: str, arn: str, fork: str, place: str, sought: Sought, notes: list[str]
) -> Iterator[Found]:
    queue = DeadLetterQueue(url, arn, settings.sqs())
    backlog = queue.backlog()
    name = queue.name
    if backlog.hidden:
        notes.append(f"{backlog.hidden:,} messages of {name} are hidden: in work, or looked at by somebody else")
    if backlog.all > MOST:
        notes.append(f"{name} has {backlog.all:,} messages; only {MOST:,} can be looked at")
    if not backlog.visible:
        return
    found: list[Found] = []
    with Looking.at_all(queue, backlog) as looking:
        for letters in looking.letters():
            for letter in letters:
                event = letter.message.event
                message = event.message if event else letter.message.body
                if sought.is_event(letter.id, message):
                    why = letter.fingerprint.reason if place == "dead letters" else ""
                    found.append(Found(letter.id, place, fork, letter.at, name, why))
    yield from found


def in_rejected(
    settings: AwsSettings, fork: Backup | Search, sought: Sought, window: Window, notes: list[str]
) -> Iterator[Found]:
    """Among what the delivery stream of a fork could not deliver."""
    unread = Unread()
    for one in rejected_in(error_store(settings, fork.stream), fork.stream.errors, window, unread):
        if one.event_id is None or not window.holds(one.timestamp):
            continue
        if sought.is_document(one.event_id, _published(one)):
            why = one.failure.reason or one.failure.code
            yield Found(one.event_id, "rejected", fork.deployed.name, one.timestamp, one.key, why)
    notes.extend(unread.sentences())


def _published(one: Rejected) -> Any:
    message = one.document.get("Message") if "MessageId" in one.document else None
    if not isinstance(message, str):
        return published(one.document)
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def look(places: Sequence[Callable[[], Iterator[Found]]]) -> Iterator[Found]:
    """All places, one after the other; at most so many events."""
    count = 0
    for place in places:
        for found in place():
            yield found
            count += 1
            if count >= MOST_FOUND:
                return
