"""Places in a JSON text that paths select, all paths in one walk; what no path can reach is skipped at C speed.

The walk carries the set of states "path p, of which n steps are matched". Each set is met again and again, so sets and
the way from one to the next are kept: a value costs the same with one path and with fifty.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from event_fork.errors import NotJsonError
from event_fork.events.json_path import Descendant, Element, JsonPath, Member
from event_fork.events.json_places import NamedPath, Place, removal
from event_fork.events.json_text import (
    after_child,
    embedded_values,
    end_of_value,
    member_name,
    skip_white_space,
)
from event_fork.events.text_edits import Edit, StringContent

_Selected = tuple[int, int, int, list[int]]
"""Where a member, its value and its end are, and the numbers of the paths that select it."""
_States = frozenset[tuple[int, int]]
"""Pairs of a path's number and how many of its steps lead to the value at hand."""
Decide = Callable[[Sequence[int]], str | None]
"""Numbers of the paths that select a value -> its replacement; "" takes the value away, None leaves it."""
_MOST_NODES = 10_000
"""More are forgotten: $..a[*][*][*]... can have a set of states for every subset of its steps."""
_FEW = 8
_MEMBERS = re.compile(r'"([^"\\]*)"[ \t\n\r]*:').findall
"""Names of members, and a few texts that are none. Of names of letters and digits alone it leaves out none."""
_SIMPLE_MEMBER = re.compile(
    r'"([^"\\]*)"[ \t\n\r]*:[ \t\n\r]*("[^"\\]*"|-?\d[\d.eE+-]*|true|false|null)[ \t\n\r]*([,}])[ \t\n\r]*'
)
"""A member without escapes whose value is no container, and what follows it."""


@dataclass(slots=True)
class Paths:
    """Paths, compiled for searching. `embedded` has the numbers of those that also look into strings that hold JSON."""

    paths: Sequence[JsonPath]
    embedded: frozenset[int] = frozenset()
    _nodes: dict[_States, "_Node"] = field(default_factory=dict)
    _names: frozenset[str] = field(init=False)
    _prefixes: tuple[str, ...] = field(init=False)
    _indexes: frozenset[int] = field(init=False)
    _plain_names: list[tuple[int, list[str]]] = field(init=False)
    _named: list[NamedPath | None] = field(init=False)
    _whole: list[int] = field(init=False)

    def __post_init__(self) -> None:
        steps = [step for path in self.paths for step in path]
        named = [step for step in steps if isinstance(step, Member)]
        self._names = frozenset(step.name for step in named)
        self._prefixes = tuple({step.name for step in named if step.by_prefix})
        self._indexes = frozenset(step.index for step in steps if isinstance(step, Element))
        self._plain_names = [
            (number, [step.name for step in path if isinstance(step, Member) and step.name.isalnum()])
            for number, path in enumerate(self.paths)
            if path
        ]
        self._whole = [number for number, path in enumerate(self.paths) if not path]
        self._named = [NamedPath(path) if NamedPath.is_one(path) else None for path in self.paths]

    def search(self, text: str, value: object, decide: Decide) -> list[Edit]:
        """The edits that `decide` wants in valid JSON that says `value`.

        Raises NotJsonError for what is nested too deeply.
        """
        possible = self._possible(text)
        selected = self._by_names(text, value, possible)
        return self._walk(text, possible, decide) if selected is None else _edits(text, selected, decide)

    def _by_names(self, text: str, value: object, possible: Sequence[int]) -> list[_Selected] | None:
        """What is selected, in the order of the text; None: only a walk can tell."""
        if self._whole or "\\u" in text or (self.embedded and '\\"' in text):
            return None
        found: dict[Place, list[int]] = {}
        for number in possible:
            named = self._named[number]
            places = named.places(text, value) if named else None
            if places is None:
                return None
            for place in places:
                found.setdefault(place, []).append(number)
        selected: list[_Selected] = []
        last = -1
        for place in sorted(found):
            start, value_start, end = place
            if start < last:
                return None  # in a value that is selected itself
            last = end or end_of_value(text, value_start)
            selected.append((start, value_start, last, found[place]))
        return selected

    def _walk(self, text: str, possible: Sequence[int], decide: Decide) -> list[Edit]:
        if len(self._nodes) > _MOST_NODES:
            self._nodes.clear()
        search = _Search(text, decide)
        start = skip_white_space(text, 0)
        replacement = decide(self._whole) if self._whole else None
        try:
            if replacement is None:
                search.value(start, self.node(frozenset((number, 0) for number in possible)))
            else:
                search.edits.append((start, end_of_value(text, start), replacement))
        except RecursionError as error:
            raise NotJsonError("the message is nested too deeply") from error
        return search.edits

    def _possible(self, text: str) -> list[int]:
        """The paths all of whose names stand somewhere in the text.

        Letters and digits can be escaped as \\uXXXX only: without that, such names stand there as they are.
        """
        if "\\u" in text:
            return [number for number, _ in self._plain_names]
        if len(self.paths) > _FEW and not (self.embedded or self._prefixes):
            members = set(_MEMBERS(text))
            return [number for number, names in self._plain_names if members.issuperset(names)]
        possible = []
        for number, names in self._plain_names:
            for name in names:
                if name not in text:
                    break
            else:
                possible.append(number)
        return possible

    def node(self, states: _States) -> "_Node":
        """The one node of these states."""
        known = self._nodes.get(states)
        if known is None:
            known = self._nodes[states] = _Node(self, states)
        return known

    def stands_in_one(self, child: str | int) -> bool:
        """Whether a path has this very name or index."""
        return child in (self._names if isinstance(child, str) else self._indexes)

    def begins_like_one(self, child: str | int) -> bool:
        """Whether a path selects by a prefix that this name has."""
        return bool(self._prefixes) and isinstance(child, str) and child.startswith(self._prefixes)


class _Node:
    """A set of states, and what follows from it for each kind of child."""

    def __init__(self, paths: Paths, states: _States) -> None:
        self._paths = paths
        self._states = states
        self._after: dict[str | int, _After] = {}
        self._after_others: dict[type, _After] = {}
        self.can_match = bool(states)
        embedded = frozenset(state for state in states if state[0] in paths.embedded)
        self.in_strings = self if embedded == states else paths.node(embedded)
        """The states that go on inside a string which holds JSON."""

    def child(self, child: str | int) -> "_After":
        """The node for what lies below that child, and the paths that select the child itself.

        Kept for the names and indexes that stand in the paths, and once for all others. Not for names that only begin
        like one of a path: there may be no end of them.
        """
        known = self._after.get(child)
        if known is not None:
            return known
        if self._paths.begins_like_one(child):
            return self._step_into(child)
        if self._paths.stands_in_one(child):
            after = self._after[child] = self._step_into(child)
            return after
        others = self._after_others.get(type(child))
        if others is None:
            others = self._after_others[type(child)] = self._step_into(child)
        return others

    def _step_into(self, child: str | int) -> "_After":
        below: set[tuple[int, int]] = set()
        selecting: set[int] = set()
        for number, matched in self._states:
            path = self._paths.paths[number]
            step = path[matched]
            if isinstance(step, Descendant):
                below.add((number, matched))  # the name may also lie deeper
            if step.selects(child):
                if matched + 1 == len(path):
                    selecting.add(number)
                else:
                    below.add((number, matched + 1))
        return self._paths.node(frozenset(below)), tuple(sorted(selecting))


_After = tuple[_Node, tuple[int, ...]]


class _Search:
    """One walk through one text."""

    def __init__(self, text: str, decide: Decide) -> None:
        self._text = text
        self._decide = decide
        self.edits: list[Edit] = []

    def value(self, start: int, node: _Node) -> int:
        """Look for places below the value at `start`; returns the place after it."""
        if node.can_match:
            first = self._text[start]
            if first in "{[":
                return self._container(start, node)
            if first == '"' and node.in_strings.can_match:
                return self._string(start, node.in_strings)
        return end_of_value(self._text, start)

    def _string(self, start: int, node: _Node) -> int:
        content = StringContent.at(self._text, start)
        inner = _Search(content.decoded, self._decide)
        for place in embedded_values(content.decoded):
            inner.value(place, node)
        self.edits += map(content.edit, inner.edits)
        return content.end

    def _container(self, opening: int, node: _Node) -> int:
        """One object or array.

        The comma that goes with a removed child is the one before it when a child before it stays, else the one after
        it: whatever is removed, what stays is valid.
        """
        text, simple_member = self._text, _SIMPLE_MEMBER.match
        is_object = text[opening] == "{"
        start = skip_white_space(text, opening + 1)
        if text[start] in "}]":
            return start + 1
        index = 0
        one_stays = False
        end_of_previous = start
        while True:
            name: str | int
            simple = simple_member(text, start) if is_object else None
            if simple:  # by far the most are: one match instead of four
                name, value, end = simple[1], simple.start(2), simple.end(2)
                below, selecting = node.child(name)
                replacement = self._decide(selecting) if selecting else None
                if replacement is None and below.in_strings.can_match:
                    self.value(value, below)
                is_last = simple[3] == "}"
                following = simple.end(3) if is_last else simple.end()
            else:
                name, value = member_name(text, start) if is_object else (index, start)
                below, selecting = node.child(name)
                replacement = self._decide(selecting) if selecting else None
                end = self.value(value, below) if replacement is None else end_of_value(text, value)
                is_last, following = after_child(text, end)
            if replacement == "":
                if one_stays:
                    self.edits.append((end_of_previous, end, ""))
                else:
                    self.edits.append((start, end if is_last else following, ""))
            else:
                one_stays = True
                if replacement is not None:
                    self.edits.append((value, end, replacement))
            if is_last:
                return following
            start, end_of_previous, index = following, end, index + 1


def _edits(text: str, selected: Sequence[_Selected], decide: Decide) -> list[Edit]:
    """What a walk would make of members that lie beside each other."""
    edits: list[Edit] = []
    gone: set[int] = set()
    for start, value, end, numbers in selected:
        replacement = decide(numbers)
        if replacement == "":
            edits.append((*removal(text, start, end, gone), ""))
        elif replacement is not None:
            edits.append((value, end, replacement))
    return edits


def holds_container(text: str) -> bool:
    """Whether a string's text holds a JSON object or array, be it within a string again."""
    return any(
        text[place] in "[{" or (text[place] == '"' and holds_container(StringContent.at(text, place).decoded))
        for place in embedded_values(text)
    )
