"""Messages as SNS and SQS shape them."""

import json
from typing import Any

from event_fork.events.messages import MessageAttribute, ReceivedMessage

TOPIC = "arn:aws:sns:eu-west-1:000000000000:orders"
PUBLISHED = "2026-11-23T09:30:00.123Z"


def envelope_of(message: str, message_id: str = "sns-1", **members: Any) -> dict[str, Any]:
    """What SNS puts into the body of an SQS message when raw delivery is off."""
    return {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": PUBLISHED,
        "SignatureVersion": "1",
        "Signature": "c2ln",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/cert.pem",
        "UnsubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
        **members,
    }


def received(
    body: str, message_id: str = "m-1", attributes: dict[str, MessageAttribute] | None = None, **fields: Any
) -> ReceivedMessage:
    return ReceivedMessage(message_id, body, attributes or {}, **fields)


def notification(message: str, message_id: str = "m-1", **members: Any) -> ReceivedMessage:
    """A received message whose body is an SNS envelope around `message`."""
    return received(json.dumps(envelope_of(message, f"sns-{message_id}", **members)), message_id)
