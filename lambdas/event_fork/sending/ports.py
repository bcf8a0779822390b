"""What the domain needs from outside. Adapters implement these for AWS, tests implement them with faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from event_fork.events.messages import OutgoingMessage
from event_fork.sending.packing import Record


class Remedy(Enum):
    """What can be done about an entry that was not taken."""

    RESEND = "resend"
    """The next hop could not take it just now."""
    RETURN = "return"
    """Sending again at once is no use, but it is not the message's fault: back to the queue."""
    DEAD_LETTER = "dead-letter"
    """The next hop refuses this very message, now and always."""


@dataclass(frozen=True, slots=True)
class EntryFailure:
    """Why one entry of a batch was not taken: the service's error code, its text, and what can be done."""

    code: str
    detail: str
    remedy: Remedy


@dataclass(frozen=True, slots=True)
class Hold:
    """For how many seconds from now to hide a received message."""

    message_id: str
    receipt_handle: str
    seconds: int


class RecordStream(Protocol):
    """A Data Firehose stream."""

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        """Put one batch within the limits of PutRecordBatch.

        Returns the failed entries by their place in `records`; empty when all were taken.
        Raises CallFailedError when the call failed as a whole. What was taken then is unknown, and counts as not taken.
        """


class HiddenMessages(Protocol):
    """The queue that messages were received from."""

    def hide(self, holds: Sequence[Hold]) -> Mapping[int, EntryFailure]:
        """Hide up to 10 messages; answers and raises as RecordStream.put does."""


class TextParameter(Protocol):
    """A parameter in Parameter Store."""

    def text(self) -> str:
        """What it said a few seconds ago or, while it cannot be read, a minute ago. Raises CallFailedError."""

    def read(self) -> str:
        """What it says now. Raises CallFailedError."""


class MessageQueue(Protocol):
    """An SQS queue."""

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """Send one batch within the limits of SendMessageBatch; answers and raises as RecordStream.put does."""
