"""What the commands of dead letters and of rejected documents have in common."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Protocol

import typer
from rich.progress import BarColumn, Progress, TextColumn

from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import BadInputError, FailedError, NothingMatchedError, RefusedError
from event_fork_cli.options import Common
from event_fork_cli.output import note, plain_console, say
from event_fork_cli.rejected.recipes import Recipe, RecipeError, parse_recipe
from event_fork_cli.repairs.criteria import Criteria
from event_fork_cli.repairs.groups import Group
from event_fork_cli.repairs.history import Repair, history, note_repair
from event_fork_cli.views.repairs import history_view

ForkArgument = Annotated[str, typer.Argument(metavar="FORK", help="The fork's name, which is also its queue's.")]
GroupArgument = Annotated[str, typer.Argument(metavar="GROUP", help="The group's id, as `list` prints it.")]
SetOption = Annotated[
    Path | None,
    typer.Option("--set", metavar="FILE", exists=True, dir_okay=False, help="Touch exactly what a dry run has saved."),
]
SaveOption = Annotated[
    Path | None,
    typer.Option("--save", metavar="FILE", help="File for the list of what is touched; with --execute always written."),
]
Execute = Annotated[bool, typer.Option("--execute", help="Do it. Without this it is only shown.")]

_LINE_EVERY_SECONDS = 10.0
_MOST_RECIPE = 1024 * 1024


class Ended(Protocol):
    """What became of a repair."""

    done: int
    interrupted: bool

    @property
    def left(self) -> int:
        """What was not done."""


@contextmanager
def counting(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr; without a terminal a line every ten seconds."""
    console = plain_console(sys.stderr)
    columns = (TextColumn("{task.completed:,}"), TextColumn(what), BarColumn())
    said = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total or None)

        def show(count: int) -> None:
            nonlocal said
            bar.update(task, completed=count)
            if not console.is_terminal and time.monotonic() - said >= _LINE_EVERY_SECONDS:
                say(f"{count:,} {what}")
                said = time.monotonic()

        yield show


def group_of(groups: Sequence[Group], given: str) -> Group:
    """The group that is meant by the beginning of an id. Raises BadInputError."""
    if len(groups) == 1:
        return groups[0]
    rule = "must be the id of one group, as `list` prints it"
    found = f"{given} ({', '.join(group.id for group in groups[:5]) or 'there is none'})"
    raise BadInputError("GROUP", rule, example="3f9a2c1e", received=found)


def chosen_text(wanted: Criteria, set_file: Path | None) -> str:
    """For the history: what was chosen, in a few words."""
    if set_file is not None:
        return f"set {set_file.name}"
    parts = {
        "group": wanted.group,
        "reason": wanted.reason,
        "types": ", ".join(sorted(wanted.types)),
        "since": wanted.since,
        "until": wanted.until,
        "where": "yes" if wanted.where else "",  # a value may be personal
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value)[:500] or "all"


def note_in_history(
    settings: AwsSettings, fork: str, action: str, chosen: str, path: Path | None, result: Ended
) -> bool:
    """Adds the repair to the history; whether it is there."""
    ended = "interrupted" if result.interrupted else "to its end"
    repair = Repair(action, chosen, path.name if path else "", result.done, result.left, ended)
    problem = note_repair(settings.ssm(), fork, repair)
    if problem:
        note(problem)
    return not problem


def end_of(problems: Sequence[str], interrupted: bool, left: int, again: str) -> None:
    """Raises FailedError when not everything was done; the text says what is left and how to go on."""
    said = [*(["interrupted, and nothing is lost"] if interrupted else []), *problems]
    if said:
        more = f"; {left:,} are left, to go on: {again}" if left else ""
        raise FailedError("; ".join(said) + more)


def recipe_of(path: Path) -> Recipe:
    """The recipe in a file. Raises BadInputError and RefusedError."""
    if path.stat().st_size > _MOST_RECIPE:
        raise BadInputError("--recipe", "must be at most 1 MiB", example="--recipe cast.json", received=str(path))
    try:
        return parse_recipe(path.read_bytes())
    except RecipeError as error:
        raise RefusedError(f"--recipe {path}: {error}") from None


def show_history(common: Common, fork: str) -> None:
    """Prints a fork's history."""
    found = history(common.aws.ssm(), fork)
    if not found:
        raise NothingMatchedError(f"nothing of {fork} was repaired")
    data = [{"at": entry.at, "by": entry.by, **entry.repair} for entry in found]
    common.emit(data, lambda: history_view(found))
