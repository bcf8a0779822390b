"""event-fork search: rebuild, query."""

import sys
from typing import Annotated

import typer

from event_fork.archive.layout import Layout
from event_fork.archive.listing import Reach
from event_fork.archive.store import BrowsableStore
from event_fork.replay_plan.plan import ArchiveLocation
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import archive_layout, layout_notes
from event_fork_cli.aws import OpenArchive
from event_fork_cli.commands import context
from event_fork_cli.commands.verify import Secret, window_of
from event_fork_cli.errors import BadInputError, NothingMatchedError
from event_fork_cli.moments import length_of_time
from event_fork_cli.options import (
    Common,
    EndOption,
    LatenessOption,
    LayoutOption,
    OptionalStartOption,
    ProcessesOption,
    StartOption,
    process_count,
    with_options,
)
from event_fork_cli.output import note, plain_console, say, visible
from event_fork_cli.search.query import ExportOrder, as_objects
from event_fork_cli.search.query import query as asked
from event_fork_cli.search.rebuilding import Filled, IndexBuilder, Rebuild, window_begun
from event_fork_cli.search.rebuilding import rebuild as rebuilt
from event_fork_cli.search.sources import one_search
from event_fork_cli.views.search import rebuilt_view, rows_view

search = typer.Typer(
    help="The search index as a cache of the archive: build it again, or ask the archive itself by SQL.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Archive = Annotated[str, typer.Option(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=.")]


@search.command()
@with_options
def rebuild(
    *,
    fork: Annotated[str, typer.Argument(metavar="FORK", help="The search fork: its name.")],
    index: Annotated[str, typer.Option(metavar="NAME", help="Index to build; the same name again goes on with it.")],
    archive: Annotated[
        str | None, typer.Option(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=.")
    ] = None,
    start: OptionalStartOption = None,
    end: EndOption = "now",
    alias: Annotated[
        str | None, typer.Option(metavar="NAME", help="Alias to put the index into; default: the fork's own.")
    ] = None,
    swap_anyway: Annotated[
        bool, typer.Option("--swap-anyway", help="Swap also when documents were refused or parts cannot be read.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Delete the indices that a finished rebuild has replaced. Nothing else.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
    layout: LayoutOption = "auto",
    lateness: LatenessOption = "1h",
    secret: Secret = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Build an index from the archive, compare it with the archive, and put it into the alias in one step.

    Documents are made as the fork makes them, with its filter policy and its redaction. An interrupted run goes on when
    the same command is given again. The old indices stay until --drop-old.
    """
    settings, now = common.aws, context.now()
    meant = one_search(settings, fork, secret)
    calls = meant.calls(settings)
    if drop_old:
        builder = IndexBuilder(meant, calls, Rebuild(index, fork, "", "", "", ""))
        names = builder.replaced()
        if not names:
            say(f"no index that {index} has replaced is still there")
            return
        if not yes:
            context.confirm(f"Delete {', '.join(names)} with all documents?")
        builder.drop(names)
        say(f"deleted: {', '.join(names)}")
        return
    if archive is None or start is None:
        missing = "--archive" if archive is None else "--from"
        example = "--archive s3://orders-backup-20261123101500123400000001/" if archive is None else "--from 90d"
        raise BadInputError(missing, "must be given", example=example, received="")
    asked_for = f"{start} to {end}"
    window = window_of(start, end, now)
    window = window_begun(calls, index, asked_for) or window
    location = archive_location(settings.s3(), archive, settings.region_name)
    open_store = OpenArchive(settings, location.bucket, location.region)
    wanted = Rebuild.of(index, meant, f"s3://{location.bucket}/{location.prefix}", window, asked_for)
    if not yes:
        context.confirm(f"Build {index} in {calls.name} and put it into the alias?")
    console = plain_console(sys.stderr)
    with console.status("building") as spinner:

        def show(done: Filled) -> None:
            if console.is_terminal:
                spinner.update(
                    visible(f"{done.events:,} events read, {done.created:,} indexed, {done.there:,} there already")
                )

        done = rebuilt(
            settings,
            meant,
            wanted,
            open_store,
            location.prefix,
            _layout(layout, open_store(), location),
            window,
            lateness=length_of_time(lateness, "--lateness"),
            now=now,
            processes=process_count(processes),
            alias=alias,
            swap_anyway=swap_anyway,
            show=show,
            say=say,
        )
    common.emit(done, lambda: rebuilt_view(done))
    if done.swap is not None and done.swap.replaced:
        say(f"the old indices stay; to delete them: event-fork search rebuild {fork} --index {index} --drop-old")


def _layout(text: str, store: BrowsableStore, location: ArchiveLocation) -> Layout:
    """The archive's layout; what is not of it is said."""
    found = archive_layout(text, store, location)
    for other in layout_notes(found, store, location):
        note(other)
    return found


@search.command()
@with_options
def query(
    *,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="A query of DuckDB's SQL over the table events.")],
    archive: Archive,
    start: StartOption,
    end: EndOption = "now",
    event_type_attribute: Annotated[
        str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")
    ] = "event_type",
    layout: LayoutOption = "auto",
    lateness: LatenessOption = "1h",
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Ask the archive by SQL, without any index. Needs the extra: pip install '.[sql]'.

    The table events has event_id, event_type, published_at, topic_arn, subject, message, attributes, object_key and
    line; each event once. Exit code 3: no row.
    """
    settings, now = common.aws, context.now()
    window = window_of(start, end, now)
    location = archive_location(settings.s3(), archive, settings.region_name)
    open_store = OpenArchive(settings, location.bucket, location.region)
    found_layout = _layout(layout, open_store(), location)
    reach = Reach(location.prefix, window, length_of_time(lateness, "--lateness"), now, found_layout)
    console = plain_console(sys.stderr)
    with console.status("reading the archive") as spinner:

        def show(events: int) -> None:
            if console.is_terminal:
                spinner.update(f"reading the archive: {events:,} events")

        answer = asked(
            sql,
            lambda folder: ExportOrder(open_store, window, event_type_attribute, folder),
            reach,
            process_count(processes),
            show,
        )
    if answer.unreadable:
        note(f"{len(answer.unreadable):,} parts of the archive cannot be read, first {answer.unreadable[0]}")
    rows = as_objects(answer)
    common.emit(rows, lambda: rows_view(answer.columns, rows))
    if not rows:
        raise NothingMatchedError(f"no row; {answer.events:,} events of the window were read")
