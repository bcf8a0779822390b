"""event-fork filter: check, test. Nothing is asked of AWS."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from event_fork.errors import NotAnEnvelopeError
from event_fork.events import envelope
from event_fork.events.envelope import StoredEvent
from event_fork.filter_policy import Complexity, compile_policy, complexity, keys_matched
from event_fork.filter_policy.constraints import MOST_KEYS, MOST_WILDCARD_POINTS
from event_fork.filter_policy.structure import MOST_COMBINATIONS
from event_fork_cli.errors import BadInputError, NothingMatchedError
from event_fork_cli.options import FilterScope, FilterScopeOption
from event_fork_cli.output import Output, emit

filters = typer.Typer(
    help="SNS filter policies: does SNS take one, and which events does it let through?",
    no_args_is_help=True,
    rich_markup_mode=None,
)

PolicyArgument = Annotated[str, typer.Argument(metavar="POLICY", help="File with the filter policy; - for stdin.")]
OutputOption = Annotated[Output, typer.Option("--output", help="How data is printed on stdout.")]


@dataclass(frozen=True)
class Answer:
    """What `filter test` found out."""

    matches: bool
    keys: dict[str, bool]


@filters.command()
def check(
    policy: PolicyArgument, scope: FilterScopeOption = FilterScope.ATTRIBUTES, output: OutputOption = Output.TABLE
) -> None:
    """Say whether SNS takes a policy, and how much of its limits the policy uses.

    A policy that SNS refuses is exit code 2, with AWS's reason, the rule and an example.
    """
    counts = complexity(_text(policy, "POLICY"), scope.value)
    emit(counts, output, lambda: _limits(counts))


@filters.command("test")
def try_event(
    policy: PolicyArgument,
    event: Annotated[
        str,
        typer.Option(
            metavar="FILE",
            help="The event: an SNS envelope, as a queue or the archive holds it, or the message alone; - for stdin.",
        ),
    ],
    scope: FilterScopeOption = FilterScope.ATTRIBUTES,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Message attribute; NAME:Number=5 gives its type. May be given several times."
        ),
    ] = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Say whether an event would get through a policy, key by key.

    Exit code 0: it gets through. 3: it does not.
    """
    if policy == event == "-":
        raise BadInputError(
            "--event", "must be a file when POLICY is -: stdin is read once", example="--event order.json", received="-"
        )
    text = _text(policy, "POLICY")
    matcher = compile_policy(text, scope.value)
    sample = _event(_text(event, "--event"), attribute or [])
    keys = keys_matched(text, scope.value, sample)
    answer = Answer(matcher.matches(sample), keys)
    emit(answer, output, lambda: _keys(answer))
    if not answer.matches:
        missed = ", ".join(key for key, matched in keys.items() if not matched)
        why = f"it does not match {missed}" if missed else "it matches each key, but not all in one element of an array"
        raise NothingMatchedError(f"the event does not get through: {why}")


def _text(file: str, option: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInputError(
            option, f"must be a file that can be read ({reason})", example="policy.json", received=file
        ) from error
    return text.removeprefix("\ufeff")  # a byte order mark, with which some editors begin a file


def _event(text: str, attributes: list[str]) -> StoredEvent:
    try:
        event = envelope.parse(text)
    except NotAnEnvelopeError:
        return StoredEvent("", "", text, "", attributes=dict(map(_attribute, attributes)) or None)
    if attributes:
        raise BadInputError(
            "--attribute",
            "is for an event that is the message alone: this one is an envelope and has its own",
            example="--attribute event_type=order.placed",
            received=attributes[0],
        )
    return event


def _attribute(given: str) -> tuple[str, dict[str, str]]:
    name, equals, value = given.partition("=")
    name, _, kind = name.partition(":")
    if not (equals and name) or kind not in ("", "String", "Number", "String.Array", "Binary"):
        raise BadInputError(
            "--attribute",
            "must be NAME=VALUE or NAME:TYPE=VALUE with the type String, Number, String.Array or Binary",
            example="--attribute amount:Number=120",
            received=given,
        )
    if kind == "String.Array" and not _is_list(value):
        raise BadInputError(
            "--attribute", "of String.Array must be a JSON list", example="tags:String.Array=[1]", received=given
        )
    return name, {"Type": kind or "String", "Value": value}


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except (ValueError, RecursionError):
        return False


def _limits(counts: Complexity) -> Table:
    table = Table("SNS takes the policy", "it has", "of at most")
    table.add_row("keys", str(counts.keys), str(MOST_KEYS))
    table.add_row("combinations of values", str(counts.combinations), str(MOST_COMBINATIONS))
    table.add_row("points for wildcards", str(counts.wildcard_points), str(MOST_WILDCARD_POINTS))
    return table


def _keys(answer: Answer) -> Table:
    table = Table("key", "the event")
    for key, matched in answer.keys.items():
        table.add_row(key, "matches" if matched else "does not match")
    return table
