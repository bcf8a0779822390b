"""The path language of redaction: a small, strict part of JSONPath (RFC 9535).

    $              the whole message
    .name          a member; letters, digits, _ and -
    ['name']       a member of any name, also with double quotes, with JSON's escapes
    [n]            an element, counted from 0
    [*]            every element of an array, every member of an object
    ..name         a member at any depth; ..['name'] too

Names are compared exactly. Where an object has a name twice, both members match. Everything else is refused: a path
that is silently misread would store what it was meant to remove.
"""

import json
import re
from dataclasses import dataclass

from event_fork.errors import JsonPathError

LANGUAGE = "$, .name, ['name'], [n], [*] and ..name"


@dataclass(frozen=True, slots=True)
class Member:
    """The member called `name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Element:
    """The element at `index`."""

    index: int


@dataclass(frozen=True, slots=True)
class EveryChild:
    """All members or elements."""


@dataclass(frozen=True, slots=True)
class Descendant:
    """The member called `name`, at any depth below."""

    name: str


Step = Member | Element | EveryChild | Descendant
JsonPath = tuple[Step, ...]

_STEP = re.compile(
    r"""(?P<dots>\.\.?)(?P<name>[\w-]+)
      | (?P<deep>\.\.)?\[(?:
            '(?P<single>(?:[^'\\]|\\.)*)'
          | "(?P<double>(?:[^"\\]|\\.)*)"
          | (?P<index>0|[1-9][0-9]*)
          | (?P<every>\*)
        )\]""",
    re.VERBOSE | re.DOTALL,
)


def parse_path(text: str) -> JsonPath:
    """The steps of a path; `$` alone has none. Raises JsonPathError with the part that was not understood."""
    if not text.startswith("$"):
        raise JsonPathError(f"a path begins with $, such as $.payment.card (got {text!r})")
    steps: list[Step] = []
    place = 1
    while place < len(text):
        match = _STEP.match(text, place)
        if match is None:
            raise JsonPathError(f"{text[place:]!r} in {text!r} is not one of {LANGUAGE}")
        steps.append(_step(match, text))
        place = match.end()
    return tuple(steps)


def _step(match: re.Match[str], text: str) -> Step:
    if match["name"] is not None:
        return Descendant(match["name"]) if match["dots"] == ".." else Member(match["name"])
    if match["index"] is not None or match["every"] is not None:
        if match["deep"]:
            raise JsonPathError(f"after .. only a name is allowed (got {text!r})")
        return EveryChild() if match["every"] else Element(int(match["index"]))
    name = _unquote(match, text)
    return Descendant(name) if match["deep"] else Member(name)


def _unquote(match: re.Match[str], text: str) -> str:
    if match["double"] is not None:
        quoted = match["double"]
    else:
        # In single quotes \' is an escape and " is not; JSON has it the other way round.
        quoted = re.sub(r'\\.|"', lambda part: {"\\'": "'", '"': '\\"'}.get(part[0], part[0]), match["single"])
    try:
        return str(json.loads(f'"{quoted}"'))
    except ValueError as error:
        raise JsonPathError(f"a name in {text!r} has an escape that JSON does not know") from error
