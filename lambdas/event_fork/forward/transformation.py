"""A Data Firehose transformation that redacts: for streams into which SNS delivers directly, and users' own streams.

Event, answer and limits: https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html
A record is one published message, one SNS envelope, or several lines of these. Envelopes come out as lines of the
archive (envelope.py), so this way and the way through SQS write the same. A record that cannot be redacted is
ProcessingFailed: Firehose writes it, as it came, under the stream's error prefix and never beside the redacted ones.
So is one that holds messages in wrappings of another kind (a Lambda event of SNS or SQS, a received SQS message, a list
of envelopes) or an SNS confirmation: the rules are about what lies in a message, and would pass it.
"""

import base64
import binascii
import re
from collections.abc import Mapping
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
from event_fork.events.json_text import end_of_value, require_json, skip_white_space
from event_fork.events.redaction import Matches, Redactor

MAX_RESPONSE_BYTES = 6_291_456
_ENTRY_OVERHEAD_BYTES = 256
"""Room for a record's id, its result and the JSON around them."""

OK, FAILED = "Ok", "ProcessingFailed"

# Not str.splitlines: that also cuts at U+2028 and others, which may stand inside a JSON string.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")

_WRAPPINGS = (
    frozenset({"Type", "TopicArn", "Message"}),  # SNS's envelopes and confirmations
    frozenset({"Sns", "EventSource"}),  # a record of Lambda's SNS event
    frozenset({"receiptHandle", "body"}),  # a record of Lambda's SQS event
    frozenset({"ReceiptHandle", "Body"}),  # a message as ReceiveMessage gives it
)
_WRAPPINGS_HAVE = ("TopicArn", "EventSource", "eceiptHandle")

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
        refuse_wrappings(text)
        return redactor.text(text, matches).encode()
    return redactor(event, matches).to_line()


def refuse_wrappings(text: str) -> None:
    """Raises NotRedactableError for a text that holds messages in wrappings that no rule knows."""
    if _may_be_wrapping(text) and _is_wrapping(_read_first(text)):
        raise NotRedactableError("the record holds messages in wrappings of SNS, SQS or Lambda")


def _is_wrapping(value: object) -> bool:
    if isinstance(value, str):
        return _may_be_wrapping(value) and _is_wrapping(_read_first(value))
    if isinstance(value, list):
        return any(map(_is_wrapping, value))
    if not isinstance(value, dict):
        return False
    if any(names <= value.keys() for names in _WRAPPINGS):
        return True
    return any(map(_is_wrapping, value.values()))


def _may_be_wrapping(text: str) -> bool:
    return "\\u" in text or any(name in text for name in _WRAPPINGS_HAVE)  # names can be escaped


def _read_first(text: str) -> object:
    """The same, of the first value: envelopes with nothing between them are no JSON, and no text either."""
    start = skip_white_space(text, 0)
    try:
        return require_json(text[start : end_of_value(text, start)])
    except (NotJsonError, ValueError, RecursionError):
        return None


def _read(text: str) -> object:
    """What the text says; nothing when it is no JSON, for then it is no wrapping either."""
    try:
        return require_json(text)
    except NotJsonError:
        return None
