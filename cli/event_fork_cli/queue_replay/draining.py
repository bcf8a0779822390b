"""One run of the replay queue, from the lock to the mapping that is off again, whatever comes in between.

What a run makes or changes bears its name: lock, window, alias, and the mapping by the alias that it invokes.
Whoever ends a run takes back only what still bears that name, and a run that finds something of its own gone ends.
tests/model/QueueRun.tla is that in TLA+, with a kill, a `disable` and a `terraform apply` between any two calls.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from event_fork.events.time_window import timestamp_text
from event_fork.queue_replay.run_report import MAX_HOLD_SECONDS
from event_fork.queue_replay.window import DEFAULT_HOLD_SECONDS, DEFAULT_WORKERS, ReplayWindow
from event_fork.replay_plan.errors import DocumentError
from event_fork_cli.errors import FailedError, NothingMatchedError, RefusedError
from event_fork_cli.options import refuse_slower
from event_fork_cli.queue_replay.interruption import Interruption
from event_fork_cli.queue_replay.pipelines import Backlog, MappingSettings, MappingState, ReplayQueue, workers_of_run
from event_fork_cli.queue_replay.run_reports import FunctionLog
from event_fork_cli.queue_replay.settling import Settling
from event_fork_cli.queue_replay.windows import WindowParameter

POLL_SECONDS = 5.0
_LOOKS_OF_DISABLE = 10
"""So often does `disable` look whether a run that was about to begin has made something after all."""
_ASSUMED_RATE = 100.0
"""Events a second, until it can be measured: a batch of ten a call, one instance."""
_MEASURED_AFTER_SECONDS = 30.0
_UNKNOWN_SECONDS = 60.0


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
    """A run that has ended. Of the events, `forwarded`, `dead_lettered` and `kept` are the function's own counts.

    `left`: what is still in the queue, hidden at most until `hidden_until`. `in_flight`: of these, what the function
    has not reported as kept, also after its time-out: failed, not its turn yet, or hidden since before the run.
    `failure`: why not everything was forwarded, or is not known to be. `ended_by`: what somebody else did to end it.
    Both are "" when there is nothing of the kind.
    """

    queue: str
    replay_id: str
    until: str
    forwarded: int
    dead_lettered: int
    kept: int
    left: int
    in_flight: int
    interrupted: bool
    failure: str
    ended_by: str
    hidden_until: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Drain:
    """A look at a run. `rate`: messages a second that are looked at for the first time."""

    settling: Settling
    now: Backlog
    rate: float


class _EndedByOthersError(Exception):
    """Something that was the run's own is not any more; the text says what."""


def queue_status(queue: ReplayQueue, parameter: WindowParameter) -> QueueStatus:
    """Where the queue stands."""
    backlog = queue.backlog()
    return QueueStatus(
        queue=queue.name,
        mapping_state=queue.mapping_state().state,
        visible=backlog.visible,
        hidden=backlog.hidden,
        window=parameter.window() or None,
        holder=parameter.holder(),
    )


def switch_off(queue: ReplayQueue, parameter: WindowParameter) -> None:
    """Ends whatever run goes on, also one that was killed, wherever that was.

    The mapping off, then no window, so that no poller ever runs without one; aliases only after what they note was put
    back; the lock last. A run that was about to begin may still make an alias or switch the mapping on, so it is looked
    at again. Raises FailedError when that goes on.
    """
    before: MappingSettings | None = None
    for _ in range(_LOOKS_OF_DISABLE):
        mapping, runs = queue.mapping_state(), queue.runs()
        if runs:
            before = runs.get(mapping.run or "", next(iter(runs.values())))
        queue.switch_off(before or mapping.settings)
        parameter.close()
        for run in runs:
            queue.forget(run)
        if not queue.runs() and not (now := queue.mapping_state()).is_on and now.run is None:
            parameter.unlock()
            return
    raise FailedError(f"somebody begins runs of {queue.name} again and again: nothing was cleaned up for good")


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

    Raises RefusedError when a run goes on or the mapping is on already, NothingMatchedError when the queue is empty,
    BadInputError for a rate that one invocation is too short for.
    """
    start = queue.backlog()
    if not start.visible:
        hidden = f" ({start.hidden} are hidden at the moment, kept back by an earlier run)" if start.hidden else ""
        raise NothingMatchedError(f"nothing is waiting in {queue.name}{hidden}")
    began = clock()
    run = window.replay_id
    log = FunctionLog(queue.logs, queue.log_group, run, began)
    log.new()  # whether it can be read is better known before anything is switched on
    settling = Settling(start, queue.visibility_seconds() + queue.function_seconds)
    window = replace(window, hold_seconds=hold_seconds(start.all, window.rate or _ASSUMED_RATE))
    interrupted, ended_by = False, ""
    before: MappingSettings | None = None
    with Interruption(say) as interruption:
        try:
            try:
                parameter.lock(window, queue.name)
                found = _found_off(queue)  # under the lock: before it, another run's changes may still be there
                before = found.settings
                window = replace(window, workers=workers_of_run(window.rate, found))
                _refuse_too_slow(window, queue)
                parameter.open(window)
                queue.switch_on(run, before, before.workers if found.pollers else window.workers)
                window = _until_settled(queue, parameter, window, settling, log, show, poll_seconds)
            except KeyboardInterrupt:
                interrupted = True
                say(
                    f"interrupted: switching the mapping of {queue.name} off; what was not forwarded stays in the queue"
                )
            except _EndedByOthersError as error:
                ended_by = str(error)
            interruption.hold()
        finally:
            _give_back_or_say(queue, parameter, run, before)
    settling.end()
    left = queue.backlog() if ended_by else _when_work_has_ended(queue, settling, log, say, poll_seconds)
    ended = clock()
    return QueueRun(
        queue=queue.name,
        replay_id=run,
        until=timestamp_text(window.until),
        forwarded=settling.forwarded,
        dead_lettered=settling.dead_lettered,
        kept=settling.kept,
        left=left.all,
        in_flight=settling.unreported(left),
        interrupted=interrupted,
        failure=settling.failure if not interrupted and not ended_by else "",
        ended_by=ended_by,
        hidden_until=timestamp_text(ended + timedelta(seconds=window.hold_seconds)),
        seconds=(ended - began).total_seconds(),
    )


def hold_seconds(messages: int, rate: float) -> int:
    """For how long what is kept must stay hidden: twice the time that one pass over the queue will take."""
    return int(min(MAX_HOLD_SECONDS, max(DEFAULT_HOLD_SECONDS, 2 * messages / rate)))


def _found_off(queue: ReplayQueue) -> MappingState:
    mapping = queue.mapping_state()
    if mapping.is_on:
        raise RefusedError(f"the mapping of {queue.name} is {mapping.state}: everything in it is being forwarded")
    if mapping.run is not None:  # its settings are still that run's
        raise RefusedError(
            f"the mapping of {queue.name} is still that of {mapping.run}, which ends just now or was killed: "
            f"event-fork replay queue disable {queue.name}"
        )
    return mapping


def _refuse_too_slow(window: ReplayWindow, queue: ReplayQueue) -> None:
    if window.rate is not None:
        refuse_slower("--rate", window.rate, window.workers or DEFAULT_WORKERS, queue.function_seconds)


def _give_back_or_say(queue: ReplayQueue, parameter: WindowParameter, run: str, before: MappingSettings | None) -> None:
    try:
        _give_back(queue, parameter, run, before)
    except Exception as error:
        raise FailedError(
            f"the mapping of {queue.name} could not be switched off ({error}): events may still be forwarded; "
            f"run `event-fork replay queue disable {queue.name}`"
        ) from error


def _give_back(queue: ReplayQueue, parameter: WindowParameter, run: str, before: MappingSettings | None) -> None:
    """What still bears the run's name; `before` None: it has changed nothing but the lock.

    The mapping off, then no window, so that no poller ever runs without one; the lock last, so that until then nobody
    else begins, and a run that is killed here leaves what `disable` looks for.
    """
    if before is not None:
        # With the lock also a mapping that somebody has switched off: its limit may still be the run's.
        # The mapping is asked first, so that it goes off while Parameter Store does not answer.
        if queue.mapping_state().run == run or parameter.is_locked_by(run):
            queue.switch_off(before, of=run)
        if parameter.is_of(run):
            parameter.close()
        queue.forget(run)
    if parameter.is_locked_by(run):
        parameter.unlock()


def _refuse_to_go_on(queue: ReplayQueue, parameter: WindowParameter, run: str) -> None:
    """Raises _EndedByOthersError when something of the run's is not its own any more."""
    try:
        holder = parameter.holder()
    except DocumentError as error:
        raise _EndedByOthersError(f"somebody wrote over its lock: {error}") from error
    if holder is None:
        raise _EndedByOthersError("somebody ran `queue disable`: its lock is gone")
    if holder.get("replay_id") != run:
        raise _EndedByOthersError(f"another run took its place, started by {holder.get('holder', '?')}")
    mapping = queue.mapping_state()
    if not mapping.is_on or mapping.run != run:
        raise _EndedByOthersError("somebody switched its mapping off (`queue disable`, `terraform apply`)")
    if not parameter.is_of(run):
        raise _EndedByOthersError("somebody wrote another window")


def _when_work_has_ended(
    queue: ReplayQueue, settling: Settling, log: FunctionLog, say: Callable[[str], None], poll_seconds: float
) -> Backlog:
    """The backlog once the invocations are over that the mapping began before it was off: they still forward.

    None outlasts the function's time-out. A second Ctrl-C ends the wait: everything of the run is given back.
    """
    now = queue.backlog()
    waited = 0.0
    if count := settling.unreported(now):
        say(f"{count:,} events are in flight: waiting for what becomes of them, at most {queue.function_seconds:g} s")
    with suppress(KeyboardInterrupt):
        while waited < queue.function_seconds and settling.unreported(now):
            queue.wait(poll_seconds)
            waited += poll_seconds
            now = queue.backlog()
            settling.look(poll_seconds, now, log.new())
    return now


def _until_settled(
    queue: ReplayQueue,
    parameter: WindowParameter,
    window: ReplayWindow,
    settling: Settling,
    log: FunctionLog,
    show: Callable[[Drain], None],
    poll_seconds: float,
) -> ReplayWindow:
    """Looks until everything is settled; the window as it is in the end.

    Whether all is still the run's own may be unknown for a minute, when Parameter Store or Lambda throttle: the
    function too does nothing without the window.
    """
    elapsed = known_at = 0.0
    start = settling.start
    while not settling.is_over:
        queue.wait(poll_seconds)
        elapsed += poll_seconds
        now = queue.backlog()
        settling.look(poll_seconds, now, log.new())
        # Everything that is taken for the first time stops being visible, whether it is forwarded or kept.
        rate = max(0, start.visible - now.visible) / elapsed
        show(Drain(settling, now, rate))
        try:
            _refuse_to_go_on(queue, parameter, window.replay_id)
            known_at = elapsed
        except (ClientError, BotoCoreError):
            if elapsed - known_at >= _UNKNOWN_SECONDS:
                raise
        if rate > 0 and elapsed >= _MEASURED_AFTER_SECONDS:
            needed = hold_seconds(start.all, rate)
            if needed > window.hold_seconds:
                window = replace(window, hold_seconds=needed)
                parameter.open(window)
    return window
