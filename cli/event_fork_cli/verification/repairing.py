"""What is missing is put in its place: into the archive from the replay queue, into the index from the archive."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from event_fork.errors import PermanentMessageError
from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.redaction import Matches
from event_fork.events.time_window import EVER
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.errors import RefusedError
from event_fork_cli.search.bulk import Document, index_documents
from event_fork_cli.search.contents import path_of
from event_fork_cli.search.sources import Search
from event_fork_cli.verification.reconciling import Difference, Kind
from event_fork_cli.verification.verifying import Chain, Show, Verified, by_object, events_of

_EVENTS_OF_AN_OBJECT = 10_000


@dataclass(slots=True)
class Repaired:
    """What was put in its place. `refused`: id -> why it cannot be."""

    archived: int = 0
    objects: list[str] = field(default_factory=list)
    indexed: int = 0
    there: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def repair(settings: AwsSettings, chain: Chain, found: Verified, show: Show) -> Repaired:
    """Puts back what can be. Does nothing to what is too much, and nothing to the replay queue."""
    done = Repaired()
    if found.waiting is not None:
        _archive(settings, chain, found.differences, found.waiting, done)
        show(f"{done.archived:,} events archived")
    for fork, search in enumerate(chain.searches, 1):
        _index(settings, chain, found, search, fork, done, show)
    return done


def _archive(settings: AwsSettings, chain: Chain, differences: list[Difference], waiting: Path, done: Repaired) -> None:
    """Objects beside Firehose's, in the folders of the events' own hours and named as Firehose names them."""
    backup = chain.backup
    missing = {one.event_id for one in differences if one.kind is Kind.NOT_ARCHIVED}
    if not missing:
        return
    if "!{partitionKey" in backup.prefix_template:
        raise RefusedError(
            f"the archive {backup.url} has folders of columns, and which column an event belongs to is Firehose's to "
            "say: send the missing events to the topic again"
        )
    s3 = settings.s3(backup.archive.region)
    for folder, events in _by_folder(chain, _waiting(waiting, missing)):
        lines = []
        for event in events:
            try:
                lines.append(backup.redactor(event, Matches()).to_line())
            except PermanentMessageError as error:
                done.refused[event.message_id] = error.reason
        if not lines:
            continue
        begun = min(event.published_at for event in events)
        suffix = ".gz" if backup.compresses else ""
        key = f"{folder}{backup.stream.name}-1-{begun:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{suffix}"
        body = b"".join(lines)
        s3.put_object(Bucket=backup.archive.bucket, Key=key, Body=gzip.compress(body) if backup.compresses else body)
        done.archived += len(lines)
        done.objects.append(key)


def _waiting(file: Path, missing: set[str]) -> Iterator[StoredEvent]:
    left = set(missing)
    with file.open("rb") as envelopes:
        for line in envelopes:
            event = parse(line.decode())
            if event.message_id in left:
                left.discard(event.message_id)
                yield event


def _by_folder(chain: Chain, events: Iterator[StoredEvent]) -> Iterator[tuple[str, list[StoredEvent]]]:
    backup = chain.backup
    groups: dict[str, list[StoredEvent]] = {}
    for event in events:
        folder = backup.archive.prefix + backup.layout.prefix(event.published_at)
        group = groups.setdefault(folder, [])
        group.append(event)
        if len(group) >= _EVENTS_OF_AN_OBJECT:
            yield folder, groups.pop(folder)
    yield from groups.items()


def _index(
    settings: AwsSettings, chain: Chain, found: Verified, search: Search, fork: int, done: Repaired, show: Show
) -> None:
    wanted = by_object(found.differences, Kind.NOT_INDEXED, fork)
    if not wanted:
        return
    calls = search.calls(settings)
    target = search.target(calls)
    archive = chain.backup.archive
    store = OpenArchive(settings, archive.bucket, archive.region)()
    keys = {one.number: one.key for one in found.objects}
    redactor = search.maker.redactor()
    indices: set[str] = set()

    def documents() -> Iterator[Document]:
        for event in events_of(store, keys, wanted, EVER):
            try:
                line = search.maker.document(event, redactor)
            except PermanentMessageError as error:
                done.refused[event.message_id] = error.reason
                continue
            index = target(event.published_at)
            indices.add(index)
            yield Document(event.message_id, index, line)

    for part in index_documents(calls, documents()):
        done.indexed += part.created
        done.there += part.there
        done.refused.update(part.refused)
        show(f"{done.indexed:,} documents indexed")
    for index in sorted(indices):
        calls("POST", f"/{path_of(index)}/_refresh")
