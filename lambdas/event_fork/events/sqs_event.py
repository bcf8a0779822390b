"""The event of an SQS event source mapping, and the answer to it.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from event_fork.errors import InvocationShapeError, WholeBatchFailedError
from event_fork.events.messages import MessageAttribute, ReceivedMessage

BatchResponse = dict[str, list[dict[str, str]]]


def received_messages(event: Mapping[str, Any]) -> list[ReceivedMessage]:
    """The messages of an invocation, in order.

    A standard queue may hand out one message twice, even in one batch; it is kept once, because the answer knows
    messages by id only. Raises InvocationShapeError when the event did not come from a standard queue.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list):
        raise InvocationShapeError(
            "the event has no list Records; this function is made for an SQS event source mapping"
        )
    if any(str(record.get("eventSourceARN")).endswith(".fifo") for record in records if isinstance(record, Mapping)):
        raise InvocationShapeError(
            "the event source is a FIFO queue: a batch that is delivered in part would break its order; "
            "use a standard queue, as modules/fork does"
        )
    try:
        messages = {record["messageId"]: _message(record) for record in records}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvocationShapeError(f"a record is not an SQS message: {type(error).__name__}: {error}") from error
    return list(messages.values())


def batch_response(received: int, returned: Iterable[str], kept: Iterable[str] = ()) -> BatchResponse:
    """The partial batch response: the ids that SQS must keep. `kept` are not failures: they stay on purpose.

    A batch of which nothing at all was delivered is raised instead of answered. For the messages it is the same (all
    come back at their visibility timeout), but only a failed invocation counts in the function's Errors metric and
    makes the event source mapping lower its concurrency: both are right when the next hop is down or refuses us.
    """
    failed, staying = list(returned), list(kept)
    if failed and len(failed) == received - len(staying):
        raise WholeBatchFailedError(f"none of {len(failed)} messages was delivered; all go back to the queue")
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed + staying]}


def _message(record: Mapping[str, Any]) -> ReceivedMessage:
    system = record.get("attributes") or {}
    sent = system.get("SentTimestamp")
    return ReceivedMessage(
        message_id=record["messageId"],
        body=record["body"],
        attributes={name: _attribute(value) for name, value in (record.get("messageAttributes") or {}).items()},
        sent_ms=None if sent is None else int(sent),
        group_id=system.get("MessageGroupId"),
        receipt_handle=record.get("receiptHandle", ""),
    )


def _attribute(value: Mapping[str, Any]) -> MessageAttribute:
    data_type = value["dataType"]
    if data_type.split(".", 1)[0] != "Binary":
        return MessageAttribute(data_type, value["stringValue"])
    try:
        return MessageAttribute(data_type, base64.b64decode(value["binaryValue"], validate=True))
    except binascii.Error as error:
        raise ValueError("binaryValue is not base64") from error
