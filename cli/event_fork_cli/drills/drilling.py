"""A drill: the window is planned, sent into a shadow queue and counted there, and everything is taken away again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from event_fork.archive.errors import ArchiveError
from event_fork.archive.store import ArchiveStore
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.plan import Plan, PlanRequest, Unreadable
from event_fork_cli.archive_replay.applying import file_of, start
from event_fork_cli.archive_replay.statuses import STATE_DONE, Status
from event_fork_cli.archive_replay.steering import Helm, cancel
from event_fork_cli.dead_letters.looking import DeadLetterQueue
from event_fork_cli.drills.collecting import Collected, Collector
from event_fork_cli.drills.id_sets import Compared, IdSets
from event_fork_cli.drills.planned_ids import planned_ids
from event_fork_cli.errors import RefusedError

NOT_PLANNED = "not-planned"
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill found. Counts are of events by their ids.

    `came`: of the planned. `copies`: messages beyond the first one of an event. `extra`: events of this replay that the
    plan does not have. `failed`, `left`: as the replay says. `strangers`: messages of others, which were left alone.
    `seconds_to_plan`, `seconds_to_restore`: from the beginning of the drill, to the plan and to the last event in the
    queue; None: nothing came. `reasons`: why it failed. `lost`: the first of what would not have come back.
    """

    replay_id: str
    passed: bool
    state: str
    archive: str
    target: str
    start: str
    end: str
    planned: int
    came: int
    missing: int
    copies: int
    extra: int
    failed: int
    left: int
    unreadable: tuple[Unreadable, ...]
    strangers: int
    not_deleted: int
    newest_event: str | None
    began: str
    seconds_to_plan: float
    seconds_to_restore: float | None
    reasons: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """What a drill works with. `stop`: whether the operator wants to end it; `show`: how many came."""

    helm: Helm
    queue: DeadLetterQueue
    store: ArchiveStore
    stop: Callable[[], bool]
    show: Callable[[int], None]
    now: Callable[[], datetime]


def refuse_used(queue: DeadLetterQueue) -> None:
    """Raises RefusedError when the shadow queue is not empty: what lies there would be looked at again and again."""
    backlog = queue.backlog()
    if backlog.all:
        raise RefusedError(
            f"{queue.arn} must be empty for a drill, and has {backlog.all:,} messages ({backlog.hidden:,} of them in "
            "flight): another drill may be running, or a consumer may be behind; purge it if they are left over"
        )


def run_drill(plan: Plan, stage: Stage, *, began: datetime, seconds: float) -> Drill:
    """Applies the plan, collects what it sends, and reports. After so many `seconds` the replay is cancelled."""
    planned_at = stage.now()
    helm = stage.helm
    start(plan, file_of(plan), None, helm.engine, helm.executions, helm.documents, caller=helm.caller, clock=stage.now)
    with tempfile.TemporaryDirectory(prefix="event-fork-drill-") as folder:
        sets = IdSets(Path(folder))
        unread = _note_planned(sets, plan, stage.store)
        collector = Collector(
            stage.queue,
            plan.replay_id,
            sets,
            helm.reader.read,
            lambda reason: _cancelled(helm, reason),
        )
        try:
            status, compared = collector.run(seconds, stage.stop, stage.show)
        except BaseException:
            _cancelled(helm, "the drill ended early")  # or workers went on to fill a queue that nobody empties
            raise
    return _report(plan, status, compared, collector.result, unread, began=began, planned_at=planned_at)


def unread_drill(request: PlanRequest, why: str, *, began: datetime, now: datetime) -> Drill:
    """The report where not one event could be read, so that there was nothing to send."""
    return Drill(
        **_asked(request), passed=False, state=NOT_PLANNED, planned=0, came=0, missing=0, copies=0, extra=0, failed=0,
        left=0, unreadable=(), strangers=0, not_deleted=0, newest_event=None, began=timestamp_text(began),
        seconds_to_plan=(now - began).total_seconds(), seconds_to_restore=None, reasons=(why,), lost=(),
    )  # fmt: skip


def _note_planned(sets: IdSets, plan: Plan, store: ArchiveStore) -> str:
    """What went wrong, in a sentence; "" when nothing did."""
    try:
        for event_id in planned_ids(plan, store):
            sets.plan(event_id)
    except ArchiveError as error:
        return f"the archive could not be read a second time: {error}"
    return ""


def _cancelled(helm: Helm, reason: str) -> Status:
    try:
        return cancel(helm, reason)
    except RefusedError:  # it was done in the meantime
        return helm.reader.read()


def _report(
    plan: Plan,
    status: Status,
    compared: Compared,
    collected: Collected,
    unread: str,
    *,
    began: datetime,
    planned_at: datetime,
) -> Drill:
    reasons = [*([unread] if unread else []), *_reasons(plan, status, compared, collected, is_read=not unread)]
    last = datetime.fromtimestamp(collected.last_ms / 1000, began.tzinfo) if collected.last_ms else None
    return Drill(
        **_asked(plan),
        passed=not reasons,
        state=status.state,
        planned=plan.totals.events,
        came=compared.came,
        missing=compared.missing,
        copies=compared.copies,
        extra=compared.extra,
        failed=status.failed,
        left=status.left,
        unreadable=plan.totals.unreadable,
        strangers=collected.strange,
        not_deleted=len(collected.not_deleted),
        newest_event=plan.last_event,
        began=timestamp_text(began),
        seconds_to_plan=(planned_at - began).total_seconds(),
        seconds_to_restore=None if last is None else max(0.0, (last - began).total_seconds()),
        reasons=tuple(reasons),
        lost=tuple(_lost(plan, compared, status)),
    )


def _reasons(plan: Plan, status: Status, compared: Compared, collected: Collected, *, is_read: bool) -> Iterator[str]:
    """Why a drill has failed; nothing where it has passed."""
    is_done = status.state == STATE_DONE
    if not is_done:
        yield f"the replay is {status.state}" + (f": {status.reason}" if status.reason else "")
    if plan.totals.unreadable:
        objects = sum(one.lines is None for one in plan.totals.unreadable)
        yield f"{objects:,} objects and {sum(one.count for one in plan.totals.unreadable):,} lines cannot be read"
    if status.failed:
        yield f"{status.failed:,} events could not be sent"
    if is_read and compared.planned != plan.totals.events:
        yield f"the plan has {plan.totals.events:,} events, and its lines {compared.planned:,} ids"
    if compared.missing:
        yield f"{compared.missing:,} of {compared.planned:,} events did not come"
        if is_done and collected.taken < status.sent:
            yield "somebody else receives from the shadow queue, or deletes what is in it"
    if is_read and compared.extra:
        yield f"{compared.extra:,} events came that the plan does not have"


def _asked(request: PlanRequest) -> dict[str, str]:
    return {
        "replay_id": request.replay_id,
        "archive": f"s3://{request.archive.bucket}/{request.archive.prefix}",
        "target": request.target.queue_arn,
        "start": request.window.start,
        "end": request.window.end,
    }


def _lost(plan: Plan, compared: Compared, status: Status) -> list[str]:
    named = [f"{one.key}: {one.reason}" for one in plan.totals.unreadable]
    named += [f"line {one.line} ({one.message_id}): {one.reason}" for one in status.failures]
    return (named + compared.missing_ids)[:_MOST_SHOWN]
