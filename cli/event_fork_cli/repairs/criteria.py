"""Which dead letters or rejected documents are meant: group, reason, type, time, and what a document says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer

from event_fork.errors import JsonPathError
from event_fork.events.json_path import JsonPath, parse_path
from event_fork.events.json_select import selected
from event_fork.events.time_window import timestamp_text
from event_fork_cli.errors import BadInputError
from event_fork_cli.moments import moment
from event_fork_cli.repairs.groups import Entry

_EXAMPLE_OF_WHERE = "--where '$.customer.id=C-7'"


@dataclass(frozen=True, slots=True)
class CriteriaOptions:
    """The options that choose, as they were typed."""

    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Only what has this reason.")] = None
    event_type: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only events of this type; may be given several times."),
    ] = None
    since: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Only from this time on: ISO 8601 (UTC without offset) or 2h, 3d ago."),
    ] = None
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only before this time: as --since.")] = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=VALUE",
            help="Only messages that have this value at a JSON path; may be given several times, then all must hold.",
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class Where:
    """A value that a document must have somewhere."""

    path: JsonPath
    value: str

    def holds(self, document: Any) -> bool:
        """Whether it has: a text as it is, anything else as JSON writes it."""
        return any(_shown(found) == self.value for found in selected(document, self.path))


@dataclass(frozen=True, slots=True)
class Criteria:
    """What is meant. `group`: the beginning of a group's id; None or empty: all."""

    group: str | None = None
    reason: str | None = None
    types: frozenset[str] = frozenset()
    since: str = ""
    until: str = ""
    where: tuple[Where, ...] = ()

    def hold(self, entry: Entry) -> bool:
        """Whether an entry is meant. One without a time is in no window."""
        if self.group is not None and not entry.fingerprint.id.startswith(self.group):
            return False
        if self.reason is not None and entry.fingerprint.reason != self.reason:
            return False
        if self.types and entry.event_type not in self.types:
            return False
        if (self.since or self.until) and not (entry.at and self.since <= entry.at and self._is_before(entry.at)):
            return False
        return all(where.holds(entry.document) for where in self.where)

    def _is_before(self, at: str) -> bool:
        return not self.until or at < self.until


def criteria(options: CriteriaOptions, group: str | None, now: datetime) -> Criteria:
    """What the options mean. Raises BadInputError."""
    if group is not None and not (group and set(group) <= set("0123456789abcdef") and len(group) <= 8):
        rule = "must be a group's id, or its beginning, as `list` prints it"
        raise BadInputError("GROUP", rule, example="3f9a2c1e", received=group)
    since = timestamp_text(moment(options.since, "--since", now)) if options.since is not None else ""
    until = timestamp_text(moment(options.until, "--until", now)) if options.until is not None else ""
    if since and until and since >= until:
        rule = f"must be later than --since ({options.since})"
        raise BadInputError("--until", rule, example="--until now", received=options.until)
    where = tuple(_where(text) for text in options.where or ())
    return Criteria(group, options.reason, frozenset(options.event_type or ()), since, until, where)


def _shown(value: Any) -> str | None:
    try:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        return None


def _where(text: str) -> Where:
    """`$.path=value`. A path may hold `=` in quotes, so the first place after which a whole path ends is taken."""
    place = text.find("=")
    problem = "has no ="
    while place >= 0:
        try:
            return Where(parse_path(text[:place]), text[place + 1 :])
        except JsonPathError as error:
            problem = str(error)
        place = text.find("=", place + 1)
    raise BadInputError("--where", f"must be PATH=VALUE ({problem})", example=_EXAMPLE_OF_WHERE, received=text)
