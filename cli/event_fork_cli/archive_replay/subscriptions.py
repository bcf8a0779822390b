"""What an SNS subscription lets through, and in which form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from event_fork.filter_policy import MESSAGE_ATTRIBUTES
from event_fork.replay_plan.json_values import json_object, parse_json
from event_fork_cli.errors import BadInputError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


_POLICY = "the subscription's FilterPolicy"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Filter policy (None: everything), its scope, raw delivery or not, and the endpoint (an ARN for a queue)."""

    arn: str
    filter_policy: dict[str, Any] | None
    filter_policy_scope: str
    raw: bool
    endpoint: str


def subscription(sns: SNSClient, arn: str) -> Subscription:
    """The subscription of that ARN; raises BadInputError when there is none."""
    try:
        attributes = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    except (sns.exceptions.NotFoundException, sns.exceptions.InvalidParameterException) as error:
        raise BadInputError(
            "--like-subscription",
            "must be the ARN of an SNS subscription that exists",
            example="--like-subscription arn:aws:sns:eu-west-1:000000000000:orders:6b0e71bd-...",
            received=arn,
        ) from error
    policy = attributes.get("FilterPolicy")
    return Subscription(
        arn=arn,
        filter_policy=dict(json_object(parse_json(policy, _POLICY), _POLICY)) if policy else None,
        filter_policy_scope=attributes.get("FilterPolicyScope") or MESSAGE_ATTRIBUTES,
        raw=attributes.get("RawMessageDelivery") == "true",
        endpoint=attributes.get("Endpoint", ""),
    )


def subscription_of(sns: SNSClient, topic_arn: str, endpoint: str) -> Subscription | None:
    """The topic's subscription that feeds a queue or a stream, if there is one."""
    try:
        for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn):
            for entry in page["Subscriptions"]:
                if entry.get("Endpoint") == endpoint and entry.get("SubscriptionArn", "").startswith("arn:"):
                    return subscription(sns, entry["SubscriptionArn"])
    except (
        sns.exceptions.NotFoundException,
        sns.exceptions.AuthorizationErrorException,
        sns.exceptions.InvalidParameterException,
    ):
        # The topic may be gone, another account's, or made up by whoever wrote a line of the archive.
        return None
    return None
