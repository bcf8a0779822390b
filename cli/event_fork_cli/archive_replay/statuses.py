"""Where a replay stands, from its plan, control and progress documents and its executions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from event_fork.replay_plan.control import CANCELLED, PAUSED, Change, Control
from event_fork.replay_plan.documents import AllProgress, ReplayDocuments
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.json_values import LONGEST_SECONDS
from event_fork.replay_plan.plan import Plan
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork_cli.archive_replay.executions import RUNNING, Execution, Executions, MapRun, executions_of
from event_fork_cli.errors import BadInputError

STATE_RUNNING = "running"
STATE_PAUSING = "pausing"
STATE_PAUSED = "paused"
STATE_CANCELLING = "cancelling"
STATE_CANCELLED = "cancelled"
STATE_DONE = "done"
STATE_DONE_WITH_FAILURES = "done-with-failures"
STATE_INCOMPLETE = "incomplete"
STATE_NOT_STARTED = "not-started"

ENDED = frozenset(
    {STATE_PAUSED, STATE_CANCELLED, STATE_DONE, STATE_DONE_WITH_FAILURES, STATE_INCOMPLETE, STATE_NOT_STARTED}
)
"""Nothing of the replay runs any more, or yet."""


@dataclass(frozen=True, slots=True)
class Status:
    """Where a replay stands.

    `state`: running, pausing (workers in flight finish), paused, cancelling, cancelled, done, done-with-failures (every
    event was tried, some could not be sent), incomplete (it ended before everything was tried: resume it), not-started.
    `sent`, `failed`, `left` are events and make up `total`. `seconds_left`: at the present rate; None when not running.
    `unreadable`: what lies among the progress and is none that a worker can have made; nothing of it is counted.
    `created_by` is what the plan says; `applied_by` and `changes` were written at that moment, as STS named the caller.
    """

    replay_id: str
    state: str
    reason: str
    total: int
    sent: int
    failed: int
    left: int
    unmarked: int
    duplicates_skipped: int
    rate: float
    limit: float
    workers: int
    ramp_step: int
    seconds_left: float | None
    target: str
    archive: str
    created_by: str
    applied_by: str
    changes: tuple[Change, ...]
    changed_by: str
    changed_at: str
    started: datetime | None
    ended: datetime | None
    executions: tuple[Execution, ...]
    map_runs: tuple[MapRun, ...]
    failures: tuple[FailedEvent, ...]
    unreadable: tuple[str, ...] = ()


_NAMED_FAILURES = 20


class StatusReader:
    """Reads the status of one replay, again and again if need be."""

    def __init__(self, documents: ReplayDocuments, executions: Executions, state_machine_arn: str) -> None:
        self._documents = documents
        self._executions = executions
        self._state_machine_arn = state_machine_arn

    @property
    def module(self) -> str:
        """The replay module that it is one of."""
        return self._documents.area.module

    def plan(self) -> Plan:
        """The plan as it was applied. Raises BadInputError when there is none of that id."""
        plan = self._documents.find_plan()
        if plan is None:
            raise BadInputError(
                "REPLAY",
                "must be the id of a replay that was applied",
                example="replay-20261123-101500-3f9a2c (see `event-fork replay list`)",
                received=self._documents.area.replay_id,
            )
        return plan

    def read(self) -> Status:
        """The status now. Raises DocumentError when what the documents say cannot be, by the plan that was applied."""
        plan = self.plan()
        control, found = self._started()
        for execution in found:
            if execution.plan_sha256 is not None:
                self._documents.check_applied(execution.plan_sha256)
        # Progress after the executions: when the last one has ended, what is read then is final.
        progress = self._documents.all_progress()
        runs = self._executions.map_runs(found[-1].arn) if found else []
        return status_of(plan, control, found, runs, progress)

    def last_execution(self) -> Execution | None:
        """The one that was started last, without a look at what can be damaged: the plan and the progress."""
        _, found = self._started()
        return found[-1] if found else None

    def _started(self) -> tuple[Control | None, list[Execution]]:
        control = self._documents.find_control()
        named = control.execution if control else None
        replay_id = self._documents.area.replay_id
        return control, executions_of(self._executions, self._state_machine_arn, replay_id, named)


def items_left(plan: Plan, progress: Mapping[str, Progress]) -> list[Item]:
    """The items that are not done, or of which events failed that may be sent again: what a resume works on."""
    return [item for item in plan.items if (state := progress.get(item.id)) is None or not _is_done(item, state)]


def _is_done(item: Item, state: Progress) -> bool:
    return state.finished and not (item.repeats_failed and state.failed_events)


def status_of(
    plan: Plan,
    control: Control | None,
    found: list[Execution],
    runs: list[MapRun],
    all_progress: AllProgress,
) -> Status:
    """The status that the documents and executions add up to."""
    progress, unreadable = all_progress
    total = plan.totals.events
    sent = sum(entry.sent for entry in progress.values())
    failures = [event for entry in progress.values() for event in entry.failed]
    failed = sum(entry.failed_events for entry in progress.values())
    left = total - sent - failed
    last = found[-1] if found else None
    state, reason = _state(plan, control, last, progress, failed > 0)
    rate = control.rate if control else plan.rate
    running = state == STATE_RUNNING
    return Status(
        replay_id=plan.replay_id,
        state=state,
        reason=reason,
        total=total,
        sent=sent,
        failed=failed,
        left=left,
        unmarked=sum(entry.unmarked for entry in progress.values()),
        duplicates_skipped=sum(entry.duplicates_skipped for entry in progress.values()),
        rate=rate,
        limit=control.limit if control else plan.rate,
        workers=plan.workers,
        ramp_step=control.ramp_step if control else 0,
        seconds_left=min(left / rate, LONGEST_SECONDS) if running and rate > 0 else None,
        target=plan.target.queue_arn,
        archive=f"s3://{plan.archive.bucket}/{plan.archive.prefix}",
        created_by=plan.created_by,
        applied_by=control.changes[0].by if control and control.changes else "",
        changes=control.changes if control else (),
        changed_by=control.changed_by if control else "",
        changed_at=control.changed_at if control else "",
        started=found[0].started if found else None,
        ended=last.stopped if last else None,
        executions=tuple(found),
        map_runs=tuple(runs),
        failures=tuple(failures[:_NAMED_FAILURES]),
        unreadable=tuple(f"{key}: {why}" for key, why in islice(unreadable.items(), _NAMED_FAILURES)),
    )


def _state(
    plan: Plan,
    control: Control | None,
    last: Execution | None,
    progress: Mapping[str, Progress],
    failures: bool,
) -> tuple[str, str]:
    wanted = control.state if control else ""
    asked = control.reason if control else ""
    if last is None and not progress:
        return STATE_NOT_STARTED, "no execution of this replay was found"
    if last is not None and last.status == RUNNING:
        return {PAUSED: STATE_PAUSING, CANCELLED: STATE_CANCELLING}.get(wanted, STATE_RUNNING), asked
    if all(item.id in progress and progress[item.id].finished for item in plan.items):
        return (STATE_DONE_WITH_FAILURES if failures else STATE_DONE), ""
    if wanted == PAUSED:
        return STATE_PAUSED, asked
    if wanted == CANCELLED:
        return STATE_CANCELLED, asked
    if last is None:
        return STATE_INCOMPLETE, "Step Functions has forgotten its executions, as it does 90 days after their end"
    return STATE_INCOMPLETE, f"the execution {last.name} ended as {last.status}: {last.cause or _stopped(progress)}"


def _stopped(progress: Mapping[str, Progress]) -> str:
    """Why items are not done: the most frequent reason, and how many there are."""
    reasons = Counter(entry.stopped for entry in progress.values() if entry.stopped)
    if not reasons:
        return "items failed; their reasons are in the execution's results"
    (reason, items), *others = reasons.most_common()
    more = f", and {_counted(len(others), 'other reason')}" if others else ""
    return f"{reason} ({_counted(items, 'item')}{more})"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
