"""What a function's imports and clients cost beside bare boto3: CPU of new processes, all ways in turns, and modules.

`bare`: boto3 and a client, what any function in Python needs. Ours: the storage function with its settings, its client
and its redactor, without and with tracing.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measuring import PROFILED, Ratio, in_turns

LAMBDAS = Path(__file__).resolve().parents[1] / "lambdas"
BARE = "import boto3; boto3.client('firehose')"
OURS = "import event_fork.storage_backup as f; f.forwarder()"
SETTINGS = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "backup",
    "DELIVERY_STREAM_NAME": "backup",
    "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/000000000000/dlq",
    "REDACT": '[{"path": "$.card"}]',
    "PYTHONPATH": str(LAMBDAS),
}
WAYS = {"bare": (BARE, "true"), "cold start": (OURS, "true"), "cold start, with tracing": (OURS, "false")}
TARGET = 1.4
PROCESSES = 15
# The standard library's modules differ from one Python to the next; what we add to it does not.
_MODULES = (
    "import sys; print(*(name for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names"
    " and name != '__main__'))"
)


def ratios(processes: int = PROCESSES) -> Iterator[Ratio]:
    """Rows of CPU."""
    runs = {way: partial(_run, way) for way in WAYS}
    in_turns(runs, 1)  # writes the byte code
    seconds = in_turns(runs, processes)
    for way in list(WAYS)[1:]:
        value = seconds[way] / seconds["bare"]
        target = TARGET if way == "cold start" else None
        missed = target is not None and value > target
        yield Ratio(way, value, target, microseconds=seconds[way] * 1e6, why=_slowest_imports(way) if missed else ())


def counted() -> dict[str, dict[str, int]]:
    """Rows of counts: modules beyond those of the bare way that are not the standard library's."""
    bare = _modules("bare")
    return {way: {"modules imported": len(_modules(way) - bare)} for way in list(WAYS)[1:]}


def _modules(way: str) -> set[str]:
    return set(_run(way, f"; {_MODULES}").stdout.split())


def _slowest_imports(way: str) -> tuple[str, ...]:
    """By the time in the module itself, without those of the bare way."""
    bare = {name for name, _ in _import_times("bare")}
    ours = [(name, own) for name, own in _import_times(way) if name not in bare]
    total = sum(own for _, own in ours)
    slowest = sorted(ours, key=lambda entry: -entry[1])[:PROFILED]
    return tuple(f"{own / total:4.0%} {own:>8,} us     import {name}" for name, own in slowest)


def _import_times(way: str) -> list[tuple[str, int]]:
    lines = _run(way, options=("-X", "importtime")).stderr.splitlines()
    fields = [line.removeprefix("import time:").split("|") for line in lines if line.startswith("import time:")]
    return [(name.strip(), int(own)) for own, _, name in fields if own.strip().isdigit()]


def _run(way: str, more: str = "", options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    program, trace_disabled = WAYS[way]
    environment = {**os.environ, **SETTINGS, "POWERTOOLS_TRACE_DISABLED": trace_disabled}
    command = [sys.executable, *options, "-c", program + more]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
