"""How many archived events a second one core of a replay worker gets through, beside `gunzip | jq` on the same objects.

    make bench-replay            (or: python benchmarks/replay_worker.py --help)

The worker is the deployed code (event_fork.archive_replay.worker) with a queue that takes everything and does
nothing, and documents in memory: gunzip, parse, window, event types, filter policy, marked copies, batches, progress.
`gunzip | jq` does the first half of that: it unpacks, parses and filters, and prints the messages. Measured is CPU time
of user and system, children included, so a pipe of two processes has no second core for free. Best of three.
Exit code 1 when the worker is below 50,000 events a second.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas")]

from benchmarks.replay_data import START, objects  # noqa: E402
from event_fork.archive.lines import lines  # noqa: E402
from event_fork.archive.selection import select  # noqa: E402
from event_fork.archive.store import CHUNK_BYTES, ListedObject  # noqa: E402
from event_fork.archive.unpacking import decompress  # noqa: E402
from event_fork.archive_replay.burst import BurstSender  # noqa: E402
from event_fork.archive_replay.worker import ItemReplay, Tools  # noqa: E402
from event_fork.events.messages import OutgoingMessage  # noqa: E402
from event_fork.events.time_window import timestamp_text  # noqa: E402
from event_fork.replay_plan.control import MAX_RATE, RUNNING, Control  # noqa: E402
from event_fork.replay_plan.item import Item  # noqa: E402
from event_fork.replay_plan.plan import (  # noqa: E402
    ArchiveLocation,
    Estimate,
    Health,
    Plan,
    PlannedWindow,
    Target,
    Totals,
)
from event_fork.sending.backoff import Deadline  # noqa: E402
from event_fork.sending.ports import EntryFailure  # noqa: E402
from tests.support.memory_documents import MemoryDocuments  # noqa: E402

LEAST_PER_SECOND = 50_000
ROUNDS = 3
POLICY = {"event_type": ["order.placed", "order.paid", "order.shipped", "order.cancelled"]}
JQ = (
    "select(.Timestamp >= $from and .Timestamp < $to) | select(.MessageAttributes.event_type.Value as $t |"
    ' ["order.placed","order.paid","order.shipped","order.cancelled"] | index($t)) | .Message'
)


@dataclass(frozen=True)
class Result:
    """One line of the report: CPU seconds for all events, and events for each of them."""

    case: str
    seconds: float
    per_second: float


class NoQueue:
    """A MessageQueue that takes everything."""

    taken = 0

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """Takes the batch."""
        self.taken += len(messages)
        return {}


@dataclass(frozen=True)
class FolderReader:
    """An object that is a file."""

    path: Path
    etag: str = "e"
    version_id: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """The file's bytes."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True)
class FolderArchive:
    """An ArchiveStore that is a folder: what is measured is the worker, not a network."""

    folder: Path

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """Not needed here: workers do not list."""
        raise NotImplementedError(prefix)

    def open(self, key: str, *, etag: str | None = None, version_id: str | None = None) -> FolderReader:  # noqa: ARG002
        """The file of that name."""
        return FolderReader(self.folder / key)


def cpu_seconds() -> float:
    """CPU time of this process and of its children that have ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def measured(case: str, events: int, work: Callable[[], int]) -> Result:
    """The best of three rounds; each must have found every event."""
    best = float("inf")
    for _ in range(ROUNDS):
        before = cpu_seconds()
        found = work()
        best = min(best, cpu_seconds() - before)
        if found != events:
            raise SystemExit(f"{case}: found {found} of {events} events")
    return Result(case, best, events / best)


def plan_of(keys: Mapping[str, int], body: str) -> Plan:
    """A plan that wants everything of these objects: key -> lines."""
    return Plan(
        replay_id="bench",
        created_at=timestamp_text(START),
        created_by="",
        expires_at=timestamp_text(START),
        archive=ArchiveLocation("bench", "", "eu-west-1"),
        window=PlannedWindow(timestamp_text(START), timestamp_text(START + timedelta(days=1)), 3600),
        filter_policy=POLICY,
        filter_policy_scope="MessageAttributes",
        event_types=tuple(POLICY["event_type"]),
        event_type_attribute="event_type",
        target=Target("arn:aws:sqs:eu-west-1:000000000000:q", "https://sqs/000000000000/q", body),
        engine=None,
        rate=MAX_RATE,
        pace=None,
        workers=1,
        ramp=None,
        ramp_asks=False,
        health=Health(),
        totals=Totals(len(keys), sum(keys.values()), 0, 0),
        counts=(),
        first_event=None,
        last_event=None,
        estimate=Estimate(0, 0),
        items=tuple(
            Item(f"{number:06d}", key, None, "e", 0, count - 1, count)
            for number, (key, count) in enumerate(keys.items())
        ),
    )


def worker(folder: Path, plan: Plan) -> int:
    """All items through the worker's own code; how many events reached the queue."""
    queue = NoQueue()
    documents = MemoryDocuments(
        plan, Control(RUNNING, MAX_RATE, MAX_RATE, plan.sealed().sha256, 0, "", "", timestamp_text(START), "bench")
    )
    tools = Tools(
        plan=plan,
        criteria=plan.criteria(),
        documents=documents,
        archive=FolderArchive(folder),
        sender=BurstSender(queue, plan.target.body, plan.replay_id),
        sleep=lambda _: None,
    )
    for item in plan.items:
        ItemReplay(tools, item, Deadline.in_milliseconds(900_000), "bench", "bench").run()
    return queue.taken


def selection(folder: Path, plan: Plan) -> int:
    """Only gunzip, parse, window, types, filter."""
    criteria = plan.criteria()
    archive = FolderArchive(folder)
    return sum(1 for item in plan.items for _ in select(lines(decompress(archive.open(item.key).chunks())), criteria))


def gunzip_jq(folder: Path, plan: Plan, gunzip: str, jq: str) -> int:
    """The same objects through the system's tools."""
    files = [str(folder / item.key) for item in plan.items]
    unpack = subprocess.Popen([gunzip, "-c", *files], stdout=subprocess.PIPE)
    arguments = ["--arg", "from", plan.window.start, "--arg", "to", plan.window.end]
    try:
        done = subprocess.run([jq, "-c", *arguments, JQ], stdin=unpack.stdout, capture_output=True, check=True)
    finally:
        if unpack.stdout is not None:
            unpack.stdout.close()
        unpack.wait()
    return done.stdout.count(b"\n")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-replay-") as name:
        folder = Path(name)
        keys: dict[str, int] = {}
        stored = 0
        for number, made in enumerate(objects(options.events)):
            key = f"{number}.gz"
            (folder / key).write_bytes(made.body)
            keys[key] = made.events
            stored += len(made.body)
        raw, envelope = plan_of(keys, "raw"), plan_of(keys, "envelope")
        unpacked = sum(len(line) + 1 for key in keys for line in lines(decompress(FolderReader(folder / key).chunks())))
        results = [
            measured("worker, body raw", options.events, lambda: worker(folder, raw)),
            measured("worker, body envelope", options.events, lambda: worker(folder, envelope)),
            measured("gunzip, parse, filter only", options.events, lambda: selection(folder, raw)),
        ]
        gunzip, jq = shutil.which("gunzip"), shutil.which("jq")
        if gunzip and jq:
            results.append(measured("gunzip | jq", options.events, lambda: gunzip_jq(folder, raw, gunzip, jq)))
    worst = min(result.per_second for result in results[:2])
    if options.json:
        print(json.dumps([result.__dict__ for result in results], indent=2))
    else:
        size, share = unpacked / options.events, stored / unpacked
        print(f"{options.events:,} events of {size:,.0f} bytes, as GZIP {share:.0%} of that")
        for result in results:
            print(f"{result.case:28}{result.per_second:>12,.0f} events/s per core{result.seconds:>8.2f} CPU s")
        if not (gunzip and jq):
            print("gunzip | jq: not on this machine")
    if worst < LEAST_PER_SECOND:
        print(f"below {LEAST_PER_SECOND:,} events/s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
