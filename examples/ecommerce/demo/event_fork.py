"""The operators' command as a user runs it, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbench import Bench, BenchError

PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class EventFork:
    """`event-fork` on that bench."""

    bench: Bench

    def plan(self, archive_bucket: str, target: str, file: Path) -> dict[str, Any]:
        """The plan for every placed order in the archive, saved in the file and read back from it."""
        window = ("--from", "2h", "--to", "now", "--event-type", "order.placed")
        self._run(
            "replay", "plan", "--archive", f"s3://{archive_bucket}/", "--target", target, *window, "--out", str(file)
        )
        plan: dict[str, Any] = json.loads(file.read_text())
        return plan

    def apply(self, plan: Path) -> None:
        """Send what the plan lists; the replay goes on in Step Functions."""
        self._run("replay", "apply", str(plan), "--yes", "--no-watch")

    def status(self, replay: str) -> dict[str, Any]:
        """Where a replay is."""
        found: dict[str, Any] = json.loads(self._run("replay", "status", replay, "--output", "json"))
        return found

    def report(self, topic_arn: str, archive_bucket: str, page: Path) -> None:
        """Write what became of the topic's events of the last two hours as a page."""
        archive = ("--archive", f"s3://{archive_bucket}/")
        self._run("report", topic_arn, "--from", "2h", *archive, "--html", str(page), "--overwrite")

    def _run(self, *words: str) -> str:
        paths = os.pathsep.join(str(PROJECT / part) for part in ("cli", "lambdas"))
        environment = self.bench.endpoints.within(os.environ) | {"PYTHONPATH": paths}
        argv = [sys.executable, "-m", "event_fork_cli", *words]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            raise BenchError(f"event-fork {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout
