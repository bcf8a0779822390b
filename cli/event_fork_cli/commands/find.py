"""event-fork find."""

import sys
from functools import partial
from typing import Annotated

import typer
from rich.table import Table

from event_fork.archive.listing import Reach
from event_fork_cli.commands import context
from event_fork_cli.commands.verify import Secret, window_of
from event_fork_cli.errors import BadInputError, NothingMatchedError
from event_fork_cli.moments import length_of_time
from event_fork_cli.options import (
    Common,
    EndOption,
    LatenessOption,
    ProcessesOption,
    StartOption,
    process_count,
    with_options,
)
from event_fork_cli.output import note, plain_console, visible
from event_fork_cli.repairs.criteria import CriteriaOptions, criteria
from event_fork_cli.search.sources import Backup, Search, forks_of
from event_fork_cli.verification.finding import (
    MOST_FOUND,
    Found,
    Sought,
    in_archive,
    in_dead_letters,
    in_index,
    in_queue,
    in_rejected,
    look,
)


@with_options
def find(
    *,
    event_id: Annotated[str | None, typer.Argument(metavar="ID", help="SNS's MessageId of the event.")] = None,
    forks: Annotated[
        list[str], typer.Option("--fork", metavar="NAME", help="Fork to look in; may be given several times.")
    ],
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=VALUE",
            help="Instead of an id: events with this value at a JSON path of the message; several must all hold.",
        ),
    ] = None,
    start: StartOption = "1d",
    end: EndOption = "now",
    lateness: LatenessOption = "1h",
    secret: Secret = None,
    processes: ProcessesOption = None,
    common: Common,
) -> None:
    """Say where an event is: archive, index, dead letters, rejected documents, and the queue of a replay fork.

    Looks at queues without taking anything out of them. Exit code 3: it is nowhere.
    """
    if (event_id is None) == (not where):
        rule = "must be given, or --where, and not both"
        raise BadInputError("ID", rule, example="find 5a1c... --fork orders-backup", received=event_id or "")
    settings, now = common.aws, context.now()
    window = window_of(start, end, now)
    chosen = criteria(CriteriaOptions(where=where), None, now)
    sought = Sought(event_id, chosen.where)
    late = length_of_time(lateness, "--lateness")
    count = process_count(processes)
    backups, searches, others = forks_of(settings, forks, secret)
    notes: list[str] = []
    with_streams: list[Backup | Search] = [*backups, *searches]
    places = [
        *(
            partial(
                in_archive,
                settings,
                backup,
                sought,
                Reach(backup.archive.prefix, window, late, now, backup.layout),
                count,
                notes,
            )
            for backup in backups
        ),
        *(partial(in_index, settings, one, sought, window, notes) for one in searches),
        *(partial(in_rejected, settings, one, sought, window, notes) for one in with_streams),
    ]
    everyone = [*(one.deployed for one in with_streams), *others]
    places += [partial(in_dead_letters, settings, one.fork, sought, notes) for one in everyone]
    places += [partial(in_queue, settings, one, sought, notes) for one in everyone]
    found: list[Found] = []
    console = plain_console(sys.stderr)
    with console.status("looking") as spinner:
        for one in look(places):
            found.append(one)
            if console.is_terminal:
                spinner.update(visible(f"looking: found {len(found):,} times"))
    for text in notes:
        note(text)
    if len(found) >= MOST_FOUND:
        note(f"only the first {MOST_FOUND:,} are shown: say more with --where")
    common.emit(found, lambda: _table(found))
    if not found:
        raise NothingMatchedError(f"found nowhere, looked for what was published from {window.start_text}")


def _table(found: list[Found]) -> Table:
    table = Table()
    for name in ("event", "place", "fork", "published", "where", "why"):
        table.add_column(name, overflow="fold")
    for one in found:
        table.add_row(one.event_id, one.place, one.fork, one.published, one.at, one.why)
    return table
