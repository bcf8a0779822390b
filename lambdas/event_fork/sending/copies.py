"""The copy that replay sends to the regular pipeline's queue: body and attributes as they are, plus marks.

    event-fork-replay-id             which replay sent it
    event-fork-original-message-id   SNS's MessageId when the body is an SNS envelope; with raw delivery SNS's id is not
                                     in the message, so it is the id in the replay queue
    event-fork-original-time         publish time from the envelope; else when SNS handed it to the replay queue

A queue takes 10 attributes and 1 MiB. Marks are put on in this order while there is room; a message without room for
the first is sent without any.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from event_fork.errors import NotAnEnvelopeError
from event_fork.events import envelope
from event_fork.events.messages import OutgoingMessage, ReceivedMessage, is_sendable, text_attribute

REPLAY_ID_ATTRIBUTE = "event-fork-replay-id"
ORIGINAL_ID_ATTRIBUTE = "event-fork-original-message-id"
ORIGINAL_TIME_ATTRIBUTE = "event-fork-original-time"


def replay_copy(message: ReceivedMessage, replay_id: str) -> OutgoingMessage:
    """The copy. Of a message that is itself a copy, the replay id is renewed and the original id and time are kept."""
    marks = {REPLAY_ID_ATTRIBUTE: replay_id}
    if ORIGINAL_ID_ATTRIBUTE not in message.attributes:
        marks |= _origin(message)
    return put_marks(unmarked_copy(message), marks)


def unmarked_copy(message: ReceivedMessage) -> OutgoingMessage:
    """The message as it came."""
    return OutgoingMessage(message.message_id, message.body, message.attributes, message.group_id)


def put_marks(copy: OutgoingMessage, texts: Mapping[str, str]) -> OutgoingMessage:
    """The message with as many of the marks, in their order, as a queue takes.

    An id or a time comes from the event: one that SQS would refuse must not make it refuse the event.
    """
    marks = {name: text_attribute(text) for name, text in texts.items() if is_sendable(text)}
    complete = OutgoingMessage(copy.key, copy.body, {**copy.attributes, **marks}, copy.group_id)
    if complete.fits():
        return complete
    for name, value in marks.items():
        marked = OutgoingMessage(copy.key, copy.body, {**copy.attributes, name: value}, copy.group_id)
        if not marked.fits():
            break
        copy = marked
    return copy


def is_marked(copy: OutgoingMessage, replay_id: str) -> bool:
    """Whether the copy carries this replay's id."""
    return copy.attributes.get(REPLAY_ID_ATTRIBUTE) == text_attribute(replay_id)


def _origin(message: ReceivedMessage) -> dict[str, str]:
    try:
        event = envelope.parse(message.body)
    except NotAnEnvelopeError:
        origin = {ORIGINAL_ID_ATTRIBUTE: message.message_id}
        if message.sent_ms is not None:
            moment = datetime.fromtimestamp(message.sent_ms / 1000, UTC)
            origin[ORIGINAL_TIME_ATTRIBUTE] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return origin
    return {ORIGINAL_ID_ATTRIBUTE: event.message_id, ORIGINAL_TIME_ATTRIBUTE: event.timestamp}
