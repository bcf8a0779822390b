"""The path language of redaction: a small, strict part of JSONPath (RFC 9535), and names by prefix.

    $              the whole message
    .name          a member; letters, digits, _ and -
    ['name']       a member of any name, also with double quotes, with JSON's escapes
    .name*         every member whose name begins so; ['name'*] too
    [n]            an element, counted from 0
    [*]            every element of an array, every member of an object
    ..name         a member at any depth; ..['name'], ..name* and ..['name'*] too

Names are compared exactly. Where an object has a name twice, both members match. Everything else is refused: a path
that is silently misread would store what it was meant to remove.
"""

import json
import re
from dataclasses import dataclass

from event_fork.errors import JsonPathError

LANGUAGE = "$, .name, .name*, ['name'], [n], [*] and ..name"


@dataclass(frozen=True, slots=True)
class Member:
    """The member called `name`, or every one whose name begins so."""

    name: str
    by_prefix: bool = False

    def selects(self, child: str | int) -> bool:
        """Whether the step leads to the child of that name or index."""
        return child == self.name or (self.by_prefix and isinstance(child, str) and child.startswith(self.name))


@dataclass(frozen=True, slots=True)
class Element:
    """The element at `index`."""

    index: int

    def selects(self, child: str | int) -> bool:
        """Whether the step leads to the child of that name or index."""
        return child == self.index


@dataclass(frozen=True, slots=True)
class EveryChild:
    """All members or elements."""

    def selects(self, child: str | int) -> bool:  # noqa: ARG002 all of them
        """Whether the step leads to the child of that name or index."""
        return True


@dataclass(frozen=True, slots=True)
class Descendant(Member):
    """The same as `Member`, at any depth below."""


Step = Member | Element | EveryChild
JsonPath = tuple[Step, ...]

_ESCAPE = r"""\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})"""
_STEP = re.compile(
    rf"""(?P<dots>\.\.?)(?P<name>[\w-]+)(?P<prefix>\*)?
      | (?P<deep>\.\.)?\[(?:
            (?:'(?P<single>(?:[^'\\\x00-\x1f]|\\'|{_ESCAPE})*)'
             | "(?P<double>(?:[^"\\\x00-\x1f]|{_ESCAPE})*)")(?P<quoted_prefix>\*)?
          | (?P<index>0|[1-9][0-9]*)
          | (?P<every>\*)
        )\]""",
    re.VERBOSE,
)


def parse_path(text: str) -> JsonPath:
    """The steps of a path; `$` alone has none. Raises JsonPathError with the part that was not understood."""
    steps, end = begin_path(text)
    if end < len(text):
        raise JsonPathError(f"{text[end:]!r} in {text!r} is not one of {LANGUAGE}")
    return steps


def begin_path(text: str) -> tuple[JsonPath, int]:
    """The steps of the path that the text begins with, and where it ends. Raises JsonPathError."""
    if not text.startswith("$"):
        raise JsonPathError(f"a path begins with $, such as $.payment.card (got {text!r})")
    steps: list[Step] = []
    place = 1
    while match := _STEP.match(text, place):
        steps.append(_step(match, text))
        place = match.end()
    return tuple(steps), place


def _step(match: re.Match[str], text: str) -> Step:
    if match["index"] is not None or match["every"] is not None:
        if match["deep"]:
            raise JsonPathError(f"after .. only a name is allowed (got {text!r})")
        return EveryChild() if match["every"] else Element(int(match["index"]))
    name = match["name"] if match["name"] is not None else _unquote(match)
    kind = Descendant if match["deep"] or match["dots"] == ".." else Member
    by_prefix = bool(match["prefix"] or match["quoted_prefix"])
    if by_prefix and not name:
        raise JsonPathError(f"a prefix has at least one character; every child is [*] (got {text!r})")
    return kind(name, by_prefix)


def _unquote(match: re.Match[str]) -> str:
    if match["double"] is not None:
        quoted = match["double"]
    else:
        # In single quotes \' is an escape and " is not; JSON has it the other way round.
        quoted = re.sub(r'\\.|"', lambda part: {"\\'": "'", '"': '\\"'}.get(part[0], part[0]), match["single"])
    return str(json.loads(f'"{quoted}"'))
