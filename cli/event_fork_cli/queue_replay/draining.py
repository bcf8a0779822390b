"""One run of the replay queue, from the lock to the mapping that is off again, whatever comes in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from event_fork.events.time_window import timestamp_text
from event_fork.queue_replay.window import DEFAULT_HOLD_SECONDS, MAX_HOLD_SECONDS, ReplayWindow
from event_fork_cli.errors import FailedError, NothingMatchedError, RefusedError
from event_fork_cli.queue_replay.interruption import Interruption
from event_fork_cli.queue_replay.pipelines import DISABLED, Backlog, ReplayQueue
from event_fork_cli.queue_replay.windows import WindowParameter

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
    """Ends whatever run goes on, also one that was killed."""
    held = parameter.holder() or {}
    _switch_off(queue, parameter, held.get("mapping") or {"FunctionName": queue.function})
    if run := held.get("replay_id"):
        queue.forget(run)


def _switch_off(queue: ReplayQueue, parameter: WindowParameter, mapping: dict[str, Any]) -> None:
    """The mapping off, then no window, then no lock: in this order, so that no poller ever runs without a window."""
    queue.switch_off(mapping)
    parameter.close()
    parameter.unlock()


def drain(
    queue: ReplayQueue,
    parameter: WindowParameter,
    window: ReplayWindow,
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
    began = clock()
    interrupted = False
    window = replace(window, hold_seconds=hold_seconds(start.all, window.rate or _ASSUMED_RATE))
    before = queue.settings(window.workers)
    with Interruption(say) as interruption:
        _take(queue, parameter, window, before)
        try:
            try:
                parameter.open(window)
                queue.switch_on(window.replay_id, window.workers)
                window = _until_empty(queue, parameter, window, start, show, poll_seconds)
            except KeyboardInterrupt:
                interrupted = True
                say(
                    f"interrupted: switching the mapping of {queue.name} off; what was not forwarded stays in the queue"
                )
            interruption.hold()
        finally:
            _switch_off_or_say(queue, parameter, before)
            queue.forget(window.replay_id)
    left = queue.backlog()
    ended = clock()
    return QueueRun(
        queue=queue.name,
        replay_id=window.replay_id,
        until=timestamp_text(window.until),
        gone=max(0, start.all - left.all),
        left=left.all,
        interrupted=interrupted,
        hidden_until=timestamp_text(ended + timedelta(seconds=window.hold_seconds)),
        seconds=(ended - began).total_seconds(),
    )


def _take(queue: ReplayQueue, parameter: WindowParameter, window: ReplayWindow, mapping: dict[str, Any]) -> None:
    """The lock, of a mapping that is off. When it cannot be had, none is left behind."""
    try:
        parameter.lock(window, mapping, queue.name)
        if (state := queue.state()) != DISABLED:
            raise RefusedError(f"the mapping of {queue.name} is {state}: everything in it is being forwarded")
    except BaseException:
        if (parameter.holder() or {}).get("replay_id") == window.replay_id:
            parameter.unlock()
        raise


def _switch_off_or_say(queue: ReplayQueue, parameter: WindowParameter, mapping: dict[str, Any]) -> None:
    try:
        _switch_off(queue, parameter, mapping)
    except Exception as error:
        raise FailedError(
            f"the mapping of {queue.name} could not be switched off ({error}): events may still be forwarded; "
            f"run `event-fork replay queue disable {queue.name}`"
        ) from error


def hold_seconds(messages: int, rate: float) -> int:
    """For how long what is kept must stay hidden: twice the time that one pass over the queue will take."""
    return int(min(MAX_HOLD_SECONDS, max(DEFAULT_HOLD_SECONDS, 2 * messages / rate)))


def _until_empty(
    queue: ReplayQueue,
    parameter: WindowParameter,
    window: ReplayWindow,
    start: Backlog,
    show: Callable[[Drain], None],
    poll_seconds: float,
) -> ReplayWindow:
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
