"""event-fork replay: plan, apply, status, pause, cancel, resume, rate, list."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from event_fork.errors import CallFailedError
from event_fork.replay_plan.plan import Plan
from event_fork_cli.archive_replay.applying import engine_of, open_plan, refuse_applied, refuse_changed_objects, start
from event_fork_cli.archive_replay.engines import find_engines
from event_fork_cli.archive_replay.executions import StepFunctions
from event_fork_cli.archive_replay.history import history
from event_fork_cli.archive_replay.planner import Planned, ScanProgress, make_plan
from event_fork_cli.archive_replay.request import Checked, PlanOptions, check, late_note
from event_fork_cli.archive_replay.statuses import STATE_DONE, STATE_PAUSED, Status, StatusReader
from event_fork_cli.archive_replay.steering import GOVERNOR, cancel, change_rate, pause, resume
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.commands import clock
from event_fork_cli.commands.confirmation import confirm
from event_fork_cli.commands.context import documents_of, executions_for, find_replay
from event_fork_cli.commands.queue import queue
from event_fork_cli.errors import BadInputError, FailedError, InterruptedWatchError
from event_fork_cli.options import EndpointUrl, FilterScope, FilterScopeOption, OutputOption, Profile, Region
from event_fork_cli.output import Output, emit, plain_console, say
from event_fork_cli.views.plans import plan_view, summary
from event_fork_cli.views.replays import history_view, status_view, watch

replay = typer.Typer(
    help="Send past events to a queue again: from the archive (plan, apply, ...) or from the 14-day queue (queue).",
    no_args_is_help=True,
    rich_markup_mode=None,
)
replay.add_typer(queue, name="queue")

ReplayId = Annotated[str, typer.Argument(metavar="REPLAY", help="Id of the replay, as `plan` and `list` print it.")]
Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why, for the history.")]
Watch = Annotated[bool, typer.Option("--watch/--no-watch", help="Show the progress until the replay ends.")]
PlanFile = Annotated[
    Path, typer.Argument(metavar="PLAN", exists=True, dir_okay=False, readable=True, help="File made by `plan --out`.")
]


_MOST_PROCESSES = 256


class Body(StrEnum):
    """In which form the copies are sent."""

    AUTO = "auto"
    RAW = "raw"
    ENVELOPE = "envelope"


@replay.command()
def plan(
    archive: Annotated[
        str, typer.Option(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=.")
    ],
    start: Annotated[
        str,
        typer.Option(
            "--from", metavar="TIME", help="First moment of publishing: ISO 8601 (UTC without offset) or 2h, 3d ago."
        ),
    ],
    target: Annotated[
        str, typer.Option(metavar="QUEUE", help="Queue to send to: name, URL or ARN; other accounts and Regions too.")
    ],
    end: Annotated[
        str, typer.Option("--to", metavar="TIME", help="Moment of publishing to stop before; as --from, or now.")
    ] = "now",
    filter_file: Annotated[
        Path | None,
        typer.Option(
            "--filter", metavar="FILE", help="File with an SNS filter policy; only what it lets through is sent."
        ),
    ] = None,
    filter_scope: FilterScopeOption = FilterScope.ATTRIBUTES,
    like_subscription: Annotated[
        str | None, typer.Option(metavar="ARN", help="Take filter policy, scope and form of an SNS subscription.")
    ] = None,
    event_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Only events of this type; may be given several times.")
    ] = None,
    event_type_attribute: Annotated[
        str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")
    ] = "event_type",
    body: Annotated[
        Body,
        typer.Option(help="raw: the message alone; envelope: as SNS wraps it; auto: as the target gets it."),
    ] = Body.AUTO,
    rate: Annotated[float, typer.Option(metavar="N", help="Events a second at most, of all workers together.")] = 100,
    pace: Annotated[
        str | None, typer.Option(metavar="original|Nx", help="Keep the original distances in time, or N times shorter.")
    ] = None,
    ramp: Annotated[
        str | None, typer.Option(metavar="1,10,100", help="Begin with 1 % of the rate, go on with 10 % and so forth.")
    ] = None,
    ramp_ask: Annotated[bool, typer.Option("--ramp-ask", help="Pause and ask after each step of the ramp.")] = False,
    max_age: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Slow down while the target's oldest message is older than this."),
    ] = None,
    max_dead_letters: Annotated[
        int | None, typer.Option(metavar="N", help="Pause when so many more are in the target's dead-letter queue.")
    ] = None,
    head_room: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Share of the consumer's capacity to leave to live events.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Workers at once at most; default: one for 300 events/s.")
    ] = None,
    lateness: Annotated[
        str,
        typer.Option(metavar="DURATION", help="How long after its publishing an event may have reached the archive."),
    ] = "1h",
    expires_in: Annotated[str, typer.Option(metavar="DURATION", help="How long the plan may be applied.")] = "24h",
    replay_name: Annotated[
        str | None, typer.Option("--replay", metavar="NAME", help="Replay module to use, where several fit.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File to save the plan in, for `apply`.")] = None,
    processes: Annotated[
        int | None, typer.Option(metavar="N", help="Processes that read the archive; default: one for each processor.")
    ] = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Read the archive and show what a replay would send. Sends nothing.

    Prints counts per type and hour, bytes, first and last event, second copies, what cannot be read, minutes and
    dollars. --out saves the plan with the exact versions of all objects; `apply` sends exactly that.
    """
    if processes is not None and not 0 <= processes <= _MOST_PROCESSES:
        raise BadInputError(
            "--processes", f"must be 0 to {_MOST_PROCESSES}", example="--processes 2", received=processes
        )
    if out is not None and (out.is_dir() or not out.parent.is_dir()):
        raise BadInputError(
            "--out", "must be a file in a folder that exists", example="--out plan.json", received=str(out)
        )
    settings = AwsSettings(region, profile, endpoint_url)
    options = PlanOptions(
        archive=archive,
        start=start,
        end=end,
        target=target,
        rate=rate,
        filter_file=filter_file,
        filter_scope=filter_scope.value,
        like_subscription=like_subscription,
        event_types=tuple(event_type or ()),
        event_type_attribute=event_type_attribute,
        body=None if body is Body.AUTO else body.value,
        pace=pace,
        ramp=ramp,
        ramp_ask=ramp_ask,
        max_age=max_age,
        max_dead_letters=max_dead_letters,
        head_room=head_room,
        workers=workers,
        lateness=lateness,
        expires_in=expires_in,
        replay=replay_name,
    )
    checked = check(options, settings, clock.now())
    for note in checked.notes:
        say(f"note: {note}")
    planned = _read_archive(checked, processes)
    note_late = late_note(planned.latest_arrival, checked.request.lateness)
    if note_late:
        say(f"note: {note_late}")
    if out is not None:
        _save(out, planned.plan)
    emit(planned.plan.to_json(), output, lambda: plan_view(planned.plan, planned.latest_arrival))
    if out is not None:
        say(f"saved; nothing was sent. To send it: event-fork replay apply {out}")


@replay.command()
def apply(
    plan_file: PlanFile,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    watch_it: Watch = True,
    replay_name: Annotated[
        str | None, typer.Option("--replay", metavar="NAME", help="Replay module to use, where several fit.")
    ] = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Send what a plan says, and nothing else.

    Refuses a plan that was changed, has expired or was applied before, a changed archive and an unknown target. The
    replay runs in AWS: when this command ends early, by Ctrl-C for instance, the replay goes on.
    """
    settings = AwsSettings(region, profile, endpoint_url)
    text = plan_file.read_bytes()
    wanted = open_plan(text, clock.now(), str(plan_file))
    engine = engine_of(wanted, find_engines(settings.ssm()), replay_name)
    executions = executions_for(settings, engine)
    documents = documents_of(settings, engine, wanted.replay_id)
    store, sts = OpenArchive(settings, wanted.archive.bucket, wanted.archive.region)(), settings.sts()
    with ThreadPoolExecutor() as threads:  # checks that do not need each other; clients are made before, in one thread
        unchanged = threads.submit(refuse_changed_objects, wanted.items, store)
        caller = threads.submit(sts.get_caller_identity)
        refuse_applied(wanted, engine, executions, documents)
    unchanged.result()
    if not yes:
        plain_console(sys.stderr).print(summary(wanted, None))
        confirm(f"Send {wanted.totals.events:,} events to {wanted.target.queue_arn}?")
    identity = caller.result()["Arn"]
    try:
        applied = start(wanted, text, engine, executions, documents, caller=identity, clock=clock.now)
    except KeyboardInterrupt:
        raise InterruptedWatchError(
            f"interrupted while it was started: event-fork replay status {wanted.replay_id} says whether it runs; "
            "if there is none, apply the plan again"
        ) from None
    say(f"started {applied.replay_id} ({applied.execution_arn})")
    reader = StatusReader(documents, executions, engine.state_machine_arn)
    if not watch_it:
        status = reader.read()
        emit(status, output, lambda: status_view(status))
        return
    _watch_to_the_end(settings, reader, wanted.replay_id, output, ask=not yes)


@replay.command()
def status(
    replay_id: ReplayId,
    watch_it: Annotated[bool, typer.Option("--watch", help="Show the progress until the replay ends.")] = False,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show where a replay stands: sent, failed, left, rate, workers, executions."""
    settings = AwsSettings(region, profile, endpoint_url)
    found = find_replay(settings, replay_id)
    if watch_it:
        _watch_to_the_end(settings, found.reader, replay_id, output, ask=False)
        return
    current = found.reader.read()
    emit(current, output, lambda: status_view(current))


@replay.command("pause")
def pause_command(
    replay_id: ReplayId,
    reason: Reason = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop after the batches in flight. `resume` goes on from there."""
    found = find_replay(AwsSettings(region, profile, endpoint_url), replay_id)
    current = pause(found.helm(), reason or "paused by operator")
    say("workers in flight end within seconds; to go on: event-fork replay resume " + replay_id)
    emit(current, output, lambda: status_view(current))


@replay.command("cancel")
def cancel_command(
    replay_id: ReplayId,
    reason: Reason = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Stop the replay and its execution. What was sent stays sent; `resume` would send the rest."""
    found = find_replay(AwsSettings(region, profile, endpoint_url), replay_id)
    current = cancel(found.helm(), reason or "cancelled by operator")
    emit(current, output, lambda: status_view(current))


@replay.command("resume")
def resume_command(
    replay_id: ReplayId,
    watch_it: Watch = True,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Send what a paused, cancelled or failed replay has not sent, and nothing again."""
    settings = AwsSettings(region, profile, endpoint_url)
    found = find_replay(settings, replay_id)
    applied = found.reader.plan()
    store = OpenArchive(settings, applied.archive.bucket, applied.archive.region)()
    current = resume(found.helm(), store)
    say(f"resumed {replay_id}: {current.left:,} events are left")
    if watch_it:
        _watch_to_the_end(settings, found.reader, replay_id, output, ask=False)
        return
    emit(current, output, lambda: status_view(current))


@replay.command("rate")
def rate_command(
    replay_id: ReplayId,
    rate: Annotated[float, typer.Argument(help="Events a second at most, of all workers together.")],
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give a running replay another rate. Workers follow within seconds."""
    found = find_replay(AwsSettings(region, profile, endpoint_url), replay_id)
    current = change_rate(found.helm(), rate)
    emit(current, output, lambda: status_view(current))


@replay.command("list")
def list_command(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """List the replays of all archives of this Region: who, when, what, how far."""
    settings = AwsSettings(region, profile, endpoint_url)
    engines = find_engines(settings.ssm())
    found = history(settings.s3(), StepFunctions(settings.step_functions()), engines, limit, say)
    emit(found, output, lambda: history_view(found))


def _read_archive(checked: Checked, processes: int | None) -> Planned:
    """Reads the archive with a line of progress on stderr."""
    columns = (
        TextColumn("reading the archive"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TextColumn("{task.fields[objects]:,} objects, {task.fields[events]:,} events"),
    )
    console = plain_console(sys.stderr)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=None, objects=0, events=0)

        def show(seen: ScanProgress) -> None:
            bar.update(task, completed=seen.bytes, objects=seen.objects, events=seen.events)

        count = (os.cpu_count() or 1) if processes is None else processes
        return make_plan(checked.request, checked.open_store, processes=count, progress=show)


def _save(path: Path, made: Plan) -> None:
    try:
        path.write_bytes(made.to_bytes())
    except OSError as error:
        raise FailedError(f"the plan cannot be saved in {path}: {error.strerror}") from error


def _watch_to_the_end(
    settings: AwsSettings, reader: StatusReader, replay_id: str, output: Output, *, ask: bool
) -> None:
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
        found = find_replay(settings, replay_id)
        archive = reader.plan().archive
        resume(found.helm(), OpenArchive(settings, archive.bucket, archive.region)())
    emit(current, output, lambda: status_view(current))
    if current.state != STATE_DONE:
        raise FailedError(f"{replay_id} is {current.state}: {current.left + current.failed:,} events were not sent")


def _goes_on(replay_id: str) -> str:
    return (
        f"the replay goes on in AWS; to see it: event-fork replay status {replay_id} --watch; "
        f"to stop it: event-fork replay pause {replay_id}"
    )


def _asks_to_go_on(current: Status) -> bool:
    return (
        current.state == STATE_PAUSED
        and current.changed_by == GOVERNOR
        and current.reason.startswith("ramp:")
        and sys.stdin.isatty()
    )
