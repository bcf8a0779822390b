"""How many archived events a second one core of a replay worker gets through, beside `gunzip | jq` on the same objects.

    make bench-replay            (or: python -m benchmarks.replay_worker --help)

The worker is the deployed code (event_fork.archive_replay.worker) with a queue that takes everything and does
nothing, and documents in memory: gunzip, parse, window, event types, filter policy, marked copies, batches, progress.
`gunzip | jq` does the first half of that: it unpacks, parses and filters, and prints the messages. Measured is CPU time
of user and system, children included, so a pipe of two processes has no second core for free.
Exit code 1 when the worker is below 50,000 events a second.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from benchmarks.folder_archive import FolderArchive
from benchmarks.measuring import Ratio, Run, in_turns, with_reason
from benchmarks.replay_data import START, objects
from event_fork.archive.lines import lines
from event_fork.archive.selection import select
from event_fork.archive.unpacking import decompress
from event_fork.archive_replay.burst import BurstSender
from event_fork.archive_replay.worker import ItemReplay, Tools
from event_fork.events.messages import OutgoingMessage
from event_fork.events.time_window import timestamp_text
from event_fork.replay_plan.control import MAX_RATE, RUNNING, Control
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.plan import (
    BODY_ENVELOPE,
    BODY_RAW,
    ArchiveLocation,
    Estimate,
    Health,
    Plan,
    PlannedWindow,
    Target,
    Totals,
)
from event_fork.sending.backoff import Deadline
from event_fork.sending.ports import EntryFailure
from tests.support.memory_documents import MemoryDocuments

LEAST_PER_SECOND = 50_000
TIMES_JQ = 2.0
EVENTS = 60_000
ROUNDS = 3
POLICY = {"event_type": ["order.placed", "order.paid", "order.shipped", "order.cancelled"]}
JQ = (
    "select(.Timestamp >= $from and .Timestamp < $to) | select(.MessageAttributes.event_type.Value as $t |"
    ' ["order.placed","order.paid","order.shipped","order.cancelled"] | index($t)) | .Message'
)


@dataclass
class NoQueue:
    """A MessageQueue that takes everything."""

    taken: int = 0
    calls: int = 0

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """Takes the batch."""
        self.taken += len(messages)
        self.calls += 1
        return {}


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


@dataclass(frozen=True)
class Archive:
    """Objects in a folder."""

    folder: Path
    keys: Mapping[str, int]
    """Name of the file -> events."""

    @property
    def events(self) -> int:
        """In all objects."""
        return sum(self.keys.values())


@contextmanager
def archive_of(events: int) -> Iterator[Archive]:
    """A new one of so many events."""
    with tempfile.TemporaryDirectory(prefix="bench-replay-") as name:
        folder = Path(name)
        keys: dict[str, int] = {}
        for number, made in enumerate(objects(events)):
            key = f"{number}.gz"
            (folder / key).write_bytes(made.body)
            keys[key] = made.events
        yield Archive(folder, keys)


def counted() -> dict[str, dict[str, int]]:
    """Requests of a replay of 10,000 events that lie in two objects."""
    with archive_of(10_000) as made:
        rows = {}
        for body in (BODY_RAW, BODY_ENVELOPE):
            queue, documents, opened = _replayed(made, body)
            rows[f"archive replay, {body}"] = {
                "SendMessageBatch": queue.calls,
                "objects read": len(opened),
                "progress written": len(documents.written),
                "control read": documents.looks,
            }
        return rows


def ratios(events: int = EVENTS) -> Iterator[Ratio]:
    """The worker, in both bodies, by `gunzip | jq`. None where that is not on the machine."""
    with archive_of(events) as made:
        seconds, runs = _measured(made)
        for case in ("raw", "envelope") if JQ_CASE in seconds else ():
            value, spent = seconds[JQ_CASE] / seconds[case], seconds[case] / events * 1e6
            ratio = Ratio(f"archive worker, {case}, as fast as gunzip | jq", value, TIMES_JQ, True, spent)
            yield with_reason(ratio, runs[case])


JQ_CASE = "gunzip | jq"


def _measured(made: Archive) -> tuple[dict[str, float], dict[str, Run]]:
    runs: dict[str, Run] = {
        "raw": partial(worker, made, BODY_RAW),
        "envelope": partial(worker, made, BODY_ENVELOPE),
        "gunzip, parse, filter only": partial(selection, made),
    }
    gunzip, jq = shutil.which("gunzip"), shutil.which("jq")
    if gunzip and jq:
        runs[JQ_CASE] = partial(gunzip_jq, made, gunzip, jq)
    return in_turns(runs, ROUNDS), runs


def worker(made: Archive, body: str) -> None:
    """All items through the worker's own code."""
    _complete("worker", _replayed(made, body)[0].taken, made)


def _replayed(made: Archive, body: str) -> tuple[NoQueue, MemoryDocuments, list[str]]:
    queue, archive, plan = NoQueue(), FolderArchive(made.folder), plan_of(made.keys, body)
    documents = MemoryDocuments(
        plan, Control(RUNNING, MAX_RATE, MAX_RATE, plan.sealed().sha256, 0, "", "", timestamp_text(START), "bench")
    )
    tools = Tools(
        plan=plan,
        criteria=plan.criteria(),
        documents=documents,
        archive=archive,
        sender=BurstSender(queue, plan.target.body, plan.replay_id),
        sleep=lambda _: None,
    )
    for item in plan.items:
        ItemReplay(tools, item, Deadline.in_milliseconds(900_000), "bench", "bench").run()
    return queue, documents, archive.opened


def selection(made: Archive) -> None:
    """Only gunzip, parse, window, types, filter."""
    criteria = plan_of(made.keys, BODY_RAW).criteria()
    archive = FolderArchive(made.folder)
    found = sum(1 for key in made.keys for _ in select(lines(decompress(archive.open(key).chunks())), criteria))
    _complete("selection", found, made)


def gunzip_jq(made: Archive, gunzip: str, jq: str) -> None:
    """The same objects through the system's tools."""
    window = plan_of(made.keys, BODY_RAW).window
    unpack = subprocess.Popen([gunzip, "-c", *(str(made.folder / key) for key in made.keys)], stdout=subprocess.PIPE)
    arguments = ["--arg", "from", window.start, "--arg", "to", window.end]
    try:
        done = subprocess.run([jq, "-c", *arguments, JQ], stdin=unpack.stdout, capture_output=True, check=True)
    finally:
        if unpack.stdout is not None:
            unpack.stdout.close()
        unpack.wait()
    _complete(JQ_CASE, done.stdout.count(b"\n"), made)


def _complete(case: str, found: int, made: Archive) -> None:
    if found != made.events:
        raise SystemExit(f"{case}: found {found} of {made.events} events")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=EVENTS)
    events = parser.parse_args().events
    with archive_of(events) as made:
        seconds, _ = _measured(made)
    for case, spent in seconds.items():
        print(f"{case:28}{events / spent:>12,.0f} events/s per core{spent:>8.2f} CPU s")
    if JQ_CASE not in seconds:
        print("gunzip | jq: not on this machine")
    if min(events / seconds[case] for case in ("raw", "envelope")) < LEAST_PER_SECOND:
        print(f"below {LEAST_PER_SECOND:,} events/s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
