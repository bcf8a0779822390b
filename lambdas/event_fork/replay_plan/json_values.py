"""Dataclasses <-> JSON objects: a document's values are listed once, in its dataclass.

The type of a value says how it is read, `Annotated` what else it must be, or what it is called in the document:

    rate: Annotated[float, AtLeast(0.01)]
    start: Annotated[Time, Named("from")]

A value that is absent is its default, and a list that is absent is empty. A wrong value is named, with its path: so are
NaN, what is too large to reckon with, a year that nobody can mean, what is nested too deeply, a name that an object has
twice (people see the one, programs the other), and text that has no UTF-8 form, which is written as U+FFFD.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from event_fork.events.time_window import FIRST_YEAR, LAST_YEAR, timestamp_of
from event_fork.replay_plan.errors import DocumentError

T = TypeVar("T")
Read = Callable[[Any, str], Any]
"""Value, where it stands -> what it is. Raises DocumentError."""

LARGEST = 10**15
"""No number of a document is larger; those that are added up or made times of have a bound of their own."""
LONGEST_SECONDS = 3650 * 86_400
"""Ten years: what is longer overflows times."""

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number is not below it; without one, not below 0."""

    minimum: float


@dataclass(frozen=True, slots=True)
class AtMost:
    """A number is not above it; without one, not above LARGEST."""

    maximum: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text is one of these."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """A text matches the pattern as a whole; `words` say what that is."""

    pattern: str
    words: str


@dataclass(frozen=True, slots=True)
class Named:
    """What the value is called in the document, where that is no name for Python."""

    name: str


class _AnyTime:
    pass


Time = Annotated[str, _AnyTime()]
"""An ISO 8601 time with an offset, as text."""

ID_PATTERN, ID_WORDS = r"[A-Za-z0-9_-]{1,64}", "1 to 64 letters, digits, - or _"
Id = Annotated[str, Matches(ID_PATTERN, ID_WORDS)]
"""What keys, names of executions and parameters are made of: a replay's id, an item's, a module's name."""


def to_json(value: Any) -> Any:
    """A dataclass as what json.dumps takes."""
    kind: Any = type(value)
    if hasattr(kind, "__dataclass_fields__"):
        return {one.name: to_json(getattr(value, one.field)) for one in _values_of(kind)}
    if isinstance(value, str):
        return value if _is_text(value) else _SURROGATE.sub("\ufffd", value)
    return [to_json(one) for one in value] if isinstance(value, tuple) else value


def from_json(kind: Callable[..., T], value: object, where: str) -> T:
    """The dataclass in parsed JSON; `where` is what messages call it. Raises DocumentError naming a wrong value."""
    document = json_object(value, where)
    read = {}
    for one in _values_of(kind):
        found = document.get(one.name, _ABSENT)
        if found is not _ABSENT or not one.has_default:
            read[one.field] = one.read(found, f"{where}.{one.name}")
    try:
        return kind(**read)
    except ValueError as error:  # what its values must be to each other
        raise DocumentError(f"{where}.{error}") from error


def json_object(value: object, where: str) -> Mapping[str, Any]:
    """The value, if it is a JSON object. Raises DocumentError."""
    found: Mapping[str, Any] = _if(isinstance(value, dict), value, where, "a JSON object")
    return found


def parse_json(text: str | bytes, where: str) -> Any:
    """What the text says. Raises DocumentError."""
    try:
        return json.loads(text, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_object)
    except RecursionError as error:
        raise DocumentError(f"{where} is nested too deeply") from error
    except ValueError as error:
        raise DocumentError(f"{where} is not JSON: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"an object has {_shown(twice)} twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} is no number")
    return number


class _Value(NamedTuple):
    field: str
    name: str
    read: Read
    has_default: bool


@cache
def _values_of(kind: Any) -> tuple[_Value, ...]:
    return tuple(_values(kind))


def _values(kind: Any) -> Iterator[_Value]:
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):
        hint = hints[one.name]
        named = (rule.name for rule in get_args(hint)[1:] if isinstance(rule, Named))
        has_default = one.default is not MISSING or one.default_factory is not MISSING
        yield _Value(one.name, next(named, one.name), _reader(hint), has_default)


def _reader(hint: Any) -> Read:
    rules: list[Any] = []
    if get_origin(hint) is Annotated:
        hint, *rules = get_args(hint)
    of, parts = get_origin(hint), get_args(hint)
    if of in (Union, UnionType):
        read = _reader(next(part for part in parts if part is not NoneType))
        return lambda value, where: None if value is None or value is _ABSENT else read(value, where)
    if of is tuple:
        words, holds = _LEAVES.get(parts[0], ("", None))
        return partial(_leaves, words, holds) if holds else partial(_tuple, _reader(parts[0]))
    if hint in (int, float):
        minimum = next((rule.minimum for rule in rules if isinstance(rule, AtLeast)), 0)
        maximum = next((rule.maximum for rule in rules if isinstance(rule, AtMost)), LARGEST)
        return partial(_number, "a whole number" if hint is int else "a number", _KINDS[hint], minimum, maximum)
    if hint is str:
        return partial(_text, rules)
    if of is Mapping:
        return _mapping
    return _flag if hint is bool else partial(from_json, hint)


def _text(rules: list[Any], value: Any, where: str) -> Any:
    allowed = next((rule.texts for rule in rules if isinstance(rule, OneOf)), ())
    words = f"one of {', '.join(allowed)}" if allowed else "a string"
    _if(_is_text(value) and (not allowed or value in allowed), value, where, words)
    for rule in rules:
        if isinstance(rule, Matches):
            _if(re.fullmatch(rule.pattern, value) is not None, value, where, rule.words)
    if any(isinstance(rule, _AnyTime) for rule in rules):
        try:
            timestamp_of(value)
        except ValueError:
            _if(False, value, where, f"an ISO 8601 time with an offset, of {FIRST_YEAR} to {LAST_YEAR}")
    return value


def _number(words: str, kinds: Any, minimum: float, maximum: float, value: Any, where: str) -> Any:
    _if(_is_number(value, kinds) and value >= minimum, value, where, f"{words} of at least {minimum:g}")
    return _if(value <= maximum, value, where, f"{words} of at most {maximum:g}")


def _mapping(value: Any, where: str) -> Any:
    return _if(isinstance(value, dict), value, where, "a JSON object or null")


def _flag(value: Any, where: str) -> Any:
    return _if(isinstance(value, bool), value, where, "true or false")


def _tuple(read: Read, value: Any, where: str) -> tuple[Any, ...]:
    return tuple(read(one, f"{where}[{index}]") for index, one in enumerate(_list(value, where)))


def _leaves(words: str, holds: Callable[[Any], bool], value: Any, where: str) -> tuple[Any, ...]:
    found = _list(value, where)
    _if(all(map(holds, found)), value, where, words)
    return tuple(found)


def _list(value: Any, where: str) -> list[Any]:
    found: list[Any] = [] if value is _ABSENT else _if(isinstance(value, list), value, where, "a list")
    return found


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and (value.isascii() or _SURROGATE.search(value) is None)


def _is_number(value: Any, kinds: Any) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


_SURROGATE = re.compile(r"[\ud800-\udfff]")
_KINDS: Mapping[type, Any] = {int: int, float: int | float}
_LEAVES: Mapping[type, tuple[str, Callable[[Any], bool]]] = {
    int: ("a list of whole numbers of at least 0", lambda value: _is_number(value, int) and 0 <= value <= LARGEST),
    float: ("a list of numbers above 0", lambda value: _is_number(value, int | float) and 0 < value <= LARGEST),
    str: ("a list of strings", _is_text),
}


def _if(holds: bool, value: Any, where: str, words: str) -> Any:
    """The value, if the rule that the words say holds."""
    if holds:
        return value
    raise DocumentError(f"{where} must be {words}, got {'nothing' if value is _ABSENT else _shown(value)}")


def _shown(value: object) -> str:
    try:
        text = json.dumps(value)
    except (RecursionError, ValueError):  # nested too deeply; a number of thousands of digits
        return "what cannot be shown"
    return text if len(text) <= 60 else text[:57] + "..."
