"""Redaction: parts of an event are removed or masked, and every other byte stays as it was published.

The message is not parsed and written again, for that would change numbers (1.10, 1e400), spacing, the order and the
doubling of members. Instead the places of what the rules want are found in the text and cut out of it.

Rules on paths need a message that is JSON and no bare string or number: into anything else they cannot look, and what
nobody could look into is not stored.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from json import dumps, loads
from typing import Any

from event_fork.errors import MissingMatchError, NotJsonError, NotRedactableError
from event_fork.events.detection import Detector, edits_in_json, edits_in_number, edits_in_text
from event_fork.events.envelope import StoredEvent, compact_json
from event_fork.events.json_path import JsonPath
from event_fork.events.json_search import Paths, holds_container
from event_fork.events.json_text import require_json
from event_fork.events.text_edits import Edit, edited

DEFAULT_MASK = "***"
_TEXT = "String"
"""The type of a message attribute whose value was masked: *** is no number."""


class Action(StrEnum):
    """What a rule does with what it finds. Audit counts it and changes nothing."""

    REMOVE = "remove"
    MASK = "mask"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """`name` is the rule's name in metrics and logs. `required`: an event in which it finds nothing is not stored."""

    name: str
    action: Action = Action.REMOVE
    mask: str = DEFAULT_MASK
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PathRule(_Rule):
    """On the values at a path of the message. `embedded`: strings on the way that hold JSON are looked into."""

    path: JsonPath
    embedded: bool = False

    def replacement(self) -> str | None:
        """What stands in place of the value, as JSON; nothing for a removed one, None for one that stays."""
        return None if self.action == Action.AUDIT else "" if self.action == Action.REMOVE else dumps(self.mask)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule(_Rule):
    """On the message attributes of that name, or of all names that begin so."""

    attribute: str
    by_prefix: bool = False

    def selects(self, name: str) -> bool:
        """Whether the rule is on the attribute of that name."""
        return name == self.attribute or (self.by_prefix and name.startswith(self.attribute))


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRule(_Rule):
    """On the event's Subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorRule(_Rule):
    """On all that a detector finds in message, Subject and message attributes (not in Binary ones).

    `keep_last`: so many characters of what is found stay behind the mask.
    """

    detector: Detector
    keep_last: int = 0

    def masked(self, found: str) -> str:
        """What stands in place of something found."""
        return self.mask + (found[-self.keep_last :] if self.keep_last else "")


Rule = PathRule | AttributeRule | SubjectRule | DetectorRule
_NO_JSON = object()
_EditsIn = Callable[[str, Detector, Callable[[str], str]], list[Edit]]
Matches = Counter[str]
"""Rule's name -> how often it matched."""


@dataclass
class Redactor:
    """Applies rules. Where several match one value, removal wins, then the first mask."""

    rules: Sequence[Rule] = ()

    def __post_init__(self) -> None:
        self._by_path = [rule for rule in self.rules if isinstance(rule, PathRule)]
        self._acting = [rule for rule in self._by_path if rule.action != Action.AUDIT]
        self._required = [rule for rule in self.rules if rule.required]
        self._by_attribute = [rule for rule in self.rules if isinstance(rule, AttributeRule)]
        self._by_subject = [rule for rule in self.rules if isinstance(rule, SubjectRule)]
        self._detectors = [rule for rule in self.rules if isinstance(rule, DetectorRule)]
        embedded = frozenset(number for number, rule in enumerate(self._by_path) if rule.embedded)
        self._path_names = [rule.name for rule in self._by_path]
        self._replacements = [rule.replacement() for rule in self._by_path]
        self._paths = Paths([rule.path for rule in self._by_path], embedded)

    @property
    def path_rules(self) -> Sequence[PathRule]:
        """The rules on paths that change something."""
        return self._acting

    def __call__(self, event: StoredEvent, matches: Matches) -> StoredEvent:
        """The redacted event; its matches are added.

        Raises NotJsonError and NotRedactableError for a message into which a rule cannot look, MissingMatchError when
        a required rule matched nothing.
        """
        if not self.rules:
            return event
        own: Matches = Counter()
        message = self._message(event.message, own)
        subject = self._subject(event.subject, own)
        attributes = self._attributes(event.attributes, own)
        self._require(own)  # a member beside the Message is not what a rule asks for
        others = self._others(event.others, own)
        if not own:
            return event
        matches.update(own)
        return StoredEvent(event.message_id, event.topic_arn, message, event.timestamp, subject, attributes, others)

    def text(self, message: str, matches: Matches) -> str:
        """The same for a message that comes without Subject and attributes."""
        own = Matches()
        redacted = self._message(message, own)
        self._require(own)
        matches.update(own)
        return redacted

    def unmatched(self, matches: Matches) -> list[str]:
        """The names of the rules that matched nothing."""
        return [rule.name for rule in self.rules if not matches[rule.name]]

    def _require(self, matches: Matches) -> None:
        for rule in self._required:
            if not matches[rule.name]:
                raise MissingMatchError(f"the required rule {rule.name} found nothing in the event")

    def _message(self, message: str, matches: Matches) -> str:
        if not (self._by_path or self._detectors):
            return message
        edits_in: _EditsIn | None = None
        if self._by_path:
            value = self._json(message)
            edits_in = edits_in_text if value is _NO_JSON else edits_in_json
            if value is not _NO_JSON:
                edits = self._paths.search(message, value, partial(self._decide, matches))
                message = edited(message, edits)
        for rule in self._detectors:
            if rule.detector.may_be_in(message):
                edits_in = edits_in or (edits_in_text if self._json(message) is _NO_JSON else edits_in_json)
                message = _detected(rule, message, edits_in, matches)
        return message

    def _json(self, message: str) -> object:
        """What it says, _NO_JSON when it is none. Raises where a rule on a path must look in and cannot."""
        acting = self._acting
        try:
            value = require_json(message)
        except NotJsonError:
            if acting:
                raise
            return _NO_JSON
        bare = isinstance(value, str | int | float) and not isinstance(value, bool)
        if isinstance(value, str) and message.lstrip().startswith('"') and any(rule.embedded for rule in acting):
            bare = not holds_container(value)
        if bare and acting and all(rule.path for rule in acting):
            raise NotRedactableError("the message is a bare string or number, into which no path leads")
        return value

    def _decide(self, matches: Matches, selecting: Sequence[int]) -> str | None:
        for number in selecting:
            matches[self._path_names[number]] += 1
        if len(selecting) == 1:
            return self._replacements[selecting[0]]
        replacements = [self._replacements[number] for number in selecting]
        return "" if "" in replacements else next((each for each in replacements if each is not None), None)

    def _subject(self, subject: str | None, matches: Matches) -> str | None:
        if subject is None:
            return None
        matches.update(rule.name for rule in self._by_subject)
        strongest = _strongest(self._by_subject)
        if strongest is not None:
            return strongest.mask if strongest.action == Action.MASK else None
        for rule in self._detectors:
            subject = _detected(rule, subject, edits_in_text, matches)
        return subject

    def _others(self, others: Mapping[str, Any] | None, matches: Matches) -> Mapping[str, Any] | None:
        # Anyone may publish a text that looks like an envelope; its other members are then theirs as its Message is.
        if others is None:
            return None
        left = loads(self._message(compact_json(others).decode(), matches))
        return left if isinstance(left, dict) else None

    def _attributes(
        self, attributes: Mapping[str, Mapping[str, str]] | None, matches: Matches
    ) -> Mapping[str, Mapping[str, str]] | None:
        if attributes is None or not (self._by_attribute or self._detectors):
            return attributes
        if not self._by_attribute and not self._may_detect("\n".join([each["Value"] for each in attributes.values()])):
            return attributes
        kept: dict[str, Mapping[str, str]] = {}
        for name, attribute in attributes.items():
            selecting = [rule for rule in self._by_attribute if rule.selects(name)]
            matches.update(rule.name for rule in selecting)
            strongest = _strongest(selecting)
            if strongest is None:
                kept[name] = self._detected_in_attribute(attribute, matches)
            elif strongest.action == Action.MASK:
                kept[name] = {"Type": _TEXT, "Value": strongest.mask}
        return kept or None

    def _may_detect(self, values: str) -> bool:
        # "_": edits_in_number
        return "_" in values or any(rule.detector.may_be_in(values) for rule in self._detectors)

    def _detected_in_attribute(self, attribute: Mapping[str, str], matches: Matches) -> Mapping[str, str]:
        before = value = attribute["Value"]
        kind = attribute["Type"]
        if kind == "Binary" or kind.startswith("Binary."):
            return attribute
        is_number = kind.startswith("Number")
        for rule in self._detectors:
            value = _detected(rule, value, edits_in_number if is_number else edits_in_text, matches)
        if value is before:
            return attribute
        return {"Type": _TEXT if is_number else kind, "Value": value}


def _strongest(rules: Sequence[SubjectRule | AttributeRule]) -> SubjectRule | AttributeRule | None:
    """Of the rules that match one thing, the one that counts: a removal, else the first mask; audits do nothing."""
    acting = [rule for rule in rules if rule.action != Action.AUDIT]
    return next((rule for rule in acting if rule.action == Action.REMOVE), acting[0] if acting else None)


def _detected(rule: DetectorRule, text: str, edits_in: _EditsIn, matches: Matches) -> str:
    edits = edits_in(text, rule.detector, rule.masked)
    if not edits:
        return text
    matches[rule.name] += len(edits)
    return text if rule.action == Action.AUDIT else edited(text, edits)
