"""What the commands have in common: the present time, asking, files, finding a replay, reading the archive."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.errors import EventForkError
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay.engines import ReplayEngine, find_engines
from event_fork_cli.archive_replay.executions import Executions, StepFunctions
from event_fork_cli.archive_replay.planner import Planned, ScanProgress, make_plan
from event_fork_cli.archive_replay.request import Checked
from event_fork_cli.archive_replay.statuses import StatusReader
from event_fork_cli.archive_replay.steering import Helm
from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import BadInputError, FailedError, RefusedError
from event_fork_cli.output import note, plain_console, visible

_REPLAY = "replay-20261123-101500-3f9a2c"


@dataclass(frozen=True)
class FoundReplay:
    """A replay that was applied, and what runs it."""

    documents: ReplayDocuments
    executions: Executions
    engine: ReplayEngine
    settings: AwsSettings

    @property
    def reader(self) -> StatusReader:
        """Reads its status."""
        return StatusReader(self.documents, self.executions, self.engine.state_machine_arn)

    def helm(self) -> Helm:
        """Steers it, in the name of who runs the command."""
        return Helm(self.documents, self.executions, self.engine, self.settings.caller())


def now() -> datetime:
    """The time that all commands go by: in UTC and whole milliseconds, as everywhere else."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def confirm(question: str) -> None:
    """Goes on only after a yes. Raises RefusedError without a terminal, FailedError after a no."""
    if not sys.stdin.isatty():
        raise RefusedError("there is no terminal to ask on: give --yes to start without being asked")
    if not typer.confirm(visible(question), err=True):
        raise FailedError("not confirmed: nothing was started")


def allow_writing(option: str, path: Path, *, overwrite: bool) -> None:
    """Goes on only when the file may be written; asks where one is there. Raises BadInputError and others."""
    if path.is_symlink() or not path.parent.is_dir() or (path.exists() and not path.is_file()):
        rule = "must be a file in a folder that exists, and no link"
        raise BadInputError(option, rule, example=f"{option} plan.json", received=str(path))
    if not path.exists() or overwrite:
        return
    if not sys.stdin.isatty():
        raise RefusedError(f"{path} is there already: give --overwrite to write over it")
    if not typer.confirm(visible(f"{path} is there already. Write over it?"), err=True):
        raise FailedError(f"{path} stays as it is")


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, and never through a link. Raises FailedError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)
            file.write(content)
    except OSError as error:
        raise FailedError(f"{path} cannot be written: {error.strerror}") from error


def executions_for(settings: AwsSettings, engine: ReplayEngine) -> Executions:
    """Step Functions in the Region of the module."""
    return StepFunctions(settings.step_functions(engine.region))


def documents_of(settings: AwsSettings, engine: ReplayEngine, replay_id: str) -> ReplayDocuments:
    """The documents of a replay in the bucket of the module's archive. Raises BadInputError for what is no id."""
    try:
        area = WorkArea(engine.name, replay_id)
    except ValueError as error:
        raise BadInputError("REPLAY", str(error), example=_REPLAY, received=replay_id) from error
    return ReplayDocuments(S3DocumentStore(engine.bucket, settings.s3(engine.region)), area)


def find_replay(settings: AwsSettings, replay_id: str, module: str | None = None) -> FoundReplay:
    """The replay of that id, looked for in the work areas of all replay modules of the Region, or of that one.

    Raises BadInputError, and RefusedError when several have one: which is meant must not be guessed.
    """
    found: list[FoundReplay] = []
    unread: list[EventForkError] = []
    for engine in find_engines(settings.ssm(), note):
        if module not in (None, engine.name):
            continue
        documents = documents_of(settings, engine, replay_id)
        try:
            if documents.find_plan() is not None:
                found.append(FoundReplay(documents, executions_for(settings, engine), engine, settings))
        except DocumentError as error:  # it can be stopped without its plan
            if documents.find_control() is None:
                unread.append(error)
            else:
                found.append(FoundReplay(documents, executions_for(settings, engine), engine, settings))
        except EventForkError as error:  # one module that cannot be read is no reason not to find it in another
            unread.append(error)
    if len(found) > 1:
        names = ", ".join(one.engine.name for one in found)
        raise RefusedError(f"several replay modules have a replay {replay_id} ({names}): say which with --replay NAME")
    if unread and not found:
        raise unread[0]
    if not found:
        raise BadInputError(
            "REPLAY",
            "must be the id of a replay that was applied in this Region (see `event-fork replay list`)",
            example=_REPLAY,
            received=replay_id,
        )
    return found[0]


def read_archive(checked: Checked, processes: int) -> Planned:
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

        return make_plan(
            checked.request,
            checked.open_store,
            processes=processes,
            ids=checked.chosen.ids,
            layout=checked.layout,
            memory=checked.memory,
            not_read=checked.not_read,
            progress=show,
        )
