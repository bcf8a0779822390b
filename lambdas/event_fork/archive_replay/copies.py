"""Stored event -> the SQS message to send: what a subscription of the target would have got, plus the replay's marks.

body raw       the published message, its attributes as SQS message attributes of the same types, as raw delivery does
body envelope  the stored line, which is SNS's envelope; attributes are in it, and only the mark is an SQS attribute
"""

import base64

from event_fork.archive.selection import SelectedEvent
from event_fork.events.messages import MAX_ATTRIBUTES, MAX_MESSAGE_BYTES, MessageAttribute, OutgoingMessage
from event_fork.replay_plan.plan import BODY_RAW
from event_fork.sending.copies import ORIGINAL_ID_ATTRIBUTE, ORIGINAL_TIME_ATTRIBUTE, REPLAY_ID_ATTRIBUTE, put_marks


class NoCopyError(Exception):
    """No queue can take this event; the text is the reason."""


def copy_of(selected: SelectedEvent, body: str, replay_id: str) -> OutgoingMessage:
    """The message; its key is the line number. Raises NoCopyError, with a reason that quotes nothing of the event."""
    event = selected.event
    plain = plain_copy_of(selected, body)
    marks = {REPLAY_ID_ATTRIBUTE: replay_id}
    if body == BODY_RAW:
        # In the envelope they stand in the body; here nothing else tells the consumer which event this is.
        marks[ORIGINAL_ID_ATTRIBUTE] = event.message_id
        marks[ORIGINAL_TIME_ATTRIBUTE] = event.timestamp
    copy = put_marks(plain, marks)
    if REPLAY_ID_ATTRIBUTE not in copy.attributes and not plain.fits():
        raise NoCopyError(
            f"has {len(plain.attributes)} attributes and {plain.size()} bytes; "
            f"a queue takes {MAX_ATTRIBUTES} and {MAX_MESSAGE_BYTES}"
        )
    return copy


def plain_copy_of(selected: SelectedEvent, body: str) -> OutgoingMessage:
    """The message without marks. Raises NoCopyError."""
    if body != BODY_RAW:
        return OutgoingMessage(str(selected.line), selected.raw.decode())
    event = selected.event
    texts = [event.message]
    attributes: dict[str, MessageAttribute] = {}
    for name, given in (event.attributes or {}).items():
        data_type, value = given["Type"], given["Value"]
        texts += (name, data_type, value)
        attributes[name] = _binary(name, data_type, value) or MessageAttribute(data_type, value)
    _require_encodable("".join(texts))
    return OutgoingMessage(str(selected.line), event.message, attributes)


def _binary(name: str, data_type: str, value: str) -> MessageAttribute | None:
    if data_type.split(".", 1)[0] != "Binary":
        return None
    try:
        return MessageAttribute(data_type, base64.b64decode(value, validate=True))
    except ValueError as error:  # binascii.Error is one, and so is what b64decode says of other than ASCII
        raise NoCopyError(f"attribute {name!r} is Binary but not base64") from error


def _require_encodable(text: str) -> None:
    """An envelope can say a lone surrogate as an escape; by itself it has no UTF-8 form."""
    try:
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError as error:
        raise NoCopyError("holds a lone surrogate, which has no UTF-8 form") from error
