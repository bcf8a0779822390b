"""Messages that can never be delivered go to the fork's dead-letter queue at once, with the reason on them.

Body and attributes stay as received, so that a message can be sent back when the cause is gone. Waiting for SQS's own
redrive instead would try them as often as maxReceiveCount says and lose the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from event_fork.errors import PermanentMessageError
from event_fork.events.messages import OutgoingMessage, ReceivedMessage, text_attribute
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import send_batches
from event_fork.sending.delivery import deliver
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import MessageQueue

REASON_ATTRIBUTE = "event-fork-reason"
DETAIL_ATTRIBUTE = "event-fork-detail"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message and why it can never be delivered."""

    message: ReceivedMessage
    error: PermanentMessageError

    def labelled(self) -> OutgoingMessage:
        """The message with its reason and detail on it; without detail, or without both, where there is no room.

        Room: 10 attributes and 1 MiB in all. Nothing of the original ever gives way to a label. Labels that an earlier
        failure left on the message are replaced.
        """
        attributes = dict(self.message.attributes)
        plain = OutgoingMessage(self.message.message_id, self.message.body, attributes, self.message.group_id)
        with_reason = {**attributes, REASON_ATTRIBUTE: text_attribute(self.error.reason)}
        with_both = {**with_reason, DETAIL_ATTRIBUTE: text_attribute(self.error.detail)}
        for labels in (with_both, with_reason):
            candidate = OutgoingMessage(plain.key, plain.body, labels, plain.group_id)
            if candidate.fits():
                return candidate
        return plain


def dead_letter(
    letters: Sequence[DeadLetter], queue: MessageQueue, backoff: Backoff, deadline: Deadline, outcome: Outcome
) -> None:
    """Send the messages to the dead-letter queue and note in the outcome what became of each.

    One that the dead-letter queue does not take goes back to the fork's queue: nothing is lost, and SQS's own redrive
    moves it in the end.
    """
    reasons = {letter.message.message_id: letter.error.reason for letter in letters}
    delivery = deliver(
        [letter.labelled() for letter in letters],
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
