"""The Timestamp of an SNS notification: the time it was published, the same for all subscriptions.

LocalStack 2026.3.0 takes the time anew for each subscription. It is in what is signed, so it is given, not changed.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html: "The time (GMT) when the notification was
published."
"""

import importlib
import threading
from collections.abc import Callable
from typing import Any

from testbench.backends import hooks


class _Writing(threading.local):
    published: str | None = None


def apply() -> None:
    """Keep the time of the first envelope with the message, which is one object for all subscriptions."""
    publisher = importlib.import_module("localstack.services.sns.publisher")
    now: Callable[[], str] = hooks.expected(publisher, "timestamp_millis", "time")
    models = importlib.import_module("localstack.services.sns.models")
    writing = _Writing()

    def made(original: Callable[..., None], message: Any) -> None:
        original(message)
        message.published = now()

    def body(original: Callable[..., str], message_context: Any, *given: Any, **named: Any) -> str:
        writing.published = message_context.published
        try:
            return original(message_context, *given, **named)
        finally:
            writing.published = None

    hooks.wrap(models.SnsMessage, "__post_init__", ("self",), made)
    hooks.wrap(publisher, "create_sns_message_body", ("message_context", "subscriber", "topic_attributes"), body)
    hooks.wrap(publisher, "timestamp_millis", ("time",), lambda original, *given: writing.published or original(*given))
