"""What SQS refuses of a message, and MiniStack 1.5.33 accepts: attributes without limits that count for no size.

It takes any time to wait, and to hide a message, as well.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks, sns_messages

MOST_ATTRIBUTES = 10
LONGEST_DELAY = 900
LONGEST = {"WaitTimeSeconds": 20, "VisibilityTimeout": 43_200}
BATCH_LIMIT = 1024 * 1024
HANDLE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""The emulator's receipt handles."""
SYSTEM_ATTRIBUTES = {
    "AWSTraceHeader",
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
}


def too_large(limit: int) -> str:
    """SQS's words for a message above the queue's limit."""
    return f"One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes."


def problem(message: str, attributes: Mapping[str, Mapping[str, str]], delay: Any, limit: int) -> str | None:
    """What is wrong with a message for a queue of that MaximumMessageSize, None when SQS takes it."""
    if len(attributes) > MOST_ATTRIBUTES:
        return f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [{MOST_ATTRIBUTES}]."
    for name, attribute in attributes.items():
        if name.lower().startswith(("aws.", "amazon.")):
            return f"Message attribute name '{name}' is invalid: names with AWS. or Amazon. in front are reserved."
        if wrong := sns_messages.attribute_problem(name, attribute):
            return wrong
    if delay is not None and not 0 <= int(delay) <= LONGEST_DELAY:
        return f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
    return too_large(limit) if sns_messages.size(message, attributes) > limit else None


def id_problem(call: Mapping[str, Any], *, fifo: bool) -> str | None:
    """What is wrong with the ids and system attributes of a message, None when SQS takes them."""
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        value = call.get(name)
        if value and not sns_messages.GROUP.fullmatch(value):
            rule = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length"
            return f"Value {value} for parameter {name} is invalid. Reason: {rule}."
    if call.get("MessageDeduplicationId") and not fifo:
        reason = "The request includes a parameter that is not valid for this queue type"
        return (
            f"Value {call['MessageDeduplicationId']} for parameter MessageDeduplicationId is invalid. Reason: {reason}."
        )
    for name, attribute in (call.get("MessageSystemAttributes") or {}).items():
        if name != "AWSTraceHeader" or attribute.get("DataType") != "String":
            return f"Message system attribute {name} is invalid: the only one is AWSTraceHeader, a String."
    return None


def time_problem(call: Mapping[str, Any]) -> str | None:
    """What is wrong with the seconds of a call, None when SQS takes them."""
    for name, most in LONGEST.items():
        if name in call and not 0 <= int(call[name]) <= most:
            rule = f"Must be >= 0 and <= {most}, if provided"
            return f"Value {call[name]} for parameter {name} is invalid. Reason: {rule}."
    return None


def takes(queue: Mapping[str, Any], body: str, attributes: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a message that SNS delivers fits the queue."""
    return problem(body, attributes, None, int(queue["attributes"]["MaximumMessageSize"])) is None


def apply() -> None:
    """Check before the emulator does what is asked."""
    queues = hooks.service("sqs")

    def send(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        queue = queues._get_q(data.get("QueueUrl", url))
        attributes, body = data.get("MessageAttributes") or {}, data.get("MessageBody") or ""
        limit = int(queue["attributes"]["MaximumMessageSize"])
        if body and (wrong := id_problem(data, fifo=queue["is_fifo"])):
            raise queues._Err("InvalidParameterValue", wrong)
        if body and (wrong := problem(body, attributes, data.get("DelaySeconds"), limit)):
            raise queues._Err("InvalidParameterValue", wrong)
        return original(data, url)

    def send_batch(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        entries = data.get("Entries") or []
        total = sum(
            sns_messages.size(entry.get("MessageBody") or "", entry.get("MessageAttributes") or {}) for entry in entries
        )
        if total > BATCH_LIMIT:
            words = f"Batch requests cannot be longer than {BATCH_LIMIT} bytes. You have sent {total} bytes."
            raise queues._Err("BatchRequestTooLong", words)
        return original(data, url)

    def timed(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        if wrong := time_problem(data):
            raise queues._Err("InvalidParameterValue", wrong)
        return original(data, url)

    def receive(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        for name in [*(data.get("AttributeNames") or ()), *(data.get("MessageSystemAttributeNames") or ())]:
            if name not in SYSTEM_ATTRIBUTES:
                raise queues._Err("InvalidAttributeName", f"Unknown Attribute {name}.")
        return timed(original, data, url)

    def hide(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        if data.get("VisibilityTimeout") is None:
            raise queues._Err("MissingParameter", "The request must contain the parameter VisibilityTimeout.")
        handle = data.get("ReceiptHandle", "")
        for message in queues._get_q(data.get("QueueUrl", url))["messages"]:
            if message["receipt_handle"] == handle and message["visible_at"] <= time.time():
                reason = "Message does not exist or is not available for visibility timeout change"
                words = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: {reason}."
                raise queues._Err("InvalidParameterValue", words)
        return timed(original, data, url)

    def delete(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        try:
            return original(data, url)
        except queues._Err:
            handle = data.get("ReceiptHandle", "")
            present = (message for queue in queues._queues.values() for message in queue["messages"])
            if HANDLE.fullmatch(handle) and all(message["receipt_handle"] != handle for message in present):
                return {}  # it has been deleted before: SQS says nothing
            raise

    hooks.expected(queues, "_get_q", "url", "action")
    table = queues._HANDLERS
    hooks.wrap(queues, "_act_send_message", ("data", "qurl"), send, table)
    hooks.wrap(queues, "_act_send_message_batch", ("data", "qurl"), send_batch, table)
    hooks.wrap(queues, "_act_receive_message", ("data", "qurl"), receive, table)
    hooks.wrap(queues, "_act_change_visibility", ("data", "qurl"), hide, table)
    hooks.wrap(queues, "_act_delete_message", ("data", "qurl"), delete, table)
