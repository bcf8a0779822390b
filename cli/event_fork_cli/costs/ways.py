"""What a month of events costs on each way: how often it uses what AWS bills for, and what that comes to.

Events come evenly, half to one and a half times as large as the mean. Batches, window and buffers are the modules'
defaults. tests/functional/cli/test_cost.py holds the quantities against what the functions' own code asks of a stream
and a queue that count.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from event_fork.sending.batching import PUT_MAX_BYTES, PUT_MAX_RECORDS, SEND_MAX_MESSAGES
from event_fork.sending.packing import MAX_RECORD_BYTES
from event_fork_cli.costs import prices
from event_fork_cli.costs.replays import Load, Work, estimate

HOURS, SECONDS = 730, 730 * 3600
"""Of a month, as AWS's calculator has it."""
GIB = 1024**3

BATCH_MESSAGES, BATCH_SECONDS, BATCH_BYTES = 1_000, 5, 6_000_000
POLLED_MESSAGES = 10
"""Lambda receives, and deletes, at most so many messages in one call."""
IDLE_POLLS = 5 * SECONDS / 20
"""Five long polls of 20 seconds, as long as nothing comes."""
FUNCTION_GB = 0.5
METRICS = 5
"""Of a healthy invocation: docs/costs.md."""
BUFFER_BYTES, BUFFER_SECONDS = 5 * 1024 * 1024, 300
REPLAY_RATE, REPLAY_WORKERS, REPLAY_ITEM_EVENTS, REPLAY_MOST_ITEMS = 1_000, 4, 10_000, 1_000

# Measured on orders that differ in every value (benchmarks/forwarding.py): quotes are escaped in a line, and about so
# much of a line is left when a thousand of them are compressed. Of small events more is the same.
ESCAPED = 1.11
LINE_BYTES, BODY_BYTES, DOCUMENT_BYTES = 300, 1_200, 230
COMPRESSED = 0.312
COMPRESSED_ENVELOPE_BYTES = 45
_SPREAD = [0.5 + step / 20 for step in range(21)]
_CALL_SECONDS, _SECONDS_FOR_EACH_KB = 0.05, 0.000_1


@dataclass(frozen=True, slots=True)
class Workload:
    """Events of a month, and bytes of one published message."""

    events: int
    size: int

    @property
    def line(self) -> float:
        """Bytes of a line of the archive."""
        return self.size * ESCAPED + LINE_BYTES

    @property
    def body(self) -> float:
        """Bytes in a queue: the line, signature and addresses."""
        return self.size * ESCAPED + BODY_BYTES

    @property
    def compressed(self) -> float:
        """Bytes that a line adds to a compressed record of many."""
        return self.size * COMPRESSED + COMPRESSED_ENVELOPE_BYTES


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a bill."""

    service: str
    what: str
    quantity: float
    dollars: float


@dataclass(frozen=True, slots=True)
class Way:
    """A way of the events, and its bill."""

    name: str
    items: tuple[Item, ...]
    note: str = ""

    @property
    def dollars(self) -> float:
        """The sum."""
        return sum(item.dollars for item in self.items)

    def quantity(self, what: str) -> float:
        """How many of these."""
        return sum(item.quantity for item in self.items if item.what == what)


QUEUE_COMPRESSED, QUEUE_PLAIN = "storage-backup", "storage-backup, compress_records = false"
DIRECT = "storage-backup, ingest = direct"
ARCHIVES = (QUEUE_COMPRESSED, QUEUE_PLAIN, DIRECT)


def ways(load: Workload) -> list[Way]:
    """Every way, those to the same archive first."""
    return [
        Way(QUEUE_COMPRESSED, (*_fork(load, _compressed(load)), *_archive(load, load.compressed))),
        Way(QUEUE_PLAIN, (*_fork(load, _packed(load)), *_archive(load, load.line))),
        Way(DIRECT, tuple(_direct(load)), "It packs nothing, and what it cannot redact goes to errors/"),
        Way("search-analytics", tuple(_fork(load, _documents(load))), "the domain is on top"),
        Way("replay, the 14-day queue", (_requests("SQS deliveries", load.events * _parts(load.body)),)),
        Way("a replay of them from the archive", tuple(_replay(load))),
    ]


def recommended(found: Sequence[Way]) -> tuple[Way, str]:
    """The cheapest way to the archive, and why."""
    first, second, *_ = sorted((way for way in found if way.name in ARCHIVES), key=lambda way: way.dollars)
    why = f"the same archive for {first.dollars:,.2f} dollars a month; the next way costs {second.dollars:,.2f}"
    return first, f"{why}. {first.note}".rstrip(". ")


@dataclass(frozen=True, slots=True)
class _Put:
    """What an invocation puts into the stream."""

    records: float
    bytes: float

    @property
    def calls(self) -> int:
        return max(math.ceil(self.records / PUT_MAX_RECORDS), math.ceil(self.bytes / PUT_MAX_BYTES))

    @property
    def billed(self) -> float:
        return self.records * _billed(self.bytes / self.records)


def batch(load: Workload) -> float:
    """Messages of an invocation: as many as a window brings, and fit."""
    comes = 1 + load.events / SECONDS * BATCH_SECONDS
    return max(1.0, min(BATCH_MESSAGES, BATCH_BYTES / load.body, comes))


def _compressed(load: Workload) -> _Put:
    return _filled(batch(load) * load.compressed)


def _packed(load: Workload) -> _Put:
    return _filled(batch(load) * load.line)


def _filled(size: float) -> _Put:
    return _Put(max(1, math.ceil(size / MAX_RECORD_BYTES)), size)


def _documents(load: Workload) -> _Put:
    messages = batch(load)
    return _Put(messages, messages * (load.size + DOCUMENT_BYTES))


def _fork(load: Workload, put: _Put) -> Iterator[Item]:
    messages = batch(load)
    invocations = load.events / messages
    seconds = put.calls * _CALL_SECONDS + messages * load.line / 1024 * _SECONDS_FOR_EACH_KB
    calls = invocations * math.ceil(messages / POLLED_MESSAGES)
    receives = max(IDLE_POLLS, calls * _parts(min(messages, POLLED_MESSAGES) * load.body))
    yield _requests("SQS deliveries", load.events * _parts(load.body))
    yield _requests("SQS receives", receives)
    yield _requests("SQS deletes", calls)
    yield Item("Lambda", "invocations", invocations, invocations * prices.LAMBDA_REQUEST)
    gb_seconds = invocations * seconds * FUNCTION_GB
    yield Item("Lambda", "GB-seconds", gb_seconds, gb_seconds * prices.LAMBDA_GB_SECOND)
    yield Item("Firehose", "PutRecordBatch", invocations * put.calls, 0.0)
    yield _firehose(invocations * put.billed)
    metric_months = METRICS * min(1.0, load.events / HOURS)
    yield Item("CloudWatch", "metrics", metric_months, metric_months * prices.METRIC_MONTH)


def _direct(load: Workload) -> Iterator[Item]:
    yield Item("SNS", "deliveries to Firehose", load.events, load.events * prices.SNS_TO_FIREHOSE)
    yield _firehose(load.events * _billed(load.line))
    yield from _archive(load, load.line)


def _archive(load: Workload, event_bytes: float) -> Iterator[Item]:
    """Objects, and what is kept for a month. `event_bytes`: what an event takes of the stream's buffer."""
    objects = max(load.events * event_bytes / BUFFER_BYTES, min(SECONDS / BUFFER_SECONDS, load.events))
    kept = load.events * load.compressed / GIB
    yield Item("S3", "objects", objects, objects * prices.S3_PUT)
    yield Item("S3", "GB stored", kept, kept * prices.S3_GB_MONTH)


def _replay(load: Workload) -> Iterator[Item]:
    events = max(REPLAY_ITEM_EVENTS, math.ceil(load.events / REPLAY_MOST_ITEMS))
    whole, rest = divmod(load.events, events)
    loads = [Load(events, events)] * whole + [Load(rest, rest)] * bool(rest)
    work = Work(loads, int(load.events * load.size), REPLAY_RATE, REPLAY_WORKERS, 0.0, governed=False)
    yield Item("replay", "SendMessageBatch", math.ceil(load.events / SEND_MAX_MESSAGES), estimate(work).dollars)


def _requests(what: str, requests: float) -> Item:
    return Item("SQS", what, requests, requests * prices.SQS_REQUEST)


def _firehose(size: float) -> Item:
    return Item("Firehose", "billed bytes", size, size / GIB * prices.FIREHOSE_GB)


def _billed(mean: float) -> float:
    """Of records that differ in size."""
    steps = [math.ceil(mean * share / prices.FIREHOSE_STEP_BYTES) for share in _SPREAD]
    return sum(steps) / len(steps) * prices.FIREHOSE_STEP_BYTES


def _parts(payload: float) -> int:
    return math.ceil(payload / prices.SQS_REQUEST_BYTES)
