"""Time and memory of `event-fork replay plan` over a large archive, beside `gunzip | jq` on the same objects.

    make bench-replay            (or: python benchmarks/replay_plan.py --help)

The archive is made once (one-KB events over a day, every fiftieth written a second time) and put into the bench's S3.
The command runs as an operator runs it, in processes of its own, from its start to the printed plan. `gunzip | jq`
tells hour and type of every line of the same objects, from local files: less than the plan does, and no network.
Exit code 1 when it takes longer than 60 seconds for a million events. (Fewer are no measure: to start takes seconds.)
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "lambdas")]

from benchmarks.replay_data import START, objects  # noqa: E402
from event_fork.events.time_window import timestamp_text  # noqa: E402
from testbench import Bench  # noqa: E402

DATA = ROOT / "build" / "benchmarks"
MILLION = 1_000_000
SECONDS_PER_MILLION = 60
DUPLICATE_EVERY = 50
MIB = 2**20
COUNT = "[.Timestamp[0:13], .MessageAttributes.event_type.Value] | @tsv"


@dataclass(frozen=True)
class Planned:
    """A run of the command: seconds from start to end, peak resident bytes of all its processes, what it found."""

    seconds: float
    peak_bytes: int
    events: int
    duplicates: int
    items: int


def archive(events: int) -> Path:
    """The archive as a folder; made when it is not there."""
    folder = DATA / f"replay-{events}"
    if folder.exists():
        return folder
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    for made in objects(events, duplicate_every=DUPLICATE_EVERY):
        path = unfinished / made.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.body)
    unfinished.rename(folder)
    return folder


def plan(environment: dict[str, str], bucket: str, queue: str, processes: int) -> Planned:
    """The command, as an operator runs it."""
    command = [
        *(sys.executable, "-m", "event_fork_cli", "replay", "plan", "--archive", f"s3://{bucket}/"),
        *("--from", timestamp_text(START), "--to", timestamp_text(START + timedelta(days=1))),
        *("--target", queue, "--rate", "1000", "--output", "json", "--processes", str(processes)),
    ]
    path = os.pathsep.join(str(ROOT / part) for part in ("lambdas", "cli"))
    before = time.monotonic()
    with subprocess.Popen(command, env=os.environ | environment | {"PYTHONPATH": path}, stdout=subprocess.PIPE) as run:
        peak = PeakMemory(run.pid)
        output, _ = run.communicate()
        seconds = time.monotonic() - before
        peak.stop()
    if run.returncode != 0:
        raise SystemExit(f"the command ended with exit code {run.returncode}")
    made = json.loads(output)
    return Planned(seconds, peak.bytes, made["totals"]["events"], made["totals"]["duplicates"], len(made["items"]))


class PeakMemory:
    """Samples the resident memory of a process and its children, together."""

    def __init__(self, process: int) -> None:
        self.bytes = 0
        self._process = psutil.Process(process)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more samples."""
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._done.wait(0.05):
            try:
                family = [self._process, *self._process.children(recursive=True)]
                self.bytes = max(self.bytes, sum(one.memory_info().rss for one in family))
            except psutil.Error:
                continue  # a process ended between two calls


def gunzip_jq(folder: Path) -> tuple[float, int] | None:
    """Seconds that gunzip and jq take for hour and type of every line, and the lines; None when they are missing."""
    gunzip, jq = shutil.which("gunzip"), shutil.which("jq")
    if not (gunzip and jq):
        return None
    files = sorted(str(path) for path in folder.rglob("*.gz"))
    before = time.monotonic()
    unpack = subprocess.Popen([gunzip, "-c", *files], stdout=subprocess.PIPE)
    try:
        done = subprocess.run([jq, "-r", COUNT], stdin=unpack.stdout, capture_output=True, check=True)
    finally:
        if unpack.stdout is not None:
            unpack.stdout.close()
        unpack.wait()
    return time.monotonic() - before, done.stdout.count(b"\n")


def say(text: str) -> None:
    """What is going on, on stderr."""
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=MILLION)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    say("making the archive")
    folder = archive(options.events)
    files = sorted(folder.rglob("*.gz"))
    with Bench.running(ROOT / ".bench" / "run" / "replay-plan") as bench:
        say("putting it into the bench's S3")
        bucket = f"replay-plan-{uuid.uuid4().hex[:8]}"
        s3, sqs = bench.client("s3"), bench.client("sqs")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        queue = sqs.create_queue(QueueName=bucket)["QueueUrl"]
        for path in files:
            s3.put_object(Bucket=bucket, Key=str(path.relative_to(folder)), Body=path.read_bytes())
        say("planning")
        made = plan(bench.environment(), bucket, queue, options.processes)
    beside = gunzip_jq(folder)
    size = sum(path.stat().st_size for path in files)
    print(f"{options.events:,} events in {len(files)} objects, {size / MIB:,.0f} MiB of GZIP")
    print(
        f"event-fork replay plan, {options.processes} processes: {made.seconds:.1f} s, "
        f"{made.events / made.seconds:,.0f} events/s, {made.peak_bytes / MIB:,.0f} MiB in all processes; "
        f"{made.duplicates:,} second copies, {made.items} items"
    )
    if beside is None:
        print("gunzip | jq: not on this machine")
    else:
        print(f"gunzip | jq, hour and type only, local files: {beside[0]:.1f} s, {beside[1] / beside[0]:,.0f} lines/s")
    if made.events != options.events:
        print(f"the plan has {made.events:,} events", file=sys.stderr)
        return 1
    if options.events >= MILLION and made.seconds > SECONDS_PER_MILLION * options.events / MILLION:
        print(f"slower than {SECONDS_PER_MILLION} s for a million events", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
