"""What an SNS notification says of its publishing: the time, with milliseconds, the same for all subscriptions.

MiniStack 1.5.33 takes the time anew for each subscription, in whole seconds, so the same event gets different times.
Notifications of FIFO topics have a SequenceNumber and no signature, as AWS was seen to write them (recorded by
LocalStack's tests); the emulator signs them and leaves the number out.
https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html: "The time (GMT) when the notification was
published."
"""

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from testbench.backends.ministack.corrections import hooks

SIGNATURE = frozenset({"SignatureVersion", "Signature", "SigningCertURL"})


class _Publishing(threading.local):
    timestamp: str = ""
    sequence: str = ""


def timestamp(when: datetime) -> str:
    """As SNS writes it: 2012-05-02T00:54:06.655Z."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def completed(envelope: Mapping[str, Any], when: str, sequence: str) -> dict[str, Any]:
    """The envelope with its time, and as one of a FIFO topic when there is a sequence number."""
    if not sequence:
        return {**envelope, "Timestamp": when}
    unsigned = {name: value for name, value in envelope.items() if name not in SIGNATURE}
    first = {name: unsigned.pop(name) for name in ("Type", "MessageId")}
    return {**first, "SequenceNumber": sequence, **unsigned, "Timestamp": when}


def apply() -> None:
    """Take the time where the fan-out begins."""
    topics = hooks.service("sns")
    publishing = _Publishing()

    def fan_out(original: Callable[..., None], topic_arn: str, *given: Any, **named: Any) -> None:
        publishing.timestamp = timestamp(datetime.now(UTC))
        known = (topics._topic_by_arn_any_scope(topic_arn) or {}).get("dedup_cache", {})
        publishing.sequence = known.get(named.get("message_dedup_id"), {}).get("sequence_number", "")
        original(topic_arn, *given, **named)

    def envelope(original: Callable[..., str], *given: Any) -> str:
        made = original(*given)
        *_, raw = given
        return made if raw else json.dumps(completed(json.loads(made), publishing.timestamp, publishing.sequence))

    plain = ("topic_arn", "msg_id", "message", "subject", "message_structure", "message_attributes")
    hooks.wrap(topics, "_fanout", (*plain, "message_group_id", "message_dedup_id"), fan_out)
    parameters = ("topic_arn", "msg_id", "message", "subject", "message_attributes", "raw")
    hooks.wrap(topics, "_build_envelope", parameters, envelope)
