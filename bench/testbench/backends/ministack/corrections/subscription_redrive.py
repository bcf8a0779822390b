"""A subscription's RedrivePolicy: what cannot be delivered goes to its dead-letter queue.

MiniStack 1.5.33 stores the policy and loses the message, and puts one of any size into a queue. On AWS a client error
is not retried: the queue is deleted, its policy or its key denies the delivery, the message with its envelope is
larger than the queue takes, a raw delivery has more than 10 attributes. The message then goes to the dead-letter queue
at once, in the shape that the endpoint would have got.
https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks, keys, metrics, queue_messages


def dead_letter_queues(subscriptions: Iterable[Mapping[str, Any]], endpoint: str) -> list[str]:
    """ARNs of the dead-letter queues of the subscriptions to that queue."""
    found = []
    for subscription in subscriptions:
        if subscription.get("protocol") == "sqs" and subscription.get("endpoint") == endpoint:
            policy = json.loads(subscription.get("attributes", {}).get("RedrivePolicy") or "{}")
            if target := policy.get("deadLetterTargetArn"):
                found.append(str(target))
    return found


def apply() -> None:
    """Look at the queue before the emulator delivers to it."""
    topics, queues = hooks.service("sns"), hooks.service("sqs")
    account = hooks.core("responses").get_account_id

    def deliverable(queue_arn: str, topic_arn: str, body: str, attributes: Mapping[str, Any]) -> bool:
        queue = queues._queue_by_arn(queue_arn)
        if queue is None or not queue_messages.takes(queue, body, attributes):
            return False
        allowed = queues.queue_policy_allows(queue_arn, "sns.amazonaws.com", topic_arn, account())
        return bool(allowed) and keys.topic_may_send(topic_arn, queue_arn)

    def deliver(
        original: Callable[..., Any], endpoint: str, envelope: str, raw: bool, message: str, **named: Any
    ) -> None:
        topic_arn = named.get("topic_arn", "")
        body, attributes = (message, named.get("message_attributes") or {}) if raw else (envelope, {})
        if deliverable(endpoint, topic_arn, body, attributes):
            original(endpoint, envelope, raw, message, **named)
            metrics.of_topic(topic_arn, "NumberOfNotificationsDelivered")
            return
        metrics.of_topic(topic_arn, "NumberOfNotificationsFailed")
        topic = topics._topic_by_arn_any_scope(topic_arn) or {}
        targets = dead_letter_queues(topic.get("subscriptions", []), endpoint)
        for target in targets[:1]:
            if deliverable(target, topic_arn, body, attributes):
                original(target, envelope, raw, message, **named)
                metrics.of_topic(topic_arn, "NumberOfNotificationsRedrivenToDlq")
                return
            metrics.of_topic(topic_arn, "NumberOfNotificationsFailedToRedriveToDlq")
        topics.logger.warning(
            "a message of %s for %s is lost: neither that nor a dead-letter queue takes it", topic_arn, endpoint
        )

    hooks.expected(queues, "_queue_by_arn", "arn")
    hooks.expected(queues, "queue_policy_allows", "queue_arn", "service", "source_arn", "source_account")
    hooks.expected(topics, "_topic_by_arn_any_scope", "topic_arn")
    plain = ("endpoint", "envelope", "raw", "raw_message", "message_group_id", "message_dedup_id")
    hooks.wrap(topics, "_deliver_to_sqs", (*plain, "message_attributes", "topic_arn"), deliver)
