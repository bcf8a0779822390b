"""The copy that replay sends to the regular pipeline's queue: body and attributes as they are, plus marks.

    event-fork-replay-id             which replay sent it
    event-fork-original-message-id   SNS's MessageId when the body is an SNS envelope; with raw delivery SNS's id is not
                                     in the message, so it is the id in the replay queue
    event-fork-original-time         publish time from the envelope; else when SNS handed it to the replay queue

What dead_letters.py has put on a message that was sent back from a dead-letter queue is taken off, but for the original
id and time: there SQS gives it a new id and a new time.

A queue takes 10 attributes and 1 MiB. Marks are put on in this order while there is room; a message without room for
the first is sent without any. So is one that the queue refuses with them, for a queue may take less: its
MaximumMessageSize.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from event_fork.events.messages import (
    MessageAttribute,
    OutgoingMessage,
    ReceivedMessage,
    is_sendable,
    text_attribute,
)
from event_fork.events.time_window import timestamp_text
from event_fork.sending.backoff import Backoff, Leave
from event_fork.sending.batching import send_batches
from event_fork.sending.delivery import Delivery, deliver
from event_fork.sending.ports import MessageQueue

REPLAY_ID_ATTRIBUTE = "event-fork-replay-id"
ORIGINAL_ID_ATTRIBUTE = "event-fork-original-message-id"
ORIGINAL_TIME_ATTRIBUTE = "event-fork-original-time"
REASON_ATTRIBUTE = "event-fork-reason"
DETAIL_ATTRIBUTE = "event-fork-detail"
OF_DEAD_LETTERS = frozenset({REASON_ATTRIBUTE, DETAIL_ATTRIBUTE})


def replay_copy(message: ReceivedMessage, replay_id: str) -> OutgoingMessage:
    """The copy. Of a message that is itself a copy, the replay id is renewed and the original id and time are kept."""
    marks = {REPLAY_ID_ATTRIBUTE: replay_id, **origin(message)}
    return put_marks(unmarked_copy(message), marks)


def unmarked_copy(message: ReceivedMessage) -> OutgoingMessage:
    """The message as it came, without a reason for which it was dead-lettered once."""
    attributes = {name: value for name, value in message.attributes.items() if name not in OF_DEAD_LETTERS}
    return OutgoingMessage(message.message_id, message.body, attributes, message.group_id)


def put_marks(copy: OutgoingMessage, texts: Mapping[str, str]) -> OutgoingMessage:
    """The message with as many of the marks, in their order, as a queue takes.

    An id or a time comes from the event: one that SQS would refuse must not make it refuse the event.
    """
    marks = {name: MessageAttribute("String", text) for name, text in texts.items() if is_sendable(text)}
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


def deliver_copies(
    copies: Sequence[OutgoingMessage],
    *,
    unmarked: Callable[[OutgoingMessage], OutgoingMessage],
    queue: MessageQueue,
    backoff: Backoff,
    deadline: Leave,
) -> Delivery[OutgoingMessage]:
    """As `deliver`; `refused` has only messages that the queue does not take without marks. `unmarked` makes those."""
    result = deliver(copies, batches=send_batches, send=queue.send, backoff=backoff, deadline=deadline)
    again = [(copy, plain) for copy, _ in result.refused if (plain := unmarked(copy)) != copy]
    if again:
        marked = {copy.key for copy, _ in again}
        result.refused = [(copy, failure) for copy, failure in result.refused if copy.key not in marked]
        plain_copies = [plain for _, plain in again]
        result.add(deliver(plain_copies, batches=send_batches, send=queue.send, backoff=backoff, deadline=deadline))
    return result


def origin(message: ReceivedMessage) -> dict[str, str]:
    """The marks that say where the message comes from; none for an earlier copy, or a dead letter, which bears them."""
    event = message.event
    if event is not None:
        known = {ORIGINAL_ID_ATTRIBUTE: event.message_id, ORIGINAL_TIME_ATTRIBUTE: event.timestamp}
    else:
        known = {ORIGINAL_ID_ATTRIBUTE: message.message_id}
        if message.sent_ms is not None:
            known[ORIGINAL_TIME_ATTRIBUTE] = timestamp_text(datetime.fromtimestamp(message.sent_ms / 1000, UTC))
    # An id without its time, or the other way round, is what there was room for: neither is known any more.
    return {} if known.keys() & message.attributes.keys() else known
