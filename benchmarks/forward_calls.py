"""Calls and billed bytes of packed forwarding against one put_record per message, on the same messages.

    python benchmarks/forward_calls.py [--messages N]

The original suite calls PutRecord once for each message. This counts what both ways would send to Data Firehose for the
same archive lines: API calls, records, and bytes as Firehose bills them, each record rounded up to the next 5 KB
(https://aws.amazon.com/data-firehose/pricing/). Ours runs for real, against a stream that counts; nothing is estimated.
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas"))

from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.messages import OutgoingMessage, ReceivedMessage
from event_fork.forward.forwarding import Forwarder
from event_fork.sending.backoff import Deadline
from event_fork.sending.packing import Record, pack
from event_fork.sending.ports import EntryFailure

BILLING_STEP_BYTES = 5 * 1024
BATCH_SIZE = 1_000
MESSAGE_SIZES = (200, 1_000, 4_000, 20_000)
SEED = 20261123
INVOCATION_MS = 60_000


@dataclass
class Count:
    """What Data Firehose got."""

    calls: int = 0
    records: int = 0
    billed_bytes: int = 0

    def add(self, record_bytes: int) -> None:
        """Count one record."""
        self.records += 1
        self.billed_bytes += math.ceil(record_bytes / BILLING_STEP_BYTES) * BILLING_STEP_BYTES


class CountingStream:
    """A stream that takes everything and counts it."""

    def __init__(self) -> None:
        self.count = Count()

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        """See RecordStream.put."""
        self.count.calls += 1
        for record in records:
            self.count.add(len(record.data))
        return {}


class NoDeadLetters:
    """A dead-letter queue that must stay empty: every message of the benchmark is a good one."""

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """See MessageQueue.send."""
        raise AssertionError(f"{len(messages)} messages were dead-lettered")


def messages_of(size: int, count: int) -> list[ReceivedMessage]:
    """SNS notifications whose published message has about `size` bytes, half to one and a half times as many."""
    choice = random.Random(SEED + size)  # noqa: S311 sample data, the same in every run
    messages = []
    for number in range(count):
        text = "x" * choice.randint(size // 2, size + size // 2)
        envelope = {
            "Type": "Notification",
            "MessageId": f"{choice.getrandbits(128):032x}",
            "TopicArn": "arn:aws:sns:eu-west-1:000000000000:CheckoutEventsTopic",
            "Message": json.dumps({"text": text}),
            "Timestamp": "2026-11-23T09:30:00.123Z",
            "MessageAttributes": {"event_type": {"Type": "String", "Value": "OrderPlaced"}},
        }
        messages.append(ReceivedMessage(str(number), json.dumps(envelope)))
    return messages


def packed(messages: Sequence[ReceivedMessage]) -> Count:
    """Our way: batches of 1,000 messages through the storage function's domain."""
    stream = CountingStream()
    forwarder = Forwarder(StoredEvent.to_line, pack, stream, NoDeadLetters())
    for start in range(0, len(messages), BATCH_SIZE):
        batch = messages[start : start + BATCH_SIZE]
        outcome = forwarder.run(batch, Deadline.in_milliseconds(INVOCATION_MS))
        if len(outcome.delivered) != len(batch):
            raise AssertionError(f"only {len(outcome.delivered)} of {len(batch)} messages were delivered")
    return stream.count


def one_by_one(messages: Sequence[ReceivedMessage]) -> Count:
    """The original's way: PutRecord for each message."""
    count = Count()
    for message in messages:
        count.calls += 1
        count.add(len(parse(message.body).to_line()))
    return count


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--messages", type=int, default=10_000, help="messages per size (default 10000)")
    total = parser.parse_args().messages
    print(f"{total} messages per row, batches of {BATCH_SIZE}")
    print("message bytes | calls: one by one, packed, ratio | billed KB: one by one, packed, ratio")
    for size in MESSAGE_SIZES:
        messages = messages_of(size, total)
        theirs, ours = one_by_one(messages), packed(messages)
        print(
            f"{size:13} | {theirs.calls:6} {ours.calls:6} {theirs.calls / ours.calls:8.1f}x "
            f"| {theirs.billed_bytes // 1024:8} {ours.billed_bytes // 1024:8} "
            f"{theirs.billed_bytes / ours.billed_bytes:6.1f}x"
        )


if __name__ == "__main__":
    main()
