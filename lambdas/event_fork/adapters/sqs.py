"""SQS as a MessageQueue.

Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import boto3

from event_fork.adapters.aws_calls import CLIENT_CONFIG, as_call_failed, is_transient
from event_fork.errors import short_code
from event_fork.events.messages import MessageAttribute, OutgoingMessage
from event_fork.sending.ports import EntryFailure, Hold, Remedy

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import (
        ChangeMessageVisibilityBatchRequestEntryTypeDef,
        MessageAttributeValueTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

# What a message's own content can cause, to its entry or to the whole call. Other faults of the sender (no access, no
# key) are the fork's.
_CONTENT_CODES = frozenset(
    {
        "BatchRequestTooLong",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "InvalidAttributeValue",
        "InvalidAttributeName",
        "MessageTooLong",
    }
)


class SqsQueue:
    """SendMessageBatch to one queue. `region`: the queue's, which alone knows it; None = the function's own."""

    def __init__(self, url: str, client: "SQSClient | None" = None, *, region: str | None = None) -> None:
        self._url = url
        self._client = client or boto3.client("sqs", region_name=region, config=CLIENT_CONFIG)

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """See MessageQueue.send. An entry the answer does not name is not taken."""
        entries = [_entry(str(index), message) for index, message in enumerate(messages)]
        with as_call_failed(_CONTENT_CODES):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        failures = {int(failed["Id"]): _failure(failed) for failed in answer.get("Failed", [])}
        taken = {int(success["Id"]) for success in answer.get("Successful", [])}
        for index in range(len(messages)):
            if index not in taken and index not in failures:
                failures[index] = EntryFailure("NoAnswer", "SendMessageBatch did not answer for it", Remedy.RESEND)
        return failures


class SqsHiddenMessages:
    """ChangeMessageVisibilityBatch on the queue that messages were received from.

    Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
    """

    def __init__(self, url: str, client: "SQSClient | None" = None) -> None:
        self._url = url
        self._client = client or boto3.client("sqs", config=CLIENT_CONFIG)

    def hide(self, holds: Sequence[Hold]) -> Mapping[int, EntryFailure]:
        """See HiddenMessages.hide."""
        entries: list[ChangeMessageVisibilityBatchRequestEntryTypeDef] = [
            {"Id": str(index), "ReceiptHandle": hold.receipt_handle, "VisibilityTimeout": hold.seconds}
            for index, hold in enumerate(holds)
        ]
        with as_call_failed():
            answer = self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)
        return {int(failed["Id"]): _failure(failed) for failed in answer.get("Failed", [])}


def _failure(failed: Mapping[str, Any]) -> EntryFailure:
    code = short_code(failed["Code"])
    if code in _CONTENT_CODES:
        remedy = Remedy.DEAD_LETTER
    elif is_transient(code) or not failed.get("SenderFault"):
        remedy = Remedy.RESEND
    else:
        remedy = Remedy.RETURN
    return EntryFailure(code, failed.get("Message", ""), remedy)


def _entry(entry_id: str, message: OutgoingMessage) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {"Id": entry_id, "MessageBody": message.body}
    if message.attributes:
        entry["MessageAttributes"] = {name: _attribute(value) for name, value in message.attributes.items()}
    if message.group_id is not None:
        entry["MessageGroupId"] = message.group_id
    if message.deduplication_id is not None:
        entry["MessageDeduplicationId"] = message.deduplication_id
    return entry


def _attribute(attribute: MessageAttribute) -> "MessageAttributeValueTypeDef":
    if isinstance(attribute.value, bytes):
        return {"DataType": attribute.data_type, "BinaryValue": attribute.value}
    return {"DataType": attribute.data_type, "StringValue": attribute.value}
