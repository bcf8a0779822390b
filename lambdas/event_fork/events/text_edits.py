"""Edits of a JSON text that leave all its other characters as they are, also inside a string with escapes."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Edit = tuple[int, int, str]
"""The text from start to end gives way to the replacement."""

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_UNIT = re.compile(
    r"(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\(.)|[^\\]+", re.DOTALL
)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; they do not overlap."""
    parts: list[str] = []
    place = 0
    for start, end, replacement in sorted(edits):
        parts += (text[place:start], replacement)
        place = end
    if not parts:
        return text
    parts.append(text[place:])
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class StringContent:
    """What a JSON string says, and where each of its characters stands in the text around it."""

    decoded: str
    end: int
    """The place after the closing quote."""
    _places: Sequence[int]

    @classmethod
    def at(cls, text: str, quote: int) -> "StringContent":
        """The string whose opening quote is at `quote`; the text must be valid JSON."""
        match = _STRING.match(text, quote)
        if match is None:
            raise ValueError("no JSON string begins here")
        start, end = match.span(1)
        if "\\" not in match[1]:
            return cls(match[1], match.end(), range(start, end + 1))
        decoded: list[str] = []
        places: list[int] = []
        for unit in _UNIT.finditer(text, start, end):
            if unit[1]:
                decoded.append(json.loads(f'"{unit[1]}"'))
            elif unit[2]:
                decoded.append(chr(int(unit[2], 16)))
            elif unit[3]:
                decoded.append(_SHORT.get(unit[3], unit[3]))
            else:
                decoded.append(unit[0])
                places.extend(range(unit.start(), unit.end()))
                continue
            places.append(unit.start())
        return cls("".join(decoded), match.end(), [*places, end])

    def edit(self, edit: Edit) -> Edit:
        """An edit of `decoded` as an edit of the text around the string."""
        start, end, replacement = edit
        return self._places[start], self._places[end], json.dumps(replacement)[1:-1]
