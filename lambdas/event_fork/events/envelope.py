"""The stored event: the one place that knows the format of the archive.

A line of the archive is SNS's own notification envelope as SNS writes it when it delivers straight to Data Firehose, in
this order of members, as compact JSON in UTF-8, ended by one newline:

    Type, MessageId, SequenceNumber?, TopicArn, Subject?, Message, Timestamp, MessageAttributes?, ...

Signature fields and URLs are dropped: they are of use to an HTTP subscriber only, and the URL would let a reader of the
archive end the subscription. `Message` is the exact string that was published. What SNS adds later is kept, at the end.
Source: https://docs.aws.amazon.com/sns/latest/dg/firehose-example-create-delivery-stream-subscription-to-topic.html

Used by the functions, which write lines, and by the operators' command, which reads them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from event_fork.errors import DamagedEnvelopeError, NotAnEnvelopeError, NotEncodableError
from event_fork.events.json_text import decoded

NOTIFICATION = "Notification"
SEQUENCE_NUMBER = "SequenceNumber"

_TEXTS = ("MessageId", "TopicArn", "Message", "Timestamp")
_READ = {"Type", *_TEXTS, "Subject", "MessageAttributes"}
_DROPPED = {"SignatureVersion", "Signature", "SigningCertURL", "SigningCertUrl", "UnsubscribeURL", "UnsubscribeUrl"}
"""With Lambda's own spelling of the URLs."""
_NOT_OTHER = _READ | _DROPPED
_NO_ATTRIBUTE = "a message attribute does not have the strings Type and Value"

# json.dumps with options makes a new encoder on each call; these are made once. The third is what an encoder calls for
# a string: a line is put together from such, which takes half the time (benchmarks/event_cpu.py).
_DECODER = json.JSONDecoder()
_UTF8 = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode
quoted = json.encoder.encode_basestring
"""A string as JSON."""


@dataclass(slots=True)
class StoredEvent:
    """One published event. Nobody changes it; frozen, it would take a microsecond more to make.

    `timestamp` is SNS's publish time as SNS wrote it (ISO 8601, milliseconds, UTC). `attributes` is None when the event
    had none; else name -> {"Type": ..., "Value": ...} with SNS's own strings (Binary values stay in base64).
    `others`: what else the envelope has, such as the SequenceNumber of a FIFO topic's events; None for nothing.
    """

    message_id: str
    topic_arn: str
    message: str
    timestamp: str
    subject: str | None = None
    attributes: Mapping[str, Mapping[str, str]] | None = None
    others: Mapping[str, Any] | None = None

    @property
    def published_at(self) -> datetime:
        """When the event was published, with its time zone. Raises NotAnEnvelopeError when Timestamp is no time."""
        try:
            moment = datetime.fromisoformat(self.timestamp)
        except ValueError as error:
            raise NotAnEnvelopeError("Timestamp is not an ISO 8601 time") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def attribute(self, name: str) -> str | None:
        """The value of a message attribute as SNS wrote it, or None."""
        attribute = (self.attributes or {}).get(name)
        return None if attribute is None else attribute["Value"]

    def to_line(self) -> bytes:
        """The line of the archive: compact JSON in UTF-8 and one newline."""
        others = self.others
        parts = ['{"Type":"Notification","MessageId":', quoted(self.message_id)]
        if others and SEQUENCE_NUMBER in others:
            parts.append(f',"{SEQUENCE_NUMBER}":{_UTF8(others[SEQUENCE_NUMBER])}')
        parts += (',"TopicArn":', quoted(self.topic_arn))
        if self.subject is not None:
            parts += (',"Subject":', quoted(self.subject))
        parts += (',"Message":', quoted(self.message), ',"Timestamp":', quoted(self.timestamp))
        if self.attributes is not None:
            attributes = [
                f'{quoted(name)}:{{"Type":{quoted(each["Type"])},"Value":{quoted(each["Value"])}}}'
                for name, each in self.attributes.items()
            ]
            parts.append(f',"MessageAttributes":{{{",".join(attributes)}}}')
        if others:
            parts += [f",{quoted(name)}:{_UTF8(value)}" for name, value in others.items() if name != SEQUENCE_NUMBER]
        parts.append("}")
        return utf8_json("".join(parts)) + b"\n"

    def to_raw_line(self) -> bytes:
        """Only the published message, ended by a newline. Raises NotEncodableError for a lone surrogate."""
        try:
            return self.message.encode() + b"\n"
        except UnicodeEncodeError as error:
            raise NotEncodableError("the message holds a lone surrogate, which has no UTF-8 form") from error


def parse(text: str) -> StoredEvent:
    """The event in an SNS envelope: the body of an SQS message, a line of the archive, a record from SNS itself.

    Signatures and URLs (Signature, UnsubscribeURL, ...) are accepted and dropped.
    Raises NotAnEnvelopeError; its text names the member that is missing or wrong and quotes nothing of the content.
    """
    try:
        members = decoded(text, _DECODER)
    except (ValueError, RecursionError) as error:
        raise NotAnEnvelopeError("the body is not JSON") from error
    return from_members(members)


def from_members(members: object) -> StoredEvent:
    """The same as `parse`, from JSON that is already read."""
    if not isinstance(members, dict):
        raise NotAnEnvelopeError("the body is not a JSON object")
    if members.get("Type") != NOTIFICATION:
        raise NotAnEnvelopeError(f"Type is not {NOTIFICATION}; is raw message delivery on?")
    subject = members.get("Subject")
    if not (subject is None or isinstance(subject, str)):
        raise DamagedEnvelopeError("Subject is not a string")
    message_id, topic_arn, message, timestamp = map(members.get, _TEXTS)
    if not (
        isinstance(message_id, str)
        and isinstance(topic_arn, str)
        and isinstance(message, str)
        and isinstance(timestamp, str)
    ):
        wrong = next(name for name in _TEXTS if not isinstance(members.get(name), str))
        raise DamagedEnvelopeError(f"{wrong} is missing or not a string")
    attributes = _attributes(members.get("MessageAttributes"))
    others = None if _NOT_OTHER.issuperset(members) else _others(members)
    return StoredEvent(message_id, topic_arn, message, timestamp, subject, attributes, others)


def unsigned(text: str) -> str:
    """The envelope in fewer bytes: the same members in the same order, without what only an HTTP subscriber uses."""
    members = {name: value for name, value in json.loads(text).items() if name not in _DROPPED}
    return compact_json(members).decode()


def compact_json(value: object) -> bytes:
    """JSON in UTF-8 without white space."""
    return utf8_json(_UTF8(value))


def utf8_json(text: str) -> bytes:
    """JSON in UTF-8.

    A string may hold a lone surrogate (`"\\ud800"` is legal JSON) that has no UTF-8 form; such a text is written with
    escapes, which say the same.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        return _ASCII(json.loads(text)).encode()


def _others(members: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in members.items() if name not in _NOT_OTHER}


def _attributes(value: object) -> Mapping[str, Mapping[str, str]] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise DamagedEnvelopeError("MessageAttributes is not an object")
    attributes: dict[str, Mapping[str, str]] = {}
    for name, attribute in value.items():
        try:
            kind, content = attribute["Type"], attribute["Value"]
        except (KeyError, TypeError) as error:
            raise DamagedEnvelopeError(_NO_ATTRIBUTE) from error
        if not (isinstance(kind, str) and isinstance(content, str)):
            raise DamagedEnvelopeError(_NO_ATTRIBUTE)
        attributes[name] = {"Type": kind, "Value": content}
    return attributes
