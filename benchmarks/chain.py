"""Events through the whole chain on the bench: topic to S3, topic to index, archive to queue, by 1, 2 and 4 loads.

    make bench-chain             (or: python -m benchmarks.chain --help; a few minutes)

Events of about 1 KB are published at a steady rate. Two watchers note when each is in an object of the bucket, and when
a search finds it; a replay's events have SQS's own time. The bench is one machine with everything on it, so its seconds
say nothing of AWS: they are what the simulation is fitted on (benchmarks/scale.py), by 1 and 2, and held against, by 4.
--write writes benchmarks/measured.json, from which docs/scale.md is made.
"""

import argparse
import gzip
import json
import statistics
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from opensearchpy import OpenSearch

from benchmarks.forwarding import document, messages_of
from benchmarks.measured import circumstances, heading, read, write
from event_fork.events.envelope import parse
from testbench import Bench
from testbench.paths import RUNS
from testbench.polling import eventually
from tests.support import written_archive
from tests.support.module_stack import Event, ModuleStack
from tests.support.replay_stack import ReplayStack, take

CONFIGURATION = "benchmarks/chain"
SIZE = 1_000
TIMES = (1, 2, 4)
RATE, SECONDS = 40.0, 20.0
REPLAYED = 2_000
BULK = (1_000, 2_000, 4_000)
"""Documents of a bulk request; 4,000 of 1 KB are what Firehose gathers by default."""
ROUNDS = 5
LOOK_EVERY = 0.1
WITHIN = 180.0
DAY = datetime(2026, 11, 20, tzinfo=UTC)
Row = dict[str, float]


def say(text: str) -> None:
    """Progress, with the time."""
    print(f"{datetime.now(UTC):%H:%M:%S}  {text}", file=sys.stderr, flush=True)


class Watcher(threading.Thread):
    """Notes when an id was first seen. `look` gives the ids that are new since it was asked last."""

    def __init__(self, look: Callable[[], list[str]]) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.failed: Exception | None = None
        self._look = look
        self._over = threading.Event()

    def run(self) -> None:
        """Until `end`."""
        try:
            while not self._over.wait(LOOK_EVERY):
                found = self._look()
                now = time.time()
                for one in found:
                    self.seen.setdefault(one, now)
        except Exception as error:  # shown by the thread that waits for it
            self.failed = error

    def has(self, ids: Sequence[str]) -> bool:
        """Whether all are there."""
        if self.failed:
            raise self.failed
        return all(one in self.seen for one in ids)

    def end(self) -> None:
        """Stop looking."""
        self._over.set()
        self.join()


def in_bucket(stack: ModuleStack) -> Callable[[], list[str]]:
    """The ids in new objects of the archive."""
    s3, bucket = stack.client("s3"), stack.output["bucket_name"]
    known: set[str] = set()

    def look() -> list[str]:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="orders/")
        new = [each["Key"] for page in pages for each in page.get("Contents", []) if each["Key"] not in known]
        known.update(new)
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in new]
        return [json.loads(line)["MessageId"] for body in bodies for line in gzip.decompress(body).splitlines()]

    return look


def in_index(stack: ModuleStack) -> Callable[[], list[str]]:
    """The ids of documents that a search finds, in the order in which they were indexed."""
    node, indices, last = OpenSearch(stack.bench.opensearch_url, timeout=60), f"{stack.name}-2*", -1

    def look() -> list[str]:
        nonlocal last
        node.indices.refresh(index=indices)
        body = {
            "query": {"range": {"_seq_no": {"gt": last}}},
            "sort": [{"_seq_no": "asc"}],
            "size": 10_000,
            "_source": ["event_id"],
            "seq_no_primary_term": True,
        }
        hits = node.search(index=indices, body=body)["hits"]["hits"]
        last = max((hit["_seq_no"] for hit in hits), default=last)
        return [hit["_source"]["event_id"] for hit in hits]

    return look


def publish(stack: ModuleStack, rate: float, seconds: float, number: int) -> dict[str, float]:
    """Events at that rate: message id -> when it was published."""
    made = messages_of(SIZE + number, round(rate * seconds))
    events = [Event(json.loads(each.body)["Message"], {"event_type": "order.placed"}) for each in made]
    published: dict[str, float] = {}
    began = time.monotonic()
    for first in range(0, len(events), 10):
        if (early := began + first / rate - time.monotonic()) > 0:
            time.sleep(early)  # the rate is what is asked for
        at = time.time()
        published |= dict.fromkeys(stack.publish(events[first : first + 10]), at)
    return published


def row(published: Mapping[str, float], seen: Mapping[str, float]) -> Row:
    """Events a second from the first that was published to the last that was there, and how long one took."""
    took = sorted(seen[one] - at for one, at in published.items())
    every = statistics.quantiles(took, n=100)
    seconds = max(seen[one] for one in published) - min(published.values())
    return {"events": len(took), "events/s": len(took) / seconds, "p50": every[49], "p99": every[98]}


def live(stack: ModuleStack, rate: float, seconds: float) -> Iterator[tuple[str, Row]]:
    """Topic to bucket and topic to index, at each load."""
    watchers = {"topic to S3": Watcher(in_bucket(stack)), "topic to index": Watcher(in_index(stack))}
    for watcher in watchers.values():
        watcher.start()
    try:
        publish(stack, 10, 3, 9)  # the functions start
        for times in TIMES:
            say(f"{rate * times:g} events a second")
            published = publish(stack, rate * times, seconds, times)
            for way, watcher in watchers.items():
                eventually(lambda w=watcher, ids=list(published): w.has(ids), bool, within=WITHIN, what=way)  # type: ignore[misc]
                yield f"{way}, {times}x", row(published, watcher.seen)
    finally:
        for watcher in watchers.values():
            watcher.end()


def replayed(stack: ReplayStack, count: int) -> Iterator[tuple[str, Row]]:
    """Archive to queue: from the beginning of `event-fork replay apply`."""
    sqs, url = stack.bench.client("sqs"), stack.output["checkout_queue_url"]
    for number, times in enumerate((*TIMES[:1], *TIMES)):  # the first of all warms the worker
        start = DAY + timedelta(days=number)
        events = written_archive.events(stack.output["topic_arn"], count * times, start, start + timedelta(hours=8))
        written = list(written_archive.objects(events, timedelta(hours=1), "written/"))
        written_archive.put(stack.s3, stack.output["bucket_name"], written)
        say(f"a replay of {count * times:,}")
        plan = stack.plan(f"plan-{number}", start, start + timedelta(days=1), "--rate", "50000", "--workers", "2")
        began = time.time()
        stack.apply(plan)
        sent: dict[str, float] = {}
        while len(sent) < len(events):
            got = sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20, MessageSystemAttributeNames=["SentTimestamp"]
            )["Messages"]
            for message in got:
                sent[message["MessageId"]] = int(message["Attributes"]["SentTimestamp"]) / 1000
            entries = [{"Id": str(n), "ReceiptHandle": message["ReceiptHandle"]} for n, message in enumerate(got)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        if number:
            yield f"archive to queue, {times}x", row(dict.fromkeys(sent, began), sent)
        take(sqs, url)


def bulk_requests(stack: ModuleStack) -> Iterator[tuple[str, Row]]:
    """Seconds of a bulk request with so many documents, the fastest of some, on an index of one shard."""
    node = OpenSearch(stack.bench.opensearch_url, timeout=60)
    index = f"{stack.name}-bulk"
    node.indices.create(index=index, body={"settings": {"number_of_shards": 1, "number_of_replicas": 0}})
    documents = [document(parse(each.body)).decode() for each in messages_of(SIZE, max(BULK))]
    for count in BULK:
        body = "".join(f'{{"index":{{}}}}\n{line.rstrip()}\n' for line in documents[:count])
        seconds = []
        for _ in range(ROUNDS):
            began = time.monotonic()
            if node.bulk(index=index, body=body)["errors"]:
                raise SystemExit("a document was refused")
            seconds.append(time.monotonic() - began)
        yield f"bulk, {count:,} documents", {"seconds": min(seconds)}
    node.indices.delete(index=index)


@contextmanager
def standing() -> Iterator[tuple[ModuleStack, ReplayStack]]:
    """The forks on a bench of their own."""
    name = f"chain-{uuid.uuid4().hex[:6]}"
    with Bench.running(RUNS / "chain") as bench:
        variables = {
            "name": name,
            "powertools_layer_arn": bench.powertools_layer_arn,
            "domain": bench.create_domain(name),
        }
        workspace = bench.workspace(configuration=CONFIGURATION, variables=variables)
        try:
            say("terraform apply")
            workspace.apply()
            yield ModuleStack(bench, workspace, name), ReplayStack(bench, workspace, workspace.folder, [])
        finally:
            workspace.remove()


def measure(rate: float, seconds: float, count: int) -> dict[str, Any]:
    """All of it."""
    before = circumstances()
    with standing() as (stack, replay):
        rows = dict(live(stack, rate, seconds))
        rows |= dict(replayed(replay, count))
        batches = dict(bulk_requests(stack))
    return {
        **before,
        "rate": rate,
        "rows": {way: {name: round(value, 4) for name, value in found.items()} for way, found in rows.items()},
        "batches": {way: {name: round(value, 4) for name, value in found.items()} for way, found in batches.items()},
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=RATE, help="events a second, the single load; default: 40")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each load; default: 20")
    parser.add_argument("--replayed", type=int, default=REPLAYED, help="events of the single replay; default: 2,000")
    parser.add_argument("--write", action="store_true", help="write benchmarks/measured.json")
    options = parser.parse_args()
    found = measure(options.rate, options.seconds, options.replayed)
    print(heading(found))
    for way, values in {**found["rows"], **found["batches"]}.items():
        print(f"  {way:28} {', '.join(f'{name} {value:,.3g}' for name, value in values.items())}")
    if options.write:
        write(read() | {"chain": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
