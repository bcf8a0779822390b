"""A new index from the archive, and then the alias on it: the index is a cache of the archive.

    create    the new index with the settings and mappings that a new index of the fork would get
    fill      every event of the window that the fork's policy lets through, as the fork's own document, by its id
    compare   the ids that the archive has with those that the index has: counts and checksum
    swap      one call puts the new index into the alias and takes the old ones out of it
    drop      the old ones, later and only when asked for

What was indexed is the progress: documents are created by the id of their event, so who was interrupted does the same
once more, and what is there already is passed over. The new index's `_meta` says what it is made of.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from event_fork.archive.errors import ArchiveError
from event_fork.archive.layout import Layout
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.selection import Criteria, UnreadableLine, select
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.errors import PermanentMessageError
from event_fork.events.time_window import EVER, Window, timestamp_of
from event_fork.index_management.managed_index import period_end
from event_fork.index_management.search_domain import MISSING
from event_fork_cli.archive_replay.pool import InlineScan, ParallelScan
from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter, bucket_files
from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import FailedError, RefusedError
from event_fork_cli.search.aliases import REBUILT, Query, limits_of, narrowed, within
from event_fork_cli.search.bulk import Document, Indexed, index_documents
from event_fork_cli.search.calls import Calls
from event_fork_cli.search.contents import path_of, seen_in
from event_fork_cli.search.sources import Search

_MOST_REASONS = 20
_LOADING = {"index": {"refresh_interval": "-1", "number_of_replicas": "0"}}
# What OpenSearch itself adds to an index's settings, and what is of another index only.
_NOT_TO_COPY = ("creation_date", "uuid", "version", "provided_name")
_HASH = 16
_TYPED = {"maker": "filter policy or redaction", "start": "--from", "end": "--to"}


@dataclass(frozen=True, slots=True)
class Rebuild:
    """What is built. `archive`: its address; `maker`: the fork's own way from event to document.

    `asked`: the window as it was typed. "90d to now" means another one tomorrow, and the same in a run that goes on.
    """

    index: str
    fork: str
    archive: str
    start: str
    end: str
    maker: str
    asked: str = ""

    @classmethod
    def of(cls, index: str, search: Search, archive: str, window: Window, asked: str = "") -> Rebuild:
        """The rebuild of a fork's index from an archive."""
        settings = json.dumps(asdict(search.maker), sort_keys=True)
        made_by = hashlib.sha256(settings.encode()).hexdigest()[:16]
        return cls(index, search.deployed.name, archive, window.start_text, window.end_text, made_by, asked)


@dataclass(frozen=True, slots=True)
class FillingOrder:
    """What a process needs; all of it can be pickled."""

    settings: AwsSettings
    search: Search
    open_store: Callable[[], BrowsableStore]
    window: Window
    index: str
    spill: Path

    def scanner(self) -> Filler:
        """The one who fills the index."""
        return Filler(self)


@dataclass(slots=True)
class Filled:
    """What one object of the archive, or all, gave. `impossible`: reason -> events that can be no document.

    `refused`: reason -> documents that the index does not take.
    """

    events: int = 0
    wanted: int = 0
    created: int = 0
    there: int = 0
    impossible: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def add(self, other: Filled) -> None:
        """Adds another one's."""
        for name in ("events", "wanted", "created", "there"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.impossible.update(other.impossible)
        self.refused.update(other.refused)
        self.unreadable += other.unreadable


class Filler:
    """Reads objects, makes documents and indexes them. Threads share it; each has its own rules and connection."""

    def __init__(self, order: FillingOrder) -> None:
        self._order = order
        self._store = order.open_store()
        self._spill = SpillWriter(order.spill)
        self._own = threading.local()
        self._matches = order.search.maker.matcher().matches

    def scan(self, index: int, listed: ListedObject) -> Filled:  # noqa: ARG002 ObjectScanner's
        """Indexes what one object holds."""
        done = Filled()
        buffer = SpillBuffer(self._spill)
        if not hasattr(self._own, "calls"):
            self._own.calls = self._order.search.calls(self._order.settings)
        try:
            for part in index_documents(self._own.calls, self._documents(listed, done, buffer)):
                self._note(done, part, buffer)
        except ArchiveError as error:
            done.unreadable.append(f"{listed.key}: {error}")
        buffer.flush()
        return done

    def _note(self, done: Filled, part: Indexed, buffer: SpillBuffer) -> None:
        done.created += part.created
        done.there += part.there
        for event_id, reason in part.refused:
            if len(done.refused) >= _MOST_REASONS and reason not in done.refused:
                reason = "(other reasons)"  # noqa: PLW2901
            done.refused[reason] += 1
            digest = _digest(event_id)
            buffer.add(digest[0], digest + _REFUSED)

    def _documents(self, listed: ListedObject, done: Filled, buffer: SpillBuffer) -> Iterator[Document]:
        maker, redactor = self._order.search.maker, self._order.search.maker.redactor()
        target = self._order.index
        text = lines(decompress(self._store.open(listed.key, etag=listed.etag).chunks()))
        for found in select(text, Criteria(self._order.window, matches=None)):
            if isinstance(found, UnreadableLine):
                done.unreadable.append(f"{listed.key}, line {found.line}: {found.reason}")
                continue
            done.events += 1
            event = found.event
            if not self._matches(event):
                continue
            done.wanted += 1
            try:
                line = maker.document(event, redactor)
            except PermanentMessageError as error:
                done.impossible[error.reason] += 1
                continue
            digest = _digest(event.message_id)
            buffer.add(digest[0], digest + _WANTED)
            yield Document(event.message_id, target, line)


_WANTED, _REFUSED, _FOUND = b"W", b"R", b"F"


@dataclass(slots=True)
class Compared:
    """Ids of the archive and of the index: how many each has, and sums of their hashes."""

    archive: int = 0
    index: int = 0
    refused: int = 0
    archive_checksum: int = 0
    index_checksum: int = 0

    def add(self, other: Compared) -> None:
        """Adds another bucket's."""
        self.archive += other.archive
        self.index += other.index
        self.refused += other.refused
        self.archive_checksum = (self.archive_checksum + other.archive_checksum) % (1 << 128)
        self.index_checksum = (self.index_checksum + other.index_checksum) % (1 << 128)

    @property
    def equal(self) -> bool:
        """Whether both have the same."""
        return (self.archive, self.archive_checksum) == (self.index, self.index_checksum)


def compare(files: list[Path]) -> Compared:
    """One bucket: what the index should have (all that is wanted and was not refused), and what it has."""
    wanted: set[bytes] = set()
    refused: set[bytes] = set()
    found: set[bytes] = set()
    sets = {_WANTED: wanted, _REFUSED: refused, _FOUND: found}
    size = _HASH + 1
    for path in files:
        data = path.read_bytes()
        for start in range(0, len(data), size):
            sets[data[start + _HASH : start + size]].add(data[start : start + _HASH])
    # Who was refused once and taken when it was tried again, after an interruption, is in the index.
    expected = wanted - (refused - found)
    return Compared(
        archive=len(expected),
        index=len(found),
        refused=len(wanted) - len(expected),
        archive_checksum=sum(int.from_bytes(one, "big") for one in expected) % (1 << 128),
        index_checksum=sum(int.from_bytes(one, "big") for one in found) % (1 << 128),
    )


@dataclass(frozen=True, slots=True)
class ContentOrder:
    """A part of the new index for one process to read."""

    settings: AwsSettings
    search: Search
    index: str
    spill: Path
    part: int
    parts: int


def read_content(order: ContentOrder) -> int:
    """Notes the ids of a part; how many documents it has."""
    buffer, documents = SpillBuffer(SpillWriter(order.spill)), 0
    calls = order.search.calls(order.settings)
    for page in seen_in(calls, order.index, EVER, order.part, order.parts):
        for event_id, _ in page:
            digest = _digest(event_id)
            buffer.add(digest[0], digest + _FOUND)
            documents += 1
    buffer.flush()
    return documents


@dataclass(frozen=True, slots=True)
class Swap:
    """What the alias means afterwards. `replaced`: out of it; `narrowed`: in it for what lies outside the window."""

    alias: str
    replaced: tuple[str, ...]
    narrowed: tuple[str, ...]

    def actions(self, index: str, window: Window, limits: Mapping[str, Query | None]) -> list[dict[str, Any]]:
        """One call's actions: all of them happen, or none. `limits`: the filters that earlier rebuilds have made."""
        left = ((name, narrowed(limits.get(name), window)) for name in self.narrowed)
        return [
            {"add": {"index": index, "alias": self.alias}},
            *({"remove": {"index": name, "alias": self.alias}} for name in self.replaced),
            *({"add": {"index": name, "alias": self.alias, "filter": limit}} for name, limit in left),
        ]


@dataclass(slots=True)
class Rebuilt:
    """What was done. `swap` is None when the alias was not touched."""

    rebuild: Rebuild
    filled: Filled
    compared: Compared
    swap: Swap | None = None
    dropped: tuple[str, ...] = ()


class IndexBuilder:
    """Builds one index in the fork's domain."""

    def __init__(self, search: Search, calls: Calls, rebuild: Rebuild) -> None:
        self._search = search
        self._calls = calls
        self._rebuild = rebuild

    def check_name(self) -> None:
        """Raises RefusedError for a name that is or may be one of Firehose's."""
        name, firehoses = self._rebuild.index, self._search.stream.index_name or ""
        if name == firehoses or period_end(name.removeprefix(firehoses)) or name.startswith(f"{firehoses}-2"):
            raise RefusedError(
                f"{name} is a name that Firehose may write to, and retention may delete: take another, "
                f"for example {firehoses}-rebuilt-1"
            )

    def prepare(self) -> bool:
        """Makes the index, or finds the one that an interrupted run has begun (True). Raises RefusedError."""
        index = self._rebuild.index
        there = self._calls("GET", f"/{path_of(index)}/_mapping", accept=[MISSING])
        if there.status != MISSING:
            made = _made(there.body, index)
            mine = asdict(self._rebuild)
            if not made:
                raise RefusedError(f"{index} is an index or an alias already, and no rebuild's: give another --index")
            changed = sorted(name for name, value in mine.items() if name != "asked" and made.get(name) != value)
            if changed:
                what = ", ".join(_TYPED.get(name, name) for name in changed)
                raise RefusedError(
                    f"{index} was begun with another {what}: give another --index, or the same options to go on"
                )
            return True
        template = self._template()
        mappings = template.get("mappings", {})
        mappings["_meta"] = {**mappings.get("_meta", {}), REBUILT: asdict(self._rebuild)}
        settings = template.get("settings", {})
        own = settings.get("index", {})
        settings["index"] = {
            **{name: value for name, value in own.items() if name not in _NOT_TO_COPY},
            **_LOADING["index"],
        }
        self._calls("PUT", f"/{path_of(index)}", {"settings": settings, "mappings": mappings})
        return False

    def finish(self) -> None:
        """What was put off while the index was filled."""
        index = self._rebuild.index
        own = self._template().get("settings", {}).get("index", {})
        kept = {name: own.get(name) for name in _LOADING["index"]}  # null is OpenSearch's own default
        self._calls("PUT", f"/{path_of(index)}/_settings", {"index": kept})
        self._calls("POST", f"/{path_of(index)}/_refresh")

    def refresh(self) -> None:
        """Makes what was indexed visible."""
        self._calls("POST", f"/{path_of(self._rebuild.index)}/_refresh")

    def plan_swap(self, alias: str, window: Window) -> Swap:
        """Which indices of the alias the new one replaces: those that have nothing outside of the window."""
        replaced, limited = [], []
        for name, limit in sorted(limits_of(self._calls, alias).items()):
            if name == self._rebuild.index:
                continue
            inside, outside = self._inside_and_outside(name, limit, window)
            if outside or self._may_grow(name, window):
                if inside:
                    limited.append(name)
            else:
                replaced.append(name)
        return Swap(alias, tuple(replaced), tuple(limited))

    def swap(self, swap: Swap, window: Window) -> None:
        """In one call, and then noted in the new index, for `--drop-old`."""
        actions = swap.actions(self._rebuild.index, window, limits_of(self._calls, swap.alias))
        self._calls("POST", "/_aliases", {"actions": actions})
        mapping = self._calls("GET", f"/{path_of(self._rebuild.index)}/_mapping").body[self._rebuild.index]["mappings"]
        made = {**asdict(self._rebuild), "replaced": list(swap.replaced)}
        meta = {**mapping.get("_meta", {}), REBUILT: made}
        self._calls("PUT", f"/{path_of(self._rebuild.index)}/_mapping", {"_meta": meta})

    def replaced(self) -> list[str]:
        """The indices that a finished rebuild has replaced and that are still there. Raises RefusedError."""
        index = self._rebuild.index
        found = self._calls("GET", f"/{path_of(index)}", accept=[MISSING])
        content = {} if found.status == MISSING else found.body.get(index, {})
        made = _made({index: content}, index)
        if "replaced" not in made or not content.get("aliases"):
            raise RefusedError(f"{index} is no finished rebuild: nothing was dropped")
        still: list[str] = []
        for name in made["replaced"]:
            there = self._calls("GET", f"/{path_of(name)}/_alias", accept=[MISSING])
            if there.status != MISSING and not there.body.get(name, {}).get("aliases"):
                still.append(name)
        return still

    def drop(self, names: list[str]) -> None:
        """Deletes indices."""
        for name in names:
            self._calls("DELETE", f"/{path_of(name)}", accept=[MISSING])

    def _template(self) -> dict[str, Any]:
        """What a new index of the fork would be made with, whichever templates the domain has."""
        name = self._search.stream.index_at(EVER.end)
        answer = self._calls("POST", f"/_index_template/_simulate_index/{path_of(name)}")
        template: dict[str, Any] = answer.body.get("template", {})
        return template

    def _inside_and_outside(self, name: str, limit: Query | None, window: Window) -> tuple[int, int]:
        """Documents that are seen by the alias."""
        seen = [] if limit is None else [limit]
        counts = [
            int(self._calls("POST", f"/{path_of(name)}/_count", {"query": query}).body["count"])
            for part in (within(window), narrowed(None, window))
            for query in [{"bool": {"filter": [part, *seen]}}]
        ]
        return counts[0], counts[1]

    def _may_grow(self, name: str, window: Window) -> bool:
        """Whether Firehose may still write events from outside the window to it: its period ends after the window."""
        end = period_end(name.removeprefix(self._search.stream.index_name or ""))
        return name == self._search.stream.index_name or (end is not None and end > window.end)


def window_begun(calls: Calls, index: str, asked: str) -> Window | None:
    """The window of a rebuild that was interrupted, where it was asked for in the same words."""
    there = calls("GET", f"/{path_of(index)}/_mapping", accept=[MISSING])
    made = {} if there.status == MISSING else _made(there.body, index)
    if made.get("asked") != asked or "replaced" in made:
        return None
    return Window(timestamp_of(made["start"]), timestamp_of(made["end"]))


def _made(mappings: Mapping[str, Any], index: str) -> dict[str, Any]:
    """What a rebuild has noted in its index; nothing: it is no rebuild's."""
    made: dict[str, Any] = mappings.get(index, {}).get("mappings", {}).get("_meta", {}).get(REBUILT, {})
    return made


def fill(order: FillingOrder, reach: Reach, processes: int, show: Callable[[Filled], None]) -> tuple[Filled, Compared]:
    """Indexes all of the window, then compares the ids of archive and index."""
    total, compared = Filled(), Compared()
    calls = order.search.calls(order.settings)
    with ParallelScan(order, processes) if processes else InlineScan(order) as work:
        for _, found in work.scan(needed_objects(order.open_store(), reach)):
            for one in found:
                total.add(one)
            show(total)
        calls("POST", f"/{path_of(order.index)}/_refresh")
        parts = max(1, processes)
        orders = [
            ContentOrder(order.settings, order.search, order.index, order.spill, part, parts) for part in range(parts)
        ]
        for _ in work.each(read_content, orders):
            show(total)
        for bucket in work.each(compare, bucket_files(order.spill)):
            compared.add(bucket)
    return total, compared


def rebuild(
    settings: AwsSettings,
    search: Search,
    wanted: Rebuild,
    open_store: Callable[[], BrowsableStore],
    prefix: str,
    layout: Layout,
    window: Window,
    *,
    lateness: timedelta,
    now: datetime,
    processes: int,
    alias: str | None,
    swap_anyway: bool,
    show: Callable[[Filled], None],
    say: Callable[[str], None],
) -> Rebuilt:
    """Builds the index and puts it in the place of the old ones. Raises FailedError when it is not what the archive is.

    `alias`: None = the one that the fork has. Without any the index is built and nothing is swapped.
    """
    calls = search.calls(settings)
    builder = IndexBuilder(search, calls, wanted)
    builder.check_name()
    if builder.prepare():
        say(f"going on with {wanted.index}: what it has already is passed over")
    with tempfile.TemporaryDirectory(prefix="event-fork-rebuild-") as folder:
        order = FillingOrder(settings, search, open_store, window, wanted.index, Path(folder))
        filled, compared = fill(order, Reach(prefix, window, lateness, now, layout), processes, show)
    builder.finish()
    done = Rebuilt(wanted, filled, compared)
    problem = _problem(done)
    if problem and not swap_anyway:
        raise FailedError(f"{problem}; the alias was not touched (--swap-anyway does it nevertheless)")
    if problem:
        say(f"note: {problem}")
    meant = alias or search.alias(calls)
    if meant is None:
        say(f"the domain has no alias for {search.stream.index_name}, so nothing was swapped: name one with --alias")
        return done
    done.swap = builder.plan_swap(meant, window)
    builder.swap(done.swap, window)
    return done


def _problem(done: Rebuilt) -> str:
    if done.filled.unreadable:
        return f"{len(done.filled.unreadable):,} parts of the archive cannot be read, first {done.filled.unreadable[0]}"
    if not done.compared.equal:
        return (
            f"the archive has {done.compared.archive:,} events for the index and {done.rebuild.index} has "
            f"{done.compared.index:,}, or others"
        )
    if done.compared.refused:
        reason, count = done.filled.refused.most_common(1)[0]
        return f"the index refuses {done.compared.refused:,} documents, {count:,} of them because {reason}"
    return ""


def _digest(event_id: str) -> bytes:
    return hashlib.blake2b(event_id.encode("utf-8", "surrogatepass"), digest_size=_HASH).digest()
