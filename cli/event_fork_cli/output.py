"""Data on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TextIO

from rich.console import Console, RenderableType

from event_fork.events.time_window import timestamp_text

_WIDTH_OF_FILES = 140


class Output(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"


def say(text: str) -> None:
    """A sentence for the operator, on stderr."""
    print(text, file=sys.stderr, flush=True)


def note(text: str) -> None:
    """The same, for what goes on nevertheless."""
    say(f"note: {text}")


def plain_console(file: TextIO) -> Console:
    """A console that shows text as it is: `[true]` in a filter is no markup, and `:key:` in an ARN no picture."""
    return Console(file=file, markup=False, emoji=False)


def emit(data: Any, output: Output, table: Callable[[], RenderableType]) -> None:
    """Prints data on stdout, as JSON or as a table."""
    if output is Output.JSON:
        print(json_text(data, sys.stdout.encoding), flush=True)
        return
    console = plain_console(sys.stdout)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    console.print(table())


def json_text(data: Any, encoding: str | None) -> str:
    """Data as JSON; with escapes only where the encoding has no other way to write it."""
    document = jsonable(data)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, indent=2)
    return text


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
