"""What SNS refuses when a subscription is made or changed, and MiniStack 1.5.33 accepts.

Filter policies, their scope, redrive policies, raw delivery, and a second Subscribe with other attributes. Messages:
as SNS answered when LocalStack's tests were recorded against it; where they are not known, the rule.
https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html
"""

import json
import re
from collections.abc import Callable, Mapping
from itertools import count, takewhile
from typing import Any

from testbench import filter_policies
from testbench.backends.ministack.corrections import hooks, topic_settings

PROTOCOLS = {"http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose"}
RAW = {"http", "https", "sqs", "firehose"}
NAMES = {
    "DeliveryPolicy",
    "FilterPolicy",
    "FilterPolicyScope",
    "RawMessageDelivery",
    "RedrivePolicy",
    "SubscriptionRoleArn",
    "ReplayPolicy",
}
ENDPOINTS = {
    "http": re.compile(r"http://\S+"),
    "https": re.compile(r"https://\S+"),
    "email": re.compile(r"[^@\s]+@[^@\s]+"),
    "email-json": re.compile(r"[^@\s]+@[^@\s]+"),
    "sms": re.compile(r"\+?[\d -]{5,20}"),
    "application": re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:endpoint/\S+"),
}
SCOPE = filter_policies.SCOPES[0]


def problem(name: str, value: str, protocol: str, scope: str = SCOPE) -> str | None:
    """What is wrong with an attribute's value, None when SNS takes it. An empty one clears the attribute."""
    if name not in NAMES:
        return "AttributeName"
    if not value and name != "RawMessageDelivery":
        return None
    if name == "FilterPolicy":
        return filter_policies.problem(value, scope)
    if name == "FilterPolicyScope" and value not in filter_policies.SCOPES:
        return f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or MessageAttributes"
    if name == "RawMessageDelivery":
        if value.lower() not in ("true", "false"):
            return f"RawMessageDelivery: Invalid value [{value}]. Must be true or false."
        if value.lower() == "true" and protocol not in RAW:
            return f"RawMessageDelivery: Delivery protocol [{protocol}] does not support raw message delivery."
    if name == "SubscriptionRoleArn" and not topic_settings.ROLE.fullmatch(value):
        return f"SubscriptionRoleArn: {value} is no ARN of a role"
    if name == "DeliveryPolicy" and not topic_settings.is_object(value):
        return "DeliveryPolicy: failed to parse JSON."
    return _redrive_policy(value) if name == "RedrivePolicy" else None


def endpoint_problem(protocol: str, endpoint: str, *, fifo: bool) -> str | None:
    """What is wrong with where a subscription leads, None when SNS takes it. `fifo`: that of a FIFO topic."""
    if fifo and protocol != "sqs":
        return f"Invalid protocol type: {protocol}"
    if not fifo and protocol == "sqs" and endpoint.endswith(".fifo"):
        return "Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"
    if protocol in ENDPOINTS and not ENDPOINTS[protocol].fullmatch(endpoint):
        return f"Endpoint Reason: {endpoint} does not match the protocol {protocol}"
    return None


def _redrive_policy(value: str) -> str | None:
    try:
        target = json.loads(value)["deadLetterTargetArn"]
    except ValueError:
        return "RedrivePolicy: failed to parse JSON."
    except (KeyError, TypeError, IndexError):
        target = None
    arn = target.split(":") if isinstance(target, str) else []
    if len(arn) != 6 or arn[0] != "arn" or arn[2] != "sqs" or not all(arn):
        return "RedrivePolicy: deadLetterTargetArn is an invalid arn"
    responses = hooks.core("responses")
    if arn[3:5] != [responses.get_region(), responses.get_account_id()]:
        return "RedrivePolicy: deadLetterTargetArn must be in the region and the account of the subscription"
    return None


def differing(asked: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Attributes of a second Subscribe that differ from those of the subscription that is there."""
    return [name for name, value in asked.items() if value and present.get(name, "") != value]


def apply() -> None:
    """Check before the emulator does what is asked."""
    topics = hooks.service("sns")

    def refused(reason: str) -> Any:
        return topics._error("InvalidParameter", f"Invalid parameter: {reason}", 400)

    def subscribe(original: Callable[..., Any], params: Any) -> Any:
        topic, error = topics._get_topic(topics._p(params, "TopicArn"), "sns:Subscribe")
        if error is not None:
            return error
        protocol, endpoint = topics._p(params, "Protocol"), topics._p(params, "Endpoint")
        if protocol not in PROTOCOLS:
            return refused(f"Amazon SNS does not support this protocol string: {protocol}")
        fifo = topics._is_fifo_topic(topic)
        if wrong := endpoint_problem(protocol, endpoint, fifo=fifo):
            return refused(wrong)
        names = takewhile(bool, (topics._p(params, f"Attributes.entry.{number}.key") for number in count(1)))
        asked = {
            name: topics._p(params, f"Attributes.entry.{number}.value") for number, name in enumerate(names, start=1)
        }
        for name, value in asked.items():
            if wrong := problem(name, value, protocol, asked.get("FilterPolicyScope") or SCOPE):
                return refused(f"Attributes Reason: {wrong}")
        if asked.get("ReplayPolicy") and not fifo:
            return refused("Attributes Reason: ReplayPolicy is supported by FIFO topics only")
        if protocol == "firehose" and not asked.get("SubscriptionRoleArn"):
            return refused("Attributes Reason: SubscriptionRoleArn is required for the protocol firehose")
        for present in topic["subscriptions"]:
            if (present["protocol"], present["endpoint"]) == (protocol, endpoint):
                if differing(asked, present["attributes"]):
                    return refused("Attributes Reason: Subscription already exists with different attributes")
                return original(params)
        if wrong := topic_settings.large_messages(
            topic["attributes"].get("MaximumMessageSize", ""),
            [*(present["protocol"] for present in topic["subscriptions"]), protocol],
        ):
            return refused(wrong)
        return original(params)

    def change(original: Callable[..., Any], params: Any) -> Any:
        arn = topics._p(params, "SubscriptionArn")
        found = topics._find_subscription(topics._sub_arn_to_topic.get(arn), arn)
        if found is not None:
            name, value = topics._p(params, "AttributeName"), topics._p(params, "AttributeValue")
            scope = found["attributes"].get("FilterPolicyScope") or SCOPE
            if wrong := problem(name, value, found["protocol"], scope):
                return refused(wrong)
        return original(params)

    hooks.expected(topics, "_error", "code", "message", "status")
    hooks.expected(topics, "_get_topic", "topic_arn", "action")
    hooks.expected(topics, "_find_subscription", "topic_arn", "sub_arn")
    hooks.wrap(topics, "_subscribe", ("params",), subscribe)
    hooks.wrap(topics, "_set_subscription_attributes", ("params",), change)
