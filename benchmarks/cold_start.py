"""What a function's imports and clients cost beside bare boto3: CPU of new processes, both sides in turn.

    python benchmarks/cold_start.py [--runs N]

`bare`: boto3 and a client, what any function in Python needs. `off`, `on`: the storage function with its settings, its
client and its redactor, without and with tracing. Prints medians and the ratios to `bare`.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

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
WAYS = {"bare": (BARE, "true"), "off": (OURS, "true"), "on": (OURS, "false")}


def seconds(program: str, trace_disabled: str) -> float:
    """CPU of one new interpreter, less nothing: it starts on both sides."""
    timed = f"import time; {program}; print(time.process_time())"
    environment = {**os.environ, **SETTINGS, "POWERTOOLS_TRACE_DISABLED": trace_disabled}
    done = subprocess.run([sys.executable, "-c", timed], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=15, help="processes of each way (default 15)")
    runs = parser.parse_args().runs
    took: dict[str, list[float]] = {way: [] for way in WAYS}
    for _ in range(runs + 1):  # the first writes the byte code
        for way, program in WAYS.items():
            took[way].append(seconds(*program))
    medians = {way: statistics.median(all_[1:]) for way, all_ in took.items()}
    for way, median in medians.items():
        print(f"{way:5} {median * 1000:6.0f} ms  {median / medians['bare']:.2f}x")


if __name__ == "__main__":
    main()
