"""A dead letter as an operator sees it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from event_fork.events.envelope import compact_json, unsigned
from event_fork.events.messages import MessageAttribute, ReceivedMessage, utf8_size
from event_fork.events.time_window import NotATimeError, canonical_timestamp, timestamp_text
from event_fork.sending.copies import (
    DETAIL_ATTRIBUTE,
    ORIGINAL_ID_ATTRIBUTE,
    ORIGINAL_TIME_ATTRIBUTE,
    REASON_ATTRIBUTE,
)
from event_fork_cli.repairs.groups import Fingerprint

MOVED_BY_SQS, NOT_DELIVERED = "moved-by-sqs", "not-delivered-by-sns"
"""Reasons of what has none of ours: tried `max_receive_count` times; or SNS could not hand it to the queue."""
COMES_BACK = frozenset({"too-large", "not-encodable", "not-an-sns-envelope", "not-a-json-object", "not-redactable"})
"""Reasons that lie in the message itself: sent back as it is, it comes back."""


@dataclass(frozen=True)
class Letter:
    """A received message. `source`: the queue from which SQS has moved it."""

    message: ReceivedMessage
    source: str | None
    type_attribute: str = "event_type"

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Reason and detail as the function has put them on; else who brought it here."""
        reason = self._text(REASON_ATTRIBUTE)
        if reason is not None:
            return Fingerprint(reason, self._text(DETAIL_ATTRIBUTE) or "")
        if self.source is not None:
            return Fingerprint(MOVED_BY_SQS, "")
        return Fingerprint(NOT_DELIVERED, "")

    @property
    def id(self) -> str:
        """SNS's id of the event where it is known, else SQS's of the message."""
        event = self.message.event
        return event.message_id if event else self._text(ORIGINAL_ID_ATTRIBUTE) or self.message.message_id

    @cached_property
    def at(self) -> str:
        """When it was published; with raw delivery, when SNS handed it over."""
        event = self.message.event
        text = event.timestamp if event else self._text(ORIGINAL_TIME_ATTRIBUTE)
        if text is not None:
            try:
                return canonical_timestamp(text)
            except NotATimeError:
                pass  # a publisher's own envelope: then SQS's time
        sent = self.message.sent_ms
        return "" if sent is None else timestamp_text(datetime.fromtimestamp(sent / 1000, UTC))

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return utf8_size(self.message.body)

    @property
    def event_type(self) -> str | None:
        """The message attribute that names the type, in the envelope or on the message."""
        event = self.message.event
        return event.attribute(self.type_attribute) if event else self._text(self.type_attribute)

    @cached_property
    def document(self) -> Any:
        """The published message as JSON; None for another text."""
        event = self.message.event
        try:
            return json.loads(event.message if event else self.message.body)
        except (ValueError, RecursionError):
            return None

    @property
    def labels(self) -> dict[str, str]:
        """All text attributes that are on the message itself."""
        given = self.message.attributes
        return {name: value.value for name, value in given.items() if isinstance(value.value, str)}

    def to_record(self) -> dict[str, Any]:
        """All of it, as JSON: what a purge keeps."""
        message = self.message
        return {
            "message_id": message.message_id,
            "sent_ms": message.sent_ms,
            "source": self.source,
            "group_id": message.group_id,
            "attributes": {name: _record(value) for name, value in message.attributes.items()},
            "body": message.body,
        }

    def _text(self, name: str) -> str | None:
        attribute = self.message.attributes.get(name)
        return attribute.value if attribute is not None and isinstance(attribute.value, str) else None


def edited(one: Letter, change: Callable[[bytes], bytes]) -> Letter:
    """The letter with another published text. Its envelope gives up the signature, which would be wrong."""
    message = one.message
    if message.event is None:
        return replace(one, message=replace(message, body=change(message.body.encode()).decode()))
    members = json.loads(unsigned(message.body))
    members["Message"] = change(message.event.message.encode("utf-8", "surrogatepass")).decode()
    return replace(one, message=replace(message, body=compact_json(members).decode()))


def letter(received: Mapping[str, Any]) -> Letter:
    """A message as ReceiveMessage answers it."""
    system = received.get("Attributes", {})
    sent = system.get("SentTimestamp")
    message = ReceivedMessage(
        message_id=received["MessageId"],
        body=received["Body"],
        attributes={name: _attribute(value) for name, value in received.get("MessageAttributes", {}).items()},
        sent_ms=None if sent is None else int(sent),
        group_id=system.get("MessageGroupId"),
        receipt_handle=received["ReceiptHandle"],
    )
    return Letter(message, system.get("DeadLetterQueueSourceArn"))


def _attribute(value: Mapping[str, Any]) -> MessageAttribute:
    is_binary = value["DataType"].partition(".")[0] == "Binary"
    return MessageAttribute(value["DataType"], value["BinaryValue"] if is_binary else value["StringValue"])


def _record(attribute: MessageAttribute) -> dict[str, str]:
    value = attribute.value
    text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
    return {"data_type": attribute.data_type, "value": text}
