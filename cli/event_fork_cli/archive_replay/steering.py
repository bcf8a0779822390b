"""Pause, cancel, resume, another rate."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from event_fork.archive.store import ArchiveStore
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.control import CANCELLED, MIN_RATE, PAUSED, RUNNING, Control, asks_to_go_on
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import Plan
from event_fork_cli.archive_replay.applying import execution_input, refuse_changed_objects
from event_fork_cli.archive_replay.engines import ReplayEngine
from event_fork_cli.archive_replay.executions import RUNNING as EXECUTION_RUNNING
from event_fork_cli.archive_replay.executions import ExecutionExistsError, Executions, executions_of, resume_name
from event_fork_cli.archive_replay.planner import workers_for
from event_fork_cli.archive_replay.statuses import Status, StatusReader, items_left
from event_fork_cli.errors import FailedError, RefusedError
from event_fork_cli.options import checked_rate

_DRAIN_SECONDS = 120.0
_OBEY_SECONDS = 15.0
"""A worker looks at control.json every 5 seconds and then ends its burst; after this long none sends any more."""


@dataclass(frozen=True)
class Helm:
    """What steering one replay needs. `caller`: who steers, for the history."""

    documents: ReplayDocuments
    executions: Executions
    engine: ReplayEngine
    caller: str
    clock: Callable[[], datetime]
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
    helm.change(lambda control: replace(control, state=PAUSED, reason=reason))
    return helm.reader.read()


def cancel(helm: Helm, reason: str) -> Status:
    """The same, and the execution is stopped: no worker starts any more."""
    status = helm.reader.read()
    if status.state == "done":
        raise RefusedError(f"{status.replay_id} is done: there is nothing to cancel")
    helm.change(lambda control: replace(control, state=CANCELLED, reason=reason))
    for execution in status.executions:
        if execution.status == EXECUTION_RUNNING:
            helm.executions.stop(execution.arn, reason)
    return helm.reader.read()


def change_rate(helm: Helm, rate: float) -> Status:
    """Another rate for a replay that runs; the number of workers follows, by UpdateMapRun."""
    checked_rate("RATE", rate, example="200")
    status = _must_run(helm, "given another rate")
    plan = helm.reader.plan()

    def changed(control: Control) -> Control:
        now = min(control.rate, rate) if plan.is_governed else rate
        # Never fewer workers: those that run already would share the new rate by the smaller number and exceed it.
        workers = max(control.workers, min(workers_for(rate), len(plan.items)))
        return replace(control, rate=now, limit=rate, workers=workers, reason=f"rate {rate:g} events/s")

    control = helm.change(changed)
    for run in status.map_runs:
        if run.max_concurrency != control.workers:
            helm.executions.limit_map_run(run.arn, control.workers)
    return helm.reader.read()


def resume(helm: Helm, store: ArchiveStore) -> Status:
    """A new execution over what was not sent. Raises RefusedError when it runs, or nothing is left."""
    status = _wait_until_ended(helm)
    _wait_for_workers_in_flight(helm, status)
    plan = helm.reader.plan()
    left = items_left(plan, helm.documents.all_progress())
    if not left:
        raise RefusedError(f"{plan.replay_id} is done: all {status.sent} events were sent")
    refuse_changed_objects(left, store)
    helm.documents.write_items(_from_now_on(left))
    control = helm.change(lambda control: _resumed(plan, control))
    number = max(1, len(status.executions))
    name = resume_name(plan.replay_id, number) if status.executions else plan.replay_id
    try:
        helm.executions.start(
            helm.engine.state_machine_arn, name, execution_input(plan, control.workers, helm.documents)
        )
    except ExecutionExistsError as error:
        raise RefusedError(f"{plan.replay_id} was resumed by somebody else just now") from error
    return helm.reader.read()


def _resumed(plan: Plan, control: Control) -> Control:
    step = control.ramp_step
    if asks_to_go_on(control.changed_by, control.reason) and plan.ramp is not None:
        # The governor stopped to ask; to resume is the answer.
        step = min(step + 1, len(plan.ramp) - 1)
    share = min(1.0, plan.ramp[step] / 100) if plan.ramp else 1.0
    rate = control.limit * share if plan.ramp or not plan.is_governed else max(control.rate, MIN_RATE)
    return replace(control, state=RUNNING, rate=rate, ramp_step=step, reason="resumed")


def _from_now_on(items: list[Item]) -> list[Item]:
    """With a pace, the first item that is left is due at once and the others as long after it as planned."""
    due = [item.not_before_seconds for item in items if item.not_before_seconds is not None]
    if not due:
        return items
    first = min(due)
    return [
        item
        if item.not_before_seconds is None
        else replace(item, not_before_seconds=round(item.not_before_seconds - first, 3))
        for item in items
    ]


def _must_run(helm: Helm, done: str) -> Status:
    status = helm.reader.read()
    if not status.executions or status.executions[-1].status != EXECUTION_RUNNING:
        raise RefusedError(f"{status.replay_id} is {status.state} and cannot be {done}")
    return status


def _wait_for_workers_in_flight(helm: Helm, status: Status) -> None:
    """An execution that was stopped from outside leaves its workers running: they obey control.json only.

    Without this the resumed execution and a worker of the old one could send the same events.
    """
    if not status.executions or status.executions[-1].status == "SUCCEEDED":
        return

    def held(control: Control) -> Control:
        return control if control.state != RUNNING else replace(control, state=PAUSED, reason="to be resumed")

    control = helm.documents.find_control()
    if control is not None and control.state == RUNNING:
        control = helm.change(held)
    if control is not None:
        age = (helm.clock() - timestamp_of(control.changed_at)).total_seconds()
        if age < _OBEY_SECONDS:
            helm.wait(_OBEY_SECONDS - max(0.0, age))


def _wait_until_ended(helm: Helm) -> Status:
    """A paused or cancelled replay drains for a moment; one that runs is not to be resumed."""
    reader = helm.reader
    waited = 0.0
    while True:
        status = reader.read()
        running = executions_of(helm.executions, helm.engine.state_machine_arn, status.replay_id)
        if not running or running[-1].status != EXECUTION_RUNNING:
            return status
        if status.state == "running":
            raise RefusedError(f"{status.replay_id} is running: there is nothing to resume")
        if waited >= _DRAIN_SECONDS:
            raise FailedError(f"{status.replay_id} is still {status.state} after {waited:.0f} s: try again")
        helm.wait(1.0)
        waited += 1.0
