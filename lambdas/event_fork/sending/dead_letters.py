"""Messages that can never be delivered go to the fork's dead-letter queue at once, with the reason on them.

Body and attributes stay as received (save for the signature of an envelope that fills the queue's limit), so that a
message can be sent back when the cause is gone. Then SQS gives it a new id and a new time, so those that it had are put
on it too: a replay goes by them. Waiting for SQS's own redrive instead would try messages as often as maxReceiveCount
says and lose the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from event_fork.errors import PermanentMessageError
from event_fork.events.envelope import unsigned
from event_fork.events.messages import MAX_MESSAGE_BYTES, OutgoingMessage, ReceivedMessage, text_attribute
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import send_batches
from event_fork.sending.copies import (
    DETAIL_ATTRIBUTE,
    OF_DEAD_LETTERS,
    ORIGINAL_ID_ATTRIBUTE,
    ORIGINAL_TIME_ATTRIBUTE,
    REASON_ATTRIBUTE,
    origin,
)
from event_fork.sending.delivery import deliver
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import MessageQueue


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message and why it can never be delivered."""

    message: ReceivedMessage
    error: PermanentMessageError

    def labelled(self, max_bytes: int = MAX_MESSAGE_BYTES) -> OutgoingMessage:
        """The message with reason, original time and id, and detail on it, in this order while there is room.

        Room: 10 attributes and what the dead-letter queue takes in all. Where that is too little for the reason, an
        SNS envelope gives up its signature and its URLs; the event itself never gives way to a label. Reason and detail
        that an earlier failure left on the message are replaced. In an SNS envelope time and id stand already.
        """
        labelled = self._labelled(self.message.body, max_bytes)
        if REASON_ATTRIBUTE in labelled.attributes or self.message.event is None:
            return labelled
        shorter = self._labelled(unsigned(self.message.body), max_bytes)
        return shorter if REASON_ATTRIBUTE in shorter.attributes else labelled

    def _labelled(self, body: str, max_bytes: int) -> OutgoingMessage:
        message = self.message
        given = {name: value for name, value in message.attributes.items() if name not in OF_DEAD_LETTERS}
        known = {} if message.event is not None else origin(message)
        labels = {
            REASON_ATTRIBUTE: self.error.reason,
            ORIGINAL_TIME_ATTRIBUTE: known.get(ORIGINAL_TIME_ATTRIBUTE),
            ORIGINAL_ID_ATTRIBUTE: known.get(ORIGINAL_ID_ATTRIBUTE),
            DETAIL_ATTRIBUTE: self.error.detail,
        }
        labelled = OutgoingMessage(message.message_id, body, given, message.group_id)
        for name, text in labels.items():
            if text is None:
                continue
            more = replace(labelled, attributes={**labelled.attributes, name: text_attribute(text)})
            if not more.fits(max_bytes):
                break
            labelled = more
        return labelled


def dead_letter(
    letters: Sequence[DeadLetter],
    queue: MessageQueue,
    backoff: Backoff,
    deadline: Deadline,
    outcome: Outcome,
    max_bytes: int = MAX_MESSAGE_BYTES,
) -> None:
    """Send the messages to the dead-letter queue, which takes `max_bytes`, and note in the outcome what became of each.

    One that the dead-letter queue does not take goes back to the fork's queue: nothing is lost, and SQS's own redrive
    moves it in the end.
    """
    reasons = {letter.message.message_id: letter.error.reason for letter in letters}
    delivery = deliver(
        [letter.labelled(max_bytes) for letter in letters],
        batches=send_batches,
        send=queue.send,
        backoff=backoff,
        deadline=deadline,
    )
    for message in delivery.delivered:
        outcome.dead_lettered[message.key] = reasons[message.key]
        if message.attributes.get(REASON_ATTRIBUTE) != text_attribute(reasons[message.key]):
            outcome.unlabelled.append(message.key)
    for message, failure in (*delivery.returned, *delivery.refused):
        outcome.returned[message.key] = failure
