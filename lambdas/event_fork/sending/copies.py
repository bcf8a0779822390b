"""The copy that replay sends to the regular pipeline's queue: body and attributes as they are, plus marks.

    event-fork-replay-id             which replay sent it
    event-fork-original-message-id   SNS's MessageId when the body is an SNS envelope; with raw delivery SNS's id is not
                                     in the message, so it is the id in the replay queue
    event-fork-original-time         publish time from the envelope; else when SNS handed it to the replay queue

A queue takes 10 attributes and 1 MiB. Marks are put on in this order while there is room; a message without room for
the first is sent without any. So is one that the queue refuses with them, for a queue may take less: its
MaximumMessageSize.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from event_fork.events.messages import OutgoingMessage, ReceivedMessage, is_sendable, text_attribute
from event_fork.sending.backoff import Backoff, Leave
from event_fork.sending.batching import send_batches
from event_fork.sending.delivery import Delivery, deliver
from event_fork.sending.ports import MessageQueue

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


def _origin(message: ReceivedMessage) -> dict[str, str]:
    event = message.event
    if event is None:
        origin = {ORIGINAL_ID_ATTRIBUTE: message.message_id}
        if message.sent_ms is not None:
            moment = datetime.fromtimestamp(message.sent_ms / 1000, UTC)
            origin[ORIGINAL_TIME_ATTRIBUTE] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return origin
    return {ORIGINAL_ID_ATTRIBUTE: event.message_id, ORIGINAL_TIME_ATTRIBUTE: event.timestamp}
