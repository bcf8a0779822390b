"""Who sees events: the archive and the indices in processes of their own, queues and error folders in this one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from event_fork.archive.errors import ArchiveError, ConnectionBrokenError
from event_fork.archive.lines import lines
from event_fork.archive.listing import may_hold
from event_fork.archive.selection import Criteria, UnreadableLine, select
from event_fork.archive.store import ArchiveStore, BrowsableStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import NotATimeError, Window, canonical_timestamp
from event_fork.forward.search_document import ID, TIMESTAMP
from event_fork_cli.archive_replay.scanning import ATTEMPTS
from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter
from event_fork_cli.aws import AwsSettings
from event_fork_cli.dead_letters.looking import DeadLetterQueue, Looking, refuse_too_many
from event_fork_cli.rejected.failures import Failure, NotAFailureError
from event_fork_cli.rejected.reading import Unread, error_objects, failures
from event_fork_cli.repairs.forks import ErrorFolder
from event_fork_cli.search.contents import seen_in
from event_fork_cli.search.sources import DocumentMaker, Search
from event_fork_cli.verification.sightings import Place, bucket_of, coded, elsewhere, in_archive

_REFUSED_LATE = timedelta(days=1)
"""How long after its publishing an event may be refused: after a backlog, and Firehose's retries of two hours."""
_LOOKS, _SECONDS_BETWEEN_LOOKS = 15, 2.0
_ENVELOPE_ID, _ENVELOPE_TIME = "MessageId", "Timestamp"


@dataclass(frozen=True, slots=True)
class SightedObject:
    """One object of the archive. `events`: of the topic in the window and its margins. `unreadable`: what is no event.

    `others`: events of other topics. `unreadable` counts lines; `reason` says what is wrong with the first of them, or
    with the object as a whole.
    """

    number: int
    key: str
    etag: str
    size: int
    events: int
    others: int = 0
    unreadable: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReadingOrder:
    """What a process needs to read the archive; all of it can be pickled."""

    open_store: Callable[[], BrowsableStore]
    window: Window
    topic_arn: str
    makers: tuple[DocumentMaker, ...]
    spill: Path

    def scanner(self) -> ArchiveReader:
        """The reader this order describes."""
        return ArchiveReader(self.open_store(), self)


class ArchiveReader:
    """Notes every event of the topic. Threads may share it."""

    def __init__(self, store: ArchiveStore, order: ReadingOrder) -> None:
        self._store = store
        self._criteria = Criteria(order.window)
        self._topic = order.topic_arn
        self._matchers = [maker.matcher().matches for maker in order.makers]
        self._spill = SpillWriter(order.spill)

    def scan(self, index: int, listed: ListedObject) -> SightedObject:
        """What one object holds. One that cannot be read is an answer, not an error.

        What a reading that broke off has noted is in the object nevertheless: an event noted twice is one.
        """
        for attempt in range(ATTEMPTS):
            try:
                return self._read(index, listed)
            except ConnectionBrokenError as error:
                reason = f"{error} ({attempt + 1} times)"
                time.sleep(attempt)
            except ArchiveError as error:
                reason = str(error)
                break
        return SightedObject(index, listed.key, listed.etag, listed.size, 0, unreadable=1, reason=reason)

    def _read(self, index: int, listed: ListedObject) -> SightedObject:
        buffer = SpillBuffer(self._spill)
        events = others = bad = 0
        reason = ""
        for found in select(lines(decompress(self._store.open(listed.key, etag=listed.etag).chunks())), self._criteria):
            if isinstance(found, UnreadableLine):
                bad += 1
                reason = reason or f"line {found.line}: {found.reason}"
                continue
            event = found.event
            if event.topic_arn != self._topic:
                others += 1
                continue
            wanted = "".join(["1" if matches(event) else "0" for matches in self._matchers])
            code = coded(event.message_id)
            buffer.add(bucket_of(code), in_archive(code, found.timestamp, index, wanted))
            events += 1
        buffer.flush()
        return SightedObject(index, listed.key, listed.etag, listed.size, events, others, bad, reason)


@dataclass(frozen=True, slots=True)
class IndexOrder:
    """A part of an index for one process to read."""

    settings: AwsSettings
    search: Search
    names: str
    fork: int
    window: Window
    spill: Path
    part: int
    parts: int
    place: Place = Place.INDEX


def read_index(order: IndexOrder) -> tuple[int, int]:
    """Notes the documents of a part; how many there are, and how many of them have no id."""
    calls = order.search.calls(order.settings)
    buffer = SpillBuffer(SpillWriter(order.spill))
    documents = nameless = 0
    for page in seen_in(calls, order.names, order.window, order.part, order.parts):
        for event_id, timestamp in page:
            documents += 1
            if not event_id:
                nameless += 1
                continue
            code = coded(event_id)
            buffer.add(bucket_of(code), elsewhere(code, order.place, order.fork, timestamp))
    buffer.flush()
    return documents, nameless


@dataclass(frozen=True, slots=True)
class Peeked:
    """What was in a queue. `unread`: messages without an envelope, so without an id; `hidden`: by somebody else."""

    messages: int
    unread: int
    hidden: int


def peek(
    queue: DeadLetterQueue,
    place: Place,
    window: Window,
    fork: int,
    spill: Path,
    *,
    keep: Callable[[StoredEvent], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> Peeked:
    """Notes what is in a queue; all is visible again afterwards. `keep` gets each event of the window.

    Waits for what somebody else looks at just now. Raises FailedError when there is too much to be looked at.
    """
    for _ in range(_LOOKS):
        backlog = queue.backlog()
        if not backlog.hidden:
            break
        wait(_SECONDS_BETWEEN_LOOKS)
    if not backlog.visible:
        return Peeked(0, 0, backlog.hidden)
    refuse_too_many(queue, backlog)
    buffer = SpillBuffer(SpillWriter(spill))
    messages = unread = 0
    with Looking.at_all(queue, backlog) as looking:
        for letters in looking.letters(newcomers=False):
            for letter in letters:
                messages += 1
                event = letter.message.event
                if event is None:
                    unread += 1
                elif window.holds(letter.at):
                    code = coded(event.message_id)
                    buffer.add(bucket_of(code), elsewhere(code, place, fork, letter.at))
                    keep(event)
    buffer.flush()
    return Peeked(messages, unread, backlog.hidden)


def read_rejected(store: ArchiveStore, folder: ErrorFolder, window: Window, fork: int, spill: Path) -> int:
    """Notes what a delivery stream could not deliver; how many objects and lines of it cannot be read."""
    buffer = SpillBuffer(SpillWriter(spill))
    unread = Unread()
    nameless = 0
    for one in rejected_in(store, folder, window, unread):
        if one.event_id is None:
            nameless += 1
        elif window.holds(one.timestamp):
            code = coded(one.event_id)
            buffer.add(bucket_of(code), elsewhere(code, Place.REJECTED, fork, one.timestamp))
    buffer.flush()
    return nameless + len(unread.objects) + unread.lines.total() + unread.more


class Rejected(NamedTuple):
    """A document or an envelope that could not be delivered; no id: it has none. `failure`: the record it is of."""

    event_id: str | None
    timestamp: str
    document: dict[str, Any]
    key: str
    failure: Failure


def rejected_in(store: ArchiveStore, folder: ErrorFolder, window: Window, unread: Unread) -> Iterator[Rejected]:
    """What is in the error objects that can hold events of the window."""
    objects = ((one, kind) for one, kind in error_objects(store, folder) if may_hold(one.key, window, _REFUSED_LATE))
    for key, _, _, failure in failures(store, objects, unread):
        try:
            parts = failure.raw.splitlines()
        except NotAFailureError:
            parts = [b""]
        for part in parts:
            yield _rejected(part, key, failure)


def _rejected(part: bytes, key: str, failure: Failure) -> Rejected:
    """A record may hold several envelopes, one a line."""
    try:
        members: Any = json.loads(part)
        names = (ID, TIMESTAMP) if ID in members else (_ENVELOPE_ID, _ENVELOPE_TIME)
        moment = canonical_timestamp(members[names[1]])
        return Rejected(str(members[names[0]]), moment, members, key, failure)
    except (ValueError, TypeError, KeyError, RecursionError, NotATimeError):
        return Rejected(None, "", {}, key, failure)
