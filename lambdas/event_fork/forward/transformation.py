"""A Data Firehose transformation that redacts: for streams into which SNS delivers directly, and users' own streams.

Event, answer and limits: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
A record is one published message, one SNS envelope, or several lines of these. Envelopes come out as lines of the
archive (envelope.py), so this way and the way through SQS write the same. A record that cannot be redacted is
ProcessingFailed: Firehose writes it, as it came, under the stream's error prefix and never beside the redacted ones.
So is one that holds messages in wrappings of another kind (a Lambda event of SNS or SQS, a received SQS message, a list
of envelopes, an envelope with text around it) or an SNS confirmation: the rules are about what lies in a message, and
would pass it.
"""

import base64
import binascii
import logging
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

from event_fork.errors import (
    DamagedEnvelopeError,
    InvocationShapeError,
    NotAnEnvelopeError,
    NotJsonError,
    NotRedactableError,
    PermanentMessageError,
)
from event_fork.events import envelope
from event_fork.events.json_path import Descendant
from event_fork.events.json_select import selected
from event_fork.events.json_text import require_json
from event_fork.events.redaction import Matches, PathRule, Redactor
from event_fork.sending.delivery import unexpected

MAX_RESPONSE_BYTES = 6_291_456
_ENTRY_OVERHEAD_BYTES = 256
"""Room for a record's id, its result and the JSON around them."""

OK, FAILED = "Ok", "ProcessingFailed"

# Not str.splitlines: that also cuts at U+2028 and others, which may stand inside a JSON string.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

_WRAPPINGS = (
    frozenset({"topicarn", "message"}),  # SNS's envelopes and confirmations
    frozenset({"messageid", "subject", "message"}),
    frozenset({"messageattributes", "message"}),
    frozenset({"eventsource", "sns"}),  # a record of Lambda's SNS event
    frozenset({"eventsource", "body"}),  # a record of Lambda's SQS event, of EventBridge Pipes
    frozenset({"eventsourcearn", "body"}),
    frozenset({"receipthandle", "body"}),  # a message as ReceiveMessage gives it
    frozenset({"md5ofbody", "body"}),
    frozenset({"messageattributes", "body"}),
)
"""Names of members as _small makes them, whichever way a program writes them."""
_CARRIERS = ("message", "body")
"""What holds a message beside a messageId, or in a list of Records or Messages; it may be a user's own event too."""
_HAS_CARRIER = tuple(f"{name}{end}" for name in (*_CARRIERS, "sns") for end in ('"', "\\"))
_NAME = re.compile(r'"(\w+)"[ \t\n\r]*:')
_ESCAPE = re.compile(r"\\u00([0-7][0-9a-fA-F])")

TransformationResponse = dict[str, list[dict[str, str]]]


def transform(event: Mapping[str, Any], redactor: Redactor, matches: Matches) -> TransformationResponse:
    """Redact each record; what the rules matched is added to `matches`.

    Raises InvocationShapeError when the event did not come from Data Firehose.

    Masks can make records longer; those beyond the 6 MB of an answer fail alone instead of failing the invocation.
    """
    records = event.get("records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise InvocationShapeError("the event has no list records; this function is made for a Firehose transformation")
    answers: list[dict[str, str]] = []
    room = MAX_RESPONSE_BYTES
    for record in records:
        if not (isinstance(record, Mapping) and isinstance(record.get("recordId"), str) and "data" in record):
            raise InvocationShapeError("a record has no recordId or no data")
        answer = _answer(record, redactor, matches)
        size = len(answer["data"]) + _ENTRY_OVERHEAD_BYTES
        if size > room:
            answer = _failed(record)
            size = _ENTRY_OVERHEAD_BYTES
        room -= size
        answers.append(answer)
    return {"records": answers}


def _answer(record: Mapping[str, str], redactor: Redactor, matches: Matches) -> dict[str, str]:
    own = Matches()
    try:
        text = base64.b64decode(record["data"], validate=True).decode()
        data = base64.b64encode(_redacted(text, redactor, own)).decode()
    except (PermanentMessageError, binascii.Error, UnicodeDecodeError):
        return _failed(record)
    except Exception as error:  # a fault of ours that one record brings out must not hold up the others
        failure = unexpected(error)
        logging.getLogger(__name__).error("a record failed: %s, %s", failure.code, failure.detail)
        return _failed(record)
    matches.update(own)
    return {"recordId": record["recordId"], "result": OK, "data": data}


def _failed(record: Mapping[str, str]) -> dict[str, str]:
    # The data of a failed record is not used: Firehose writes the one it has. Leaving it out keeps the answer small.
    return {"recordId": record["recordId"], "result": FAILED, "data": ""}


def _redacted(text: str, redactor: Redactor, matches: Matches) -> bytes:
    lines = [line for line in _LINE.findall(text) if line.strip()]
    if len(lines) > 1 and _read(text) is None and any(isinstance(_read(line), dict | list) for line in lines):
        # Not left to NotJsonError: without a rule on a path, envelopes would pass as one text.
        return b"".join(_redacted_one(line, redactor, matches) for line in lines)
    return _redacted_one(text, redactor, matches)


def _redacted_one(text: str, redactor: Redactor, matches: Matches) -> bytes:
    try:
        event = envelope.parse(text)
    except DamagedEnvelopeError:
        raise  # as a message of its own it would pass the rules, which are about what lies in its Message
    except NotAnEnvelopeError:
        refuse_wrappings(text, redactor.path_rules)
        return redactor.text(text, matches).encode()
    return redactor(event, matches).to_line()


def refuse_wrappings(text: str, rules: Sequence[PathRule]) -> None:
    """Raises NotRedactableError for a text that holds messages in wrappings into which not all rules reach."""
    if _may_be_wrapping(text) and _has_wrapping(text, rules):
        raise NotRedactableError("the record holds messages in wrappings of SNS, SQS or Lambda")


def _has_wrapping(text: str, rules: Sequence[PathRule]) -> bool:
    known = _read(text)
    reached = [_reached(known, rule) for rule in rules if not _is_everywhere(rule)]
    left = [text if known is None else known]
    while left:  # no recursion: a value may be nested as deep as the parser goes
        value = left.pop()
        if isinstance(value, str):
            inner = _read(value) if _may_be_wrapping(value) else None
            if isinstance(inner, str | list | dict):
                left.append(inner)
            elif _may_be_wrapping(value) and _is_wrapping(_names(value)):
                return True
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            members = _in_small(value)
            if _is_wrapping(members.keys()) or "message" in _in_small(members.get("sns")):
                return True
            if any(_is_passed(carrier, reached) for carrier in _carriers(members)):
                return True
            left += value.values()
    return False


def _small(name: str) -> str:
    return name.lower().replace("_", "")


def _in_small(value: object) -> Mapping[str, object]:
    return {_small(name): member for name, member in value.items()} if isinstance(value, dict) else {}


def _carriers(members: Mapping[str, object]) -> Iterator[object]:
    batches = [members.get(name) for name in ("records", "messages")]
    entries = [_in_small(entry) for batch in batches if isinstance(batch, list) for entry in batch]
    for each in [members, *entries] if "messageid" in members else entries:
        yield from (each.get(name) for name in _CARRIERS)


def _is_wrapping(names: Set[str]) -> bool:
    return any(wrapping <= names for wrapping in _WRAPPINGS)


def _names(text: str) -> Set[str]:
    """What looks like names of members: of a text that is JSON in part, nobody can say where."""
    plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return set(map(_small, _NAME.findall(plain.replace("\\", ""))))


def _is_passed(carrier: object, reached: Sequence[Set[int]]) -> bool:
    """Whether that is a text that holds JSON, and a rule does not reach it."""
    if not isinstance(carrier, str) or all(id(carrier) in places for places in reached):
        return False
    return _read(carrier.removeprefix("\ufeff")) is not None or carrier.lstrip("\ufeff \t\n\r")[:1] in ("{", "[")


def _is_everywhere(rule: PathRule) -> bool:
    """Whether the rule finds the same wherever the message lies."""
    return not rule.path or (rule.embedded and isinstance(rule.path[0], Descendant))


def _reached(value: object, rule: PathRule) -> Set[int]:
    """The ids of the values that the rule takes, and with `embedded` of those that lie on its way."""
    steps = range(len(rule.path) + 1) if rule.embedded else [len(rule.path)]
    return {id(found) for step in steps for found in selected(value, rule.path[:step])}


def _may_be_wrapping(text: str) -> bool:
    if "\\u" in text:  # names can be escaped
        return True
    small = text.lower()
    return any(name in small for name in _HAS_CARRIER)


def _read(text: str) -> object:
    """What the text says; nothing when it is no JSON."""
    try:
        return require_json(text)
    except NotJsonError:
        return None
