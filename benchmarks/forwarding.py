"""What each way of forwarding and replaying asks of AWS, counted: the original suite's, and this project's.

The original calls PutRecord or SendMessage once for each message, in batches of 10, and gives the whole batch back when
one of them fails. Ours runs for real, against a stream and a queue that count; nothing is estimated. Data Firehose
bills each record rounded up to the next 5 KB (https://aws.amazon.com/data-firehose/pricing/).
The messages are orders that differ in every value: ids, times, names, amounts, notes, and lines from 2,000 products.
"""

import json
import math
import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.messages import OutgoingMessage, ReceivedMessage
from event_fork.forward.forwarding import Encode, Forwarder, Pack
from event_fork.forward.search_document import search_document
from event_fork.queue_replay.replayer import Replayer
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.packing import Record, one_each, pack, pack_compressed
from event_fork.sending.ports import EntryFailure, Remedy

BILLING_STEP_BYTES = 5 * 1024
STREAM_BYTES_PER_SECOND = 5 * 1024 * 1024
"""Quota of direct put in us-east-1, us-west-2 and eu-west-1: https://docs.aws.amazon.com/firehose/latest/dev/limits.html"""
BUFFER_BYTES = 5 * 1024 * 1024
"""What the storage fork's stream gathers before it writes an object, when time does not end it earlier."""
MESSAGES = 10_000
MESSAGE_SIZES = (200, 1_000, 4_000, 20_000)
WITH_ALL_WAYS = 1_000
BATCH_SIZE = 1_000
ORIGINAL_BATCH_SIZE = 10
POLLED_MESSAGES = 10
"""Lambda receives, and deletes, at most so many messages in one call."""
FAILING = 0.01
SEED = 20261123
INVOCATION_MS = 60_000


class ThrottledError(Exception):
    """The stream did not take a record."""


@dataclass
class Count:
    """What was asked of AWS, and how many events were stored twice."""

    invocations: int = 0
    polls: int = 0
    calls: int = 0
    records: int = 0
    bytes: int = 0
    billed_bytes: int = 0
    stored: dict[str, int] = field(default_factory=dict)

    def invoked(self, messages: int, deleted: int) -> None:
        """Count a batch: received, and deleted as far as it was delivered."""
        self.invocations += 1
        self.polls += math.ceil(messages / POLLED_MESSAGES) + math.ceil(deleted / POLLED_MESSAGES)

    def add(self, record_bytes: int, message_ids: Sequence[str]) -> None:
        """Count one record that was taken."""
        self.records += 1
        self.bytes += record_bytes
        self.billed_bytes += math.ceil(record_bytes / BILLING_STEP_BYTES) * BILLING_STEP_BYTES
        for message_id in message_ids:
            self.stored[message_id] = self.stored.get(message_id, 0) + 1

    def row(self) -> dict[str, int]:
        """For the table."""
        row = {"invocations": self.invocations, "SQS polls and deletes": self.polls, "calls": self.calls}
        row |= {"stored twice": sum(self.stored.values()) - len(self.stored)}
        if self.records:
            objects = math.ceil(self.bytes / BUFFER_BYTES)
            row |= {"records": self.records, "bytes": self.bytes, "billed KB": self.billed_bytes // 1024}
            row |= {"objects": objects}
        return row


@dataclass
class CountingStream:
    """A stream and a queue that count; a share of what comes, by chance, is not taken at first."""

    failing: float = 0.0
    count: Count = field(default_factory=Count)
    _chance: random.Random = field(default_factory=lambda: random.Random(SEED))  # noqa: S311 the same in every run

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        """See RecordStream.put."""
        self.count.calls += 1
        failures = self._failures(len(records))
        for index, record in enumerate(records):
            if index not in failures:
                self.count.add(len(record.data), record.message_ids)
        return failures

    def put_record(self, message_id: str, line: bytes) -> None:
        """As PutRecord. Raises ThrottledError."""
        if self.put([Record(line, (message_id,))]):
            raise ThrottledError

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """See MessageQueue.send."""
        self.count.calls += 1
        return self._failures(len(messages))

    def _failures(self, entries: int) -> dict[int, EntryFailure]:
        failure = EntryFailure("ServiceUnavailableException", "", Remedy.RESEND)
        return {index: failure for index in range(entries) if self.failing and self._chance.random() < self.failing}


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


def original(messages: Sequence[ReceivedMessage], encode: Encode = StoredEvent.to_line, failing: float = 0.0) -> Count:
    """The original's way to a stream."""
    stream = CountingStream(failing)
    for batch in _batches(messages, ORIGINAL_BATCH_SIZE):
        delivered = False
        while not delivered:
            try:
                for message in batch:
                    stream.put_record(message.message_id, encode(parse(message.body)))
                delivered = True
            except ThrottledError:
                pass  # the whole batch comes again
            stream.count.invoked(len(batch), len(batch) if delivered else 0)
    return stream.count


def forwarded(
    messages: Sequence[ReceivedMessage],
    pack: Pack,
    encode: Encode = StoredEvent.to_line,
    failing: float = 0.0,
) -> Count:
    """Our way to a stream: batches of 1,000 messages through the functions' domain."""
    stream = CountingStream(failing)
    forwarder = Forwarder(encode, pack, stream, NoDeadLetters(), Backoff(attempts=50, sleep=lambda _: None))
    for batch in _batches(messages, BATCH_SIZE):
        outcome = forwarder.run(batch, Deadline.in_milliseconds(INVOCATION_MS))
        if len(outcome.delivered) != len(batch):
            raise AssertionError(f"only {len(outcome.delivered)} of {len(batch)} messages were delivered")
        stream.count.invoked(len(batch), len(batch))
    return stream.count


def originally_replayed(messages: Sequence[ReceivedMessage]) -> Count:
    """The original's way to a queue."""
    queue = CountingStream()
    for batch in _batches(messages, ORIGINAL_BATCH_SIZE):
        for message in batch:
            queue.send([OutgoingMessage(message.message_id, message.body)])
        queue.count.invoked(len(batch), len(batch))
    return queue.count


def replayed(messages: Sequence[ReceivedMessage]) -> Count:
    """Our way to a queue."""
    queue = CountingStream()
    replayer = Replayer("bench", queue, NoDeadLetters())
    for batch in _batches(messages, BATCH_SIZE):
        outcome = replayer.run(batch, Deadline.in_milliseconds(INVOCATION_MS))
        if outcome.marked != len(batch):
            raise AssertionError(f"only {outcome.marked} of {len(batch)} messages were replayed")
        queue.count.invoked(len(batch), len(batch))
    return queue.count


def document(event: StoredEvent) -> bytes:
    """What the search fork makes of an event by default."""
    return search_document(event, "event_type")


def counted() -> dict[str, dict[str, int]]:
    """All rows, of 10,000 messages each."""
    rows: dict[str, Count] = {}
    for size in MESSAGE_SIZES:
        messages = messages_of(size, MESSAGES)
        ways = {
            "storage, original": partial(original, messages),
            "storage, packed": partial(forwarded, messages, pack),
            "storage, compressed": partial(forwarded, messages, pack_compressed),
        }
        if size == WITH_ALL_WAYS:
            ways |= {
                "search, original": partial(original, messages, document),
                "search": partial(forwarded, messages, one_each, document),
                "1% of records refused, original": partial(original, messages, failing=FAILING),
                "1% of records refused, one event each": partial(forwarded, messages, one_each, failing=FAILING),
                "1% of records refused, compressed": partial(forwarded, messages, pack_compressed, failing=FAILING),
                "queue replay, original": partial(originally_replayed, messages),
                "queue replay": partial(replayed, messages),
            }
        rows |= {f"{way}, {size:,} B": count() for way, count in ways.items()}
    return {name: count.row() for name, count in rows.items()}


def _batches(messages: Sequence[ReceivedMessage], size: int) -> Sequence[Sequence[ReceivedMessage]]:
    return [messages[start : start + size] for start in range(0, len(messages), size)]
