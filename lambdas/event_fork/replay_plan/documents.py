"""The documents of one replay: plan, ids, items, control, progress. Worker, governor and command share this class."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple, Protocol, TypeVar

from event_fork.errors import CallFailedError
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.errors import ControlConflictError, DocumentError
from event_fork.replay_plan.item import Item, items_to_jsonl
from event_fork.replay_plan.narrowing import MAX_ID_LENGTH, MAX_IDS
from event_fork.replay_plan.plan import MAX_PLAN_BYTES, Plan, read_plan
from event_fork.replay_plan.progress import Progress
from event_fork.replay_plan.work_area import WorkArea, folder_of

Document = TypeVar("Document")

ATTEMPTS_TO_CHANGE = 5
_READ_AT_ONCE = 16
_MAX_CONTROL_BYTES = 4 * 2**20
"""Of a hundred changes, each with a reason of 1,000 characters, at most 12 bytes each."""
_MAX_PROGRESS_BYTES = 16 * 2**20
"""Of the 10,000 events of an item, each failed, with 1,600 bytes for its id and the queue's words."""


class StoredDocument(NamedTuple):
    """A document and the ETag it was read with."""

    content: bytes
    etag: str


class VersionedProgress(NamedTuple):
    """How far an item got and the ETag of that; both None when no worker has written anything yet."""

    progress: Progress | None
    etag: str | None


class DocumentStore(Protocol):
    """The bucket that work areas lie in. All calls raise CallFailedError."""

    def get(self, key: str, most: int) -> StoredDocument | None:
        """The document of that key; None when there is none. Raises DocumentError for one of more than `most` bytes."""

    def put(self, key: str, content: bytes) -> None:
        """Write a document."""

    def create(self, key: str, content: bytes) -> str | None:
        """Write a document that is not there yet; its ETag, None when somebody else was faster."""

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """Write a document if it still has that ETag; its new one, None when somebody else was faster."""

    def etags(self, prefix: str) -> Mapping[str, str]:
        """The ETag of each document under a prefix, by key."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The distinct beginnings of keys under a prefix up to the next slash, slash included."""


class AllProgress(NamedTuple):
    """How far each item got that was begun, by its id; and what else lies there: key -> why it is no progress."""

    by_item: dict[str, Progress]
    unreadable: dict[str, str]


class ReplayDocuments:
    """The work area of one replay. All calls raise CallFailedError, reading ones DocumentError too.

    The plan is sealed, and what lies beside it is checked against it: nothing else in the work area is. `plan_sha256`:
    the hash of the plan that was applied, as the execution's input has it; None where that is not known.
    """

    def __init__(self, store: DocumentStore, area: WorkArea, plan_sha256: str | None = None) -> None:
        self._store = store
        self.area = area
        self._plan_sha256 = plan_sha256
        self._plan: Plan | None = None
        self._known: dict[str, tuple[str, Progress | DocumentError | None]] = {}

    def plan(self) -> Plan:
        """The plan as it was applied, its hash checked."""
        return _there(self.find_plan(), self.area.plan)

    def find_plan(self) -> Plan | None:
        """The same; None when this replay was never applied. Read once: it never changes."""
        if self._plan is None and (found := self._get(self.area.plan)) is not None:
            plan = read_plan(found.content)
            if plan.replay_id != self.area.replay_id:
                raise DocumentError(f"{self.area.plan} is the plan of {plan.replay_id}")
            self._plan = plan
            if self._plan_sha256 is not None:
                self.check_applied(self._plan_sha256)
        return self._plan

    def check_applied(self, plan_sha256: str) -> None:
        """Raises DocumentError when plan.json is not the plan with that hash, which was applied."""
        plan = self.plan()
        if plan.sha256 != plan_sha256:
            self._plan = None
            raise DocumentError(f"{self.area.plan} is not the plan that was applied: its sha256 is {plan.sha256}")

    def write_plan(self, text: bytes) -> None:
        """Put the plan."""
        self._plan = None
        self._store.put(self.area.plan, text)

    def write_ids(self, content: bytes) -> None:
        """Put the ids that the plan is narrowed to."""
        self._store.put(self.area.ids, content)

    def ids(self) -> frozenset[str] | None:
        """The same, their hash checked against the plan; None when it is narrowed to none."""
        sealed = self.plan().narrowing.ids
        return None if sealed is None else sealed.read(_there(self._get(self.area.ids), self.area.ids).content)

    def write_items(self, items: Iterable[Item]) -> None:
        """Put what the next execution works on."""
        self._store.put(self.area.items, items_to_jsonl(items))

    def control(self) -> Control:
        """What operator and governor want now."""
        return _there(self.find_control(), self.area.control)

    def find_control(self) -> Control | None:
        """The same; None when this replay was never applied."""
        found = self._get(self.area.control)
        return None if found is None else self._control(found.content)

    def create_control(self, control: Control) -> bool:
        """Put the first control.json; False when there is one: somebody else applies this plan or has applied it."""
        return self._write_over(self.area.control, control.noted(None).to_json(), None) is not None

    def change_control(self, change: Callable[[Control], Control | None], *, changed_by: str) -> Control:
        """Read, change, sign and date, write; again when somebody else wrote in between, so that no change is lost.

        `change` returns None to leave it as it is. Returns what control.json says then. Raises ControlConflictError.
        """
        for _ in range(ATTEMPTS_TO_CHANGE):
            content, etag = _there(self._get(self.area.control), self.area.control)
            current = self._control(content)
            wanted = change(current)
            if wanted is None:
                return current
            wanted = replace(wanted, changed_by=changed_by, changed_at=timestamp_text(datetime.now(UTC))).noted(current)
            if self._write_over(self.area.control, wanted.to_json(), etag):
                return wanted
        raise ControlConflictError(f"control.json was changed by others {ATTEMPTS_TO_CHANGE} times in a row")

    def progress(self, item_id: str) -> VersionedProgress:
        """How far the item got."""
        key = self.area.progress(item_id)
        found = self._get(key)
        if found is None:
            return VersionedProgress(None, None)
        item = next((item for item in self.plan().items if item.id == item_id), None)
        return VersionedProgress(_progress(key, found, item), found.etag)

    def put_progress(self, progress: Progress, over: str | None) -> str | None:
        """Write the item's progress over the version of that ETag (None: over nothing).

        Its new ETag; None when somebody else has written it meanwhile, and so has taken the item over.
        """
        return self._write_over(self.area.progress(progress.item), progress.to_json(), over)

    def all_progress(self) -> AllProgress:
        """How far each item got that was begun. What did not change since the last call is not read."""
        listed = self._store.etags(self.area.progress_prefix)
        changed = [key for key, etag in listed.items() if self._known.get(key, ("",))[0] != etag]
        items = {self.area.progress(item.id): item for item in self.plan().items} if changed else {}
        with ThreadPoolExecutor(_READ_AT_ONCE) as threads:
            read = threads.map(lambda key: self._read_progress(key, items.get(key)), changed)
            self._known |= {key: (listed[key], found) for key, found in zip(changed, read, strict=True)}
        found = {key: entry for key, (_, entry) in self._known.items() if key in listed}
        return AllProgress(
            {entry.item: entry for entry in found.values() if isinstance(entry, Progress)},
            {key: str(entry) for key, entry in found.items() if isinstance(entry, DocumentError)},
        )

    def _read_progress(self, key: str, item: Item | None) -> Progress | DocumentError | None:
        """One of them, or why it is none. None: it is gone. An odd object must not hide what the others say."""
        try:
            found = self._get(key)
            return None if found is None else _progress(key, found, item)
        except DocumentError as error:
            return error

    def _get(self, key: str) -> StoredDocument | None:
        most = {
            self.area.plan: MAX_PLAN_BYTES,
            self.area.ids: MAX_IDS * (MAX_ID_LENGTH + 1),
            self.area.control: _MAX_CONTROL_BYTES,
        }
        return self._store.get(key, most.get(key, _MAX_PROGRESS_BYTES))

    def _control(self, content: bytes) -> Control:
        control = Control.from_json(content)
        try:
            plan = self.find_plan()
        except DocumentError:  # nothing is sent by a plan that cannot be read, but it must be possible to stop it
            return control
        if plan is not None:  # an apply that died may not have come to it
            plan.check(control)
        return control

    def _write_over(self, key: str, content: bytes, etag: str | None) -> str | None:
        for _ in range(ATTEMPTS_TO_CHANGE):
            written = self._store.create(key, content) if etag is None else self._store.replace(key, content, etag)
            if written is not None:
                return written
            found = self._get(key)
            if (found.etag if found else None) != etag:
                # Where an answer is lost the client tries again, and our own first try is what it finds there.
                return found.etag if found is not None and found.content == content else None
            # Refused because another write was under way, which has changed nothing (yet).
        return None


def replay_ids(store: DocumentStore, module: str) -> Iterator[str]:
    """The replays that a replay module has in a bucket. What is no id is none of them."""
    for folder in store.folders(folder_of(module)):
        with suppress(ValueError):
            yield WorkArea.of_prefix(folder).replay_id


def refuse_too_large(key: str, size: int, most: int) -> None:
    """Whoever can write a document must not take the memory of those who read it. Raises DocumentError."""
    if size > most:
        raise DocumentError(f"{key} must have at most {most:,} bytes, got {size:,}")


def _progress(key: str, found: StoredDocument, item: Item | None) -> Progress:
    if item is None:
        raise DocumentError(f"{key} is not of an item of the plan")
    progress = Progress.from_json(found.content)
    progress.check(item)
    return progress


def _there(document: Document | None, key: str) -> Document:
    if document is None:
        raise CallFailedError("NoSuchKey", f"{key} is not there", transient=False)
    return document
