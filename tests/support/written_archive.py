"""An archive as Firehose lays it out, written straight into a bucket through event_fork's own stored event."""

import gzip
import json
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from event_fork.events.envelope import StoredEvent

TYPES = ("order.placed", "order.paid", "order.shipped", "order.refunded")


@dataclass(frozen=True)
class WrittenObject:
    """One object: its key and its events, in the order of the lines."""

    key: str
    events: tuple[StoredEvent, ...]


def events(topic_arn: str, count: int, start: datetime, end: datetime) -> list[StoredEvent]:
    """Events at even distances in [start, end), of four types in turn."""
    step = (end - start) / count
    return [_event(topic_arn, number, start + number * step) for number in range(count)]


def objects(stored: Sequence[StoredEvent], each: timedelta, prefix: str = "") -> Iterator[WrittenObject]:
    """The events in objects of `each` length of time, as a stream that buffers so long would have written them."""
    group: list[StoredEvent] = []
    begun = stored[0].published_at
    for event in stored:
        if event.published_at - begun >= each:
            yield WrittenObject(_key(prefix, begun), tuple(group))
            group, begun = [], event.published_at
        group.append(event)
    yield WrittenObject(_key(prefix, begun), tuple(group))


def put(s3: Any, bucket: str, written: Sequence[WrittenObject]) -> None:
    """Write them, gzipped."""

    def put_one(one: WrittenObject) -> None:
        body = gzip.compress(b"".join(event.to_line() for event in one.events), compresslevel=1)
        s3.put_object(Bucket=bucket, Key=one.key, Body=body)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put_one, written))


def _event(topic_arn: str, number: int, moment: datetime) -> StoredEvent:
    kind = TYPES[number % len(TYPES)]
    message = json.dumps({"order": number, "type": kind, "note": "x" * 200})
    attributes = {
        "event_type": {"Type": "String", "Value": kind},
        "number": {"Type": "Number", "Value": str(number)},
    }
    return StoredEvent(str(uuid.UUID(int=number)), topic_arn, message, _text(moment), None, attributes)


def _key(prefix: str, begun: datetime) -> str:
    name = f"orders-backup-1-{begun:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}.gz"
    return f"{prefix}date={begun:%Y-%m-%d}/hour={begun:%H}/{name}"


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
