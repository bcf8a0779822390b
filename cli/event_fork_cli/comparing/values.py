"""An item or a document as path -> text of what stands there. Equal texts are equal values, whatever their order."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DecimalException
from typing import Any

from event_fork.errors import JsonPathError
from event_fork.events.json_path import Descendant, JsonPath, parse_path
from event_fork_cli.errors import BadInputError

Path = tuple[str | int, ...]
Flat = Mapping[str, str]
"""Path as `$.a[0]` -> the value there as text."""
_MOST_PLACES = 40
"""Longer numbers are shown with an exponent."""


def ignored_paths(given: Iterable[str]) -> tuple[JsonPath, ...]:
    """The paths of --ignore; what does not begin with $ is a member's name. Raises BadInputError."""
    paths = []
    for text in given:
        try:
            paths.append(parse_path(text if text.startswith("$") else f"$[{json.dumps(text)}]"))
        except JsonPathError as error:
            raise BadInputError("--ignore", str(error), example="--ignore updated_at", received=text) from None
    return tuple(paths)


def flat_document(document: Any, ignored: Sequence[JsonPath]) -> Flat:
    """Of parsed JSON; numbers are `Decimal` or int."""
    return _flat(document, ignored, _json_parts)


def flat_item(item: Mapping[str, Any], ignored: Sequence[JsonPath]) -> Flat:
    """Of an item as DynamoDB answers it, each value with its type."""
    return _flat({"M": item}, ignored, _item_parts)


def digest(flat: Flat) -> bytes:
    """16 bytes that stand for all of it."""
    hashed = hashlib.blake2b(digest_size=16)
    for path, text in sorted(flat.items()):
        hashed.update(json.dumps([path, text]).encode())
    return hashed.digest()


def key_text(key: Mapping[str, Any]) -> str:
    """The key of an item for people: `o-1`, or `c-1 / 17` where it has two parts."""
    texts = (_item_parts(value)[1] for value in key.values())
    return " / ".join(json.loads(text) if text.startswith('"') else text for text in texts)


def _flat(
    value: Any, ignored: Sequence[JsonPath], parts_of: Callable[[Any], tuple[Mapping[str | int, Any] | None, str]]
) -> Flat:
    found: dict[str, str] = {}
    left: list[tuple[Path, Any]] = [((), value)]  # not by recursion: a document may be nested deeply
    while left:
        path, here = left.pop()
        if any(_covers(steps, path) for steps in ignored):
            continue
        parts, text = parts_of(here)
        if parts:
            left += [((*path, name), child) for name, child in parts.items()]
        else:
            found[_path_text(path)] = text
    return found


def _json_parts(value: Any) -> tuple[Mapping[str | int, Any] | None, str]:
    if isinstance(value, dict):
        return value, "{}"
    if isinstance(value, list):
        return dict(enumerate(value)), "[]"
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return None, _number_text(str(value))
    return None, json.dumps(value)


def _item_parts(typed: Mapping[str, Any]) -> tuple[Mapping[str | int, Any] | None, str]:
    ((kind, value),) = typed.items()
    if kind == "M":
        return value, "{}"
    if kind == "L":
        return dict(enumerate(value)), "[]"
    if kind in ("SS", "NS", "BS"):  # a set has no order
        return None, f"<{', '.join(sorted(_item_parts({kind[0]: one})[1] for one in value))}>"
    if kind == "N":
        return None, _number_text(value)
    if kind == "B":
        return None, f"base64:{base64.b64encode(value).decode()}"
    return None, "null" if kind == "NULL" else json.dumps(value)


def _number_text(text: str) -> str:
    """1.0, 1 and 10e-1 are one number."""
    try:
        number = Context(max(1, len(text)), Emax=MAX_EMAX, Emin=MIN_EMIN).normalize(Decimal(text))
        return f"{number:f}" if abs(number.adjusted()) < _MOST_PLACES else str(number)
    except DecimalException:
        return text


def _covers(steps: Sequence[Any], path: Path) -> bool:
    """Whether the steps lead to the path's end or to something above it."""
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    if isinstance(step, Descendant):
        return any(step.selects(child) and _covers(rest, path[place + 1 :]) for place, child in enumerate(path))
    return bool(path) and step.selects(path[0]) and _covers(rest, path[1:])


def _path_text(path: Path) -> str:
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if _is_plain(part) else f"[{json.dumps(part)}]"
        for part in path
    )
    return "$" + "".join(parts)


def _is_plain(name: str) -> bool:
    return name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
