"""Rules for JSON values, and how they combine. A rule takes a path and a value and yields what is wrong."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Fault:
    """One thing wrong: the path of the field (`items[2].quantity`) and the reason in words."""

    field: str
    reason: str


Rule = Callable[[str, Any], Iterable[Fault]]


def rule(reason: str, holds: Callable[[Any], bool]) -> Rule:
    """The rule for a single value that breaks it with `reason` where `holds` says no."""

    def check(path: str, value: Any) -> Iterator[Fault]:
        if not holds(value):
            yield Fault(path, reason)

    return check


def fields(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and no others."""
    rules = {**required, **(optional or {})}

    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path or "body", "must be an object")
            return
        prefix = f"{path}." if path else ""
        for name in required:
            if name not in value:
                yield Fault(prefix + name, "is missing")
        for name, found in value.items():
            if name in rules:
                yield from rules[name](prefix + name, found)
            else:
                yield Fault(prefix + name, "is not a known field")

    return check


def list_of(element: Rule, longest: int) -> Rule:
    """A list of 1 to `longest` values that each keep to `element`."""

    def check(path: str, value: Any) -> Iterator[Fault]:
        if not isinstance(value, list) or not 1 <= len(value) <= longest:
            yield Fault(path, f"must be a list of 1 to {longest} elements")
            return
        for index, found in enumerate(value):
            yield from element(f"{path}[{index}]", found)

    return check


def text(longest: int) -> Rule:
    """A text that is not blank."""
    return rule(
        f"must be a text of 1 to {longest} characters",
        lambda value: isinstance(value, str) and len(value) <= longest and bool(value.strip()),
    )


def matching(pattern: str, what: str) -> Rule:
    """A text that matches the whole (ASCII) pattern; `what` says it in words."""
    return rule(
        f"must be {what}", lambda value: isinstance(value, str) and bool(re.fullmatch(pattern, value, re.ASCII))
    )


def one_of(*names: str) -> Rule:
    """One of these texts."""
    return rule("must be one of " + ", ".join(names), lambda value: isinstance(value, str) and value in names)


def whole_number(least: int, most: int) -> Rule:
    """An integer; JSON's true is none, whatever Python says."""
    return rule(
        f"must be a whole number between {least} and {most}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
    )


def money(least: str, most: str) -> Rule:
    """An amount with at most two decimals."""

    def holds(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return False
        return Decimal(least) <= value <= Decimal(most) and value * 100 % 1 == 0

    return rule(f"must be a number between {least} and {most} with at most two decimals", holds)


def card_number() -> Rule:
    """13 to 19 digits whose Luhn sum (ISO/IEC 7812-1) ends in 0."""

    def holds(value: Any) -> bool:
        if not isinstance(value, str) or not re.fullmatch(r"\d{13,19}", value, re.ASCII):
            return False
        digits = [int(digit) for digit in reversed(value)]
        return (sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0

    return rule("must be a card number: 13 to 19 digits, no spaces, the last one a valid check digit", holds)


def free_form() -> Rule:
    """Any object."""
    return rule("must be an object", lambda value: isinstance(value, dict))
