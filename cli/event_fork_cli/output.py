"""Data on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from rich.console import Console, RenderableType

from event_fork.archive.window import timestamp_text

_WIDTH_OF_FILES = 140


class Output(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


def say(text: str) -> None:
    """A sentence for the operator, on stderr."""
    print(text, file=sys.stderr, flush=True)


def emit(data: Any, output: Output, table: Callable[[], RenderableType]) -> None:
    """Prints data on stdout, as JSON or as a table."""
    if output is Output.JSON:
        print(json.dumps(jsonable(data), indent=2, ensure_ascii=False), flush=True)
        return
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    console.print(table())


def jsonable(value: Any) -> Any:
    """Dataclasses as objects, times as SNS writes them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: jsonable(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(entry) for entry in value]
    if isinstance(value, datetime):
        return timestamp_text(value)
    return value
