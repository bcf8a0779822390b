"""How a worker goes through an item: read, select, send in bursts, write down how far it got.

Progress is written after a burst when 1,000 events or 5 seconds have passed since the last time, and whenever the
worker stops; what a crash repeats is at most that, with the same ids and the same replay id. A burst of which the queue
took a part leaves nothing to repeat: what was taken behind the first gap is written down too.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from event_fork.archive.errors import ObjectChangedError, UnreadableObjectError
from event_fork.archive.lines import lines
from event_fork.archive.selection import Criteria, SelectedEvent, UnreadableLine, select
from event_fork.archive.spooling import spooled
from event_fork.archive.store import ArchiveStore
from event_fork.archive.unpacking import decompress
from event_fork.archive_replay.control_watch import ControlWatch
from event_fork.archive_replay.errors import (
    OutOfTimeError,
    PlanMismatchError,
    TargetNotTakingError,
    TargetRefusedError,
)
from event_fork.archive_replay.sending import Burst, BurstSender
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.control import CANCELLED, Control
from event_fork.replay_plan.documents import ReplayDocuments, change_control
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import Plan
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork.sending.backoff import Deadline
from event_fork.sending.pacing import Pacer, Timetable

PROGRESS_EVENTS = 1_000
PROGRESS_SECONDS = 5.0
LOOK_SECONDS = 1.0
"""Longest sleep between two looks at control and deadline."""
SHORTEST_SLEEP = 0.001
"""A wait below it is none: a sleep of a nanosecond may not move the clock at all."""
WORKER = "worker"


@dataclass(frozen=True)
class Tools:
    """What all items of one replay share."""

    plan: Plan
    criteria: Criteria
    documents: ReplayDocuments
    archive: ArchiveStore
    sender: BurstSender
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


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


class _HeldError(Exception):
    """The operator paused or cancelled the replay: stop here, it is no failure."""


@dataclass
class ItemReplay:
    """One attempt at one item. `elapsed`: seconds since the replay began, for original timing."""

    tools: Tools
    item: Item
    deadline: Deadline
    request_id: str
    elapsed: float = 0.0
    attempt: Attempt = field(init=False)
    """Also right after `run` has raised."""
    _watch: ControlWatch = field(init=False)
    _pacer: Pacer = field(init=False)
    _timetable: Timetable | None = field(init=False)
    _written: Progress = field(init=False)
    _written_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.attempt = Attempt(Progress(self.item.id, self.item.first_line, 0, 0, 0, finished=False))

    def run(self) -> Attempt:
        """Go on with the item until it is done or held by the operator; of one that is done, send what failed again.

        Everything else is raised, after progress was written: OutOfTimeError, TargetNotTakingError,
        TargetRefusedError, PlanMismatchError, UnreadableObjectError and ObjectChangedError (the text names the key).
        """
        self._begin()
        progress = self.attempt.progress
        again = frozenset(event.line for event in progress.failed if event.message_id)
        if progress.finished and not again:
            return self.attempt
        try:
            if progress.finished:
                self._repeat(again)
            else:
                self._go_on()
        except _HeldError:
            self._write()
        except (UnreadableObjectError, ObjectChangedError) as error:
            self._fail(self.attempt.progress.line, str(error))
            self._write()
            raise type(error)(f"{self.item.key}: {error}") from error
        except OutOfTimeError:
            self._write()
            raise
        except Exception as error:
            self._change(stopped=f"{type(error).__name__}: {error}")
            self._write()
            raise
        return self.attempt

    def _begin(self) -> None:
        found = self.tools.documents.progress(self.item.id) or self.attempt.progress
        # What is read again is judged again: a broken connection may have healed.
        failed = tuple(event for event in found.failed if found.finished or event.line < found.line)
        self.attempt = Attempt(replace(found, failed=failed, request_id=self.request_id, stopped=""))
        self._written = self.attempt.progress
        # A new one for each item: its process may have served the replay before a pause, and what it saw then is over.
        self._watch = ControlWatch(self.tools.documents, self.tools.clock)
        self._pacer = Pacer(1.0, self.tools.clock)
        self._written_at = self.tools.clock()
        self._timetable = self._made_timetable()

    def _made_timetable(self) -> Timetable | None:
        plan, item = self.tools.plan, self.item
        if plan.pace is None or plan.first_event is None or item.not_before_seconds is None:
            return None
        # A resume moves the items' due times to its own start; which event time they stand for, only the plan knows.
        planned = next((one for one in plan.items if one.id == item.id), item).not_before_seconds
        first = timestamp_of(plan.first_event) + timedelta(seconds=(planned or 0.0) * plan.pace)
        return Timetable(plan.pace, first, self.tools.clock() - self.elapsed + item.not_before_seconds)

    def _go_on(self) -> None:
        self._look()
        ahead = frozenset(self.attempt.progress.ahead)
        burst: list[SelectedEvent] = []
        for selected in self._events(self.attempt.progress.line, self.item.last_line):
            if isinstance(selected, UnreadableLine):
                self._fail(selected.line, f"line {selected.line}: {selected.reason}")
                continue
            if selected.line in ahead:
                continue
            due = self._timetable.due(selected.timestamp) if self._timetable else None
            if burst and (len(burst) >= self._pacer.burst or (due is not None and due > self.tools.clock())):
                self._send(burst)
                burst = []
            if due is not None:
                self._wait(partial(self._until, due))
            burst.append(selected)
        if burst:
            self._send(burst)
        self._finish()
        with suppress(OutOfTimeError):  # the item is done, only its time is not
            self._wait(self._pacer.wait)

    def _repeat(self, again: frozenset[int]) -> None:
        """Send the events that could not be sent when the item was done: their cause may be gone."""
        self._look()
        found = self._events(min(again), max(again))
        events = [entry for entry in found if isinstance(entry, SelectedEvent) and entry.line in again]
        for start in range(0, len(events), self._pacer.burst):
            part = events[start : start + self._pacer.burst]
            self._wait(self._pacer.wait)
            burst = self.tools.sender.send(part, self.deadline)
            self._count(burst)
            settled = burst.taken.keys() | burst.failed.keys()
            kept = [event for event in self.attempt.progress.failed if event.line not in settled]
            self._change(failed=tuple(sorted([*kept, *burst.failed.values()], key=lambda event: event.line)))
            self.attempt.failed.extend(burst.failed.values())
            self._write()
            if burst.left:
                self._stop(burst)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _events(self, first_line: int, last_line: int) -> Iterator[SelectedEvent | UnreadableLine]:
        item = self.item
        reader = self.tools.archive.open(item.key, etag=item.etag, version_id=item.version_id)
        return select(
            lines(decompress(spooled(reader.chunks()))),
            self.tools.criteria,
            first_line=first_line,
            last_line=last_line,
            skip_lines=item.skip_lines,
        )

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send(self, events: Sequence[SelectedEvent]) -> None:
        self._wait(self._pacer.wait)
        burst = self.tools.sender.send(events, self.deadline)
        self._note(burst, events)
        if burst.left:
            self._stop(burst)
        # Before the next burst could make it more than PROGRESS_EVENTS.
        if self.attempt.progress.sent - self._written.sent + self._pacer.burst > PROGRESS_EVENTS:
            self._write()
        self._write_when_late()

    def _note(self, burst: Burst, events: Sequence[SelectedEvent]) -> None:
        # Lines after the first that is left are read again next time: those taken are not to be sent again, those
        # that failed are judged again.
        first_left = burst.first_left
        line = events[-1].line + 1 if first_left is None else first_left
        behind_a_gap = () if first_left is None else burst.taken
        ahead = tuple(sorted(number for number in {*self.attempt.progress.ahead, *behind_a_gap} if number >= line))
        self._count(burst)
        self._change(line=line, ahead=ahead)
        self._add_failed([event for number, event in burst.failed.items() if number < line])

    def _count(self, burst: Burst) -> None:
        progress, sent, unmarked = self.attempt.progress, len(burst.taken), list(burst.taken.values()).count(False)
        self._change(sent=progress.sent + sent, unmarked=progress.unmarked + unmarked)
        self._pacer.spend(sent)
        self.attempt.sent += sent
        self.attempt.unmarked += unmarked
        self.attempt.calls += burst.calls
        self.attempt.resent += burst.resent

    def _stop(self, burst: Burst) -> None:
        _, failure = burst.left[0]
        queue = self.tools.plan.target.queue_arn
        if burst.target_gone:
            self._cancel(f"target-gone: {queue} does not exist ({failure.code})")
            raise _HeldError
        if burst.out_of_time:
            raise self._out_of_time()
        text = f"{queue}: {failure.code}: {failure.detail}"
        raise TargetRefusedError(text) if burst.refused else TargetNotTakingError(text)

    def _cancel(self, reason: str) -> None:
        def cancelled(control: Control) -> Control | None:
            return None if control.state == CANCELLED else replace(control, state=CANCELLED, reason=reason)

        change_control(self.tools.documents, cancelled, changed_by=WORKER)

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _look(self) -> float:
        """Obey operator and deadline; the events a second this worker may send now."""
        if not self.deadline.allows():
            raise self._out_of_time()
        if not self._watch.runs():
            raise _HeldError
        control = self._watch.now()
        rate = control.rate / control.workers
        if rate > 0:
            self._pacer.set_rate(rate)
        return rate

    def _wait(self, seconds_left: Callable[[], float]) -> None:
        while True:
            rate = self._look()
            left = seconds_left() if rate > 0 else LOOK_SECONDS
            if left < SHORTEST_SLEEP:
                return
            self.tools.sleep(min(left, LOOK_SECONDS))
            self._write_when_late()

    def _until(self, due: float) -> float:
        return due - self.tools.clock()

    def _out_of_time(self) -> OutOfTimeError:
        return OutOfTimeError(f"item {self.item.id}: the invocation's time is up at line {self.attempt.progress.line}")

    # -- progress --------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        item, progress = self.item, self.attempt.progress
        self._change(line=item.last_line + 1, ahead=(), duplicates_skipped=len(item.skip_lines))
        done = progress.sent + sum(1 for event in progress.failed if event.message_id)
        if done != item.events:
            raise PlanMismatchError(
                f"{item.key} lines {item.first_line} to {item.last_line}: the plan counted {item.events} events, "
                f"{done} were found; was the plan made by another version?"
            )
        self._change(finished=True)
        self._write()

    def _fail(self, line: int, reason: str) -> None:
        """Name what cannot be read: a line, or the object from this line on."""
        self._add_failed([FailedEvent(line, "", f"{self.item.key}: {reason}")])

    def _add_failed(self, failed: list[FailedEvent]) -> None:
        self.attempt.failed.extend(failed)
        self._change(failed=(*self.attempt.progress.failed, *failed))

    def _change(self, **fields: object) -> None:
        self.attempt.progress = replace(self.attempt.progress, **fields)  # type: ignore[arg-type]

    def _write(self) -> None:
        if self.attempt.progress != self._written:
            self.tools.documents.put_progress(self.attempt.progress)
            self._written = self.attempt.progress
        self._written_at = self.tools.clock()

    def _write_when_late(self) -> None:
        if self.tools.clock() - self._written_at >= PROGRESS_SECONDS:
            self._write()
