"""The match of one value: what all entries of a policy's array become.

Values are JSON's leaves. A text, a number and a constant (true, false, null) are never equal to each other, so a match
is three functions, one for each kind, and nothing is converted: the text "5" is not the number 5. A message attribute
has the same kinds: String is a text, Number a number, the elements of String.Array are whatever its JSON says.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

Leaf = TypeVar("Leaf")
TextMatch = Callable[[str], bool]
NumberMatch = Callable[[float], bool]
ConstantMatch = Callable[[bool | None], bool]


def in_millionths(value: float) -> float:
    """A number as it is compared: what is nearer than a millionth is the same."""
    return round(value, 6)


def never(_: object) -> bool:
    """No value of this kind matches."""
    return False


def always(_: object) -> bool:
    """Every value of this kind matches."""
    return True


@dataclass(frozen=True, slots=True)
class LeafMatch:
    """Three matches by kind of value, and whether a missing value matches too ({"exists": false}).

    `texts`: where `text` matches these and no others.
    """

    text: TextMatch = never
    number: NumberMatch = never
    constant: ConstantMatch = never
    absent: bool = False
    texts: frozenset[str] = frozenset()

    def __call__(self, value: object) -> bool:
        """Does a JSON leaf match? Objects and arrays are no leaves and never match."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return self.constant(value)
        if isinstance(value, (int, float)):
            return self.number(value)
        return False

    def negated(self) -> "LeafMatch":
        """Matches every leaf this one does not match. A missing value is no leaf, so it matches neither."""
        text, number, constant = self.text, self.number, self.constant
        return LeafMatch(
            text=lambda value: not text(value),
            number=always if number is never else lambda value: not number(value),
            constant=always if constant is never else lambda value: not constant(value),
        )


def exactly(values: Iterable[str | float | bool | None]) -> LeafMatch:
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
            numbers.add(in_millionths(value))
    return LeafMatch(
        texts=frozenset(texts),
        text=frozenset(texts).__contains__ if texts else never,
        number=(lambda value: in_millionths(value) in numbers) if numbers else never,
        constant=(lambda value: any(value is constant for constant in constants)) if constants else never,
    )


def any_of(matches: Iterable[LeafMatch]) -> LeafMatch:
    """Matches what at least one of them matches. Texts that are compared exactly are looked up in one set."""
    matches = list(matches)
    exact = exactly(text for match in matches for text in match.texts)
    return LeafMatch(
        text=_either([exact.text, *(match.text for match in matches if not match.texts)]),
        number=_either([match.number for match in matches]),
        constant=_either([match.constant for match in matches]),
        absent=any(match.absent for match in matches),
    )


def _either(matches: list[Callable[[Leaf], bool]]) -> Callable[[Leaf], bool]:
    """One function in place of several; the common cases, none and one, cost nothing extra."""
    if any(match is always for match in matches):
        return always
    useful = [match for match in matches if match is not never]
    match useful:
        case []:
            return never
        case [only]:
            return only
        case [first, second]:
            return lambda value: first(value) or second(value)
    return lambda value: any(match(value) for match in useful)
