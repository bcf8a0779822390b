"""A policy on the message body (scope MessageBody), compiled.

A body matches when every path of the policy finds a leaf that its entries accept. An array stands for its elements:
one that matches is enough. Fields inside objects of one array have to match in the same element, so that

    {"orders": {"status": ["open"], "total": [{"numeric": [">", 100]}]}}

wants one order that is open and over 100, not two orders with one property each. This is the rule of JSON events in
the rule engine AWS published (aws/event-ruler, README "JSON Array Matching"), whose error texts and dotted names SNS
shares; that SNS follows it here too is not documented.

A missing value ({"exists": false}) is a leaf that is not there: an object or an empty array at the path is no leaf.
Source: AWS page "Key matching".

How it is done: bottom up, every part of the body gives its outcomes. An outcome is two sets of fields as bits: those
matched and those that have a leaf at all. An array of objects gives one outcome for each element that matches
something (a choice) and one for no choice. Outcomes that cannot win over another are dropped, so the work grows with
the size of the body, not with the number of ways to choose.
"""

from collections.abc import Callable, Mapping, Sequence

from event_fork.filter_policy.leaf_match import LeafMatch, any_of
from event_fork.filter_policy.structure import Alternative

BodyMatch = Callable[[Mapping[str, object]], bool]

# Plain tuples, because they are made for every object of every event: (fields matched, fields that have a leaf).
_Outcome = tuple[int, int]
# What a part of the body gives: its outcomes, and all fields that have a leaf anywhere in it.
_Part = tuple[list[_Outcome], int]


def compile_for_body(alternatives: Sequence[Alternative]) -> BodyMatch:
    """One function that says whether a message's JSON object matches one of the alternatives."""
    matches = [_Reader(alternative).matches for alternative in alternatives]
    if len(matches) == 1:
        return matches[0]
    return lambda body: any(match(body) for match in matches)


class _Reader:
    """Reads from a body only what one alternative asks for."""

    __slots__ = ("_absent_accepted", "_all", "_fields", "_prefixes")

    def __init__(self, alternative: Alternative) -> None:
        self._fields: dict[str, tuple[int, LeafMatch]] = {}
        self._prefixes: set[str] = set()
        self._all = (1 << len(alternative)) - 1
        self._absent_accepted = 0
        for index, field in enumerate(alternative):
            bit = 1 << index
            match = any_of(pattern.leaf for pattern in field.patterns)
            self._fields[field.path] = bit, match
            if match.absent:
                self._absent_accepted |= bit
            steps = field.path.split(".")
            self._prefixes.update(".".join(steps[:count]) + "." for count in range(1, len(steps)))

    def matches(self, body: Mapping[str, object]) -> bool:
        outcomes, _ = self._read_object(body, "")
        wanted, absent_accepted = self._all, self._absent_accepted
        return any(matched | (absent_accepted & ~present) == wanted for matched, present in outcomes)

    def _read_object(self, members: Mapping[str, object], prefix: str) -> _Part:
        fields, prefixes = self._fields, self._prefixes
        matched = present = everywhere = 0
        undecided: list[list[_Outcome]] = []
        for name, value in members.items():
            path = prefix + name
            if isinstance(value, dict):
                inner = path + "."
                if inner not in prefixes:
                    continue
                outcomes, has_leaf = self._read_object(value, inner)
            elif isinstance(value, list):
                if path not in fields and path + "." not in prefixes:
                    continue
                outcomes, has_leaf = self._read_array(value, path)
            else:
                if path in fields:
                    bit, match = fields[path]
                    present |= bit
                    everywhere |= bit
                    if match(value):
                        matched |= bit
                continue
            everywhere |= has_leaf
            if len(outcomes) == 1:
                matched |= outcomes[0][0]
                present |= outcomes[0][1]
            else:
                undecided.append(outcomes)
        return _joined([(matched, present)], undecided), everywhere

    def _read_array(self, elements: list[object], path: str) -> _Part:
        bit, match = self._fields.get(path, (0, _NO_MATCH))
        inner = path + "."
        matched = present = everywhere = 0
        choices: set[_Outcome] = set()
        for element in elements:
            if isinstance(element, dict):
                outcomes, has_leaf = self._read_object(element, inner)
            elif isinstance(element, list):
                outcomes, has_leaf = self._read_array(element, path)
            else:
                # A plain element needs no choice: it lies in no object of the array.
                present |= bit
                if match(element):
                    matched |= bit
                continue
            everywhere |= has_leaf
            choices.update(outcome for outcome in outcomes if outcome[0])
        everywhere |= present
        no_choice = matched, everywhere
        if not choices:
            return [no_choice], everywhere
        chosen = {(matched | more_matched, present | more_present) for more_matched, more_present in choices}
        return _best({no_choice, *chosen}), everywhere


_NO_MATCH = LeafMatch()


def _joined(outcomes: list[_Outcome], others: Sequence[list[_Outcome]]) -> list[_Outcome]:
    """The parts of one object are independent of each other: every outcome of one goes with every one of another."""
    for more in others:
        outcomes = _best({(a | c, b | d) for a, b in outcomes for c, d in more})
    return outcomes


def _best(outcomes: set[_Outcome]) -> list[_Outcome]:
    """Without those that another one beats: it matches at least as much and has no leaf more."""
    return [outcome for outcome in outcomes if not any(_beats(other, outcome) for other in outcomes)]


def _beats(one: _Outcome, other: _Outcome) -> bool:
    return one != other and one[0] | other[0] == one[0] and one[1] | other[1] == other[1]
