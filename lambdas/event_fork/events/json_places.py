"""Places of the members that a path selects, found by their names in the text: a fraction of what a walk takes.

The path is followed in the parsed value, and its names are searched in the text. Every value that it leads to has a
place of its own among those, so where both are as many, all of them are meant. Where they are not, because a name
stands elsewhere too or twice in an object, nothing is known, and json_search.py walks.
"""

import re

from event_fork.events.json_path import Descendant, JsonPath, Member
from event_fork.events.json_select import one_step
from event_fork.events.json_text import end_of_value

Place = tuple[int, int, int]
"""Where a member and its value begin, and where the value ends; 0 for what is an object, an array or has escapes."""

_ESCAPABLE = re.compile(r'["\\/\x00-\x1f]').search
_SCALAR = r'"[^"\\]*"|-?\d[\d.eE+-]*|true|false|null'


class NamedPath:
    """A path whose last step is a name."""

    def __init__(self, path: JsonPath) -> None:
        self._steps = [(step, _pattern(step) if isinstance(step, Member) else None) for step in path]
        self._last = len(path) - 1
        self._by_prefix = any(isinstance(step, Member) and step.by_prefix for step in path)

    @staticmethod
    def is_one(path: JsonPath) -> bool:
        """Whether the path can be found by names: these are written in one way only, unless by \\uXXXX."""
        names = [step.name for step in path if isinstance(step, Member)]
        return bool(path) and isinstance(path[-1], Member) and not any(map(_ESCAPABLE, names))

    def places(self, text: str, value: object) -> list[Place] | None:
        """In valid JSON without \\uXXXX and what it says; None: the names do not tell."""
        values: list[object] = [value]
        found: list[Place] = []
        start, end = 0, len(text)
        whole = True  # from start on there is the one value, up to `end` once that is known
        if self._by_prefix and "\\" in text:
            return None  # the rest of a name that begins so may be written with escapes
        for number, (step, pattern) in enumerate(self._steps):
            if pattern is None:
                values, whole = one_step(values, step), False
                continue
            if whole and number == self._last and isinstance(step, Descendant):
                return _names(text, pattern, start, end_of_value(text, start) if start else end)
            values = one_step(values, step)
            found = _names(text, pattern, start, end)
            if len(values) != len(found) and start:
                # Beyond the value that the steps before lead to, or one after it, the name may mean something else.
                end = end_of_value(text, start)
                found = _names(text, pattern, start, end)
            if len(values) != len(found):
                return None
            if not found:
                return found
            whole = len(found) == 1
            if whole:
                start = found[0][1]
        return found


def _names(text: str, pattern: re.Pattern[str], start: int, end: int) -> list[Place]:
    # Behind a backslash a quote begins no string.
    return [
        (match.start(), match.start(1), match.end()) if match.lastindex else (match.start(), match.end(), 0)
        for match in pattern.finditer(text, start, end)
        if text[match.start() - 1] != "\\"
    ]


def removal(text: str, start: int, end: int, gone: set[int]) -> tuple[int, int]:
    """What goes with a member from `start` to `end`: the comma before it when one before it stays, else that after it.

    `gone`: ends of removed members before which none stays; to be asked in the order of the text.
    """
    before = len(text[:start].rstrip(" \t\n\r")) if text[start - 1] in " \t\n\r" else start
    if text[before - 1] == ",":
        previous = before - 1
        while text[previous - 1] in " \t\n\r":
            previous -= 1
        if previous not in gone:
            return previous, end
    gone.add(end)
    after = _skip(text, end)
    return (start, end) if text[after] == "}" else (start, _skip(text, after + 1))


def _skip(text: str, place: int) -> int:
    while text[place] in " \t\n\r":
        place += 1
    return place


def _pattern(step: Member) -> re.Pattern[str]:
    rest = r'[^"\\]*' if step.by_prefix else ""
    return re.compile(rf'"{re.escape(step.name)}{rest}"[ \t\n\r]*:[ \t\n\r]*({_SCALAR})?')
