"""The options of the commands: what several of them have, those of `replay plan`, and what holds for their values."""

import inspect
import math
import os
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from rich.console import RenderableType

from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY
from event_fork.replay_plan.control import MAX_RATE, MIN_RATE
from event_fork.sending.backoff import usable_seconds
from event_fork.sending.pacing import slowest_rate
from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import BadInputError
from event_fork_cli.output import Output, emit


class FilterScope(StrEnum):
    """What a filter policy is about."""

    ATTRIBUTES = MESSAGE_ATTRIBUTES
    BODY = MESSAGE_BODY


class Body(StrEnum):
    """In which form the copies are sent."""

    AUTO = "auto"
    RAW = "raw"
    ENVELOPE = "envelope"


class Ordering(StrEnum):
    """In which order the copies are sent."""

    SEQUENCE = "sequence"


FilterScopeOption = Annotated[FilterScope, typer.Option(help="What the filter policy looks at.")]
_START = typer.Option(
    "--from",
    metavar="TIME",
    help="Start of the window, by time of publishing: ISO 8601 (UTC without offset) or 2h, 3d ago.",
)
StartOption = Annotated[str, _START]
OptionalStartOption = Annotated[str | None, _START]
EndOption = Annotated[
    str, typer.Option("--to", "--until", metavar="TIME", help="End of the window, not included: as --from, or now.")
]
LatenessOption = Annotated[
    str, typer.Option(metavar="DURATION", help="How long after its publishing an event may have reached the archive.")
]
_MOST_PROCESSES = 256
ProcessesOption = Annotated[
    int | None, typer.Option(metavar="N", help="Processes that read the archive; default: one for each processor.")
]
ArchiveOption = Annotated[
    str, typer.Option(metavar="S3_URL", help="The archive, s3://BUCKET/PREFIX: what is before date=.")
]
TargetOption = Annotated[
    str,
    typer.Option(
        "--target", metavar="QUEUE", help="Queue to send to: name, URL or ARN; other accounts and Regions too."
    ),
]
RateOption = Annotated[
    float, typer.Option("--rate", metavar="N", help="At most so many events a second, for all workers together.")
]
RawOption = Annotated[
    bool, typer.Option("--raw", help="The archive's lines are the messages alone, as record_format = raw writes.")
]
LayoutOption = Annotated[
    str,
    typer.Option(
        metavar="auto|flat|FOLDERS",
        help="Folders by time in the archive's keys, such as yyyy/MM/dd/HH/; flat: none. UTC, or as auto@Asia/Tokyo.",
    ),
]
ReplayModule = Annotated[
    str | None, typer.Option("--replay", metavar="NAME", help="Replay module to use, if several fit.")
]


@dataclass(frozen=True, slots=True)
class Common:
    """What every command has: which AWS, and how data is printed."""

    region: Annotated[
        str | None, typer.Option(metavar="NAME", help="AWS Region; default: AWS_REGION or the profile's.")
    ] = None
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Profile of the AWS configuration; default: AWS_PROFILE.")
    ] = None
    endpoint_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Address to use instead of AWS, such as a test bench; default: AWS_ENDPOINT_URL."
        ),
    ] = None
    output: Annotated[Output, typer.Option("--output", help="How data is printed on stdout.")] = Output.TABLE

    @property
    def aws(self) -> AwsSettings:
        """The AWS that is meant."""
        return AwsSettings(self.region, self.profile, self.endpoint_url)

    def emit(self, data: Any, table: Callable[[], RenderableType], rows: Any = None) -> None:
        """Prints data on stdout as --output says."""
        emit(data, self.output, table, rows)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """The options of `replay plan` that say what is sent and how, as they were typed."""

    archive: ArchiveOption
    start: StartOption
    target: TargetOption
    end: EndOption = "now"
    layout: LayoutOption = "auto"
    raw: RawOption = False
    filter_file: Annotated[
        Path | None,
        typer.Option(
            "--filter", metavar="FILE", help="File with an SNS filter policy; only what it lets through is sent."
        ),
    ] = None
    filter_scope: FilterScopeOption = FilterScope.ATTRIBUTES
    like_subscription: Annotated[
        str | None, typer.Option(metavar="ARN", help="Take filter policy, scope and form of an SNS subscription.")
    ] = None
    event_type: Annotated[
        list[str] | None, typer.Option(metavar="TYPE", help="Only events of this type; may be given several times.")
    ] = None
    event_type_attribute: Annotated[
        str, typer.Option(metavar="NAME", help="Message attribute that holds an event's type.")
    ] = "event_type"
    event_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only the event of this id; may be given several times.")
    ] = None
    ids_file: Annotated[
        Path | None, typer.Option("--ids", metavar="FILE", help="Only the events of the ids in this file, one a line.")
    ] = None
    from_rejected: Annotated[
        str | None,
        typer.Option(metavar="S3_URL", help="Only the events in these error objects of Data Firehose."),
    ] = None
    sql: Annotated[
        str | None,
        typer.Option(metavar="QUERY", help="Only the events whose event_id this query gives, as of `search query`."),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH=VALUE",
            help="Only events whose JSON message has this value, such as $.order_id=o-17; all must hold.",
        ),
    ] = None
    sample: Annotated[
        str | None,
        typer.Option(metavar="N%", help="Only this share of the ids; the same ones each time."),
    ] = None
    body: Annotated[
        Body,
        typer.Option(help="raw: the message alone; envelope: as SNS wraps it; auto: as the target gets it."),
    ] = Body.AUTO
    order: Annotated[
        Ordering | None,
        typer.Option(help="sequence: each group's events by their SequenceNumber. A FIFO target always gets them so."),
    ] = None
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|ATTRIBUTE|all",
            help="A FIFO target's groups: a path such as $.order_id, an attribute, or all; default: MessageGroupId.",
        ),
    ] = None
    rate: RateOption = 100
    pace: Annotated[
        str | None,
        typer.Option(metavar="original|Nx", help="Keep the time between events as it was, or divide it by N."),
    ] = None
    ramp: Annotated[
        str | None,
        typer.Option(
            metavar="1,10,100", help="Begin with 1 % of the rate, then 10 %, then all; each for 60 s at its full rate."
        ),
    ] = None
    ramp_ask: Annotated[bool, typer.Option("--ramp-ask", help="Pause and ask after each step of the ramp.")] = False
    max_age: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Slow down while the target's oldest message is older than this."),
    ] = None
    max_dead_letters: Annotated[
        int | None,
        typer.Option(metavar="N", help="Pause when the target's dead-letter queue has so many more messages."),
    ] = None
    head_room: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Share of the consumer's capacity that live events keep.")
    ] = None
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="At most so many workers at a time; default: one for 300 events/s.")
    ] = None
    lateness: LatenessOption = "1h"
    expires_in: Annotated[str, typer.Option(metavar="DURATION", help="How long the plan may be applied.")] = "24h"
    replay: ReplayModule = None


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """Makes options of the fields of every parameter whose type is a dataclass; the command gets the dataclass.

    So a group of options is written once, and a command that has it names it: `common: Common`.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: hint for name, hint in hints.items() if is_dataclass(hint)}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        parts = _fields(groups[name]) if name in groups else {name: (hints[name], parameter.default)}
        parameters += [
            inspect.Parameter(part, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
            for part, (hint, default) in parts.items()
        ]

    @wraps(command)
    def called(**values: Any) -> None:
        made = {name: group(**{part: values.pop(part) for part in _fields(group)}) for name, group in groups.items()}
        command(**values, **made)

    called.__dict__["__signature__"] = inspect.Signature(parameters)
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def process_count(processes: int | None) -> int:
    """How many processes read. Raises BadInputError."""
    if processes is None:
        return os.cpu_count() or 1
    if not 0 <= processes <= _MOST_PROCESSES:
        rule = f"must be 0 to {_MOST_PROCESSES}"
        raise BadInputError("--processes", rule, example="--processes 2", received=processes)
    return processes


def checked_rate(option: str, rate: float, *, example: str) -> float:
    """The rate itself, in events a second. Raises BadInputError; NaN and infinity are no rates."""
    if not MIN_RATE <= rate <= MAX_RATE:
        rule = f"must be {MIN_RATE} to {MAX_RATE:,} events a second"
        raise BadInputError(option, rule, example=example, received=rate)
    return rate


def refuse_slower(option: str, rate: float, workers: int, invocation_seconds: float) -> None:
    """Raises BadInputError for a rate that so many workers cannot keep. `invocation_seconds`: their time-out."""
    seconds = usable_seconds(invocation_seconds)
    slowest = slowest_rate(workers, seconds)
    if rate < slowest:
        least = math.ceil(slowest * 1000) / 1000
        raise BadInputError(
            option,
            f"must be at least {least:g} with {workers} workers: in the {seconds:g} s that an invocation has, "
            "each must send an event and wait for its turn",
            example=f"{option} {least:g}" if option.startswith("--") else f"{least:g}",
            received=rate,
        )


def _fields(group: Any) -> dict[str, tuple[Any, Any]]:
    """Name -> type with its typer.Option, and default."""
    hints = get_type_hints(group, include_extras=True)
    return {
        field.name: (hints[field.name], inspect.Parameter.empty if field.default is MISSING else field.default)
        for field in fields(group)
    }
