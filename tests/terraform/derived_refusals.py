"""Wrong values that every input of a kind has: null inside a list, a map or a required attribute, and a fraction.

Made from values that are planned (changes.py, limits.py): each place in them is made wrong once.
"""

import re
from collections.abc import Iterator
from typing import Any

from docs.terraform_inputs import inputs
from tests.terraform.changes import ROOT, ROWS
from tests.terraform.limits import LIMITS
from tests.terraform.native import MODULES

Place = tuple[str | int, ...]
FRACTIONS = {"transformation_function.buffer_size_mib"}
"""Numbers that AWS takes with a fraction."""
_INNER = {"transformation_function": "delivery", "lifecycle_rules": "bucket"}
"""Inputs that a pipeline hands on to another module than the fork, which has their rules."""


def wrong_values() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """Module, the path of the wrong value, the inputs with it, and what a message must say was received.

    A pipeline hands what the fork has too on to it, so that is tried there.
    """
    done: set[str] = set()
    for module, planned in _planned():
        for place, wrong, received in _wrong(planned):
            path = ".".join(map(str, place)).replace(".0", "[*]")
            judge = _INNER.get(str(place[0]), module)
            if {f"fork {path}", f"{judge} {path}"} & done or (wrong is None and _may_be_null(module, place)):
                continue
            done.add(f"{judge} {path}")
            yield judge, path, _changed(planned, place, wrong), received


def _planned() -> Iterator[tuple[str, dict[str, Any]]]:
    for row in ROWS:
        yield from ((module, {**row.since, **row.to}) for module in row.modules if module != ROOT)
    yield from ((limit.module, limit.inputs) for limit in LIMITS)


def _wrong(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if place:
                yield (*place, name), None, "null"
            yield from _wrong(inner, (*place, name))
    elif isinstance(value, list) and value:
        yield (*place, 0), None, "null"
        yield from _wrong(value[0], (*place, 0))
    elif isinstance(value, int) and not isinstance(value, bool) and ".".join(map(str, place)) not in FRACTIONS:
        yield place, value + 0.5, str(value + 0.5)


def _may_be_null(module: str, place: Place) -> bool:
    """Whether it is an optional attribute, which takes its default then."""
    (written,) = [each.type for each in inputs(MODULES / module) if each.name == place[0]]
    return re.search(rf"\b{place[-1]}\s*=\s*optional\(", written) is not None


def _changed(value: Any, place: Place, wrong: Any) -> Any:
    if not place:
        return wrong
    changed = value.copy()
    changed[place[0]] = _changed(value[place[0]], place[1:], wrong)
    return changed
