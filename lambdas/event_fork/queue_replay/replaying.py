"""Replay of a batch: copies of the messages go to the regular pipeline's queue."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from event_fork.errors import RefusedByDestinationError
from event_fork.events.messages import OutgoingMessage, ReceivedMessage
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.copies import is_marked, replay_copy, unmarked_copy
from event_fork.sending.copy_delivery import deliver_copies
from event_fork.sending.dead_letters import DeadLetter, dead_letter
from event_fork.sending.delivery import unexpected
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import MessageQueue


@dataclass(frozen=True)
class Replayer:
    """Sends a marked copy of each message to the destination; a message the destination refuses is dead-lettered."""

    replay_id: str
    destination: MessageQueue
    dead_letter_queue: MessageQueue
    backoff: Backoff = field(default_factory=Backoff)

    def run(self, messages: Sequence[ReceivedMessage], deadline: Deadline) -> Outcome:
        """Replay the messages; each counts as delivered only when the destination queue has it."""
        outcome = Outcome(received=len(messages))
        by_id = {message.message_id: message for message in messages}
        copies: list[OutgoingMessage] = []
        for message in messages:
            try:
                copies.append(replay_copy(message, self.replay_id))
            except Exception as error:  # a fault of ours that one message brings out must not hold up the others
                outcome.returned[message.message_id] = unexpected(error)
        delivery = deliver_copies(
            copies,
            unmarked=lambda copy: unmarked_copy(by_id[copy.key]),
            queue=self.destination,
            backoff=self.backoff,
            deadline=deadline,
        )
        outcome.calls, outcome.resent = delivery.calls, delivery.resent
        outcome.delivered = [copy.key for copy in delivery.delivered]
        outcome.marked = sum(is_marked(copy, self.replay_id) for copy in delivery.delivered)
        outcome.unmarked = len(delivery.delivered) - outcome.marked
        outcome.returned |= {copy.key: failure for copy, failure in delivery.returned}
        letters = [
            DeadLetter(by_id[copy.key], RefusedByDestinationError(failure.code)) for copy, failure in delivery.refused
        ]
        dead_letter(letters, self.dead_letter_queue, self.backoff, deadline, outcome)
        return outcome
