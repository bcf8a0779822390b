"""event-fork replay diff."""

from collections.abc import Callable
from itertools import permutations
from typing import Annotated

import typer

from event_fork.events.json_path import JsonPath
from event_fork_cli.archive_replay.locations import folder, s3_location
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.commands.repairs import counting
from event_fork_cli.comparing.prefixes import Side, compare_prefixes
from event_fork_cli.comparing.results import Comparison
from event_fork_cli.comparing.tables import compare_tables
from event_fork_cli.comparing.values import ignored_paths
from event_fork_cli.errors import BadInputError, FailedError
from event_fork_cli.options import Common, with_options
from event_fork_cli.views.comparing import comparison_view

_S3 = "s3://"
_MOST_SAMPLES = 10_000


@with_options
def diff(
    *,
    live: Annotated[
        str,
        typer.Argument(metavar="LIVE", help="What the live consumer wrote: a DynamoDB table, or s3://BUCKET/PREFIX."),
    ],
    shadow: Annotated[
        str, typer.Argument(metavar="SHADOW", help="The same of the shadow's consumer: a table, or s3://BUCKET/PREFIX.")
    ],
    ignore: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Leave a field out: its name, or a path such as $.meta.updated_at."),
    ] = None,
    samples: Annotated[int, typer.Option(min=0, max=_MOST_SAMPLES, metavar="N", help="How many to show in full.")] = 10,
    from_copy: Annotated[
        bool, typer.Option("--from-copy", help="The shadow began as a copy: what it lacks would be deleted.")
    ] = False,
    common: Common,
) -> None:
    """Compare what two consumers wrote, key by key: what would a replay change?

    Exit code 0: nothing would change. 1: something would, or the two cannot be compared. Both sides are read as a
    whole, and nothing is written.
    """
    ignored = ignored_paths(ignore or ())
    with counting("read", None) as show:
        found = _compare(common.aws, live, shadow, ignored, samples, adding(show), from_copy=from_copy)
    common.emit(found, lambda: comparison_view(found), rows=found.rows())
    if found.would_change:
        raise FailedError(found.sentence)


def _compare(
    settings: AwsSettings,
    live: str,
    shadow: str,
    ignored: tuple[JsonPath, ...],
    samples: int,
    show: Callable[[int], None],
    *,
    from_copy: bool,
) -> Comparison:
    if live.startswith(_S3) != shadow.startswith(_S3):
        rule = "must be of LIVE's kind: two tables, or two prefixes of S3"
        raise BadInputError("SHADOW", rule, example="orders orders-shadow", received=f"{live} {shadow}")
    if live == shadow:
        raise BadInputError("SHADOW", "must be another one than LIVE", example="orders orders-shadow", received=shadow)
    if not live.startswith(_S3):
        return compare_tables(settings.dynamodb(), live, shadow, ignored, samples, show, from_copy=from_copy)
    places = [
        folder(settings.s3(), s3_location(settings.s3(), option, given, settings.region_name))
        for option, given in (("LIVE", live), ("SHADOW", shadow))
    ]
    addresses = [f"{place.bucket}/{place.prefix}" for place in places]
    if any(one.startswith(other) for one, other in permutations(addresses)):
        rule = "must be a prefix beside LIVE, not the same and not one within the other"
        raise BadInputError("SHADOW", rule, example="s3://reports/live/ s3://reports/shadow/", received=shadow)
    left, right = (
        Side(f"{_S3}{address}", OpenArchive(settings, place.bucket, place.region)(), place.prefix)
        for address, place in zip(addresses, places, strict=True)
    )
    return compare_prefixes(left, right, ignored, samples, show, from_copy=from_copy)


def adding(show: Callable[[int], None]) -> Callable[[int], None]:
    """Calls `show` with the sum of what it is given."""
    total = 0

    def add(count: int) -> None:
        nonlocal total
        total += count
        show(total)

    return add
