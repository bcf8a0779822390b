"""SQS messages as the functions see them: received ones, ones to send, their attributes and their sizes in bytes.

Sizes follow SQS: body plus, for each attribute, name, data type and value.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from event_fork.errors import NotAnEnvelopeError
from event_fork.events import envelope
from event_fork.events.envelope import StoredEvent

MAX_ATTRIBUTES = 10
MAX_MESSAGE_BYTES = 1_048_576
"""The largest message a queue takes, attributes included."""


class MessageAttribute(NamedTuple):
    """A message attribute. `data_type` may carry a custom label (`Number.int`, `String.Array`); Binary has bytes."""

    data_type: str
    value: str | bytes


@dataclass(frozen=True)
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

    @cached_property
    def event(self) -> StoredEvent | None:
        """What the SNS envelope in the body says; None without one, as with raw message delivery."""
        try:
            return envelope.parse(self.body)
        except NotAnEnvelopeError:
            return None


@dataclass(slots=True)
class OutgoingMessage:
    """A message to send. `key` is the id of the received message it stands for; `deduplication_id` is for FIFO queues.

    Nobody changes it; frozen, it would take a microsecond more to make.
    """

    key: str
    body: str
    attributes: Mapping[str, MessageAttribute] = field(default_factory=dict)
    group_id: str | None = None
    deduplication_id: str | None = None
    _size: int | None = field(default=None, init=False, repr=False, compare=False)

    def size(self) -> int:
        """Bytes as SQS counts them: body and attributes; counted once."""
        if self._size is None:
            self._size = utf8_size(self.body) + sizes_of(self.attributes)
        return self._size

    def fits(self, max_bytes: int = MAX_MESSAGE_BYTES) -> bool:
        """Whether a queue takes it: at most 10 attributes, and no more in all than its MaximumMessageSize."""
        return len(self.attributes) <= MAX_ATTRIBUTES and self.size() <= max_bytes


# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
_SENDABLE = re.compile(r"[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def is_sendable(text: str) -> bool:
    """Whether SQS takes the text: it is not empty and holds only characters that SQS allows."""
    if text and text.isascii() and text.isprintable():
        return True  # an id or a time, and much faster
    return _SENDABLE.fullmatch(text) is not None


def sizes_of(attributes: Mapping[str, MessageAttribute]) -> int:
    """Bytes that all of them take together."""
    texts: list[str] = []
    others = 0
    for name, (data_type, value) in attributes.items():
        texts += (name, data_type)
        if isinstance(value, str):
            texts.append(value)
        else:
            others += len(value)
    return utf8_size("".join(texts)) + others


def text_attribute(value: str) -> MessageAttribute:
    """An attribute of data type String."""
    return MessageAttribute("String", value)


def utf8_size(text: str) -> int:
    """Bytes of the text in UTF-8; not made where it can be told at a glance, for this is asked for every event."""
    # surrogatepass: counting must not fail where only sending can.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
