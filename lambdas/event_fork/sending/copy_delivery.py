"""Delivery of copies: a message that is refused with the replay's marks is sent without them.

They are the most that a copy is larger than its original, and a queue may take less than SQS's 1 MiB: its
MaximumMessageSize.
"""

from collections.abc import Callable, Sequence

from event_fork.events.messages import OutgoingMessage
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import send_batches
from event_fork.sending.delivery import Delivery, deliver
from event_fork.sending.ports import MessageQueue


def deliver_copies(
    copies: Sequence[OutgoingMessage],
    *,
    unmarked: Callable[[OutgoingMessage], OutgoingMessage],
    queue: MessageQueue,
    backoff: Backoff,
    deadline: Deadline,
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
