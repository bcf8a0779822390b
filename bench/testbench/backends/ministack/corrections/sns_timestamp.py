"""The Timestamp of an SNS notification: the time it was published, with milliseconds, the same for all subscriptions.

MiniStack 1.5.33 takes the time anew for each subscription, in whole seconds, so the same event gets different times.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html: "The time (GMT) when the notification was
published."
"""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from testbench.backends.ministack.corrections import hooks


class _Publishing(threading.local):
    timestamp: str = ""


def timestamp(when: datetime) -> str:
    """As SNS writes it: 2012-05-02T00:54:06.655Z."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def apply() -> None:
    """Take the time where the fan-out begins."""
    topics = hooks.service("sns")
    publishing = _Publishing()

    def fan_out(original: Callable[..., None], *given: Any, **named: Any) -> None:
        publishing.timestamp = timestamp(datetime.now(UTC))
        original(*given, **named)

    def envelope(original: Callable[..., str], *given: Any) -> str:
        made = original(*given)
        *_, raw = given
        return made if raw else json.dumps({**json.loads(made), "Timestamp": publishing.timestamp})

    plain = ("topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes")
    hooks.wrap(topics, "_fanout", (*plain, "message_group_id", "message_dedup_id"), fan_out)
    parameters = ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw")
    hooks.wrap(topics, "_build_envelope", parameters, envelope)
