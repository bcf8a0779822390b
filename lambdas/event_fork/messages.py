"""SQS messages as the functions see them: received ones, ones to send, their attributes and their sizes in bytes.

Sizes follow SQS: body plus, for each attribute, name, data type and value.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_ATTRIBUTES = 10
MAX_MESSAGE_BYTES = 1_048_576
"""The largest message a queue takes, attributes included."""


@dataclass(frozen=True, slots=True)
class MessageAttribute:
    """A message attribute. `data_type` may carry a custom label (`Number.int`, `String.Array`); Binary has bytes."""

    data_type: str
    value: str | bytes

    def size(self, name: str) -> int:
        """Bytes this attribute takes under `name`."""
        value = self.value if isinstance(self.value, bytes) else _utf8(self.value)
        return len(_utf8(name)) + len(_utf8(self.data_type)) + len(value)


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message that the event source mapping took from the fork's queue.

    `sent_ms` is SQS's SentTimestamp (epoch milliseconds) or None. `group_id` is the MessageGroupId that a fair queue
    carries, or None. `receipt_handle` stands for this receiving of it.
    """

    message_id: str
    body: str
    attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)
    sent_ms: int | None = None
    group_id: str | None = None
    receipt_handle: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to send. `key` is the id of the received message it stands for."""

    key: str
    body: str
    attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)
    group_id: str | None = None

    def size(self) -> int:
        """Bytes as SQS counts them: body and attributes."""
        return len(_utf8(self.body)) + sum(attribute.size(name) for name, attribute in self.attributes.items())

    def fits(self) -> bool:
        """Whether a queue takes it: at most 10 attributes and 1 MiB in all."""
        return len(self.attributes) <= MAX_ATTRIBUTES and self.size() <= MAX_MESSAGE_BYTES


def text_attribute(value: str) -> MessageAttribute:
    """An attribute of data type String."""
    return MessageAttribute("String", value)


def _utf8(text: str) -> bytes:
    # surrogatepass: counting must not fail where only sending can.
    return text.encode("utf-8", "surrogatepass")
