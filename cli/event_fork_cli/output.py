"""Data on stdout, everything else on stderr; and nothing that a publisher wrote moves a cursor or opens a link."""

import csv
import json
import re
import sys
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
from io import StringIO
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from event_fork.events.time_window import timestamp_text

_WIDTH_OF_FILES = 10_000
"""Nothing is folded in a pipe or a file: a line there has no end."""
_FORMULA = (*"=+-@＝＋－＠", "\t", "\r")  # noqa: RUF001 full-width ones count in some languages
"""What makes a spreadsheet take a cell for a formula: https://owasp.org/www-community/attacks/CSV_Injection"""


# Control characters of C0 and C1, marks of direction (bidi), line and paragraph separators, lone surrogates, and what
# is not seen at all (but joiners, which scripts and pictures need): what a terminal obeys, or what makes text look like
# other text. An event's type or an object's key may hold any of them.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


class Output(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def say(text: str) -> None:
    """A sentence for the operator, on stderr."""
    print(visible(text), file=sys.stderr, flush=True)


def note(text: str) -> None:
    """The same, for what goes on nevertheless."""
    say(f"note: {text}")


def visible(text: str) -> str:
    """The text with \\uXXXX in the place of each character that a terminal would obey and not show."""
    return _OBEYED.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    one = found[0]
    return json.dumps(one)[1:-1] if one > "\uffff" else f"\\u{ord(one):04x}"


class _PlainConsole(Console):
    def render_str(self, text: str, **options: Any) -> Text:
        # Every string in a table, a title or a line comes through here, and only styles are added after it.
        return super().render_str(visible(text), **options)


def plain_console(file: TextIO) -> Console:
    """A console that shows text as it is: `[true]` in a filter is no markup, and `:key:` in an ARN no picture."""
    return _PlainConsole(file=file, markup=False, emoji=False)


def emit(data: Any, output: Output, table: Callable[[], RenderableType], rows: Any = None) -> None:
    """Prints data on stdout, as JSON, as CSV or as a table. `rows`: what is one line each in CSV; None: the data."""
    if output is Output.JSON:
        print(json_text(data, sys.stdout.encoding), flush=True)
        return
    if output is Output.CSV:
        print(csv_text(data if rows is None else rows), end="", flush=True)
        return
    console = plain_console(sys.stdout)
    if not sys.stdout.isatty():  # FORCE_COLOR makes rich call a pipe a terminal
        console.width = _WIDTH_OF_FILES
    console.print(table())


def json_text(data: Any, encoding: str | None) -> str:
    """Data as JSON; with escapes only for what a terminal obeys and what the encoding has no other way to write."""
    document = jsonable(data)
    text = "\n".join(map(visible, json.dumps(document, indent=2, ensure_ascii=False).split("\n")))
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(document, indent=2)
    return text


def csv_text(data: Any) -> str:
    """Objects as CSV (RFC 4180), one a line; what is no single value is JSON in its cell."""
    document = jsonable(data)
    rows = document if isinstance(document, list) else [document]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(_cell, columns))
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = visible(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _member(name: str, value: Any) -> Any:
    """A checksum is a number that no reader of JSON keeps whole."""
    return f"{value:032x}" if name.endswith("checksum") and isinstance(value, int) else jsonable(value)


def jsonable(value: Any) -> Any:
    """Dataclasses as objects, times as SNS writes them."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _member(field.name, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {name: jsonable(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(entry) for entry in value]
    if isinstance(value, datetime):
        return timestamp_text(value)
    return value
