"""One run of the replay queue, from the lock to the mapping that is off again, whatever comes in between."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import FrameType

from event_fork.archive.window import timestamp_text
from event_fork_cli.errors import FailedError, NothingMatchedError, RefusedError
from event_fork_cli.queue.pipelines import DISABLED, Backlog, ReplayQueue
from event_fork_cli.queue.windows import LEAST_HOLD_SECONDS, MOST_HOLD_SECONDS, QueueWindow, WindowParameter

POLL_SECONDS = 5.0
_QUIET_POLLS = 3
"""The counts of SQS are estimates and lag; so often in a row must nothing be left."""
_ASSUMED_RATE = 100.0
"""Events a second, until it can be measured: a batch of ten a call, one instance."""
_MEASURED_AFTER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """Where a replay queue stands. `window` and `holder` are None when no run goes on."""

    queue: str
    mapping_state: str
    visible: int
    hidden: int
    window: dict[str, object] | None
    holder: dict[str, object] | None


@dataclass(frozen=True, slots=True)
class QueueRun:
    """A run that has ended. `left`: what is still in the queue; hidden at most until `hidden_until`."""

    queue: str
    replay_id: str
    until: str
    gone: int
    left: int
    interrupted: bool
    hidden_until: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Drain:
    """A look at a run. `start`: the backlog it began with; `rate`: messages a second that leave the queue."""

    start: Backlog
    now: Backlog
    rate: float


def queue_status(queue: ReplayQueue, parameter: WindowParameter) -> QueueStatus:
    """Where the queue stands."""
    backlog = queue.backlog()
    return QueueStatus(
        queue=queue.name,
        mapping_state=queue.state(),
        visible=backlog.visible,
        hidden=backlog.hidden,
        window=parameter.window() or None,
        holder=parameter.holder(),
    )


def switch_off(queue: ReplayQueue, parameter: WindowParameter) -> None:
    """The mapping off, then no window, then no lock: in this order, so that no poller ever runs without a window."""
    queue.switch(on=False)
    parameter.close()
    parameter.unlock()


def drain(
    queue: ReplayQueue,
    parameter: WindowParameter,
    window: QueueWindow,
    *,
    clock: Callable[[], datetime],
    show: Callable[[Drain], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
    poll_seconds: float = POLL_SECONDS,
) -> QueueRun:
    """Forwards what the window holds and switches off again: at the end, on an error, and on Ctrl-C.

    Raises RefusedError when a run goes on or the mapping is on already, NothingMatchedError when the queue is empty.
    """
    start = queue.backlog()
    if not start.visible:
        hidden = f" ({start.hidden} are hidden at the moment, kept back by an earlier run)" if start.hidden else ""
        raise NothingMatchedError(f"nothing is waiting in {queue.name}{hidden}")
    parameter.lock(window.holder, window.started_at, window.replay_id, queue.name)
    began = clock()
    interrupted = False
    try:
        if queue.state() != DISABLED:
            raise RefusedError(f"the mapping of {queue.name} is {queue.state()}: everything in it is being forwarded")
    except BaseException:
        parameter.unlock()
        raise
    window = replace(window, hold_seconds=hold_seconds(start.all, window.rate or _ASSUMED_RATE))
    try:
        with _terminated_is_interrupted():
            parameter.open(window)
            queue.switch(on=True)
            window = _until_empty(queue, parameter, window, start, show, poll_seconds)
    except KeyboardInterrupt:
        interrupted = True
        say(f"interrupted: switching the mapping of {queue.name} off; what was not forwarded stays in the queue")
    finally:
        with _not_interrupted(say):
            _switch_off_or_say(queue, parameter)
    left = queue.backlog()
    ended = clock()
    return QueueRun(
        queue=queue.name,
        replay_id=window.replay_id,
        until=window.until,
        gone=max(0, start.all - left.all),
        left=left.all,
        interrupted=interrupted,
        hidden_until=timestamp_text(ended + timedelta(seconds=window.hold_seconds)),
        seconds=(ended - began).total_seconds(),
    )


def _switch_off_or_say(queue: ReplayQueue, parameter: WindowParameter) -> None:
    try:
        switch_off(queue, parameter)
    except Exception as error:
        raise FailedError(
            f"the mapping of {queue.name} could not be switched off ({error}): events may still be forwarded; "
            f"run `event-fork replay queue disable {queue.name}`"
        ) from error


def hold_seconds(messages: int, rate: float) -> int:
    """For how long what is kept must stay hidden: twice the time that one pass over the queue will take."""
    return int(min(MOST_HOLD_SECONDS, max(LEAST_HOLD_SECONDS, 2 * messages / rate)))


def _until_empty(
    queue: ReplayQueue,
    parameter: WindowParameter,
    window: QueueWindow,
    start: Backlog,
    show: Callable[[Drain], None],
    poll_seconds: float,
) -> QueueWindow:
    """Polls until nothing is visible and nothing leaves the queue any more; the window as it is in the end."""
    quiet = 0
    elapsed = 0.0
    before = start
    while True:
        queue.wait(poll_seconds)
        elapsed += poll_seconds
        now = queue.backlog()
        # Everything that is taken for the first time stops being visible, whether it is forwarded or kept.
        rate = max(0, start.visible - now.visible) / elapsed
        show(Drain(start, now, rate))
        if rate > 0 and elapsed >= _MEASURED_AFTER_SECONDS:
            needed = hold_seconds(start.all, rate)
            if needed > window.hold_seconds:
                window = replace(window, hold_seconds=needed)
                parameter.open(window)
        quiet = quiet + 1 if now.visible == 0 and now.all >= before.all else 0
        if quiet == _QUIET_POLLS or now.all == 0 == before.all:
            return window
        before = now


@contextmanager
def _terminated_is_interrupted() -> Iterator[None]:
    """SIGTERM is as good as Ctrl-C here: both must leave the mapping off."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _not_interrupted(say: Callable[[str], None]) -> Iterator[None]:
    """A second Ctrl-C while switching off must not leave the mapping on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def wait_a_moment(_number: int, _frame: FrameType | None) -> None:
        say("switching off, a moment")

    before = {number: signal.signal(number, wait_a_moment) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
