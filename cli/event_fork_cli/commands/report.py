"""event-fork report."""

from pathlib import Path
from typing import Annotated

import typer

from event_fork.events.time_window import Window
from event_fork_cli.archive_replay.engines import find_engines
from event_fork_cli.archive_replay.history import history
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import archive_layout
from event_fork_cli.archive_replay.statuses import Status
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.commands.context import allow_writing, executions_for, now, write_private
from event_fork_cli.errors import BadInputError
from event_fork_cli.moments import moment
from event_fork_cli.options import Common, LayoutOption, with_options
from event_fork_cli.output import note, say
from event_fork_cli.reports.collecting import Archive, collect
from event_fork_cli.reports.forks import forks_of
from event_fork_cli.reports.page import page
from event_fork_cli.views.reports import report_view

_REPLAYS = 10


@with_options
def report(
    *,
    topic: Annotated[str, typer.Argument(metavar="TOPIC", help="ARN of the topic.")],
    start: Annotated[
        str,
        typer.Option("--from", metavar="TIME", help="Start of the window: ISO 8601 (in UTC) or 2h ago."),
    ] = "24h",
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="End of the window: as --from, or now.")] = "now",
    archive: Annotated[
        str | None,
        typer.Option(metavar="S3_URL", help="Read this archive too: events by type and hour, s3://BUCKET/PREFIX."),
    ] = None,
    layout: LayoutOption = "auto",
    event_type_attribute: Annotated[
        str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")
    ] = "event_type",
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with charts: one file, no script.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over the file of --html.")] = False,
    common: Common,
) -> None:
    """Say what became of a topic's events: per fork, per type and hour, and the replays.

    Counts are CloudWatch's, hour by hour; what waits is read from the queues. Nothing is changed.
    """
    made = now()
    try:
        window = Window(moment(start, "--from", made), moment(end, "--to", made))
    except ValueError as error:
        raise BadInputError("--from", "must be before --to", example="--from 24h --to now", received=start) from error
    if html is not None:
        allow_writing("--html", html, overwrite=overwrite)
    settings = common.aws
    found = collect(
        settings,
        topic,
        forks_of(settings, topic),
        window,
        made,
        None if archive is None else _archive(settings, archive, layout, event_type_attribute),
        _replays(settings),
    )
    if html is not None:
        write_private(html, page(found).encode())
        say(f"wrote {html}")
    common.emit(found, lambda: report_view(found), found.forks)


def _archive(settings: AwsSettings, address: str, layout: str, event_type_attribute: str) -> Archive:
    location = archive_location(settings.s3(), address, settings.region_name)
    opened = OpenArchive(settings, location.bucket, location.region)
    folders = archive_layout(layout, opened(), location)
    return Archive(f"s3://{location.bucket}/{location.prefix}", opened, location.prefix, folders, event_type_attribute)


def _replays(settings: AwsSettings) -> list[Status]:
    return [
        status
        for engine in find_engines(settings.ssm(), note)
        for status in history(settings.s3(engine.region), executions_for(settings, engine), [engine], _REPLAYS, note)
    ]
