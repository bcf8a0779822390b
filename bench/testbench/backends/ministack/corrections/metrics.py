"""CloudWatch metrics of topics and queues.

MiniStack 1.5.33 has those of functions only. On AWS SQS measures each minute; here a queue is measured each second and
written when it changed, at least each half minute, so that tests need not wait.
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks, sns_messages

log = logging.getLogger("cloudwatch")
LOOK_SECONDS = 1.0
WRITE_SECONDS = 30.0
AGE_STEP = 5
"""The age of the oldest message is written anew when it has grown by so many seconds."""


_writing = threading.Lock()


def of_topic(topic_arn: str, name: str, value: float = 1, unit: str = "Count") -> None:
    """Write a metric of the topic."""
    _write("AWS/SNS", name, value, unit, {"TopicName": topic_arn.rpartition(":")[2]})


def of_queue(queue: Mapping[str, Any], name: str, value: float = 1, unit: str = "Count") -> None:
    """Write a metric of the queue."""
    _write("AWS/SQS", name, value, unit, {"QueueName": queue["name"]})


def _write(namespace: str, name: str, value: float, unit: str, dimensions: dict[str, str]) -> None:
    """Add to the statistic set of the present second: one for each message would fill the memory."""
    watch, now = hooks.service("cloudwatch"), time.time()
    with _writing:
        points = watch._metric_bucket((namespace, name, watch._dims_key(dimensions)))
        if not points or int(points[-1]["Timestamp"]) != int(now):
            empty = {"SampleCount": 0, "Sum": 0.0, "Minimum": value, "Maximum": value}
            points.append({"Timestamp": now, "Unit": unit, "Dimensions": dimensions, "Value": value, "_stat": empty})
        found = points[-1]["_stat"]
        found["SampleCount"] += 1
        found["Sum"] += value
        found["Minimum"], found["Maximum"] = min(found["Minimum"], value), max(found["Maximum"], value)


def gauges(queue: Mapping[str, Any], now: float) -> dict[str, int]:
    """What SQS measures of a queue at a moment."""
    waiting = [message for message in queue["messages"] if message["visible_at"] <= now]
    received = [message for message in queue["messages"] if message["visible_at"] > now and message["receive_count"]]
    oldest = min((message["sent_at"] for message in queue["messages"]), default=now)
    return {
        "ApproximateNumberOfMessagesVisible": len(waiting),
        "ApproximateNumberOfMessagesNotVisible": len(received),
        "ApproximateNumberOfMessagesDelayed": len(queue["messages"]) - len(waiting) - len(received),
        "ApproximateAgeOfOldestMessage": int(now - oldest) // AGE_STEP * AGE_STEP,
    }


class Gauges:
    """What was last written of each queue, and when."""

    def __init__(self) -> None:
        self._written: dict[str, tuple[float, dict[str, int]]] = {}

    def due(self, arn: str, found: dict[str, int], now: float) -> bool:
        """Whether it is to be written; then it counts as written."""
        when, before = self._written.get(arn, (0.0, {}))
        due = found != before or now - when >= WRITE_SECONDS
        if due:
            self._written[arn] = (now, found)
        return due


def apply() -> None:
    """Count what topics and queues do, and look at the queues."""
    topics, queues, responses = hooks.service("sns"), hooks.service("sqs"), hooks.core("responses")
    written = Gauges()

    def publish(
        original: Callable[..., None], topic_arn: str, msg_id: str, message: str, *given: Any, **named: Any
    ) -> None:
        of_topic(topic_arn, "NumberOfMessagesPublished")
        attributes = given[2] if len(given) > 2 else named.get("message_attributes") or {}
        of_topic(topic_arn, "PublishSize", sns_messages.size(message, attributes or {}), "Bytes")
        original(topic_arn, msg_id, message, *given, **named)

    def filtered(original: Callable[..., bool], subscription: dict[str, Any], *given: Any) -> bool:
        matches = original(subscription, *given)
        if not matches:
            scope = subscription["attributes"].get("FilterPolicyScope") or "MessageAttributes"
            for name in ("", f"-{scope}"):
                of_topic(subscription["topic_arn"], f"NumberOfNotificationsFilteredOut{name}")
        return matches

    def to_function(original: Callable[..., None], endpoint: str, envelope: str, topic_arn: str, *given: Any) -> None:
        found, _, _ = hooks.service("lambda_svc")._get_func_record_for_ref(endpoint)
        of_topic(topic_arn, f"NumberOfNotifications{'Delivered' if found else 'Failed'}")
        original(endpoint, envelope, topic_arn, *given)

    def sent(queue: Mapping[str, Any], body: str, attributes: Mapping[str, Any]) -> None:
        of_queue(queue, "NumberOfMessagesSent")
        of_queue(queue, "SentMessageSize", sns_messages.size(body, attributes), "Bytes")

    def send(original: Callable[..., Any], data: dict[str, Any], url: str) -> Any:
        answer = original(data, url)
        sent(queues._get_q(data.get("QueueUrl", url)), data["MessageBody"], data.get("MessageAttributes") or {})
        return answer

    def deliver(
        original: Callable[..., None], endpoint: str, envelope: str, raw: bool, message: str, **named: Any
    ) -> None:
        original(endpoint, envelope, raw, message, **named)
        if queue := queues._queue_by_arn(endpoint):
            sent(queue, message if raw else envelope, (named.get("message_attributes") or {}) if raw else {})

    def collect(original: Callable[..., list[Any]], queue: dict[str, Any], *given: Any) -> list[Any]:
        found = original(queue, *given)
        if found:  # a poller's empty receives, many in a second, are not counted
            of_queue(queue, "NumberOfMessagesReceived", len(found))
        return found

    def deleting(original: Callable[..., Any], *given: Any) -> Any:
        """The first argument is the queue's URL, or a request that has it."""
        url = given[0] if isinstance(given[0], str) else given[0].get("QueueUrl") or given[1]
        queue = queues._get_q(url)
        before = len(queue["messages"])
        answer = original(*given)
        if gone := before - len(queue["messages"]):
            of_queue(queue, "NumberOfMessagesDeleted", gone)
        return answer

    def look() -> None:
        now = time.time()
        for (account, region, _), queue in list(queues._queues._data.items()):
            found = gauges(queue, now)
            if written.due(queue["attributes"]["QueueArn"], found, now):
                with responses.request_scope(account, region):
                    for name, value in found.items():
                        of_queue(queue, name, value, "Seconds" if name.startswith("ApproximateAge") else "Count")

    every(LOOK_SECONDS, look)
    fan_out = ("topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes")
    hooks.wrap(topics, "_fanout", (*fan_out, "message_group_id", "message_dedup_id"), publish)
    hooks.wrap(topics, "_matches_filter_policy", ("sub", "message_attributes", "message"), filtered)
    to_lambda = ("endpoint", "envelope", "topic_arn", "sub_arn", "msg_id", "raw_message", "message_attributes")
    hooks.wrap(topics, "_deliver_to_lambda", to_lambda, to_function)
    plain = ("endpoint", "envelope", "raw", "raw_message", "message_group_id", "message_dedup_id")
    hooks.wrap(topics, "_deliver_to_sqs", (*plain, "message_attributes", "topic_arn"), deliver)
    hooks.wrap(queues, "_act_send_message", ("data", "qurl"), send, queues._HANDLERS)
    hooks.wrap(queues, "_collect_msgs", ("q", "max_n", "vis_timeout"), collect)
    for name in ("_act_delete_message", "_act_delete_message_batch"):
        hooks.wrap(queues, name, ("data", "qurl"), deleting, queues._HANDLERS)
    hooks.wrap(queues, "_delete_messages_for_esm", ("queue_url", "receipt_handles"), deleting)
    for name, parameter in (("_metric_bucket", "key"), ("_dims_key", "dims"), ("_point_stats", "pt")):
        hooks.expected(hooks.service("cloudwatch"), name, parameter)


def every(seconds: float, do: Callable[[], None]) -> None:
    """Do that again and again, as long as the emulator runs."""

    def run() -> None:
        while True:
            time.sleep(seconds)
            try:
                do()
            except Exception:
                log.exception("looking at queues or alarms failed")

    threading.Thread(target=run, daemon=True, name="metrics").start()
