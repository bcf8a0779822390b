"""The test of one value: what all entries of a policy's array become.

Values are JSON's leaves. A text, a number and a constant (true, false, null) are never equal to each other, so a test
is three functions, one for each kind, and nothing is converted: the text "5" is not the number 5. A message attribute
has the same kinds: String is a text, Number a number, the elements of String.Array are whatever its JSON says.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Leaf = TypeVar("Leaf")
TextTest = Callable[[str], bool]
NumberTest = Callable[[float], bool]
ConstantTest = Callable[[bool | None], bool]


def never(_: object) -> bool:
    """No value of this kind matches."""
    return False


def always(_: object) -> bool:
    """Every value of this kind matches."""
    return True


@dataclass(frozen=True, slots=True)
class LeafTest:
    """Three tests by kind of value, and whether a missing value matches too ({"exists": false})."""

    text: TextTest = never
    number: NumberTest = never
    constant: ConstantTest = never
    absent: bool = False

    def __call__(self, value: object) -> bool:
        """Does a JSON leaf match? Objects and arrays are no leaves and never match."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return self.constant(value)
        if isinstance(value, (int, float)):
            return self.number(value)
        return False

    def negated(self) -> "LeafTest":
        """Matches every leaf this one does not match. A missing value is no leaf, so it matches neither."""
        text, number, constant = self.text, self.number, self.constant
        return LeafTest(
            text=lambda value: not text(value),
            number=always if number is never else lambda value: not number(value),
            constant=always if constant is never else lambda value: not constant(value),
        )


def exactly(values: Iterable[str | float | bool | None]) -> LeafTest:
    """Matches the leaves equal to one of the values; 100 equals 100.0, but true does not equal 1."""
    texts: set[str] = set()
    numbers: set[float] = set()
    constants: list[bool | None] = []
    for value in values:
        if isinstance(value, str):
            texts.add(value)
        elif value is None or isinstance(value, bool):
            constants.append(value)
        else:
            numbers.add(value)
    return LeafTest(
        text=frozenset(texts).__contains__ if texts else never,
        number=frozenset(numbers).__contains__ if numbers else never,
        constant=(lambda value: any(value is constant for constant in constants)) if constants else never,
    )


def any_of(tests: Iterable[LeafTest]) -> LeafTest:
    """Matches what at least one of the tests matches."""
    tests = list(tests)
    return LeafTest(
        text=_either([test.text for test in tests]),
        number=_either([test.number for test in tests]),
        constant=_either([test.constant for test in tests]),
        absent=any(test.absent for test in tests),
    )


def _either(tests: list[Callable[[Leaf], bool]]) -> Callable[[Leaf], bool]:
    """One function in place of several; the common cases, none and one, cost nothing extra."""
    if any(test is always for test in tests):
        return always
    useful = [test for test in tests if test is not never]
    match useful:
        case []:
            return never
        case [only]:
            return only
        case [first, second]:
            return lambda value: first(value) or second(value)
    return lambda value: any(test(value) for test in useful)
