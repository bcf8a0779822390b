"""Calls and billed bytes of packed and of compressed forwarding against one put_record per message.

    python benchmarks/forward_calls.py [--messages N]

The original suite calls PutRecord once for each message. This counts what each way would send to Data Firehose for the
same archive lines: API calls, records, and bytes as Firehose bills them, each record rounded up to the next 5 KB
(https://aws.amazon.com/data-firehose/pricing/). Ours runs for real, against a stream that counts; nothing is estimated.
The messages are orders that differ in every value: ids, times, names, amounts, notes, and lines from 2,000 products.
"""

import argparse
import json
import math
import random
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lambdas"))

from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.messages import OutgoingMessage, ReceivedMessage
from event_fork.forward.forwarding import Forwarder, Pack
from event_fork.sending.backoff import Deadline
from event_fork.sending.packing import Record, pack, pack_compressed
from event_fork.sending.ports import EntryFailure

BILLING_STEP_BYTES = 5 * 1024
STREAM_BYTES_PER_SECOND = 5 * 1024 * 1024
"""Quota of direct put in us-east-1, us-west-2 and eu-west-1: https://docs.aws.amazon.com/firehose/latest/dev/limits.html"""
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
    bytes: int = 0

    def add(self, record_bytes: int) -> None:
        """Count one record."""
        self.records += 1
        self.bytes += record_bytes
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
    """SNS notifications whose published order has about `size` bytes, half to one and a half times as many."""
    choice = random.Random(SEED + size)  # noqa: S311 sample data, the same in every run
    words = ["".join(choice.choices("etaoinshrdlucmfwypvbgk", k=choice.randint(2, 11))) for _ in range(5_000)]
    catalog = [
        {"sku": f"{choice.getrandbits(32):08x}", "name": " ".join(choice.choices(words, k=4))} for _ in range(2_000)
    ]
    messages = []
    for number in range(count):
        hour, minute, second = choice.randrange(24), choice.randrange(60), choice.uniform(0, 59)
        order: dict[str, Any] = {
            "order_id": f"o-{choice.getrandbits(48):012x}",
            "customer": " ".join(choice.choices(words, k=2)),
            "amount": choice.randint(100, 99_999) / 100,
            "placed_at": f"2026-11-23T{hour:02}:{minute:02}:{second:06.3f}Z",
        }
        missing = choice.randint(size // 2, size + size // 2) - len(json.dumps(order)) - 60
        while missing > 0:
            line = {
                **choice.choice(catalog),
                "quantity": choice.randint(1, 9),
                "price": choice.randint(99, 9_999) / 100,
            }
            line["note"] = " ".join(choice.choices(words, k=choice.randrange(4)))
            order.setdefault("lines", []).append(line)
            missing -= len(json.dumps(line)) + 2
        envelope = {
            "Type": "Notification",
            "MessageId": str(uuid.UUID(int=choice.getrandbits(128))),
            "TopicArn": "arn:aws:sns:eu-west-1:000000000000:CheckoutEventsTopic",
            "Message": json.dumps(order),
            "Timestamp": order["placed_at"],
            "MessageAttributes": {"event_type": {"Type": "String", "Value": "order.placed"}},
        }
        messages.append(ReceivedMessage(str(number), json.dumps(envelope)))
    return messages


def forwarded(messages: Sequence[ReceivedMessage], pack: Pack) -> Count:
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
    print("message bytes | way        |  calls | records | billed KB | fewer calls | fewer bytes | events/s a stream")
    for size in MESSAGE_SIZES:
        messages = messages_of(size, total)
        theirs = one_by_one(messages)
        ways = {"one by one": theirs, "packed": forwarded(messages, pack)}
        ways["compressed"] = forwarded(messages, pack_compressed)
        for way, ours in ways.items():
            print(
                f"{size:13} | {way:10} | {ours.calls:6} | {ours.records:7} | {ours.billed_bytes // 1024:9} "
                f"| {theirs.calls / ours.calls:10.1f}x | {theirs.billed_bytes / ours.billed_bytes:10.1f}x "
                f"| {STREAM_BYTES_PER_SECOND * total // ours.bytes:17}"
            )


if __name__ == "__main__":
    main()
