"""What SNS refuses when a topic is made or changed, and MiniStack 1.5.33 accepts: names, attributes, message sizes.

https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
https://docs.aws.amazon.com/sns/latest/dg/large-message-payloads.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count, takewhile
from typing import Any

from testbench.backends.ministack.corrections import hooks

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
SMALLEST, DEFAULT, LARGEST = 1024, 256 * 1024, 1024 * 1024
LARGE_PROTOCOLS = {"sqs", "lambda", "firehose"}
LARGE_SUBSCRIPTIONS = 100


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


def problem(name: str, value: str) -> str | None:
    """What is wrong with an attribute, None when SNS takes it."""
    if name not in ATTRIBUTES:
        return "AttributeName"
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
        for key, value in asked.items():
            if wrong := problem(key, value):
                return refused(f"Attributes Reason: {wrong}")
        arn = f"arn:aws:sns:{responses.get_region()}:{responses.get_account_id()}:{name}"
        present = (topics._topics.get(arn) or {}).get("attributes")
        if present and any(value and present.get(key, "") != value for key, value in asked.items()):
            return refused("Attributes Reason: Topic already exists with different attributes")
        return original(params)

    def change(original: Callable[..., Any], params: Any) -> Any:
        name, value = topics._p(params, "AttributeName"), topics._p(params, "AttributeValue")
        wrong = problem(name, value) if value or name not in ATTRIBUTES else None
        if not wrong and name == "MaximumMessageSize":
            topic, error = topics._get_topic(topics._p(params, "TopicArn"), "sns:SetTopicAttributes")
            if error is not None:
                return error
            wrong = large_messages(value, [present["protocol"] for present in topic["subscriptions"]])
        return refused(wrong) if wrong else original(params)

    hooks.wrap(topics, "_create_topic", ("params",), create)
    hooks.wrap(topics, "_set_topic_attributes", ("params",), change)
