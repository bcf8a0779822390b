"""The command `event-fork` as a user runs it, against the bench."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbench import Bench
from testbench.paths import PROJECT

EVENT_FORK = (sys.executable, "-m", "event_fork_cli")
_USERS_SHELL = ("PATH", "HOME", "LANG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """Its data."""
        assert self.code == 0, f"exit code {self.code}\n{self.stdout}\n{self.stderr}"
        return json.loads(self.stdout)


def environment(bench: Bench, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """A user's shell. `more`: variables that it has in addition."""
    python_path = os.pathsep.join(str(PROJECT / part) for part in ("cli", "lambdas"))
    kept = {name: os.environ[name] for name in _USERS_SHELL if name in os.environ}
    return {**kept, **bench.environment(), "PYTHONPATH": python_path, **(more or {})}


def event_fork(
    bench: Bench,
    *arguments: str,
    timeout: float = 300.0,
    folder: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> Ran:
    """Run the command to its end. `folder`: where it writes files; `more`: see `environment`."""
    done = subprocess.run(
        [*EVENT_FORK, *arguments],
        env=environment(bench, more),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
