"""Which events are meant beside window, types and filter: ids from wherever they come, values, a share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.narrowing import Condition, Narrowing, seal_ids
from event_fork_cli.archive_replay.rejected_ids import ids_of_rejected
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from event_fork.replay_plan.plan import Plan
    from event_fork_cli.aws import AwsSettings
    from event_fork_cli.options import PlanOptions

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Chosen:
    """`ids_file`: the content of the file that goes with the plan; None when no ids were given."""

    narrowing: Narrowing
    ids_file: bytes | None = None

    @property
    def ids(self) -> frozenset[str] | None:
        """The ids of the file."""
        sealed = self.narrowing.ids
        return None if sealed is None or self.ids_file is None else sealed.read(self.ids_file)


def narrowing_of(
    options: PlanOptions, settings: AwsSettings, by_sql: Callable[[str], Sequence[str]], notes: list[str]
) -> Chosen:
    """What --ids, --event-id, --from-rejected, --sql, --where and --sample ask for. Raises BadInputError and others.

    Ids come together from all sources; everything else narrows them. `by_sql`: the ids that a query gives.
    """
    where = tuple(_condition(text) for text in options.where or ())
    sample = None if options.sample is None else _percent(options.sample)
    sources = {
        "--event-id": options.event_id,
        "--ids": None if options.ids_file is None else _ids_of_file(options.ids_file),
        "--from-rejected": None
        if options.from_rejected is None
        else ids_of_rejected(options.from_rejected, settings, notes),
        "--sql": None if options.sql is None else by_sql(options.sql),
    }
    given = {option: list(ids) for option, ids in sources.items() if ids is not None}
    if not given:
        return Chosen(Narrowing(None, where, sample))
    try:
        sealed, content = seal_ids(one for ids in given.values() for one in ids)
    except ValueError as error:
        option = next(iter(given))
        count = sum(map(len, given.values()))
        raise BadInputError(option, str(error), example="--ids ids.txt", received=f"{count:,} ids") from None
    return Chosen(Narrowing(sealed, where, sample), content)


def _ids_of_file(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        rule = f"must be a file that can be read ({error})"
        raise BadInputError("--ids", rule, example="--ids ids.txt", received=str(path)) from error
    return (line.strip() for line in text.splitlines() if line.strip())


def _condition(text: str) -> Condition:
    try:
        return Condition.read(text)
    except ValueError as error:
        raise BadInputError("--where", str(error), example="--where '$.order_id=o-17'", received=text) from None


def _percent(text: str) -> float:
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent <= 100:
        rule = "must be a percentage above 0, at most 100"
        raise BadInputError("--sample", rule, example="--sample 1%", received=text)
    return percent


def ids_beside(plan_file: Path) -> Path:
    """The file of the ids that belong to a plan file."""
    return plan_file.with_name(f"{plan_file.name}.ids")


def read_ids(plan: Plan, plan_file: Path) -> bytes | None:
    """What lies in it, checked against the plan; None when the plan has no ids. Raises RefusedError."""
    sealed = plan.narrowing.ids
    if sealed is None:
        return None
    path = ids_beside(plan_file)
    try:
        content = path.read_bytes()
        sealed.read(content)
    except OSError as error:
        raise RefusedError(
            f"{path}, which `plan --out` made beside the plan, cannot be read: {error.strerror}"
        ) from error
    except DocumentError as error:
        raise RefusedError(f"{path}: {error}") from error
    return content


def missing_note(missing: tuple[str, ...]) -> str:
    """What to say of ids that were asked for and are not in the plan."""
    first = ", ".join(missing[:_NAMED])
    more = ", ..." if len(missing) > _NAMED else ""
    return f"{len(missing):,} of the ids are not among the events of the window that match: {first}{more}"
