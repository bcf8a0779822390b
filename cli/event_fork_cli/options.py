"""The options that every command has."""

from enum import StrEnum
from typing import Annotated

import typer

from event_fork_cli.output import Output


class FilterScope(StrEnum):
    """What a filter policy is about."""

    ATTRIBUTES = "MessageAttributes"
    BODY = "MessageBody"


FilterScopeOption = Annotated[FilterScope, typer.Option(help="What the filter policy is about.")]
Region = Annotated[str | None, typer.Option(metavar="NAME", help="AWS Region; default: AWS_REGION or the profile's.")]
Profile = Annotated[
    str | None, typer.Option(metavar="NAME", help="Profile of the AWS configuration; default: AWS_PROFILE.")
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Address of another AWS, such as a bench; default: AWS_ENDPOINT_URL."),
]
OutputOption = Annotated[Output, typer.Option("--output", help="How data is printed on stdout.")]
