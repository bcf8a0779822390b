"""What SQS refuses when a queue is made or changed, and MiniStack 1.5.33 accepts: names, attributes, redrive policies.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks

NAME = re.compile(r"[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo")
ATTRIBUTES = {
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
}
MADE_BY_SQS = {
    "All",
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
}
MOST_SOURCES = 10


def redrive_allow_problem(policy: str) -> str | None:
    """What is wrong with a RedriveAllowPolicy, None when SQS takes it."""
    try:
        found = json.loads(policy)
    except ValueError:
        return "it is no JSON"
    permission = found.get("redrivePermission") if isinstance(found, dict) else None
    if permission not in ("allowAll", "denyAll", "byQueue"):
        return "redrivePermission must be allowAll, denyAll or byQueue"
    sources = found.get("sourceQueueArns")
    if permission == "byQueue" and not (isinstance(sources, list) and 1 <= len(sources) <= MOST_SOURCES):
        return f"byQueue needs 1 to {MOST_SOURCES} sourceQueueArns"
    if permission != "byQueue" and sources is not None:
        return f"{permission} takes no sourceQueueArns"
    return None


def lets_in(policy: str, source_arn: str) -> bool:
    """Whether a queue with that RedriveAllowPolicy may be the dead-letter queue of the source."""
    found = json.loads(policy or "{}")
    permission = found.get("redrivePermission", "allowAll")
    return permission == "allowAll" or (permission == "byQueue" and source_arn in found["sourceQueueArns"])


def apply() -> None:
    """Check before the emulator does what is asked."""
    queues = hooks.service("sqs")
    responses = hooks.core("responses")

    def invalid(name: str, value: str, reason: str) -> Exception:
        words = f"Value {value} for parameter {name} is invalid. Reason: {reason}."
        error: Exception = queues._Err("InvalidParameterValue", words)
        return error

    def known(names: Iterable[str], all_names: set[str]) -> None:
        for name in names:
            if name not in all_names:
                raise queues._Err("InvalidAttributeName", f"Unknown Attribute {name}.")

    def check(asked: Mapping[str, Any], arn: str) -> None:
        known(asked, ATTRIBUTES)
        if (allow := asked.get("RedriveAllowPolicy")) and (wrong := redrive_allow_problem(allow)):
            raise invalid("RedriveAllowPolicy", allow, wrong)
        if redrive := asked.get("RedrivePolicy"):
            queues._validate_redrive_policy(str(redrive))
            target = queues._queue_by_arn(json.loads(redrive)["deadLetterTargetArn"])
            if target["is_fifo"] != arn.endswith(".fifo"):
                raise invalid("RedrivePolicy", redrive, "Dead letter queue must be same type of queue as the source")
            if not lets_in(target["attributes"].get("RedriveAllowPolicy", ""), arn):
                raise invalid("RedrivePolicy", redrive, "the redrive allow policy of the dead letter queue denies it")

    def create(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        name = data.get("QueueName") or ""
        if not NAME.fullmatch(name):
            words = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            raise queues._Err("InvalidParameterValue", words)
        check(data.get("Attributes") or {}, f"arn:aws:sqs:{responses.get_region()}:{responses.get_account_id()}:{name}")
        return original(data, url)

    def change(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        check(data.get("Attributes") or {}, queues._get_q(data.get("QueueUrl", url))["attributes"]["QueueArn"])
        return original(data, url)

    def read(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        known(data.get("AttributeNames") or (), ATTRIBUTES | MADE_BY_SQS)
        return original(data, url)

    hooks.expected(queues, "_get_q", "url", "action")
    hooks.expected(queues, "_validate_redrive_policy", "rp_str")
    hooks.wrap(queues, "_act_create_queue", ("data", "_u"), create, queues._HANDLERS)
    hooks.wrap(queues, "_act_get_queue_attributes", ("data", "qurl"), read, queues._HANDLERS)
    hooks.wrap(queues, "_act_set_queue_attributes", ("data", "qurl"), change, queues._HANDLERS)
