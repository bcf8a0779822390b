"""How a worker goes through an item: read, select, wait for its turn, send in bursts."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from event_fork.archive.errors import ObjectChangedError, UnreadableObjectError
from event_fork.archive.lines import lines
from event_fork.archive.raw_lines import reader_of
from event_fork.archive.selection import Criteria, SelectedEvent, UnreadableLine, select
from event_fork.archive.spooling import spooled
from event_fork.archive.store import ArchiveStore
from event_fork.archive.unpacking import decompress
from event_fork.archive_replay.book_keeping import Attempt, ItemBook
from event_fork.archive_replay.burst import Burst, BurstSender
from event_fork.archive_replay.control_watch import ControlWatch, ReplayLeave
from event_fork.archive_replay.errors import (
    OutOfTimeError,
    PlanMismatchError,
    TakenOverError,
    TargetNotTakingError,
    TargetRefusedError,
)
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.control import CANCELLED, Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.item import Item, Part
from event_fork.replay_plan.plan import Plan
from event_fork.sending.backoff import Deadline
from event_fork.sending.pacing import Pacer, Timetable

LOOK_SECONDS = 1.0
"""Longest sleep between two looks at control and deadline."""
LOOK_LINES = 5_000
"""Lines that are read at most between two looks: a tenth of a second."""
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


def items_from(tools: Tools, item: Item) -> Iterator[Item]:
    """The item; in an ordered replay the first of its lane that is not done, and the next one after each that is.

    Within a lane items are done one after the other, so those that are done are the first ones.
    """

    def done(one: Item) -> bool:
        progress = tools.documents.progress(one.id).progress
        return progress is not None and progress.finished

    if item.part is None:
        yield item
        return
    lane = tools.plan.lane(item)
    for one in lane[bisect_left(lane, True, key=lambda other: not done(other)) :]:
        yield one
        if not done(one):
            return


class _HeldError(Exception):
    """The operator paused or cancelled the replay, or another execution may send now: stop here, it is no failure."""


@dataclass
class ItemReplay:
    """One attempt at one item, by an invocation (its request id) of an execution (its name).

    `elapsed`: seconds since the replay began, for original timing.
    """

    tools: Tools
    item: Item
    deadline: Deadline
    request_id: str
    execution: str
    elapsed: float = 0.0
    book: ItemBook = field(init=False)
    _watch: ControlWatch = field(init=False)
    _pacer: Pacer = field(init=False)
    _timetable: Timetable | None = field(init=False, default=None)
    _reading: str = field(init=False, default="")
    """The key of the object that is being read."""

    def __post_init__(self) -> None:
        self.book = ItemBook(self.tools.documents, self.item, self.tools.clock)
        # A new one for each item: its process may have served the replay before a pause, and what it saw then is over.
        self._watch = ControlWatch(self.tools.documents, self.execution, self.tools.clock)
        self._pacer = Pacer(1.0, self.tools.clock)

    @property
    def attempt(self) -> Attempt:
        """What was done so far; also right after `run` has raised."""
        return self.book.attempt

    def run(self) -> Attempt:
        """Go on with the item until it is done or held by the operator; of one that is done, repeat what may be.

        Everything else is raised, after progress was written: OutOfTimeError, TargetNotTakingError,
        TargetRefusedError, PlanMismatchError, UnreadableObjectError and ObjectChangedError (the text names the key),
        DocumentError when the item is not the plan's or what lies beside the plan does not fit it.
        TakenOverError when another invocation of the same execution is at the item.
        """
        self.tools.plan.item(self.item)
        try:
            self.book.open()
            failed = self.book.progress.failed if self.item.repeats_failed else ()
            again = frozenset(event.line for event in failed if event.message_id)
            if not self.book.progress.finished or again:
                self._work(again)
        except TakenOverError:
            self._watch.forget()
            if self._watch.runs():
                raise
        return self.attempt

    def _work(self, again: frozenset[int]) -> None:
        try:
            self._look()
            self.book.claim(self.request_id)
            self._timetable = self._made_timetable()
            if self.book.progress.finished:
                self._repeat(again)
            else:
                self._go_on()
        except _HeldError:
            self.book.close()
        except (UnreadableObjectError, ObjectChangedError) as error:
            text = f"{self._reading}: {error}"
            self.book.note_unreadable(min(self.book.progress.line, self.item.last_line), text)
            self.book.close()
            raise type(error)(text) from error
        except OutOfTimeError:
            self.book.close()
            raise
        except TakenOverError:
            raise
        except Exception as error:
            self.book.note_stopped(error)
            self.book.close()
            raise

    def _made_timetable(self) -> Timetable | None:
        plan, item = self.tools.plan, self.item
        if plan.pace is None or plan.first_event is None or item.not_before_seconds is None:
            return None
        # A resume moves the items' due times to its own start; which event time they stand for, only the plan knows.
        planned = plan.item(item).not_before_seconds
        first = timestamp_of(plan.first_event) + timedelta(seconds=(planned or 0.0) * plan.pace)
        return Timetable(plan.pace, first, self.tools.clock() - self.elapsed + item.not_before_seconds)

    def _go_on(self) -> None:
        ahead = frozenset(self.book.progress.ahead)
        burst: list[SelectedEvent] = []
        most = self._pacer.burst
        for selected in self._events(self.book.progress.line, self.item.last_line):
            if isinstance(selected, UnreadableLine):
                self.book.note_unreadable(selected.line, f"{self.item.key}: line {selected.line}: {selected.reason}")
                continue
            if selected.line in ahead:
                continue
            due = self._timetable.due(selected.timestamp) if self._timetable else None
            if burst and (len(burst) >= most or (due is not None and due > self.tools.clock())):
                self._send(burst)
                burst, most = [], self._pacer.burst
            if due is not None:
                self._wait(partial(self._until, due))
            burst.append(selected)
        if burst:
            self._send(burst)
        self.book.finish()
        self._end()

    def _repeat(self, again: frozenset[int]) -> None:
        """Send the events that could not be sent when the item was done: their cause may be gone."""
        found = self._events(min(again), max(again))
        events = [entry for entry in found if isinstance(entry, SelectedEvent) and entry.line in again]
        for part in self._parts(events):
            burst = self._send_burst(part)
            self.book.note_repeated(burst)
            if burst.left:
                self._stop(burst)
        self._end()

    def _end(self) -> None:
        """The item is done. What was sent is paid for before the next item begins."""
        self.book.close()
        with suppress(OutOfTimeError, _HeldError):
            self._wait(self._pacer.wait)

    # -- reading ---------------------------------------------------------------------------------------------------

    def _events(self, first_line: int, last_line: int) -> Iterator[SelectedEvent | UnreadableLine]:
        item = self.item
        order = self.tools.plan.order
        if item.part is not None and order is not None:
            yield from self._in_order(order.place_in(item.part), item.part)[first_line - item.first_line :]
            return
        yield from self._lines(item.key, item.etag, first_line, last_line)

    def _in_order(self, place_of: Callable[[StoredEvent], int | None], part: Part) -> list[SelectedEvent]:
        """The events of an ordered replay's item, each with its place in the lane as its line; its second copies once.

        All of them, in memory: the planner cuts items that have room there.
        """
        plan, item = self.tools.plan, self.item
        found: dict[tuple[int, str], SelectedEvent] = {}
        for place in part.objects:
            for selected in self._lines(plan.objects[place].key, plan.objects[place].etag):
                if isinstance(selected, UnreadableLine):
                    continue  # the plan has named it, and every item that reads the object meets it
                sequence = place_of(selected.event)
                if sequence is not None:
                    found.setdefault((sequence, selected.event.message_id), selected)
            if len(found) > item.events:
                break
        if len(found) != item.events:
            raise PlanMismatchError(
                f"item {item.id}: the plan counted {item.events} events of lane {part.lane} with the numbers "
                f"{part.first} to {part.last}, {len(found)} were found"
            )
        return [
            selected._replace(line=item.first_line + number)
            for number, (_, selected) in enumerate(sorted(found.items(), key=lambda entry: entry[0]))
        ]

    def _lines(
        self, key: str, etag: str, first_line: int = 0, last_line: int | None = None
    ) -> Iterator[SelectedEvent | UnreadableLine]:
        self._reading = key
        # What lies there now, and not the version that was planned: who replaced the object may have wanted to remove
        # what was in it.
        reader = self.tools.archive.open(key, etag=etag)
        return select(
            self._watched(lines(decompress(spooled(reader.chunks())))),
            self.tools.criteria,
            read=reader_of(self.tools.plan.lines, key),
            first_line=first_line,
            last_line=last_line,
            skip_lines=self.item.skip_lines,
        )

    def _watched(self, numbered: Iterable[bytes]) -> Iterator[bytes]:
        """The lines. Operator and deadline are obeyed also where nothing of them is sent."""
        for number, line in enumerate(numbered):
            if number % LOOK_LINES == 0:
                self._look()
                self.book.write_when_due()
            yield line

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send(self, events: Sequence[SelectedEvent]) -> None:
        for part in self._parts(events):
            self.book.leave_for(len(part))
            burst = self._send_burst(part)
            self.book.note(burst, part)
            if burst.left:
                self._stop(burst)
            self.book.write_when_due()

    def _parts(self, events: Sequence[SelectedEvent]) -> Iterator[Sequence[SelectedEvent]]:
        """What may be sent at once, each when its turn has come; the rate may have changed while it was waited for."""
        while events:
            self._wait(self._turn)
            part, events = events[: self._pacer.burst], events[self._pacer.burst :]
            yield part

    def _turn(self) -> float:
        """Seconds until the next burst may be sent. What an invocation sends it pays for: the next one owes nothing."""
        payable = self.deadline.left() * self._pacer.rate >= self._pacer.burst
        return self._pacer.wait() if payable else LOOK_SECONDS

    def _send_burst(self, events: Sequence[SelectedEvent]) -> Burst:
        self.book.write_when_due(len(events))
        # Before it is sent, so that the time which that takes counts; what was not taken costs nothing.
        self._pacer.spend(len(events))
        burst = self.tools.sender.send(events, ReplayLeave(self.deadline, self._watch))
        self._pacer.spend(len(burst.taken) - len(events))
        return burst

    def _stop(self, burst: Burst) -> None:
        _, failure = burst.left[0]
        queue = self.tools.plan.target.queue_arn
        if burst.target_gone:
            self._cancel(f"target-gone: {queue} does not exist ({failure.code})")
            raise _HeldError
        if not self._watch.runs():
            raise _HeldError
        if burst.out_of_time:
            raise self._out_of_time()
        text = f"{queue}: {failure.code}: {failure.detail}"
        raise TargetRefusedError(text) if burst.refused else TargetNotTakingError(text)

    def _cancel(self, reason: str) -> None:
        def cancelled(control: Control) -> Control | None:
            is_over = control.state == CANCELLED or control.execution != self.execution
            return None if is_over else replace(control, state=CANCELLED, reason=reason)

        self.tools.documents.change_control(cancelled, changed_by=WORKER)

    # -- waiting ---------------------------------------------------------------------------------------------------

    def _look(self) -> float:
        """Obey operator and deadline; the events a second this worker may send now."""
        if not self.deadline.allows():
            raise self._out_of_time()
        if not self._watch.runs():
            raise _HeldError
        control = self._watch.now()
        rate = control.rate / self.tools.plan.workers
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
            self.book.write_when_due()

    def _until(self, due: float) -> float:
        return due - self.tools.clock()

    def _out_of_time(self) -> OutOfTimeError:
        return OutOfTimeError(f"item {self.item.id}: the invocation's time is up at line {self.book.progress.line}")
