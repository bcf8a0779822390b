"""Redaction: members of the published JSON are removed or masked, and every other byte stays as it was published.

The message is not parsed and written again, for that would change numbers (1.10, 1e400), spacing, the order and the
doubling of members. Instead the places of the matched values are found in the text and cut out of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from event_fork.errors import NotJsonError
from event_fork.json_path import Descendant, Element, EveryChild, JsonPath, Member
from event_fork.json_text import end_of_value, read_name, require_json, skip_white_space


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
        start = skip_white_space(message, 0)
        states = [_State(rule, 0) for rule in self.rules]
        finder = _Finder(message)
        if (done := _finished(states)) is not None:
            finder.replace(start, end_of_value(message, start), done)
        else:
            try:
                finder.value(start, states)
            except RecursionError as error:
                raise NotJsonError("the message is nested too deeply") from error
        return finder.result()


@dataclass(frozen=True, slots=True)
class _State:
    """How far a rule's path has come: `matched` steps of it lead to the value at hand."""

    rule: Rule
    matched: int


def _finished(states: Sequence[_State]) -> Rule | None:
    done = [state.rule for state in states if state.matched == len(state.rule.path)]
    return next((rule for rule in done if rule.mask is None), done[0] if done else None)


def _step_into(states: Sequence[_State], child: str | int) -> list[_State]:
    """The states for the child of that name or index."""
    after: list[_State] = []
    for state in states:
        step = state.rule.path[state.matched]
        if isinstance(step, Descendant):
            after.append(state)  # the name may also lie deeper
            matches = step.name == child
        elif isinstance(step, Member):
            matches = step.name == child
        elif isinstance(step, Element):
            matches = step.index == child
        else:
            matches = isinstance(step, EveryChild)
        if matches:
            after.append(_State(state.rule, state.matched + 1))
    return after


@dataclass(frozen=True, slots=True)
class _Child:
    """A member or element: where it starts (its name's quote, for a member), where its value starts, and its states."""

    start: int
    value: int
    states: list[_State]


class _Finder:
    """Walks valid JSON along the paths and collects the edits; what no path can reach is skipped at C speed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._edits: list[tuple[int, int, str]] = []

    def replace(self, start: int, end: int, rule: Rule) -> None:
        self._edits.append((start, end, "" if rule.mask is None else json.dumps(rule.mask)))

    def value(self, start: int, states: Sequence[_State]) -> int:
        """Look for matches below the value at `start`; returns the place after it."""
        if states and self._text[start] in "{[":
            return self._container(start, states)
        return end_of_value(self._text, start)

    def result(self) -> str:
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
        """One object or array. The comma that goes with a removed child is the one before it when a child before it
        stays, else the one after it: whatever is removed, what stays is valid."""
        text = self._text
        closing = "}" if text[opening] == "{" else "]"
        place = skip_white_space(text, opening + 1)
        index = 0
        one_stays = False
        end_of_previous = place
        removed_from: int | None = None  # start of a removed child that takes its following comma with it
        while text[place] != closing:
            child = self._child(place, index, states, is_object=closing == "}")
            if removed_from is not None:
                self._edits.append((removed_from, child.start, ""))
                removed_from = None
            rule = _finished(child.states)
            if rule is None:
                end = self.value(child.value, child.states)
                one_stays = True
            else:
                end = end_of_value(text, child.value)
                if rule.mask is not None:
                    self.replace(child.value, end, rule)
                    one_stays = True
                elif one_stays:
                    self._edits.append((end_of_previous, end, ""))
                else:
                    removed_from = child.start
            end_of_previous = end
            index += 1
            place = skip_white_space(text, end)
            if text[place] == ",":
                place = skip_white_space(text, place + 1)
        if removed_from is not None:
            self._edits.append((removed_from, end_of_previous, ""))
        return place + 1

    def _child(self, start: int, index: int, states: Sequence[_State], *, is_object: bool) -> _Child:
        if not is_object:
            return _Child(start, start, _step_into(states, index))
        name, after = read_name(self._text, start)
        colon = skip_white_space(self._text, after)
        return _Child(start, skip_white_space(self._text, colon + 1), _step_into(states, name))
