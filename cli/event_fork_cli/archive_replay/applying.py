"""A plan -> a running execution, or the reason why not.

A second apply of the same plan is impossible: the execution is named after the plan, a name can be used once in 90
days, and each start has an input of its own, so that of two at once one is refused. control.json is created only if it
is not there; where it is, another apply has died, or is about to start what this one then cannot start again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from event_fork.archive.store import ArchiveStore
from event_fork.events.time_window import timestamp_of, timestamp_text
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.plan import MAX_PLAN_BYTES, Plan, read_plan
from event_fork_cli.archive_replay.engines import ReplayEngine, engine_for_target, engines_of
from event_fork_cli.archive_replay.executions import ExecutionExistsError, Executions
from event_fork_cli.archive_replay.statuses import StatusReader
from event_fork_cli.errors import RefusedError

_LISTINGS_AT_ONCE = 8
_HOURS = 2
"""Of so many hours of a day each is listed by itself; of more, the day. A call answers with up to 1,000 objects."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A replay that was started."""

    replay_id: str
    execution_arn: str
    plan: Plan


def open_plan(text: bytes, now: datetime, name: str, sha256: str | None = None) -> Plan:
    """The plan of a file; raises RefusedError when it was changed, is no plan, or is too old. `name`: the file's.

    `sha256`: the hash that it must have, as whoever looked at the plan has noted it; None: any.
    """
    if len(text) > MAX_PLAN_BYTES:
        raise RefusedError(f"{name}: a plan has at most {MAX_PLAN_BYTES:,} bytes, and this file has more")
    try:
        plan = read_plan(text)
    except DocumentError as error:
        raise RefusedError(f"{name}: {error}") from error
    if sha256 is not None and plan.sha256 != sha256.lower():
        raise RefusedError(f"{name}: the plan's sha256 is {plan.sha256}, and --sha256 asks for {sha256}")
    if now >= timestamp_of(plan.expires_at):
        raise RefusedError(f"{name}: the plan expired at {plan.expires_at} (made at {plan.created_at}): make a new one")
    return plan


def file_of(plan: Plan) -> bytes:
    """The plan as its file has it. Raises RefusedError when it is larger than what a replay takes."""
    content = plan.to_bytes()
    if len(content) > MAX_PLAN_BYTES:
        raise RefusedError(
            f"the plan has {len(content):,} bytes for {len(plan.items):,} ranges of lines, and a replay takes "
            f"{MAX_PLAN_BYTES:,}: plan a part of the window, or of the types, at a time"
        )
    return content


def engine_of(plan: Plan, engines: list[ReplayEngine], name: str | None = None) -> ReplayEngine:
    """The replay module that may run the plan. Raises RefusedError for an unknown target or a module that changed."""
    wanted = name or (plan.engine.replay if plan.engine else None)
    able = engines_of(engines, plan.archive.bucket, plan.archive.prefix, wanted)
    if not able:
        raise RefusedError(
            f"no replay module here has the archive s3://{plan.archive.bucket}/{plan.archive.prefix}: "
            "set `archive` in modules/replay, and look in the Region of the module"
        )
    engine = engine_for_target(able, plan.target.queue_arn)
    if plan.engine is not None and name is None and plan.engine != engine.in_plan():
        raise RefusedError(f"the plan was made for {plan.engine.state_machine_arn}, not for {engine.state_machine_arn}")
    allowed = engine.target(plan.target.queue_arn)
    if allowed is None or allowed.url != plan.target.queue_url:
        raise RefusedError(f"the plan would send to {plan.target.queue_url}, which is not what {engine.name} has")
    return engine


def refuse_changed_objects(planned: Mapping[str, str], store: ArchiveStore) -> None:
    """Raises RefusedError when an object of the plan (key -> ETag) is gone or is not what was read for the plan."""

    def etags(folder: str) -> dict[str, str]:
        return {found.key: found.etag for found in store.list(folder) if found.key in planned}

    now: dict[str, str] = {}
    with ThreadPoolExecutor(_LISTINGS_AT_ONCE) as threads:
        for found in threads.map(etags, _folders(planned)):
            now |= found
    changed = sorted(key for key, etag in planned.items() if now.get(key) != etag)
    if changed:
        what = "was deleted" if changed[0] not in now else "was replaced"
        others = f", and {len(changed) - 1} more objects changed" if len(changed) > 1 else ""
        raise RefusedError(f"the archive is not what was planned: {changed[0]} {what}{others}; make a new plan")


def _folders(keys: Iterable[str]) -> list[str]:
    """What to list to see these keys: their folders, and whole days in the place of several hours of a day."""
    days: dict[str, set[str]] = {}
    for key in keys:
        folder, slash, _ = key.rpartition("/")
        day, _, hour = folder.rpartition("/")
        days.setdefault(f"{day}/" if day and hour.startswith("hour=") else folder + slash, set()).add(folder + slash)
    return sorted(folder for day, hours in days.items() for folder in ([day] if len(hours) > _HOURS else hours))


def refuse_applied(plan: Plan, engine: ReplayEngine, executions: Executions, documents: ReplayDocuments) -> None:
    """Raises RefusedError when there is an execution of this plan already."""
    execution = executions.describe(engine.state_machine_arn, plan.replay_id)
    if execution is not None:
        control = documents.find_control()
        state = StatusReader(documents, executions, engine.state_machine_arn).read().state
        who = f" by {control.changes[0].by}" if control and control.changes else ""
        raise RefusedError(
            f"{plan.replay_id} was applied at {timestamp_text(execution.started)}{who} and is {state}; "
            f"see `event-fork replay status {plan.replay_id}`"
        )


def start(
    plan: Plan,
    text: bytes,
    ids_file: bytes | None,
    engine: ReplayEngine,
    executions: Executions,
    documents: ReplayDocuments,
    *,
    caller: str,
    clock: Callable[[], datetime],
) -> Applied:
    """Writes the work area and starts the execution that is named after the plan. Raises RefusedError."""
    refuse_applied(plan, engine, executions, documents)
    control = Control(
        state=RUNNING,
        execution=plan.replay_id,
        rate=first_rate(plan),
        limit=plan.rate,
        plan_sha256=plan.sha256,
        ramp_step=0,
        reason="applied",
        changed_by=caller,
        changed_at=timestamp_text(clock()),
    )
    created = documents.create_control(control)
    if not created:
        _refuse_held(plan, documents.control())
    documents.write_plan(text)
    if ids_file is not None:
        documents.write_ids(ids_file)
    documents.write_items(plan.heads(plan.items))
    try:
        arn = executions.start(engine.state_machine_arn, plan.replay_id, execution_input(plan, documents))
    except ExecutionExistsError as error:
        raise RefusedError(f"{plan.replay_id} was applied before: a plan is applied once") from error
    if not created:  # by an apply that died, or lost against this one: it has not started anything
        documents.change_control(lambda now: _applied_by(now, control), changed_by=caller)
    return Applied(plan.replay_id, arn, plan)


def first_rate(plan: Plan) -> float:
    """The rate a replay starts with: the first step of its ramp, else the plan's."""
    return plan.rate * min(1.0, plan.ramp[0] / 100) if plan.ramp else plan.rate


def execution_input(plan: Plan, documents: ReplayDocuments) -> dict[str, str | int]:
    """The input of the state machine, another one each time: the same is answered as if it had been started."""
    return {
        "replay_id": plan.replay_id,
        "plan_sha256": plan.sha256,
        "bucket": plan.archive.bucket,
        "work_prefix": documents.area.prefix,
        "workers": plan.workers,
        "start": secrets.token_hex(8),
    }


def _applied_by(now: Control, control: Control) -> Control:
    return replace(now, changes=(*control.noted(None).changes, *now.changes[1:]))


def _refuse_held(plan: Plan, control: Control) -> None:
    """An apply that died has left a control.json, and somebody may have paused or cancelled it."""
    if control.plan_sha256 != plan.sha256:
        raise RefusedError(f"another plan was applied as {plan.replay_id}: its sha256 is {control.plan_sha256}")
    if control.state != RUNNING:
        raise RefusedError(
            f"{plan.replay_id} was {control.state} by {control.changed_by} ({control.reason}): "
            f"`event-fork replay resume {plan.replay_id}` starts it"
        )
