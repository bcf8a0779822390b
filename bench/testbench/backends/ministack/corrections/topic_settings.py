"""What SNS refuses when a topic is made or changed, and MiniStack 1.5.33 accepts: names, attributes, message sizes.

https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count, takewhile
from typing import Any
from urllib.parse import parse_qs

from testbench.backends.ministack.corrections import hooks
from testbench.tags import problem as tag_problem

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}|[A-Za-z0-9_-]{1,251}\.fifo")
_FEEDBACK = ("SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn")
ATTRIBUTES = {
    "ApplicationArchivePolicy",
    "ArchivePolicy",
    "ContentBasedDeduplication",
    "DataProtectionPolicy",
    "DeliveryPolicy",
    "DisplayName",
    "FifoThroughputScope",
    "FifoTopic",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "Policy",
    "SignatureVersion",
    "TracingConfig",
    *(f"{owner}{kind}" for owner in ("Application", "Firehose", "HTTP", "Lambda", "SQS") for kind in _FEEDBACK),
}
OF_FIFO = ("ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope")
DOCUMENTS = ("ArchivePolicy", "DataProtectionPolicy", "DeliveryPolicy")
LONGEST_DISPLAY_NAME = 100
ARN_PARTS = 6
ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/\S+")
SMALLEST, DEFAULT, LARGEST = 1024, 256 * 1024, 1024 * 1024
LARGE_PROTOCOLS = {"sqs", "lambda", "firehose"}
LARGE_SUBSCRIPTIONS = 100


def is_object(text: str) -> bool:
    """Whether the text is a JSON object."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def message_limit(attributes: Mapping[str, str]) -> int:
    """How many bytes a message of the topic may have, its attributes included."""
    return int(attributes.get("MaximumMessageSize") or DEFAULT)


def large_messages(size: str, protocols: Sequence[str]) -> str | None:
    """Why a topic with that MaximumMessageSize cannot have subscriptions of these protocols, None when it can."""
    if not size or int(size) <= DEFAULT:
        return None
    if unfit := sorted(set(protocols) - LARGE_PROTOCOLS):
        return f"MaximumMessageSize above {DEFAULT} does not support subscriptions of the protocol {', '.join(unfit)}"
    if len(protocols) > LARGE_SUBSCRIPTIONS:
        return f"MaximumMessageSize above {DEFAULT} supports at most {LARGE_SUBSCRIPTIONS} subscriptions"
    return None


def problem(name: str, value: str, *, fifo: bool) -> str | None:
    """What is wrong with an attribute, None when SNS takes it."""
    if name not in ATTRIBUTES:
        return "AttributeName"
    if name in OF_FIFO and not fifo and value not in ("", "false"):
        return f"{name}: it can only be set for FIFO topics"
    if name == "FifoThroughputScope" and value not in ("Topic", "MessageGroup"):
        return f"FifoThroughputScope: Invalid value [{value}]. Please use either Topic or MessageGroup"
    if name == "DisplayName" and len(value) > LONGEST_DISPLAY_NAME:
        return f"DisplayName: it has at most {LONGEST_DISPLAY_NAME} characters"
    if name in DOCUMENTS and not is_object(value):
        return f"{name}: failed to parse JSON."
    if name == "DeliveryPolicy" and (
        unknown := sorted(json.loads(value).keys() - {"http", "defaultHealthyRetryPolicy"})
    ):
        return f"DeliveryPolicy: Unknown member {', '.join(unknown)}"
    if name.endswith("SuccessFeedbackSampleRate") and not (value.isdecimal() and int(value) <= 100):
        return f"{name}: {value} is no integer from 0 to 100"
    if name.endswith("FeedbackRoleArn") and not ROLE.fullmatch(value):
        return f"{name}: {value} is no ARN of a role"
    if name == "MaximumMessageSize" and not (value.isdecimal() and SMALLEST <= int(value) <= LARGEST):
        return f"MaximumMessageSize: {value} is no integer from {SMALLEST} to {LARGEST}"
    if name == "TracingConfig" and value not in ("Active", "PassThrough"):
        return f"TracingConfig: Invalid value [{value}]. Please use either Active or PassThrough"
    if name == "SignatureVersion" and value not in ("1", "2"):
        return f"SignatureVersion: Invalid value [{value}]. Please use either 1 or 2"
    return None


def apply() -> None:
    """Check before the emulator does what is asked."""
    topics = hooks.service("sns")
    responses = hooks.core("responses")

    def refused(reason: str) -> Any:
        return topics._error("InvalidParameter", f"Invalid parameter: {reason}", 400)

    def create(original: Callable[..., Any], params: Any) -> Any:
        name = topics._p(params, "Name")
        if not NAME.fullmatch(name):
            return refused("Topic Name")
        names = takewhile(bool, (topics._p(params, f"Attributes.entry.{number}.key") for number in count(1)))
        asked = {key: topics._p(params, f"Attributes.entry.{number}.value") for number, key in enumerate(names, 1)}
        if name.endswith(".fifo") and asked.get("FifoTopic") != "true":
            return refused("Topic Name")
        for key, value in asked.items():
            if wrong := problem(key, value, fifo=name.endswith(".fifo")) if value or key not in ATTRIBUTES else None:
                return refused(f"Attributes Reason: {wrong}")
        pairs = [key for key in params if key.startswith("Tags.member.") and key.endswith(".Key")]
        tags = topics._param_tags(params)
        if len(tags) < len(pairs):
            return refused("Duplicated keys are not allowed.")
        arn = f"arn:aws:sns:{responses.get_region()}:{responses.get_account_id()}:{name}"
        topic = topics._topics.get(arn) or {}
        if wrong := tag_problem({}, tags):
            return refused(wrong)
        if topic and tags and tags != topic["tags"]:
            return refused("Tags Reason: Topic already exists with different tags")
        present = topic.get("attributes")
        if present and any(value and present.get(key, "") != value for key, value in asked.items()):
            return refused("Attributes Reason: Topic already exists with different attributes")
        return original(params)

    def change(original: Callable[..., Any], params: Any) -> Any:
        name, value = topics._p(params, "AttributeName"), topics._p(params, "AttributeValue")
        fifo = topics._p(params, "TopicArn").endswith(".fifo")
        wrong = problem(name, value, fifo=fifo) if value or name not in ATTRIBUTES else None
        if not wrong and name == "MaximumMessageSize":
            topic, error = topics._get_topic(topics._p(params, "TopicArn"), "sns:SetTopicAttributes")
            if error is not None:
                return error
            wrong = large_messages(value, [present["protocol"] for present in topic["subscriptions"]])
        return refused(wrong) if wrong else original(params)

    def tag(original: Callable[..., Any], params: Any) -> Any:
        _, topic, error = topics._resolve_topic_tag_arn(topics._p(params, "ResourceArn"), "sns:TagResource")
        if not error and (wrong := tag_problem(topic["tags"], topics._param_tags(params))):
            return topics._error("TagLimitExceeded" if "Too many" in wrong else "InvalidParameter", wrong, 400)
        return original(params)

    async def request(original: Any, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        form = {**query, **parse_qs(body.decode(errors="replace"))}
        for name in ("TopicArn", "TargetArn", "SubscriptionArn", "ResourceArn"):
            if (arn := topics._p(form, name)) and (parts := arn.count(":") + 1) < ARN_PARTS:
                return refused(f"{name} Reason: An ARN must have at least {ARN_PARTS} elements, not {parts}")
        return await original(method, path, headers, body, query)

    hooks.wrap(topics, "handle_request", ("method", "path", "headers", "body", "query_params"), request)
    hooks.wrap(topics, "_create_topic", ("params",), create)
    hooks.wrap(topics, "_tag_resource", ("params",), tag)
    hooks.wrap(topics, "_set_topic_attributes", ("params",), change)
