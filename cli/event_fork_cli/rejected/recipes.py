"""A recipe: how rejected documents are repaired. Pure: a document in, the repaired one out, or why it cannot be.

    {"rules": [
      {"when": [{"path": "$.amount", "is": "string"}],
       "steps": [{"replace": "$.amount", "pattern": " EUR$", "with": ""}, {"cast": "$.amount", "to": "number"}]},
      {"steps": [{"route": "orders-odd"}]}
    ]}

The first rule whose conditions all hold is taken; one without conditions always is. `{"steps": [...]}` alone is one
rule. A document that no rule takes stays rejected.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from event_fork.errors import JsonPathError
from event_fork.events.json_path import Descendant, Element, JsonPath, Member, parse_path
from event_fork.events.json_select import below, children, one_step, selected
from event_fork_cli.rejected.exact_json import Exact, write

_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float | Exact) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_CASTS = ("number", "integer", "string", "boolean")
_MOST_RULES, _MOST_STEPS = 100, 100
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)  # other digits are none of JSON's
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)
_MOST_DIGITS = 400
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
# https://docs.opensearch.org/latest/api-reference/index-apis/create-index/#index-naming-restrictions
_INDEX = re.compile(r"[^A-Z\s\\/*?\"<>|,#:\x00-\x1f_+-][^A-Z\s\\/*?\"<>|,#:\x00-\x1f]{0,254}")


class RecipeError(ValueError):
    """A recipe is not one; the text says where, the rule, an example and what was given."""


class NotRepairableError(Exception):
    """A step cannot be done with this document; the text quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A document after its rule. `index`: where it is to go; None: where it was meant to go."""

    document: Any
    index: str | None


@dataclass(frozen=True, slots=True)
class _Rule:
    conditions: tuple[Callable[[Any], bool], ...]
    steps: tuple[Callable[[Any], None], ...]
    index: str | None


@dataclass(frozen=True, slots=True)
class Recipe:
    """See above."""

    rules: tuple[_Rule, ...]

    @property
    def routes(self) -> bool:
        """Whether a rule names an index."""
        return any(rule.index is not None for rule in self.rules)

    def repair(self, document: Any) -> Repaired | None:
        """The repaired document, a copy; None when no rule takes it. Raises NotRepairableError."""
        for rule in self.rules:
            if all(holds(document) for holds in rule.conditions):
                repaired = copy.deepcopy(document)
                for step in rule.steps:
                    step(repaired)
                return Repaired(repaired, rule.index)
        return None


def parse_recipe(text: bytes) -> Recipe:
    """The recipe in a file. Raises RecipeError."""
    try:
        read = json.loads(text, object_pairs_hook=_once)
    except UnicodeDecodeError:
        raise RecipeError("the recipe must be JSON in UTF-8") from None
    except RecursionError:
        raise RecipeError("the recipe is nested too deeply") from None
    except ValueError as error:
        raise RecipeError(f"the recipe must be JSON ({error})") from None
    found = _object(read, "the recipe", ("rules",), ("steps",))
    if "steps" in found:
        return Recipe((_rule(found, "the recipe"),))
    rules = _list(found["rules"], "rules", 1, _MOST_RULES)
    return Recipe(tuple(_rule(rule, f"rules[{place}]") for place, rule in enumerate(rules)))


def _rule(value: Any, where: str) -> _Rule:
    rule = _object(value, where, ("steps",), ("when", "steps"))
    conditions = _list(rule.get("when", []), f"{where}.when", 0, _MOST_STEPS)
    steps = _list(rule["steps"], f"{where}.steps", 0, _MOST_STEPS)
    made: list[Callable[[Any], None]] = []
    index: str | None = None
    for place, step in enumerate(steps):
        at = f"{where}.steps[{place}]"
        if isinstance(step, dict) and set(step) == {"route"}:
            if index is not None:
                raise RecipeError(f"{at} is a second route; a document goes to one index")
            index = _index(step["route"], at)
        else:
            made.append(_step(step, at))
    return _Rule(
        tuple(_condition(one, f"{where}.when[{place}]") for place, one in enumerate(conditions)), tuple(made), index
    )


def _condition(value: Any, where: str) -> Callable[[Any], bool]:
    tests = ("is", "equals", "exists", "matches")
    condition = _object(value, where, *(("path", test) for test in tests))
    path = _path(condition["path"], f"{where}.path")
    (test,) = [name for name in condition if name != "path"]
    given = condition[test]
    if test == "exists":
        if not isinstance(given, bool):
            raise _wrong(f"{where}.exists", "must be true or false", "true", given)
        return lambda document: bool(selected(document, path)) == given
    if test == "is":
        if not isinstance(given, str) or given not in _TYPES:
            raise _wrong(f"{where}.is", f"must be one of {', '.join(_TYPES)}", '"string"', given)
        return lambda document: any(_TYPES[given](found) for found in selected(document, path))
    if test == "matches":
        pattern = _pattern(given, f"{where}.matches")
        return lambda document: any(
            isinstance(found, str) and pattern.search(found) is not None for found in selected(document, path)
        )
    wanted = write(given)
    return lambda document: any(write(found) == wanted for found in selected(document, path))


def _step(value: Any, where: str) -> Callable[[Any], None]:
    step = _object(
        value,
        where,
        ("remove",),
        ("rename", "to"),
        ("cast", "to"),
        ("replace", "pattern", "with"),
        ("set", "value"),
        ("route",),
    )
    name = next(iter(name for name in ("remove", "rename", "cast", "replace", "set") if name in step))
    path = _path(step[name], f"{where}.{name}")
    if not path:
        raise _wrong(f"{where}.{name}", "must lead to a member or an element", '"$.amount"', step[name])
    if name == "remove":
        return lambda document: _remove(document, path)
    if name == "rename":
        to = step["to"]
        if not isinstance(to, str) or not to or to.startswith("$") or not isinstance(path[-1], Member):
            raise _wrong(f"{where}.to", "must be the new name of a member, not a path", '"amount_text"', to)
        return lambda document: _rename(document, path, to)
    if name == "cast":
        kind = step["to"]
        if not isinstance(kind, str) or kind not in _CASTS:
            raise _wrong(f"{where}.to", f"must be one of {', '.join(_CASTS)}", '"number"', kind)
        return lambda document: _change(document, path, lambda found: _cast(found, kind))
    if name == "replace":
        pattern, text = _pattern(step["pattern"], f"{where}.pattern"), step["with"]
        try:
            if not isinstance(text, str):
                raise ValueError
            re.sub(f"(?:{pattern.pattern})|", text, "") if not pattern.groups else None
        except (ValueError, re.error, IndexError):
            raise _wrong(f"{where}.with", "must be the text to put in", '""', text) from None
        return lambda document: _change(
            document, path, lambda found: _replaced(pattern, text, found) if isinstance(found, str) else found
        )
    last = path[-1]
    if isinstance(last, Descendant) or not isinstance(last, Member | Element) or getattr(last, "by_prefix", False):
        raise _wrong(f"{where}.set", "must end with one name or one index", '"$.source"', step["set"])
    return lambda document: _set(document, path, step["value"])


def _places(document: Any, path: JsonPath) -> list[tuple[Any, Any]]:
    """Container and name or index of all that the path leads to."""
    last = path[-1]
    containers: Iterable[Any] = selected(document, path[:-1])
    if isinstance(last, Descendant):
        containers = below(containers)
    return [(one, name) for one in containers for name, _ in children(one) if last.selects(name)]


def _remove(document: Any, path: JsonPath) -> None:
    for container, name in reversed(_places(document, path)):  # of a list from its end
        del container[name]


def _rename(document: Any, path: JsonPath, to: str) -> None:
    for container, name in _places(document, path):
        if not isinstance(container, dict) or name == to:
            continue
        if to in container:
            raise NotRepairableError(f"rename: there is a member {to} already")
        container[to] = container.pop(name)


def _change(document: Any, path: JsonPath, change: Callable[[Any], Any]) -> None:
    for container, name in _places(document, path):
        container[name] = change(container[name])


def _set(document: Any, path: JsonPath, value: Any) -> None:
    """Objects that are missing on the way are made."""
    containers = [document]
    for step in path[:-1]:
        plain = isinstance(step, Member) and not isinstance(step, Descendant) and not step.by_prefix
        if plain and isinstance(step, Member):
            for one in containers:
                if isinstance(one, dict):
                    one.setdefault(step.name, {})
        containers = one_step(containers, step)
    last = path[-1]
    for one in containers:
        if isinstance(last, Member) and isinstance(one, dict):
            one[last.name] = copy.deepcopy(value)
        elif isinstance(last, Element) and isinstance(one, list) and last.index < len(one):
            one[last.index] = copy.deepcopy(value)
        else:
            raise NotRepairableError("set: there is no object or list to set it in")


def _replaced(pattern: re.Pattern[str], text: str, found: str) -> str:
    try:
        return pattern.sub(text, found)
    except (re.error, IndexError) as error:
        raise NotRepairableError("replace: `with` names a group that is not there") from error


def _cast(value: Any, kind: str) -> Any:
    """A list is cast element by element, as OpenSearch takes a list for several values; null stays null."""
    if value is None:
        return None
    if isinstance(value, list) and kind != "string":
        return [_cast(one, kind) for one in value]
    if kind == "string":
        return value if isinstance(value, str) else write(value).decode()
    if kind == "boolean":
        text = value.strip().lower() if isinstance(value, str) else write(value).decode()
        if text not in _BOOLEANS:
            raise NotRepairableError("cast: a value is no boolean")
        return _BOOLEANS[text]
    return _number(value, whole=kind == "integer")


def _number(value: Any, *, whole: bool) -> Any:
    if isinstance(value, bool):
        return int(value)
    text = value.strip() if isinstance(value, str) else write(value).decode()
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        raise NotRepairableError(f"cast: a value is no {'whole ' if whole else ''}number")
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    number = float(text)
    if whole:
        if not number.is_integer():  # also of infinity
            raise NotRepairableError("cast: a value is no whole number")
        return int(number)
    if number in (float("inf"), float("-inf")):
        raise NotRepairableError("cast: a value is too large for a number")
    return Exact(text) if _JSON_NUMBER.fullmatch(text) else number


def _path(value: Any, where: str) -> JsonPath:
    if not isinstance(value, str):
        raise _wrong(where, "must be a path", '"$.amount"', value)
    try:
        return parse_path(value)
    except JsonPathError as error:
        raise RecipeError(f"{where}: {error}") from None


def _pattern(value: Any, where: str) -> re.Pattern[str]:
    try:
        if not isinstance(value, str):
            raise re.error("it is no text")
        return re.compile(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise _wrong(where, f"must be a regular expression ({error})", '" EUR$"', value) from None


def is_index(value: Any) -> TypeGuard[str]:
    """Whether an index can have that name."""
    return isinstance(value, str) and _INDEX.fullmatch(value) is not None and value not in (".", "..")


def _index(value: Any, where: str) -> str:
    if not is_index(value):
        raise _wrong(f"{where}.route", "must be the name of an index, in small letters", '"orders-repaired"', value)
    return value


def _object(value: Any, where: str, *shapes: Sequence[str]) -> Mapping[str, Any]:
    """An object with exactly the members of one of the shapes; `when` may always be left out."""
    names = set(value) if isinstance(value, dict) else None
    if names is None or not any(names == set(shape) for shape in shapes):
        said = " or ".join("{" + ", ".join(shape) + "}" for shape in shapes)
        shown = f"{{{', '.join(map(str, value))}}}" if isinstance(value, dict) else value
        raise _wrong(
            where, f"must be an object with {said}", '{"steps": [{"cast": "$.amount", "to": "number"}]}', shown
        )
    return dict(value)


def _list(value: Any, where: str, least: int, most: int) -> list[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        given = f"{len(value)} entries" if isinstance(value, list) else value
        raise _wrong(where, f"must be a list of {least} to {most}", "[...]", given)
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an object has a name twice")
    return made


def _wrong(where: str, rule: str, example: str, received: Any) -> RecipeError:
    shown = received if isinstance(received, str) else json.dumps(received)
    return RecipeError(f"{where} {rule}, for example {example}; received {shown[:100]!r}")
