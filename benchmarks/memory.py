"""Memory and CPU of each function's process: the largest memory under full batches, and CPU seconds by messages.

    make bench-memory            (or: python -m benchmarks.memory --help; a minute or two)

A full batch is as many messages as Lambda hands over at once, 10,000 or 6 MB, small ones and large ones. The shipped
handlers run with boto3 as it is; what would go over the network is answered in the process. Lambda's own runtime, about
30 MiB, comes on top. Exit code 1 when memory goes on growing, or a function of 512 MiB would be filled by half.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.forwarding import messages_of
from benchmarks.measured import read, write

LAMBDAS = Path(__file__).resolve().parents[1] / "lambdas"
PAYLOAD_BYTES, MOST_MESSAGES = 6_000_000, 10_000
SHAPES = {"small": 20, "1 KB": 1_000, "200 KB": 200_000}
"""Bytes of a published message."""
FUNCTIONS = {"storage": "storage_backup", "search": "search_analytics", "replay": "replay"}
FIRST, MORE = 3, 20
TIMED = (250, 500, 1_000)
"""Messages of a batch."""
GROWTH = 1.05
MOST_MIB = 256
_QUEUE = "https://sqs.eu-west-1.amazonaws.com/000000000000/q"
SETTINGS = {
    "AWS_ACCESS_KEY_ID": "t",
    "AWS_SECRET_ACCESS_KEY": "t",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "DELIVERY_STREAM_NAME": "backup",
    "DEAD_LETTER_QUEUE_URL": _QUEUE,
    "DESTINATION_QUEUE_URL": _QUEUE,
    "REPLAY_ID": "bench",
    "COMPRESS_RECORDS": "true",
}


class _Context:
    """Of an invocation."""

    function_name = aws_request_id = "bench"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-west-1:000000000000:function:bench"

    def get_remaining_time_in_millis(self) -> int:
        """A minute, always."""
        return 60_000


def largest() -> float:
    """MiB. Not by getrusage, which counts the process that started this one."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (kib,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(kib) / 1024, 1)


def payload(size: int, most: int = MOST_MESSAGES) -> bytes:
    """An SQS event with as many messages of that size as fit."""
    records: list[dict[str, Any]] = []
    total = 0
    for each in messages_of(size, min(most, PAYLOAD_BYTES // (size + 300))):
        record = {
            "messageId": each.message_id,
            "receiptHandle": "r" * 180,
            "body": each.body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764000000000"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:bench",
            "awsRegion": "eu-west-1",
        }
        total += len(json.dumps(record))
        if total > PAYLOAD_BYTES:
            break
        records.append(record)
    return json.dumps({"Records": records}).encode()


def invoke(function: str, *, cpu: bool) -> dict[str, float]:
    """In this process, which is the function's. Stdin has events: of one message and a full one, or all to time."""
    from botocore.awsrequest import AWSResponse  # after the settings
    from botocore.session import Session

    def answer(request: Any, **_: Any) -> Any:
        asked = json.loads(request.body)
        if "Records" in asked:
            said: Any = {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "r"}] * len(asked["Records"])}
        else:
            sent = {"MessageId": "m", "MD5OfMessageBody": ""}
            said = {"Successful": [{"Id": each["Id"], **sent} for each in asked["Entries"]]}
        headers: Any = {"Content-Type": "application/x-amz-json-1.1"}
        return AWSResponse(request.url, 200, headers, _Raw(json.dumps(said).encode()))

    original: Any = Session.create_client

    def create_client(session: Session, *arguments: Any, **settings: Any) -> Any:
        client = original(session, *arguments, **settings)
        client.meta.events.register("before-send", answer)
        return client

    setattr(Session, "create_client", create_client)  # noqa: B010 its type is boto3's own
    handler = importlib.import_module(f"event_fork.{FUNCTIONS[function]}").handler

    def seconds(event: bytes) -> float:
        before = time.process_time()
        run(event, 1)
        return round(time.process_time() - before, 5)

    def run(event: bytes, times: int) -> float:
        for _ in range(times):
            returned = handler(json.loads(event), _Context())
            if returned != {"batchItemFailures": []}:
                raise SystemExit(f"{function}: {returned}")
        return largest()

    events = sys.stdin.buffer.read().splitlines()
    if cpu:
        return {str(len(json.loads(event)["Records"])): min(seconds(event) for _ in range(MORE)) for event in events}
    one, full = events
    found = {"one message": run(one, 1)}
    return found | {"a full batch": run(full, FIRST), f"{FIRST + MORE} of them": run(full, MORE)}


class _Raw:
    """The body of an answer, as urllib3 has it."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def stream(self, **_: Any) -> Sequence[bytes]:
        """All of it."""
        return [self.body]


def measure() -> dict[str, dict[str, float]]:
    """Each function and each size of messages, in a process of its own."""
    rows = {}
    for function in FUNCTIONS:
        for name, size in SHAPES.items():
            full = payload(size)
            messages = {"messages": float(len(json.loads(full)["Records"]))}
            rows[f"{function}, {name}"] = messages | _child(function, payload(size, 1), full)
    return rows


def timed() -> dict[str, dict[str, float]]:
    """CPU seconds of an invocation, by its messages of 1 KB; the least, because other work on the machine only adds."""
    events = [payload(1_000, count) for count in TIMED]
    return {
        f"{function}, {int(count):,} messages": {"seconds": seconds}
        for function in FUNCTIONS
        for count, seconds in _child(function, *events, options=("--cpu",)).items()
    }


def _child(function: str, *events: bytes, options: Sequence[str] = ()) -> dict[str, float]:
    environment = {**os.environ, **SETTINGS, "PYTHONPATH": f"{LAMBDAS}{os.pathsep}{LAMBDAS.parent}"}
    command = [sys.executable, "-m", "benchmarks.memory", "--one", function, *options]
    ran = subprocess.run(command, env=environment, input=b"\n".join(events), stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def complaints(rows: dict[str, dict[str, float]]) -> list[str]:
    """What is not flat, or too much."""
    found = []
    for row, values in rows.items():
        *_, once, often = values.values()
        if often > once * GROWTH:
            found.append(f"{row}: {once:.0f} MiB after {FIRST} full batches, {often:.0f} after {FIRST + MORE}")
        if often > MOST_MIB:
            found.append(f"{row}: {often:.0f} MiB, of 512")
    return found


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", choices=FUNCTIONS, help=argparse.SUPPRESS)
    parser.add_argument("--cpu", action="store_true", help="only the CPU seconds")
    parser.add_argument("--write", action="store_true", help="write benchmarks/measured.json")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(invoke(options.one, cpu=options.cpu)))
        return 0
    cpu = timed()
    for row, values in cpu.items():
        print(f"  {row:28} {values['seconds'] * 1000:8.1f} ms of CPU")
    if options.write:
        write(read() | {"functions": cpu})
    if options.cpu:
        return 0
    rows = measure()
    for row, values in rows.items():
        print(f"  {row:20} {', '.join(f'{name} {value:,.0f}' for name, value in values.items())}  (MiB)")
    if options.write:
        write(read() | {"memory": rows})
    found = complaints(rows)
    for complaint in found:
        print(complaint, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
