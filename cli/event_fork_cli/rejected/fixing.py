"""Of a frozen set: documents are repaired, indexed, and only then taken out of their error object.

A document's id in the index is its event's, and it is created, never written over. So whatever is done twice, after a
kill, by two operators, or because the event was replayed, is one document. An object is rewritten or deleted only while
it is still the version that was read: who changed it meanwhile has dealt with it.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from event_fork.archive.errors import ArchiveError, ObjectChangedError
from event_fork.archive.store import ArchiveStore
from event_fork.archive.unpacking import compression_of
from event_fork.errors import DomainRefusedError
from event_fork.events.envelope import compact_json
from event_fork.events.time_window import timestamp_of
from event_fork.forward.search_document import ID, TIMESTAMP
from event_fork.index_management.search_domain import MISSING, is_transient
from event_fork.sending.pacing import Pacer
from event_fork_cli.dead_letters.sending import wait_for
from event_fork_cli.queue_replay.interruption import Stop
from event_fork_cli.rejected.exact_json import read, write
from event_fork_cli.rejected.failures import Failure, NotAFailureError, parse_failure
from event_fork_cli.rejected.reading import plain_lines
from event_fork_cli.rejected.recipes import NotRepairableError, Recipe
from event_fork_cli.repairs.forks import Stream
from event_fork_cli.search.aliases import names_of, rebuilt_for
from event_fork_cli.search.calls import Calls
from event_fork_cli.search.contents import path_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MOST_DOCUMENTS, MOST_BYTES = 500, 5 * 1024 * 1024
"""Of one call to the domain: https://docs.opensearch.org/latest/api-reference/document-apis/bulk/"""
_CREATED, _CONFLICT = 300, 409
_IN_MEMORY = 16 * 1024 * 1024
_REPLACED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409", "NoSuchKey", "404"})


@dataclass(frozen=True, slots=True)
class FrozenObject:
    """Of one error object, the lines that are meant: first and last of each run, from 0."""

    key: str
    etag: str
    kind: str
    runs: tuple[tuple[int, int], ...]

    @property
    def count(self) -> int:
        """How many lines."""
        return sum(last - first + 1 for first, last in self.runs)


@dataclass(frozen=True, slots=True)
class Ready:
    """A repaired document, where it goes, and the line that it comes from."""

    failure: Failure
    event_id: str
    index: str
    document: bytes


@dataclass(slots=True)
class Fixed:
    """What became of a frozen set: `done` were indexed, `there` were in the index already; both left their objects.

    `refused`: by the domain, again, for the reasons counted. `not_repaired`: the recipe has no rule for them, or cannot
    be done with them. Both stay. `changed`: of objects that somebody has changed or deleted meanwhile.
    """

    wanted: int
    done: int = 0
    there: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    not_repaired: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    objects_deleted: int = 0
    objects_rewritten: int = 0
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """What is still rejected, or was not looked at."""
        return self.wanted - self.done - self.there


class Fixer:
    """Repairs the documents of one fork."""

    def __init__(
        self,
        store: ArchiveStore,
        s3: S3Client,
        stream: Stream,
        calls: Calls,
        recipe: Recipe,
        result: Fixed,
        *,
        now: Callable[[], datetime],
        stop: Stop,
        pacer: Pacer,
        show: Callable[[Fixed], None] = lambda _: None,
    ) -> None:
        self._store, self._s3, self._stream, self._calls, self._recipe = store, s3, stream, calls, recipe
        self._now, self._stop, self._pacer, self._show = now, stop, pacer, show
        self._result = result
        self._names, self._rebuilt = names_of(stream, calls), rebuilt_for(stream, calls)

    def fix(self, frozen: FrozenObject) -> None:
        """One object. Raises CallFailedError and DomainRefusedError when the domain takes nothing: the object stays."""
        wanted = {number for first, last in frozen.runs for number in range(first, last + 1)}
        with ExitStack() as files:
            kept = files.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
            try:
                stays = self._go_through(frozen, wanted, kept)
            except ObjectChangedError:
                self._result.changed += frozen.count
                return
            except ArchiveError as error:
                self._result.not_repaired[f"the object {error}"] += frozen.count
                return
            if stays is None:
                return
            self._rewrite(frozen, kept, stays)

    def _go_through(self, frozen: FrozenObject, wanted: set[int], kept: IO[bytes]) -> int | None:
        """Writes the lines that stay to `kept`; how many. None: all of them, as they are."""
        reader = self._store.open(frozen.key, etag=frozen.etag)
        chunks = reader.chunks()
        head = next(chunks, b"")
        is_compressed = compression_of(head) != "none"
        out: Any = gzip.GzipFile(fileobj=kept, mode="wb", mtime=0) if is_compressed else kept
        stays = gone = 0
        batch: list[Ready] = []

        def flush() -> None:
            nonlocal gone, stays
            for line in self._index(batch):
                out.write(line + b"\n")
                stays += 1
            gone += len(batch)
            batch.clear()

        def all_chunks() -> Iterator[bytes]:
            yield head
            yield from chunks

        size = 0
        for number, line in enumerate(plain_lines(all_chunks())):
            ready = None
            if number in wanted and not self._stop.asked:
                ready = self._ready(line, frozen.kind)
            if ready is None:
                out.write(line + b"\n")
                stays += bool(line.strip())
                continue
            batch.append(ready)
            size += len(ready.document)
            if len(batch) >= self._batch or size >= MOST_BYTES:
                flush()
                size = 0
        flush()
        if out is not kept:
            out.close()
        return None if not gone else stays

    @property
    def _batch(self) -> int:
        return min(MOST_DOCUMENTS, self._pacer.burst)

    def _ready(self, line: bytes, kind: str) -> Ready | None:
        """The repaired document of a line; None, and counted, when it stays rejected."""
        try:
            failure = parse_failure(line, kind)
            return prepare(failure, self._recipe, self._stream, self._rebuilt)
        except (NotAFailureError, NotRepairableError) as error:
            self._result.not_repaired[str(error)] += 1
            return None

    def _index(self, batch: Sequence[Ready]) -> Iterator[bytes]:
        """Indexes documents; the lines of those that the domain refuses."""
        if not batch:
            return
        wait_for(self._pacer, len(batch), self._stop)
        there = self._already_there([one.event_id for one in batch])
        self._result.there += sum(one.event_id in there for one in batch)
        new = [one for one in batch if one.event_id not in there]
        for one, status, error in self._bulk(new):
            if status < _CREATED:
                self._result.done += 1
            elif status == _CONFLICT:
                self._result.there += 1
            else:
                again = one.failure.refused_again(str(status), compact_json(error).decode(), self._now())
                fingerprint = parse_failure(again, one.failure.kind).fingerprint
                self._result.refused[f"{fingerprint.error} {fingerprint.field}".strip()] += 1
                yield again
        self._show(self._result)

    def _already_there(self, ids: Sequence[str]) -> set[str]:
        """Which events can be seen in the fork's indices, under whatever id: Firehose makes other ones."""
        fields = ({"terms": {name: list(ids)}} for name in (ID, f"{ID}.keyword"))
        query = {"size": 10_000, "_source": [ID], "query": {"bool": {"should": list(fields)}}}
        path = f"/{path_of(self._names)}/_search?ignore_unavailable=true&allow_no_indices=true"
        answer = self._calls("POST", path, query, accept=[MISSING])
        hits = answer.body.get("hits", {}).get("hits", []) if answer.status != MISSING else []
        return {hit["_source"][ID] for hit in hits if isinstance(hit.get("_source", {}).get(ID), str)}

    def _bulk(self, left: Sequence[Ready]) -> Iterator[tuple[Ready, int, Any]]:
        """Each document with its status and error. What may be taken a moment later is tried again."""
        attempt = 0
        while left:
            attempt += 1
            lines = b"".join(
                b"%b\n%b\n"
                % (json.dumps({"create": {"_index": one.index, "_id": one.event_id}}).encode(), one.document)
                for one in left
            )
            answer = self._calls("POST", "/_bulk?filter_path=items.create.status,items.create.error", lines)
            items = answer.body.get("items", [])
            if len(items) != len(left):
                raise DomainRefusedError(f"{self._calls.name} answers something else than _bulk does: is it a proxy?")
            again: list[Ready] = []
            wait = self._calls.backoff.wait_after(attempt)
            for one, item in zip(left, items, strict=True):
                status = item["create"]["status"]
                if is_transient(status) and wait is not None:
                    again.append(one)
                else:
                    yield one, status, item["create"].get("error")
            if again and wait is not None:
                self._calls.backoff.sleep(wait)
            left = again

    def _rewrite(self, frozen: FrozenObject, kept: IO[bytes], stays: int) -> None:
        bucket, condition = self._stream.errors.bucket, f'"{frozen.etag}"'
        try:
            if stays:
                kept.seek(0)
                self._s3.put_object(Bucket=bucket, Key=frozen.key, Body=kept.read(), IfMatch=condition)
                self._result.objects_rewritten += 1
            else:
                self._delete(bucket, frozen.key, condition)
                self._result.objects_deleted += 1
        except ClientError as error:
            if error.response["Error"].get("Code", "") not in _REPLACED:
                raise  # documents that were indexed are found in the index by the next run

    def _delete(self, bucket: str, key: str, condition: str) -> None:
        try:
            self._s3.delete_object(Bucket=bucket, Key=key, IfMatch=condition)
        except ClientError as error:
            if error.response["Error"].get("Code", "") != "NotImplemented":
                raise
            # S3 deletes under a condition since 2025, what only resembles it may not: an empty object, which nobody
            # reads, takes the place of the version that was read.
            self._s3.put_object(Bucket=bucket, Key=key, Body=b"", IfMatch=condition)
            self._s3.delete_object(Bucket=bucket, Key=key)


def prepare(
    failure: Failure, recipe: Recipe, stream: Stream, rebuilt: Callable[[str], str | None] = lambda _: None
) -> Ready:
    """The repaired document. `rebuilt`: the index that was built anew for a time, which then is the one to go to.

    Raises NotAFailureError, NotRepairableError.
    """
    try:
        document = read(failure.raw)
    except (ValueError, RecursionError):
        raise NotRepairableError("the record is no JSON") from None
    if not isinstance(document, dict):
        raise NotRepairableError("the record is no JSON object")
    event_id = document.get(ID) or failure.document_id
    if not isinstance(event_id, str) or not 0 < len(event_id.encode("utf-8", "replace")) <= 512:
        raise NotRepairableError(f"the record has no {ID}")
    try:
        repaired = recipe.repair(document)
        line = None if repaired is None else write(repaired.document)
    except RecursionError:
        raise NotRepairableError("the record is nested too deeply") from None
    if repaired is None or line is None:
        raise NotRepairableError("no rule of the recipe takes it")
    for name in (ID, TIMESTAMP):  # by which an event is known, and by which a window is compared
        if repaired.document.get(name) != document.get(name):
            raise NotRepairableError(f"the recipe changes {name}")
    index = repaired.index or rebuilt(str(document.get(TIMESTAMP))) or failure.index or period_index(failure, stream)
    return Ready(failure, event_id, index, line)


def period_index(failure: Failure, stream: Stream) -> str:
    """The index that Firehose would have taken: for a record that failed before it came to that."""
    if not stream.rotates:
        return stream.index_name or ""
    if not failure.at:
        raise NotRepairableError("the record has no time, so its index is not known: give it a route")
    return stream.index_at(timestamp_of(failure.at))
