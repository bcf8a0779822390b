"""Typed reading of JSON objects: a wrong field is named, whatever is wrong with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.errors import DocumentError

T = TypeVar("T")


class Fields:
    """The fields of one JSON object; `where` is its path in the document, for messages."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise DocumentError(f"{where} must be a JSON object, got {_shown(value)}")
        self._value: Mapping[str, Any] = value
        self._where = where

    def text(self, name: str, *, one_of: Sequence[str] = ()) -> str:
        """A string, one of the given ones where there are any."""
        value = self._value.get(name)
        if not isinstance(value, str) or (one_of and value not in one_of):
            rule = f"one of {', '.join(one_of)}" if one_of else "a string"
            raise self._wrong(name, rule)
        return value

    def optional_text(self, name: str) -> str | None:
        """A string, or null or absent."""
        return None if self._value.get(name) is None else self.text(name)

    def time(self, name: str) -> str:
        """An ISO 8601 time with an offset, as text."""
        value = self.text(name)
        try:
            timestamp_of(value)
        except ValueError as error:
            raise self._wrong(name, "an ISO 8601 time with an offset") from error
        return value

    def whole(self, name: str, *, minimum: int = 0) -> int:
        """A whole number of at least `minimum`."""
        value = self._value.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self._wrong(name, f"a whole number of at least {minimum}")
        return value

    def number(self, name: str, *, minimum: float = 0.0) -> float:
        """A number of at least `minimum`."""
        value = self._value.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not value >= minimum:
            raise self._wrong(name, f"a number of at least {minimum:g}")
        return value

    def optional_number(self, name: str, *, minimum: float = 0.0) -> float | None:
        """A number of at least `minimum`, or null or absent."""
        return None if self._value.get(name) is None else self.number(name, minimum=minimum)

    def flag(self, name: str) -> bool:
        """true or false."""
        value = self._value.get(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false")
        return value

    def wholes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers of at least 0; absent means empty."""
        values = self._list(name)
        if not all(isinstance(value, int) and not isinstance(value, bool) and value >= 0 for value in values):
            raise self._wrong(name, "a list of whole numbers of at least 0")
        return tuple(values)

    def numbers(self, name: str) -> tuple[float, ...]:
        """A list of numbers above 0; absent means empty."""
        values = self._list(name)
        if not all(isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values):
            raise self._wrong(name, "a list of numbers above 0")
        return tuple(values)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings; absent means empty."""
        values = self._list(name)
        if not all(isinstance(value, str) for value in values):
            raise self._wrong(name, "a list of strings")
        return tuple(values)

    def objects(self, name: str, read: Callable[["Fields"], T]) -> tuple[T, ...]:
        """A list of objects, each read by `read`; absent means empty."""
        return tuple(
            read(Fields(value, f"{self._where}.{name}[{index}]")) for index, value in enumerate(self._list(name))
        )

    def object(self, name: str) -> "Fields":
        """An object."""
        return Fields(self._value.get(name), f"{self._where}.{name}")

    def optional_object(self, name: str) -> "Fields | None":
        """An object, or null or absent."""
        return None if self._value.get(name) is None else self.object(name)

    @property
    def document(self) -> Mapping[str, Any]:
        """The whole object."""
        return self._value

    def anything(self, name: str) -> Any:
        """The value as it is; None when absent."""
        return self._value.get(name)

    def _list(self, name: str) -> list[Any]:
        value = self._value.get(name, [])
        if not isinstance(value, list):
            raise self._wrong(name, "a list")
        return value

    def _wrong(self, name: str, rule: str) -> DocumentError:
        got = _shown(self._value[name]) if name in self._value else "nothing"
        return DocumentError(f"{self._where}.{name} must be {rule}, got {got}")


def read_json(text: str | bytes, where: str) -> Fields:
    """The fields of a JSON document; `where` is what messages call it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"{where} is not JSON: {error}") from error
    return Fields(value, where)


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
