"""event-fork archive: inspect, convert."""

from typing import Annotated

import typer

from event_fork_cli.archive_replay.conversion import convert as converted
from event_fork_cli.archive_replay.inspection import inspect as inspected
from event_fork_cli.archive_replay.locations import archive_location, s3_location
from event_fork_cli.archive_replay.request import archive_layout
from event_fork_cli.aws import OpenArchive
from event_fork_cli.errors import BadInputError, FailedError, NothingMatchedError
from event_fork_cli.options import Common, LayoutOption, with_options
from event_fork_cli.output import note, say
from event_fork_cli.views.archives import conversion_view, inspection_view

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


@archive.command()
@with_options
def convert(
    *,
    address: Annotated[
        str,
        typer.Argument(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=."),
    ],
    to: Annotated[str, typer.Option("--to", metavar="S3_URL", help="Where the new archive goes, s3://BUCKET/PREFIX/.")],
    layout: LayoutOption = "auto",
    common: Common,
) -> None:
    """Write an archive again, as JSON lines in GZIP, which every replay reads: out of Parquet, or what else is read.

    Folders and names stay, so times are found as before. What is there already is left: run it again to go on. The
    archive itself is not changed. Parquet needs the extra `parquet`. Exit code 1: an object cannot be read.
    """
    settings = common.aws
    place = archive_location(settings.s3(), address, settings.region_name)
    new = s3_location(settings.s3(), "--to", to, settings.region_name)
    if new.prefix and not new.prefix.endswith("/"):
        raise BadInputError("--to", "must end with /", example="--to s3://orders-lines/orders/", received=to)
    if new.bucket == place.bucket and (new.prefix.startswith(place.prefix) or place.prefix.startswith(new.prefix)):
        rule = "must be another bucket, or a prefix beside that of the archive"
        raise BadInputError("--to", rule, example="--to s3://orders-lines/orders/", received=to)
    store = OpenArchive(settings, place.bucket, place.region)()
    there = frozenset(found.key for found in OpenArchive(settings, new.bucket, new.region)().list(new.prefix))
    s3 = settings.s3(new.region)
    found = []
    for one in converted(
        store,
        place.prefix,
        archive_layout(layout, store, place),
        new.prefix,
        there,
        lambda file, key: s3.upload_fileobj(file, new.bucket, key),
    ):
        found.append(one)
        if one.trouble:
            note(f"{one.key}: {one.trouble}")
    if not found:
        raise NothingMatchedError(f"s3://{place.bucket}/{place.prefix} holds no object")
    common.emit(found, lambda: conversion_view(found))
    if troubles := sum(bool(one.trouble) for one in found):
        raise FailedError(f"{troubles:,} of {len(found):,} objects cannot be read")
    say(f"a replay reads it: --archive s3://{new.bucket}/{new.prefix}, and `archive` of modules/replay")
