"""JSON whose numbers stay as they were written: what is repaired is one member, not the digits of the others."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Exact:
    """A number that Python's floats cannot hold, or would write in another way."""

    text: str


def read(text: bytes) -> Any:
    """Parsed JSON. Raises ValueError, RecursionError; NaN and infinity are no JSON."""
    return json.loads(text, parse_float=_number, parse_constant=_refuse)


def write(value: Any) -> bytes:
    """Compact JSON on one line."""
    mark = secrets.token_hex(16)

    def exact(number: Exact) -> str:
        return f"{mark}{number.text}{mark}"

    marked = re.compile(f'"{mark}([^"]*){mark}"')
    for ascii_only in (False, True):  # half of a surrogate pair has no UTF-8 form
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"), default=exact)
        try:
            return marked.sub(r"\1", text).encode()
        except UnicodeEncodeError:
            continue
    raise AssertionError("ASCII can always be encoded")


def _number(text: str) -> float | Exact:
    number = float(text)
    return number if repr(number) == text else Exact(text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
