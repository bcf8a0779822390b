"""event-fork archive: inspect."""

from typing import Annotated

import typer

from event_fork_cli.archive_replay.inspection import inspect as inspected
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import archive_layout
from event_fork_cli.aws import OpenArchive
from event_fork_cli.errors import NothingMatchedError
from event_fork_cli.options import Common, LayoutOption, with_options
from event_fork_cli.views.archives import inspection_view

archive = typer.Typer(
    help="Archives in S3: what is one, and can a replay read it?", no_args_is_help=True, rich_markup_mode=None
)


@archive.callback()
def _group() -> None:
    """What stands before every command of the group."""


@archive.command()
@with_options
def inspect(
    *,
    address: Annotated[
        str,
        typer.Argument(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=."),
    ],
    layout: LayoutOption = "auto",
    event_type_attribute: Annotated[
        str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")
    ] = "event_type",
    common: Common,
) -> None:
    """Say what an archive is: folders, compression, event types, first and last object, size.

    Looks at a few listings and at most four objects: types are those of a sample. Exit code 3: it is empty.
    """
    location = archive_location(common.aws.s3(), address, common.aws.region_name)
    store = OpenArchive(common.aws, location.bucket, location.region)()
    url = f"s3://{location.bucket}/{location.prefix}"
    found = inspected(store, url, location.prefix, archive_layout(layout, store, location), event_type_attribute)
    if not found.objects:
        raise NothingMatchedError(f"{url} holds no object")
    common.emit(found, lambda: inspection_view(found))
