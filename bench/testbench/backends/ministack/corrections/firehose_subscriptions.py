"""SNS writes to a delivery stream itself: subscriptions of the protocol firehose.

MiniStack 1.5.33 accepts them and delivers nothing. On AWS SNS puts the envelope, without its signature, as one line;
with raw delivery the message as it is, without a line feed. It does so under the subscription's role. What the stream
does not take goes to the subscription's dead-letter queue: a client error at once, others after 23 days, here after a
few attempts.
https://docs.aws.amazon.com/sns/latest/dg/sns-firehose-as-subscriber.html
https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
"""

import base64
import contextvars
import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks, metrics, sns_timestamp

NEEDED = ("firehose:PutRecordBatch",)
ATTEMPTS = 5


class _Publishing(threading.local):
    """What is published just now: the subscription that is looked at, and what is to be delivered to streams."""

    subscription: Mapping[str, Any] | None = None
    deliveries: list[tuple[Mapping[str, Any], str]] = []  # noqa: RUF012 a new one for each publish


class RefusedError(Exception):
    """The stream does not take the record, and will not."""


def line(envelope: str) -> bytes:
    """The record that SNS makes of an envelope."""
    members = {name: value for name, value in json.loads(envelope).items() if name not in sns_timestamp.SIGNATURE}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass") + b"\n"


def put(stream_arn: str, data: bytes) -> None:
    """One record. Raises RefusedError, OSError."""
    region, name = stream_arn.split(":")[3], stream_arn.rpartition("/")[2]
    body = {"DeliveryStreamName": name, "Records": [{"Data": base64.b64encode(data).decode()}]}
    credential = f"{os.environ['AWS_ACCESS_KEY_ID']}/20260101/{region}/firehose/aws4_request"
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "Firehose_20150804.PutRecordBatch",
    }
    request = urllib.request.Request(  # noqa: S310 the bench's own address
        os.environ["AWS_ENDPOINT_URL_FIREHOSE"], json.dumps(body).encode(), headers
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 likewise
            failed = json.load(answer)["FailedPutCount"]
    except urllib.error.HTTPError as error:
        if error.code < 500:
            raise RefusedError(str(error)) from error
        raise
    if failed:
        raise OSError("the stream is throttled")


def apply() -> None:
    """Deliver after the emulator has delivered to the others; without a local Data Firehose there is nothing to do."""
    topics = hooks.service("sns")
    workers = ThreadPoolExecutor(4, "sns-to-firehose")
    publishing = _Publishing()

    def deliver(subscription: Mapping[str, Any], body: str) -> None:
        attributes, stream, topic_arn = (subscription[name] for name in ("attributes", "endpoint", "topic_arn"))
        raw = attributes.get("RawMessageDelivery") == "true"
        data = body.encode(errors="surrogatepass") if raw else line(body)
        for attempt in range(ATTEMPTS):
            try:
                if action := authorisation.denied(attributes["SubscriptionRoleArn"], NEEDED, stream):
                    raise RefusedError(f"the subscription's role may not {action}")
                put(stream, data)
                metrics.of_topic(topic_arn, "NumberOfNotificationsDelivered")
                return
            except RefusedError as error:
                topics.logger.warning("SNS to %s: %s", stream, error)
                break
            except OSError as error:
                topics.logger.warning("SNS to %s: %s", stream, error)
                time.sleep(2**attempt / 10)
        metrics.of_topic(topic_arn, "NumberOfNotificationsFailed")
        target = json.loads(attributes.get("RedrivePolicy") or "{}").get("deadLetterTargetArn")
        if target:
            topics._deliver_to_sqs(target, body, raw, body, topic_arn=topic_arn)

    def fan_out(original: Callable[..., None], *given: Any, **named: Any) -> None:
        publishing.deliveries = []
        original(*given, **named)
        for subscription, body in publishing.deliveries:
            workers.submit(contextvars.copy_context().run, deliver, subscription, body)

    def matches(original: Callable[..., bool], subscription: Mapping[str, Any], *given: Any) -> bool:
        found = original(subscription, *given)
        publishing.subscription = subscription if found and subscription.get("protocol") == "firehose" else None
        return found

    def envelope(original: Callable[..., str], *given: Any) -> str:
        """The emulator makes one for each subscription, right after it has asked whether the policy matches."""
        made = original(*given)
        if publishing.subscription is not None:
            publishing.deliveries.append((publishing.subscription, made))
        return made

    if os.environ.get("AWS_ENDPOINT_URL_FIREHOSE"):
        plain = ("topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes")
        hooks.wrap(topics, "_fanout", (*plain, "message_group_id", "message_dedup_id"), fan_out)
        hooks.wrap(topics, "_matches_filter_policy", ("sub", "message_attributes", "message"), matches)
        parameters = ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw")
        hooks.wrap(topics, "_build_envelope", parameters, envelope)
