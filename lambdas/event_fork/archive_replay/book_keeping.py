"""What became of an item: counted event by event, written down often enough, judged at the end.

A worker claims the item by writing its progress, over the version that it has read, before it sends anything. It writes
again after 5 seconds, before more than 1,000 events could be unwritten, and whenever it stops; each time over its own
last version. So progress never goes back, and of two workers at one item, whoever started them, the earlier one finds
out at its next write, after at most 1,000 events: a crash or somebody who takes over repeats that much, with the same
ids and the same replay id, and rests on no clock. tests/model/ArchiveReplay.tla has been through all its states.

A burst of which the queue took a part leaves nothing to repeat: what was taken behind the first gap is written too.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from event_fork.archive.selection import SelectedEvent
from event_fork.archive_replay.burst import Burst
from event_fork.archive_replay.errors import PlanMismatchError, TakenOverError
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.progress import FailedEvent, Progress

PROGRESS_EVENTS = 1_000
PROGRESS_SECONDS = 5.0
NAMED_LINES = 100
"""So many lines that are no event are named in an item's progress; the plan has counted them all."""


@dataclass
class Attempt:
    """What one invocation did with one item. `progress` counts all attempts; everything else only this one."""

    progress: Progress
    sent: int = 0
    unmarked: int = 0
    calls: int = 0
    resent: int = 0
    failed: list[FailedEvent] = field(default_factory=list)

    def answer(self) -> dict[str, object]:
        """The worker's answer to the state machine: counts of all attempts, small whatever happened."""
        return {
            "item": self.progress.item,
            "finished": self.progress.finished,
            "sent": self.progress.sent,
            "unmarked": self.progress.unmarked,
            "duplicates_skipped": self.progress.duplicates_skipped,
            "failed": len(self.progress.failed),
        }


@dataclass
class ItemBook:
    """The book of one attempt at one item: opened, claimed, written, closed. Writing raises TakenOverError."""

    documents: ReplayDocuments
    item: Item
    clock: Callable[[], float] = time.monotonic
    attempt: Attempt = field(init=False)
    _written: Progress = field(init=False)
    _written_at: float = field(init=False)
    _etag: str | None = field(init=False, default=None)
    _named_lines: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.attempt = Attempt(Progress(self.item.id, self.item.first_line, 0, 0, 0, finished=False))
        self._written, self._written_at = self.progress, self.clock()

    @property
    def progress(self) -> Progress:
        """As it stands, written or not."""
        return self.attempt.progress

    def open(self) -> None:
        """Read what earlier attempts have left."""
        found, self._etag = self.documents.progress(self.item.id)
        if found is None:
            return
        # What is read again is judged again: a broken connection may have healed.
        settled = frozenset(found.ahead)
        failed = tuple(
            event for event in found.failed if found.finished or event.line < found.line or event.line in settled
        )
        self.attempt = Attempt(replace(found, failed=failed))
        self._named_lines = sum(1 for event in failed if not event.message_id)
        self._written = self.progress

    def claim(self, request_id: str) -> None:
        """Say that this invocation is at the item.

        control.json must be looked at between `open` and this: whoever is let at the item later then finds another
        version than was opened here, or makes this one find it.
        """
        self._change(request_id=request_id, stopped="", claimed=True)
        self.write()

    def close(self) -> None:
        """Write how far it got, for whoever goes on. Nothing when the item was not claimed."""
        if self.progress.claimed:
            self._change(claimed=False)
            self.write()

    def leave_for(self, events: int) -> None:
        """Asked before so many events are sent. Raises PlanMismatchError when the plan counted fewer."""
        if self._tried + events > self.item.events:
            raise self._mismatch(f"at least {self._tried + events}")

    def note(self, burst: Burst, events: Sequence[SelectedEvent]) -> None:
        """What became of a burst of these events, the next ones in the order of the lines."""
        # Lines after the first that is left are read again next time: those taken are not to be sent again, those
        # that failed are judged again where they may be.
        first_left = burst.first_left
        line = events[-1].line + 1 if first_left is None else first_left
        settled = burst.taken.keys() if self.item.repeats_failed else burst.taken.keys() | burst.failed.keys()
        behind_a_gap = frozenset[int]() if first_left is None else settled
        ahead = tuple(sorted(number for number in {*self.progress.ahead, *behind_a_gap} if number >= line))
        self._count(burst)
        self._change(line=line, ahead=ahead)
        self._add_failed([event for number, event in burst.failed.items() if number < line or number in ahead])

    def note_repeated(self, burst: Burst) -> None:
        """What became of events that had failed and were tried once more; written down at once."""
        self._count(burst)
        settled = burst.taken.keys() | burst.failed.keys()
        kept = [event for event in self.progress.failed if event.line not in settled]
        self._change(failed=tuple(sorted([*kept, *burst.failed.values()], key=lambda event: event.line)))
        self.attempt.failed.extend(burst.failed.values())
        self.write()

    def note_unreadable(self, line: int, what: str) -> None:
        """Name what cannot be read: a line, or the object from this line on. Only the first ones of an item."""
        if self._named_lines < NAMED_LINES:
            self._named_lines += 1
            self._add_failed([FailedEvent(line, "", what)])

    def note_stopped(self, error: Exception) -> None:
        """Why this attempt ends before the item is done."""
        self._change(stopped=f"{type(error).__name__}: {error}")

    def finish(self) -> None:
        """All lines were read. Raises PlanMismatchError when they held other events than the plan counted."""
        self._change(line=self.item.last_line + 1, ahead=(), duplicates_skipped=len(self.item.skip_lines))
        if self._tried != self.item.events:
            raise self._mismatch(str(self._tried))
        self._change(finished=True)

    def write(self) -> None:
        """Write what is not written yet."""
        if self.progress != self._written:
            self._etag = self.documents.put_progress(self.progress, self._etag)
            if self._etag is None:
                raise TakenOverError(f"item {self.item.id}: another worker has taken it over")
            self._written = self.progress
        self._written_at = self.clock()

    def write_when_due(self, next_events: int = 0) -> None:
        """Write after 5 seconds, and before so many more events could make it more than 1,000 that are not written."""
        unwritten = self.progress.sent - self._written.sent
        if unwritten + next_events > PROGRESS_EVENTS or self.clock() - self._written_at >= PROGRESS_SECONDS:
            self.write()

    @property
    def _tried(self) -> int:
        return self.progress.sent + self.progress.failed_events

    def _mismatch(self, found: str) -> PlanMismatchError:
        item = self.item
        return PlanMismatchError(
            f"{item.key} lines {item.first_line} to {item.last_line}: the plan counted {item.events} events, "
            f"{found} were found; was the plan made by another version?"
        )

    def _count(self, burst: Burst) -> None:
        sent, unmarked = len(burst.taken), list(burst.taken.values()).count(False)
        self._change(sent=self.progress.sent + sent, unmarked=self.progress.unmarked + unmarked)
        self.attempt.sent += sent
        self.attempt.unmarked += unmarked
        self.attempt.calls += burst.calls
        self.attempt.resent += burst.resent

    def _add_failed(self, failed: Sequence[FailedEvent]) -> None:
        self.attempt.failed.extend(failed)
        self._change(failed=(*self.progress.failed, *failed))

    def _change(self, **fields: object) -> None:
        self.attempt.progress = replace(self.progress, **fields)  # type: ignore[arg-type]
