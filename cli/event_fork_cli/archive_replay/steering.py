"""Pause, cancel, resume, another rate."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace

from event_fork.archive.store import ArchiveStore
from event_fork.replay_plan.control import CANCELLED, DEAD_LETTERS, MIN_RATE, PAUSED, RUNNING, Control, asks_to_go_on
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import Plan
from event_fork_cli.archive_replay.applying import execution_input, refuse_changed_objects
from event_fork_cli.archive_replay.endurance import refuse_long_waits, refuse_slower_than_items
from event_fork_cli.archive_replay.engines import ReplayEngine
from event_fork_cli.archive_replay.executions import RUNNING as EXECUTION_RUNNING
from event_fork_cli.archive_replay.executions import (
    ExecutionExistsError,
    Executions,
    execution_name,
    execution_number,
    executions_of,
)
from event_fork_cli.archive_replay.statuses import STATE_DONE, STATE_RUNNING, Status, StatusReader, items_left
from event_fork_cli.errors import BadInputError, FailedError, RefusedError
from event_fork_cli.options import checked_rate

_DRAIN_SECONDS = 120.0
_RELEASE_SECONDS = 20.0
"""How long `resume` gives the workers of an execution that was stopped to see it and write down how far they got: they
look every 5 seconds between calls, and a call takes up to 13. Nothing rests on it but how many events are repeated."""


@dataclass(frozen=True)
class Helm:
    """What steering one replay needs. `caller`: who steers, for the history."""

    documents: ReplayDocuments
    executions: Executions
    engine: ReplayEngine
    caller: str
    wait: Callable[[float], None] = time.sleep

    @property
    def reader(self) -> StatusReader:
        """Reads the replay's status."""
        return StatusReader(self.documents, self.executions, self.engine.state_machine_arn)

    def change(self, change: Callable[[Control], Control]) -> Control:
        """Changes control.json, signed and dated."""
        return self.documents.change_control(change, changed_by=self.caller)


def pause(helm: Helm, reason: str) -> Status:
    """Workers send the batch they are at, write down how far they got, and end."""
    _must_run(helm, "paused")
    replay_id = helm.documents.area.replay_id

    def paused(control: Control) -> Control:
        if control.state != RUNNING:
            state = helm.reader.read().state
            raise RefusedError(f"{replay_id} is {state} by {control.changed_by}: it cannot be paused")
        return replace(control, state=PAUSED, reason=reason)

    helm.change(paused)
    return _status_of_stopped(helm, PAUSED)


def cancel(helm: Helm, reason: str) -> Status:
    """The same, and the execution is stopped: no worker starts any more."""
    with suppress(DocumentError):
        status = helm.reader.read()
        if status.state == STATE_DONE:
            raise RefusedError(f"{status.replay_id} is done: there is nothing to cancel")
    replay_id = helm.documents.area.replay_id
    named = helm.change(lambda control: replace(control, state=CANCELLED, reason=reason)).execution
    # Listed after the change: a resume that came in between has started another one.
    for execution in executions_of(helm.executions, helm.engine.state_machine_arn, replay_id, named):
        if execution.status == EXECUTION_RUNNING:
            helm.executions.stop(execution.arn, reason)
    return _status_of_stopped(helm, CANCELLED)


def change_rate(helm: Helm, rate: float) -> Status:
    """Another rate for a replay that runs, at most the plan's: that is the one that was looked at."""
    checked_rate("RATE", rate, example="200")
    _must_run(helm, "given another rate")
    plan = helm.reader.plan()
    if rate > plan.rate:
        raise BadInputError(
            "RATE", f"must be at most the plan's {plan.rate:g}", example=f"{plan.rate:g}", received=rate
        )
    refuse_slower_than_items("RATE", rate, plan, helm.engine.worker_seconds)

    def changed(control: Control) -> Control:
        now = min(control.rate, rate) if plan.is_governed else rate
        return replace(control, rate=now, limit=rate, reason=f"rate {rate:g} events/s")

    helm.change(changed)
    return helm.reader.read()


def resume(helm: Helm, store: ArchiveStore) -> Status:
    """A new execution over what was not sent. Raises RefusedError when it runs, or nothing is left.

    control.json names the new execution before it is started, over the version that was judged here. From then on no
    worker of an earlier one may send, whatever it does. A resume that died before the start is finished by the next.
    """
    judged, status = _wait_until_ended(helm)
    plan = helm.reader.plan()
    left = _left(helm, plan)
    refuse_changed_objects(plan.etags(left), store)
    refuse_long_waits("the plan's pace", plan, left, helm.engine.worker_seconds)
    name = _next_name(plan.replay_id, judged, status)

    def resumed(control: Control) -> Control:
        if control != judged:
            raise RefusedError(
                f"{plan.replay_id} was changed by {control.changed_by} a moment ago ({control.reason}): "
                f"see `event-fork replay status {plan.replay_id}`"
            )
        return _resumed(plan, control, name)

    helm.change(resumed)
    _wait_for_workers_in_flight(helm, status)
    helm.documents.write_items(plan.heads(_left(helm, plan)))
    try:
        helm.executions.start(helm.engine.state_machine_arn, name, execution_input(plan, helm.documents))
    except ExecutionExistsError as error:
        raise RefusedError(f"{plan.replay_id} was resumed by somebody else just now") from error
    return helm.reader.read()


def _next_name(replay_id: str, control: Control, status: Status) -> str:
    """After the last execution there is. Where there is none, the one that was never started, or is forgotten."""
    if not status.executions:
        return control.execution
    return execution_name(replay_id, execution_number(replay_id, status.executions[-1].name) + 1)


def _left(helm: Helm, plan: Plan) -> list[Item]:
    progress = helm.documents.all_progress()
    for item in plan.items:
        if why := progress.unreadable.get(helm.documents.area.progress(item.id)):
            raise RefusedError(f"how far it got cannot be read: {why}; without it the item would be sent again")
    left = items_left(plan, progress.by_item)
    if not left:
        sent = sum(entry.sent for entry in progress.by_item.values())
        if failed := sum(entry.failed_events for entry in progress.by_item.values()):
            raise RefusedError(
                f"{plan.replay_id} is done: {sent} events were sent, {failed} could not be, and what comes after them "
                "was. Out of their order they can be sent by a plan of their own, with --event-id"
            )
        raise RefusedError(f"{plan.replay_id} is done: all {sent} events were sent")
    return _from_now_on(left, {item for item, entry in progress.by_item.items() if entry.finished})


def _resumed(plan: Plan, control: Control, execution: str) -> Control:
    """A governed replay goes on at the rate that it had, and a ramp at the step that it had reached."""
    step = control.ramp_step
    # The governor stopped to ask; to resume is the answer.
    agreed = asks_to_go_on(control.changed_by, control.reason)
    if agreed and plan.ramp is not None:
        step = min(step + 1, len(plan.ramp) - 1)
    share = min(1.0, plan.ramp[step] / 100) if plan.ramp else 1.0
    rate = control.limit * share
    if plan.is_governed and not agreed:
        rate = max(MIN_RATE, min(rate, control.rate))
    return replace(
        control,
        state=RUNNING,
        execution=execution,
        rate=rate,
        ramp_step=step,
        reason="resumed",
        # Whoever resumes after the governor has counted too many has seen them. Nothing else ends the count.
        dead_letters_at_first=None if control.reason.startswith(DEAD_LETTERS) else control.dead_letters_at_first,
    )


def _from_now_on(items: list[Item], repeated: Collection[str]) -> list[Item]:
    """With a pace, the first item that is left is due at once and the others as long after it as planned.

    `repeated`: those of which only failed events are left; they are due at once too.
    """
    due = [item.not_before_seconds for item in items if item.id not in repeated and item.not_before_seconds is not None]
    first = min(due, default=0.0)
    return [
        item
        if item.not_before_seconds is None
        else replace(item, not_before_seconds=max(0.0, round(item.not_before_seconds - first, 3)))
        for item in items
    ]


def _must_run(helm: Helm, done: str) -> None:
    last = helm.reader.last_execution()
    if last is None or last.status != EXECUTION_RUNNING:
        status = helm.reader.read()
        raise RefusedError(f"{status.replay_id} is {status.state} and cannot be {done}")


def _status_of_stopped(helm: Helm, state: str) -> Status:
    """What stops a replay needs control.json and its executions only; what else is damaged is said then."""
    try:
        return helm.reader.read()
    except DocumentError as error:
        raise FailedError(f"{helm.documents.area.replay_id} is {state}; its status cannot be read: {error}") from error


def _wait_for_workers_in_flight(helm: Helm, status: Status) -> None:
    """An execution that was stopped from outside leaves its workers running: control.json tells them that they may not.

    Each then writes down how far it got and releases its item, so that the resumed execution repeats nothing. One that
    does not come to it, or died, is taken over from: that repeats what it had not written, at most 1,000 events.
    """
    if not status.executions or status.executions[-1].status == "SUCCEEDED":
        return
    waited = 0.0
    while waited < _RELEASE_SECONDS and _claimed(helm.documents):
        helm.wait(1.0)
        waited += 1.0


def _claimed(documents: ReplayDocuments) -> bool:
    return any(entry.claimed for entry in documents.all_progress().by_item.values())


def _wait_until_ended(helm: Helm) -> tuple[Control, Status]:
    """What can be resumed: control.json and, read after it, the status.

    A paused or cancelled replay drains for a moment; one that runs is not to be resumed.
    """
    waited = 0.0
    while True:
        control = helm.documents.control()
        status = helm.reader.read()
        if not status.executions or status.executions[-1].status != EXECUTION_RUNNING:
            return control, status
        if status.state == STATE_RUNNING:
            raise RefusedError(f"{status.replay_id} is running: there is nothing to resume")
        if waited >= _DRAIN_SECONDS:
            raise FailedError(f"{status.replay_id} is still {status.state} after {waited:.0f} s: try again")
        helm.wait(1.0)
        waited += 1.0
