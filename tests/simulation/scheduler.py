"""Virtual time and who runs next: one greenlet at a time, and always the same one for the same seed.

A task runs until it sleeps or calls a service; then the one that is due first goes on. So every interleaving comes from
the lengths of the calls, which the seed chooses, and nothing depends on the machine.
"""

from __future__ import annotations

import heapq
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from greenlet import getcurrent, greenlet

EPOCH = 1_795_608_000.0
"""2026-11-25T12:00:00Z: where every run begins."""


class Killed(BaseException):
    """The process is gone: `finally` blocks run, but nothing in them reaches a service any more."""


class StuckError(Exception):
    """The run did not come to its end within its virtual time."""


@dataclass(eq=False)
class Process:
    """Something with a clock of its own that can die: a function's instance, an operator's command.

    `skew`: how far its wall clock is ahead of the true time. `calls`: port calls made so far.
    """

    name: str
    skew: float = 0.0
    ours: bool = False
    """It is a part of the simulation, not of what is simulated: an exception in it ends the run."""
    calls: int = 0
    alive: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    output: io.StringIO = field(default_factory=io.StringIO)
    said: io.StringIO = field(default_factory=io.StringIO)
    signals: dict[int, Any] = field(default_factory=dict)
    interrupts: int = 0
    """Ctrl-C that was typed and has not arrived yet."""


class Task:
    """A greenlet of a process. `result` or `error` when `done`."""

    def __init__(self, scheduler: Scheduler, process: Process, work: Callable[[], Any]) -> None:
        self._scheduler = scheduler
        self.process = process
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.waiting: list[Task] = []
        self.wakes = 0
        self.killed = False
        self._work = work
        self.greenlet = greenlet(self._run, parent=scheduler.hub)

    def _run(self) -> None:
        try:
            if not self.killed:
                self.result = self._work()
        except BaseException as error:  # the process's end, however it comes; who waits for it judges
            self.error = error
        self.done = True
        for other in self.waiting:
            self._scheduler.wake(other)

    def kill(self) -> None:
        """End it where it stands."""
        if not self.done:
            self.killed = True
            self._scheduler.wake(self)


class Scheduler:
    """The clock and the queue of who is due. `now` is true time, in seconds since the run began."""

    def __init__(self) -> None:
        self.now = 0.0
        self.hub = getcurrent()
        self.current: Task | None = None
        self._due: list[tuple[float, int, Task, int]] = []
        self._order = 0
        self.tasks: list[Task] = []

    def start(self, process: Process, work: Callable[[], Any], *, after: float = 0.0) -> Task:
        """A new task; it begins `after` seconds from now."""
        task = Task(self, process, work)
        self.tasks.append(task)
        self._schedule(task, after)
        return task

    def sleep(self, seconds: float) -> None:
        """The running task goes on so many seconds later."""
        task = self._running()
        self._schedule(task, max(0.0, seconds))
        self._suspend(task)

    def wait(self, other: Task, seconds: float = float("inf")) -> bool:
        """Wait until the other task is done, at most so long; whether it is."""
        task = self._running()
        if not other.done:
            other.waiting.append(task)
            if seconds != float("inf"):
                self._schedule(task, seconds)
            self._suspend(task)
            if task in other.waiting:
                other.waiting.remove(task)
        return other.done

    def wake(self, task: Task) -> None:
        """It goes on now; a sleep that it is in is over."""
        self._schedule(task, 0.0)

    def run(self, until: Callable[[], bool], *, seconds: float) -> None:
        """Go on until the condition holds. Raises StuckError after so many seconds of virtual time."""
        end = self.now + seconds
        while not until():
            if not self._due:
                raise StuckError(f"nothing is left to do at {self.now:.1f} s")
            at, _, task, wakes = heapq.heappop(self._due)
            if task.done or task.wakes != wakes:
                continue  # it was woken before
            if at > end:
                raise StuckError(f"not done after {seconds:.0f} s")
            self.now = max(self.now, at)
            self._switch(task)

    def close(self) -> None:
        """End every task, so that none is left to the garbage collector."""
        while open_tasks := [task for task in self.tasks if not task.done]:
            for task in open_tasks:
                task.killed = True
                self._switch(task)
        self.tasks.clear()

    def _running(self) -> Task:
        if self.current is None:
            raise RuntimeError("only a task of the simulation can wait")
        return self.current

    def _schedule(self, task: Task, after: float) -> None:
        # The earliest wake counts, later ones are void: `wakes` is raised when the task goes on.
        self._order += 1
        heapq.heappush(self._due, (self.now + after, self._order, task, task.wakes))

    def _switch(self, task: Task) -> None:
        task.wakes += 1
        self.current = task
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = task.process.output, task.process.said
        try:
            task.greenlet.switch()
        finally:
            sys.stdout, sys.stderr = before
            self.current = None
        if task.process.ours and isinstance(task.error, Exception):
            raise task.error

    def _suspend(self, task: Task) -> None:
        self.hub.switch()
        if task.killed or not task.process.alive:
            raise Killed
        process = task.process
        if process.interrupts:
            process.interrupts -= 1
            interrupted(process)


def interrupted(process: Process) -> None:
    """SIGINT arrives: the handler that the process has set, else Python's own."""
    import signal

    handler = process.signals.get(signal.SIGINT, signal.default_int_handler)
    if callable(handler):
        handler(signal.SIGINT, None)
