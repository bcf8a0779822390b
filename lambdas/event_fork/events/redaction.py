"""Redaction: members of the published JSON are removed or masked, and every other byte stays as it was published.

The message is not parsed and written again, for that would change numbers (1.10, 1e400), spacing, the order and the
doubling of members. Instead the places of the matched values are found in the text and cut out of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from event_fork.errors import NotJsonError
from event_fork.events.json_path import Descendant, Element, JsonPath, Member
from event_fork.events.json_text import after_child, end_of_value, member_name, require_json, skip_white_space


@dataclass(frozen=True, slots=True)
class Rule:
    """What to do with the values at a path: replace them by the string `mask`, or remove them when it is None."""

    path: JsonPath
    mask: str | None = None


@dataclass(frozen=True, slots=True)
class Redactor:
    """Applies rules to messages. Where several rules match one value, removal wins, then the first mask."""

    rules: tuple[Rule, ...] = ()

    def __call__(self, message: str) -> str:
        """The redacted text. Raises NotJsonError for a message into which the rules cannot look."""
        if not self.rules:
            return message
        require_json(message)
        finder = _Finder(message)
        start = skip_white_space(message, 0)
        states = [(rule, 0) for rule in self.rules if rule.path]
        whole = _strongest([rule for rule in self.rules if not rule.path])
        try:
            if whole is None:
                finder.value(start, states)
            else:
                finder.replace(start, end_of_value(message, start), whole)
        except RecursionError as error:
            raise NotJsonError("the message is nested too deeply") from error
        return finder.result()


_State = tuple[Rule, int]
"""A rule, and how many steps of its path lead to the value at hand."""


def _strongest(rules: Sequence[Rule]) -> Rule | None:
    """Of the rules that match one value, the one that counts."""
    return next((rule for rule in rules if rule.mask is None), rules[0] if rules else None)


def _step_into(states: Sequence[_State], child: str | int) -> tuple[list[_State], Rule | None]:
    """The states for the child of that name or index, and the rule that matches the child itself."""
    after: list[_State] = []
    matching: list[Rule] = []
    for state in states:
        rule, matched = state
        step = rule.path[matched]
        if isinstance(step, Descendant):
            after.append(state)  # the name may also lie deeper
            matches = step.name == child
        elif isinstance(step, Member):
            matches = step.name == child
        elif isinstance(step, Element):
            matches = step.index == child
        else:  # every child
            matches = True
        if matches:
            if matched + 1 == len(rule.path):
                matching.append(rule)
            elif (rule, matched + 1) not in after:  # two ways to one place, as $..a..b has them, count once
                after.append((rule, matched + 1))
    return after, _strongest(matching) if matching else None


class _Finder:
    """Walks valid JSON along the paths and collects the edits; what no path can reach is skipped at C speed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._edits: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, rule: Rule) -> None:
        """Note that the text from start to end gives way to the rule's mask, or to nothing."""
        self._edits.append((start, end, "" if rule.mask is None else json.dumps(rule.mask)))

    def value(self, start: int, states: Sequence[_State]) -> int:
        """Look for matches below the value at `start`; returns the place after it."""
        if states and self._text[start] in "{[":
            return self._container(start, states)
        return end_of_value(self._text, start)

    def result(self) -> str:
        """The text with all edits made."""
        if not self._edits:
            return self._text
        parts: list[str] = []
        place = 0
        for start, end, replacement in sorted(self._edits):
            parts += (self._text[place:start], replacement)
            place = end
        parts.append(self._text[place:])
        return "".join(parts)

    def _container(self, opening: int, states: Sequence[_State]) -> int:
        """One object or array.

        The comma that goes with a removed child is the one before it when a child before it stays, else the one after
        it: whatever is removed, what stays is valid.
        """
        text = self._text
        is_object = text[opening] == "{"
        start = skip_white_space(text, opening + 1)
        if text[start] in "}]":
            return start + 1
        index = 0
        one_stays = False
        end_of_previous = start
        while True:
            name, value = member_name(text, start) if is_object else (index, start)
            below, rule = _step_into(states, name)
            end = self.value(value, below) if rule is None else end_of_value(text, value)
            is_last, following = after_child(text, end)
            if rule is not None and rule.mask is None:
                if one_stays:
                    self.replace(end_of_previous, end, rule)
                else:
                    self.replace(start, end if is_last else following, rule)
            else:
                one_stays = True
                if rule is not None:
                    self.replace(value, end, rule)
            if is_last:
                return following
            start, end_of_previous, index = following, end, index + 1
