"""How fast the local Data Firehose takes and delivers records, and how much memory a backlog costs.

    make bench-firehose            (or: python benchmarks/firehose_throughput.py --help)

The server runs as a process of its own; S3 is a stand-in that counts bytes. Records are 1,000 bytes of JSON, put 500 at
a time over four connections, delivered as GZIP objects. Three cases: memory only, with --state (SQLite), and a backlog:
S3 refuses everything while 200 MiB come in, then more until the server throttles, then S3 works again.
Exit code 1 when a target is missed.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from local_firehose.client import FirehoseControl  # noqa: E402
from local_firehose.fakes.aws import FakeAws  # noqa: E402

MIB = 1024 * 1024
BATCH = 500
RECORD_BYTES = 1000
CONNECTIONS = 4
THROTTLED_SECONDS = 0.05
STREAM = "bench"
HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/firehose/aws4_request, Signature=0",
    "Content-Type": "application/x-amz-json-1.1",
}


@dataclass(frozen=True)
class Result:
    """One line of the report."""

    case: str
    records_per_second: float
    peak_mib: float
    note: str


class Watch:
    """Samples the resident memory of a process."""

    def __init__(self, process: int) -> None:
        self._process = psutil.Process(process)
        self.peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.02):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.peak = max(self.peak, self._process.memory_info().rss)


@contextlib.contextmanager
def server(aws: FakeAws, *options: str) -> Iterator[tuple[str, int]]:
    """A server process: its address and process id."""
    command = [sys.executable, "-m", "local_firehose", "--aws-endpoint", aws.endpoint, "--log-level", "ERROR"]
    command += ["--no-role-check", "--no-quotas", "--transition-seconds", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["endpoint"], process.pid
    finally:
        process.terminate()
        process.wait(20)


def bodies() -> list[bytes]:
    """Twenty different PutRecordBatch requests of JSON events that compress as real ones do."""
    chance = random.Random(1)  # noqa: S311 (test data)
    made = []
    for _ in range(20):
        records = []
        for _ in range(BATCH):
            event: dict[str, Any] = {
                "order_id": f"{chance.getrandbits(64):016x}",
                "customer": chance.choice(["ada", "grace", "edsger", "barbara"]),
                "amount": round(chance.uniform(1, 900), 2),
                "lines": [{"sku": f"sku-{chance.randrange(5000)}", "quantity": chance.randrange(9)} for _ in range(12)],
            }
            text = json.dumps(event)
            event["note"] = f"{chance.getrandbits(1600):x}"[: max(0, RECORD_BYTES - len(text) - 13)]
            records.append({"Data": base64.b64encode((json.dumps(event) + "\n").encode()).decode()})
        made.append(json.dumps({"DeliveryStreamName": STREAM, "Records": records}).encode())
    return made


async def call(session: aiohttp.ClientSession, url: str, operation: str, body: bytes) -> tuple[int, dict[str, Any]]:
    """One API call."""
    headers = {**HEADERS, "X-Amz-Target": f"Firehose_20150804.{operation}"}
    async with session.post(url, data=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def create(session: aiohttp.ClientSession, url: str) -> None:
    """The stream: 5 MiB or 60 s, GZIP."""
    configuration = {
        "RoleARN": "arn:aws:iam::000000000000:role/bench",
        "BucketARN": "arn:aws:s3:::bench",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
    }
    request = {"DeliveryStreamName": STREAM, "ExtendedS3DestinationConfiguration": configuration}
    status, answer = await call(session, url, "CreateDeliveryStream", json.dumps(request).encode())
    assert status == 200, answer
    while True:
        _, answer = await call(
            session, url, "DescribeDeliveryStream", json.dumps({"DeliveryStreamName": STREAM}).encode()
        )
        if answer["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE":
            return
        await asyncio.sleep(0.02)


async def put_for(url: str, seconds: float) -> int:
    """Put as fast as the server takes it; how many records it accepted."""
    requests = bodies()
    accepted = 0
    async with aiohttp.ClientSession() as session:
        await create(session, url)
        end = time.monotonic() + seconds

        async def run(number: int) -> None:
            nonlocal accepted
            while time.monotonic() < end:
                status, answer = await call(session, url, "PutRecordBatch", requests[number % len(requests)])
                if status == 503:  # more is waiting than the server takes into memory: it delivers first
                    await asyncio.sleep(THROTTLED_SECONDS)
                    continue
                accepted += BATCH - answer["FailedPutCount"]
                number += CONNECTIONS

        await asyncio.gather(*(run(number) for number in range(CONNECTIONS)))
    return accepted


def throughput(case: str, seconds: float, *options: str) -> Result:
    """Accept and deliver for a while; the time counts until the last record is in an object."""
    with FakeAws() as aws:
        aws.create_bucket("bench")
        aws.keep_objects = False
        with server(aws, *options) as (url, process), Watch(process) as watch:
            started = time.monotonic()
            accepted = asyncio.run(put_for(url, seconds))
            FirehoseControl(url).wait_until_delivered(STREAM, seconds=60)
            took = time.monotonic() - started
        note = f"{accepted} records, {aws.bytes_put / MIB:.0f} MiB of GZIP, {took:.1f} s until the last was delivered"
        return Result(case, accepted / took, watch.peak / MIB, note)


async def fill(url: str) -> tuple[int, int]:
    """Put until the server throttles; bytes accepted before that, and how many answers said so."""
    requests = bodies()
    accepted = throttled = 0
    async with aiohttp.ClientSession() as session:
        await create(session, url)
        number = 0
        while throttled < 5:
            status, answer = await call(session, url, "PutRecordBatch", requests[number % len(requests)])
            failed = BATCH if status == 503 else answer["FailedPutCount"]
            accepted += (BATCH - failed) * RECORD_BYTES
            throttled += bool(failed)
            number += 1
    return accepted, throttled


def backlog() -> Result:
    """200 MiB and more that cannot be delivered, then can."""
    with FakeAws() as aws:
        aws.create_bucket("bench")
        aws.keep_objects = False
        with server(aws) as (url, process), Watch(process) as watch:
            control = FirehoseControl(url)
            control.arm("s3")
            started = time.monotonic()
            accepted, throttled = asyncio.run(fill(url))
            took = time.monotonic() - started
            control.disarm()
            control.clock(speed=100)
            control.wait_until_delivered(STREAM, seconds=120)
        assert accepted >= 200 * MIB, f"throttled at {accepted / MIB:.0f} MiB already"
        note = f"{accepted / MIB:.0f} MiB accepted, then {throttled} throttled answers; all delivered afterwards"
        return Result("backlog", accepted / RECORD_BYTES / took, watch.peak / MIB, note)


def main() -> int:
    """Run the cases, print the report, compare with the targets."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=10.0, help="how long to put (default %(default)s)")
    options.add_argument("--least", type=float, default=5000.0, help="records per second wanted (default %(default)s)")
    options.add_argument("--most-mib", type=float, default=600.0, help="peak memory allowed (default %(default)s)")
    wanted = options.parse_args()
    with tempfile.TemporaryDirectory() as state:
        results = [
            throughput("memory only", wanted.seconds),
            throughput("with --state", wanted.seconds, "--state", state),
            backlog(),
        ]
    print(f"{'case':<14}{'records/s':>12}{'peak RSS MiB':>15}  what")
    for result in results:
        print(f"{result.case:<14}{result.records_per_second:>12,.0f}{result.peak_mib:>15,.0f}  {result.note}")
    missed = [r.case for r in results if r.records_per_second < wanted.least or r.peak_mib > wanted.most_mib]
    for case in missed:
        print(f"target missed: {case} (at least {wanted.least:,.0f} records/s, at most {wanted.most_mib:,.0f} MiB)")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
