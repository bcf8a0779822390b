"""event-fork replay: plan, apply, status, pause, cancel, resume, rate, list, shadow. The others are beside."""

import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import asks_to_go_on
from event_fork.replay_plan.plan import MAX_PLAN_BYTES
from event_fork_cli.archive_replay.applying import (
    engine_of,
    file_of,
    open_plan,
    refuse_applied,
    refuse_changed_objects,
    start,
)
from event_fork_cli.archive_replay.choosing import ids_beside, missing_note, read_ids
from event_fork_cli.archive_replay.endurance import refuse_endless
from event_fork_cli.archive_replay.engines import engine_for_target, engines_of, find_engines
from event_fork_cli.archive_replay.executions import StepFunctions
from event_fork_cli.archive_replay.history import history
from event_fork_cli.archive_replay.request import ONE_GROUP_NOTE, arrival_notes, check
from event_fork_cli.archive_replay.shadows import shadow_of
from event_fork_cli.archive_replay.signatures import sign, verify
from event_fork_cli.archive_replay.statuses import STATE_DONE, STATE_PAUSED, Status, StatusReader
from event_fork_cli.archive_replay.steering import cancel, change_rate, pause, resume
from event_fork_cli.archive_replay.targets import find_shadow
from event_fork_cli.aws import OpenArchive
from event_fork_cli.commands import context
from event_fork_cli.commands.bootstrap import bootstrap
from event_fork_cli.commands.context import documents_of, executions_for, find_replay
from event_fork_cli.commands.diff import diff
from event_fork_cli.commands.drill import ShadowOption, drill
from event_fork_cli.commands.queue import queue
from event_fork_cli.errors import BadInputError, FailedError, InterruptedWatchError
from event_fork_cli.options import Common, PlanOptions, ProcessesOption, ReplayModule, process_count, with_options
from event_fork_cli.output import note, plain_console, say
from event_fork_cli.search.ids import ids_by_sql
from event_fork_cli.views.plans import plan_view, summary
from event_fork_cli.views.replays import history_view, status_view, watch

replay = typer.Typer(
    help="Send past events to a queue again: from the archive (plan, apply, ...) or from the 14-day queue (queue).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
replay.add_typer(queue, name="queue")
replay.command()(drill)
replay.command()(diff)
replay.command()(bootstrap)

ReplayId = Annotated[str, typer.Argument(metavar="REPLAY", help="Id of the replay, as `plan` and `list` print it.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the history.")]
Watch = Annotated[bool, typer.Option("--watch/--no-watch", help="Show the progress until the replay ends.")]
PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", exists=True, dir_okay=False, readable=True, help="File made by `plan --out`.")
]


_LONGEST_REASON = 1_000


@replay.command()
@with_options
def plan(
    *,
    options: PlanOptions,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File to save the plan in, for `apply`.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over the file of --out without asking.")
    ] = False,
    key: Annotated[
        str | None,
        typer.Option("--sign", metavar="KEY", help="KMS key to sign the plan with, for `apply --signed-by`."),
    ] = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Read the archive and show what a replay would send. Sends nothing.

    Prints counts per type and hour, bytes, first and last event, second copies, what cannot be read, minutes and
    dollars. --out saves the plan with the exact versions of all objects; `apply` sends exactly that.
    """
    count = process_count(processes)
    if out is not None:
        context.allow_writing("--out", out, overwrite=overwrite)
    checked = check(options, common.aws, context.now(), partial(ids_by_sql, processes=count))
    ids_file = checked.chosen.ids_file
    if out is not None and ids_file is not None:
        context.allow_writing("--out", ids_beside(out), overwrite=overwrite)
    for text in checked.notes:
        note(text)
    planned = context.read_archive(checked, count)
    for text in arrival_notes(planned, timedelta(seconds=checked.request.window.lateness_seconds)):
        note(text)
    if planned.missing:
        note(missing_note(planned.missing))
    refuse_endless(planned.plan, checked.worker_seconds, rate="--rate", pace="--pace")
    if planned.plan.order != checked.request.order:
        note(ONE_GROUP_NOTE)
    made = planned.plan if key is None else sign(planned.plan, key, common.aws.kms())
    if out is not None:
        context.write_private(out, file_of(made))
        if ids_file is not None:
            context.write_private(ids_beside(out), ids_file)
    common.emit(made.to_json(), lambda: plan_view(made, planned.latest_arrival), rows=made.counts)
    if out is not None:
        beside = "" if ids_file is None else f" (its ids in {ids_beside(out)})"
        say(f"saved{beside}; nothing was sent. To send it: event-fork replay apply {out} --sha256 {made.sha256}")


@replay.command()
@with_options
def apply(
    *,
    plan_file: PlanFile,
    sha256: Annotated[
        str | None, typer.Option(metavar="HASH", help="Hash that the plan must have, as `plan` has printed it.")
    ] = None,
    signed_by: Annotated[
        str | None, typer.Option(metavar="KEY", help="KMS key that the plan must be signed with.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    watch_it: Watch = True,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Send exactly what a plan lists.

    Refuses a plan that was changed, has expired or was applied before, a changed archive and an unknown target. The
    replay runs in AWS: when this command ends early, by Ctrl-C for instance, the replay goes on.
    """
    settings = common.aws
    text = _read_plan(plan_file)
    wanted = open_plan(text, context.now(), str(plan_file), sha256)
    if wanted.signature is not None or signed_by is not None:
        verify(wanted, signed_by, settings.kms())
    ids_file = read_ids(wanted, plan_file)
    engine = engine_of(wanted, find_engines(settings.ssm(), note), replay_name)
    refuse_endless(wanted, engine.worker_seconds, rate="the plan's rate", pace="the plan's pace")
    executions = executions_for(settings, engine)
    documents = documents_of(settings, engine, wanted.replay_id)
    store, sts = OpenArchive(settings, wanted.archive.bucket, wanted.archive.region)(), settings.sts()
    with ThreadPoolExecutor() as threads:  # checks that do not need each other; clients are made before, in one thread
        unchanged = threads.submit(refuse_changed_objects, wanted.etags(wanted.items), store)
        caller = threads.submit(sts.get_caller_identity)
        refuse_applied(wanted, engine, executions, documents)
    unchanged.result()
    if not yes:
        plain_console(sys.stderr).print(summary(wanted, None))
        context.confirm(f"Send {wanted.totals.events:,} events to {wanted.target.queue_arn}?")
    identity = caller.result()["Arn"]
    try:
        applied = start(wanted, text, ids_file, engine, executions, documents, caller=identity, clock=context.now)
    except KeyboardInterrupt:
        raise InterruptedWatchError(
            f"interrupted while it was started: event-fork replay status {wanted.replay_id} says whether it runs; "
            "if there is none, apply the plan again"
        ) from None
    say(f"started {applied.replay_id} ({applied.execution_arn})")
    reader = StatusReader(documents, executions, engine.state_machine_arn)
    _show(common, reader, wanted.replay_id, watch_it=watch_it, ask=not yes)


@replay.command()
@with_options
def shadow(
    *,
    plan_file: PlanFile,
    target: ShadowOption = None,
    watch_it: Watch = True,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Send exactly what a plan lists to a shadow queue instead, to see what it would do.

    The plan itself stays as it is and can be applied afterwards. Only queues that the module declares as shadows are
    sent to. What the shadow's consumer wrote is compared by `event-fork replay diff`.
    """
    settings, now = common.aws, context.now()
    planned = open_plan(_read_plan(plan_file), now, str(plan_file))
    ids_file = read_ids(planned, plan_file)
    engines = find_engines(settings.ssm(), note)
    able = engines_of(engines, planned.archive.bucket, planned.archive.prefix, replay_name)
    queue = find_shadow(target, able)
    engine = engine_for_target(able, queue.arn)
    made = shadow_of(planned, queue, engine, settings.caller(), now)
    refuse_endless(made, engine.worker_seconds, rate="the plan's rate", pace="the plan's pace")
    refuse_changed_objects(made.etags(made.items), OpenArchive(settings, made.archive.bucket, made.archive.region)())
    executions = executions_for(settings, engine)
    documents = documents_of(settings, engine, made.replay_id)
    start(made, file_of(made), ids_file, engine, executions, documents, caller=made.created_by, clock=context.now)
    say(f"started {made.replay_id}: {made.totals.events:,} events of {planned.replay_id} into {queue.name}")
    _show(common, StatusReader(documents, executions, engine.state_machine_arn), made.replay_id, watch_it=watch_it)


@replay.command()
@with_options
def status(
    *,
    replay_id: ReplayId,
    watch_it: Annotated[bool, typer.Option("--watch", help="Show the progress until the replay ends.")] = False,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Show where a replay stands: sent, failed, left, rate, workers, executions."""
    _show(common, find_replay(common.aws, replay_id, replay_name).reader, replay_id, watch_it=watch_it)


@replay.command("pause")
@with_options
def pause_command(
    *,
    replay_id: ReplayId,
    reason: Reason = None,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Stop after the batches in flight. `resume` goes on from there."""
    found = find_replay(common.aws, replay_id, replay_name)
    current = pause(found.helm(), _checked(reason) or "paused by operator")
    say("workers in flight end within seconds; to go on: event-fork replay resume " + replay_id)
    common.emit(current, lambda: status_view(current))


@replay.command("cancel")
@with_options
def cancel_command(
    *,
    replay_id: ReplayId,
    reason: Reason = None,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Stop the replay and its execution. What was sent stays sent; `resume` would send the rest."""
    found = find_replay(common.aws, replay_id, replay_name)
    current = cancel(found.helm(), _checked(reason) or "cancelled by operator")
    common.emit(current, lambda: status_view(current))


@replay.command("resume")
@with_options
def resume_command(
    *,
    replay_id: ReplayId,
    watch_it: Watch = True,
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Send only what a paused, cancelled or failed replay has not sent yet."""
    settings = common.aws
    found = find_replay(settings, replay_id, replay_name)
    applied = found.reader.plan()
    store = OpenArchive(settings, applied.archive.bucket, applied.archive.region)()
    current = resume(found.helm(), store)
    say(f"resumed {replay_id}: {current.left:,} events are left")
    if watch_it:
        _watch_to_the_end(common, found.reader, replay_id, ask=False)
        return
    common.emit(current, lambda: status_view(current))


@replay.command("rate")
@with_options
def rate_command(
    *,
    replay_id: ReplayId,
    rate: Annotated[float, typer.Argument(help="At most so many events a second, for all workers together.")],
    replay_name: ReplayModule = None,
    common: Common,
) -> None:
    """Change the rate of a running replay. Workers follow within seconds."""
    found = find_replay(common.aws, replay_id, replay_name)
    current = change_rate(found.helm(), rate)
    common.emit(current, lambda: status_view(current))


@replay.command("list")
@with_options
def list_command(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    common: Common,
) -> None:
    """List the replays of all archives of this Region: who, when, what, how far."""
    settings = common.aws
    engines = find_engines(settings.ssm(), note)
    found = history(settings.s3(), StepFunctions(settings.step_functions()), engines, limit, note)
    if not found:
        note("no replay was applied from the archives of this Region")
    common.emit(found, lambda: history_view(found))


def _read_plan(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_PLAN_BYTES + 1)


def _checked(reason: str | None) -> str | None:
    if reason is not None and len(reason) > _LONGEST_REASON:
        rule = f"must have at most {_LONGEST_REASON:,} characters"
        raise BadInputError("--reason", rule, example='--reason "consumer is behind"', received=f"{reason[:20]}...")
    return reason


def _show(common: Common, reader: StatusReader, replay_id: str, *, watch_it: bool, ask: bool = False) -> None:
    if watch_it:
        _watch_to_the_end(common, reader, replay_id, ask=ask)
        return
    current = reader.read()
    common.emit(current, lambda: status_view(current))


def _watch_to_the_end(common: Common, reader: StatusReader, replay_id: str, *, ask: bool) -> None:
    console = plain_console(sys.stderr)
    while True:
        try:
            current = watch(reader, console)
        except KeyboardInterrupt:
            raise InterruptedWatchError(_goes_on(replay_id)) from None
        except (BotoCoreError, ClientError, CallFailedError):
            say(_goes_on(replay_id))  # credentials that expire while one watches are no reason to think it had stopped
            raise
        if not (ask and _asks_to_go_on(current)):
            break
        say(current.reason)
        if not typer.confirm("Go on?", err=True):
            break
        found = find_replay(common.aws, replay_id, reader.module)
        archive = reader.plan().archive
        resume(found.helm(), OpenArchive(common.aws, archive.bucket, archive.region)())
    common.emit(current, lambda: status_view(current))
    if current.state != STATE_DONE:
        raise FailedError(f"{replay_id} is {current.state}: {current.left + current.failed:,} events were not sent")


def _goes_on(replay_id: str) -> str:
    return (
        f"the replay goes on in AWS; to see it: event-fork replay status {replay_id} --watch; "
        f"to stop it: event-fork replay pause {replay_id}"
    )


def _asks_to_go_on(current: Status) -> bool:
    return current.state == STATE_PAUSED and asks_to_go_on(current.changed_by, current.reason) and sys.stdin.isatty()
