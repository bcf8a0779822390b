"""Documents a second of `event-fork search rebuild`, and seconds in which `event-fork verify` compares all ids.

    make bench-search            (or: python benchmarks/search_rebuild.py --help)

An archive of one-KB events (every fiftieth is there twice) lies in a folder; the index is on the bench's OpenSearch
node, which has one shard and half a GiB of heap. Both run in as many processes as an operator's command would use. What
a verify asks of SQS, CloudWatch and the error bucket is left out: it does not grow with the number of events.
Exit code 1 below 5,000 documents/s, or above 120 seconds for a million events.
"""

import argparse
import os
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas"), str(ROOT / "cli")]

from benchmarks.folder_archive import FolderArchive  # noqa: E402
from benchmarks.replay_data import START  # noqa: E402
from benchmarks.replay_plan import MIB, MILLION, PeakMemory, archive, say  # noqa: E402
from event_fork.adapters.opensearch import OpenSearchDomain  # noqa: E402
from event_fork.archive.layout import HIVE  # noqa: E402
from event_fork.archive.listing import Reach, needed_objects  # noqa: E402
from event_fork.events.time_window import EVER, Window, timestamp_text  # noqa: E402
from event_fork.filter_policy import MESSAGE_ATTRIBUTES  # noqa: E402
from event_fork_cli.archive_replay.pool import ParallelScan  # noqa: E402
from event_fork_cli.archive_replay.spill import bucket_files  # noqa: E402
from event_fork_cli.aws import AwsSettings  # noqa: E402
from event_fork_cli.repairs.forks import ErrorFolder, Fork, Stream  # noqa: E402
from event_fork_cli.search.calls import Calls  # noqa: E402
from event_fork_cli.search.rebuilding import Rebuild, rebuild  # noqa: E402
from event_fork_cli.search.sources import Deployed, DocumentMaker, Search  # noqa: E402
from event_fork_cli.verification.reading import IndexOrder, ReadingOrder, read_index  # noqa: E402
from event_fork_cli.verification.reconciling import Findings, Frame, reconcile, together  # noqa: E402
from testbench import Bench  # noqa: E402

LEAST_DOCUMENTS_A_SECOND = 5_000
MOST_SECONDS_PER_MILLION = 120
TOPIC = "arn:aws:sns:eu-west-1:000000000000:checkout-events"
WINDOW = Window(START, START + timedelta(days=1))
NOTHING_MATCHES_IN_VAIN = '{"event_type": ["order.placed", "order.paid", "order.shipped", "order.cancelled"]}'


@dataclass(frozen=True)
class BenchSearch(Search):
    """A search fork on a node without AWS."""

    endpoint: str = ""

    def calls(self, settings: AwsSettings) -> Calls:  # noqa: ARG002 there is no AWS
        """See Search."""
        session = boto3.Session("AKIA", "secret", region_name="eu-west-1")
        return Calls(OpenSearchDomain(self.endpoint, session=session, seconds=60))


def search_fork(endpoint: str, index: str) -> BenchSearch:
    """A fork that indexes all events, with one redaction rule."""
    rules = '[{"path": "$.customer.name", "action": "mask"}]'
    return BenchSearch(
        deployed=Deployed(Fork("bench", "", "", "", ""), TOPIC, None, timedelta(0), {}),
        stream=Stream("bench", ErrorFolder("", ""), index_name=index, rotation="OneDay"),
        maker=DocumentMaker(NOTHING_MATCHES_IN_VAIN, MESSAGE_ATTRIBUTES, "event_type", True, rules),
        secret_arn=None,
        endpoint=endpoint,
    )


def verify(store: FolderArchive, search: BenchSearch, names: str, processes: int) -> Findings:
    """The part of `event-fork verify` that grows with the events."""
    settings = AwsSettings("eu-west-1")
    with tempfile.TemporaryDirectory() as folder:
        spill = Path(folder)
        order = ReadingOrder(store, WINDOW, TOPIC, (search.maker,), spill)
        frame = Frame.of(WINDOW, timestamp_text(EVER.end), 1)
        with ParallelScan(order, processes) as work:
            for _ in work.scan(needed_objects(store, Reach("", WINDOW, timedelta(hours=1), EVER.end, HIVE))):
                pass
            orders = [
                IndexOrder(settings, search, names, 1, WINDOW, spill, part, processes) for part in range(processes)
            ]
            for _ in work.each(read_index, orders):
                pass
            return together(work.each(partial(reconcile, frame=frame), bucket_files(spill)), 1)


def measure(endpoint: str, store: FolderArchive, events: int, processes: int) -> int:
    """Rebuilds, verifies, says how fast."""
    name = f"rebuild-{uuid.uuid4().hex[:8]}"
    search = search_fork(endpoint, name)
    calls = search.calls(AwsSettings())
    template: Any = {
        "index_patterns": [f"{name}-2*"],
        "priority": 500,
        "template": {
            "settings": {"number_of_shards": 1, "number_of_replicas": 0},
            "mappings": {"properties": {"@timestamp": {"type": "date"}, "event_attributes": {"type": "flat_object"}}},
        },
    }
    calls("PUT", f"/_index_template/{name}", template)
    index = f"{name}-new"
    peak = PeakMemory(os.getpid())
    try:
        before = time.monotonic()
        done = rebuild(
            AwsSettings("eu-west-1"),
            search,
            Rebuild.of(index, search, "folder", WINDOW),
            store,
            "",
            HIVE,
            WINDOW,
            lateness=timedelta(hours=1),
            now=EVER.end,
            processes=processes,
            alias=f"{name}-all",
            swap_anyway=False,
            show=lambda _: None,
            say=say,
        )
        seconds = time.monotonic() - before
        rate = events / seconds
        print(
            f"search rebuild, {processes} processes: {seconds:.1f} s, {rate:,.0f} documents/s, ids compared and swapped"
        )
        before = time.monotonic()
        found = verify(store, search, f"{name}-all", processes)
        checked = time.monotonic() - before
        print(f"verify, {processes} processes: {checked:.1f} s, {events / checked:,.0f} events/s")
    finally:
        peak.stop()
        calls("DELETE", f"/{index}", accept=[404])
        calls("DELETE", f"/_index_template/{name}")
    print(f"{peak.bytes / MIB:,.0f} MiB at most in all processes, those of a bench started for this included")
    if (done.compared.index, found.archived, found.indices[0].indexed, found.differences) != (
        events,
        events,
        events,
        [],
    ):
        say(f"not as it should be: {done.compared}, {found.archived}, {found.indices[0]}")
        return 1
    too_slow = rate < LEAST_DOCUMENTS_A_SECOND or checked > MOST_SECONDS_PER_MILLION * max(events / MILLION, 0.2)
    return 1 if too_slow else 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--node", metavar="HOST:PORT", help="a node that runs already, on loopback")
    options = parser.parse_args()
    say("making the archive")
    store = FolderArchive(archive(options.events))
    if options.node:
        return measure(options.node, store, options.events, options.processes)
    with Bench.running(ROOT / ".bench" / "run" / "search-rebuild") as bench:
        return measure(bench.opensearch_url.removeprefix("http://"), store, options.events, options.processes)


if __name__ == "__main__":
    sys.exit(main())
