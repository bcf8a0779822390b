"""What SQS refuses when a queue is made or changed, and MiniStack 1.5.33 accepts: names, attributes, redrive policies.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.tags import problem as tag_problem

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
MOST_RESULTS = 1000
WORDS = {
    "ContentBasedDeduplication": ("true", "false"),
    "DeduplicationScope": ("messageGroup", "queue"),
    "FifoThroughputLimit": ("perQueue", "perMessageGroupId"),
    "SqsManagedSseEnabled": ("true", "false"),
}
OF_FIFO = ("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")
_QUEUE_ARN = re.compile(r"arn:[a-z-]+:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]{1,80}")


def encryption_problem(attributes: Mapping[str, str]) -> str | None:
    """What is wrong with how a queue is encrypted, None when SQS takes it."""
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled") == "true":
        return "You can use one type of server-side encryption (SSE) at one time, either KMS SSE or SQS SSE"
    return None


def fifo_problem(attributes: Mapping[str, str]) -> str | None:
    """What is wrong with the throughput of a FIFO queue, None when SQS takes it."""
    per_group = attributes.get("FifoThroughputLimit") == "perMessageGroupId"
    if per_group and attributes.get("DeduplicationScope") != "messageGroup":
        return "perMessageGroupId is allowed only when DeduplicationScope is messageGroup"
    return None


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
    if sources and not all(isinstance(arn, str) and _QUEUE_ARN.fullmatch(arn) for arn in sources):
        return "sourceQueueArns must be ARNs of queues"
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

    def check(asked: Mapping[str, Any], arn: str, present: Mapping[str, Any]) -> None:
        fifo = arn.endswith(".fifo")
        known(asked, ATTRIBUTES)
        if not fifo:
            known((name for name in OF_FIFO if asked.get(name, "false") != "false"), set())
        for name, words in WORDS.items():
            if name in asked and asked[name] not in words:
                raise invalid(name, asked[name], f"It must be {' or '.join(words)}")
        # of two encryptions the one that is asked for replaces the other
        if (wrong := encryption_problem(asked)) or (fifo and (wrong := fifo_problem({**present, **asked}))):
            raise queues._Err("InvalidAttributeValue", wrong)
        if (allow := asked.get("RedriveAllowPolicy")) and (wrong := redrive_allow_problem(allow)):
            raise invalid("RedriveAllowPolicy", allow, wrong)
        if redrive := asked.get("RedrivePolicy"):
            queues._validate_redrive_policy(str(redrive))
            found = json.loads(redrive)
            if found.keys() - {"deadLetterTargetArn", "maxReceiveCount"} or "." in str(found["maxReceiveCount"]):
                only = "Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount], whole numbers"
                raise invalid("RedrivePolicy", redrive, only)
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
        asked = data.get("Attributes") or {}
        if asked.get("FifoQueue", "true") != "true":
            known(("FifoQueue",), set())
        if name.endswith(".fifo") and "FifoQueue" not in asked:
            words = "Can only include alphanumeric characters, hyphens, or underscores. A FIFO queue needs FifoQueue"
            raise queues._Err("InvalidParameterValue", words)
        check(asked, f"arn:aws:sqs:{responses.get_region()}:{responses.get_account_id()}:{name}", {})
        if wrong := tag_problem({}, data.get("tags") or data.get("Tags") or {}):
            raise queues._Err("InvalidParameterValue", wrong)
        return original(data, url)

    def change(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        asked, present = data.get("Attributes") or {}, queues._get_q(data.get("QueueUrl", url))["attributes"]
        if asked.get("FifoQueue", present.get("FifoQueue")) != present.get("FifoQueue"):
            raise invalid("FifoQueue", asked["FifoQueue"], "Modifying queue type is not supported")
        check(asked, present["QueueArn"], present)
        return original(data, url)

    def tag(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        given = data.get("Tags") or {}
        if not given:
            raise queues._Err("MissingParameter", "The request must contain the parameter Tags.")
        if wrong := tag_problem(queues._get_q(data.get("QueueUrl", url)).get("tags", {}), given):
            raise queues._Err("InvalidParameterValue", wrong)
        return original(data, url)

    def listed(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        most = data.get("MaxResults")
        if most is not None and not 1 <= int(most) <= MOST_RESULTS:
            raise invalid("MaxResults", most, f"Must be between 1 and {MOST_RESULTS}")
        if not str(data.get("NextToken") or 0).isdecimal():
            raise invalid("NextToken", data["NextToken"], "Invalid or expired next token")
        return original(data, url)

    def read(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        known(data.get("AttributeNames") or (), ATTRIBUTES | MADE_BY_SQS)
        return original(data, url)

    hooks.expected(queues, "_get_q", "url", "action")
    hooks.expected(queues, "_validate_redrive_policy", "rp_str")
    hooks.wrap(queues, "_act_create_queue", ("data", "_u"), create, queues._HANDLERS)
    hooks.wrap(queues, "_act_get_queue_attributes", ("data", "qurl"), read, queues._HANDLERS)
    hooks.wrap(queues, "_act_set_queue_attributes", ("data", "qurl"), change, queues._HANDLERS)
    hooks.wrap(queues, "_act_tag_queue", ("data", "qurl"), tag, queues._HANDLERS)
    hooks.wrap(queues, "_act_list_queues", ("data", "_u"), listed, queues._HANDLERS)
