"""tftest with its process handling replaced (why: docs/decisions/0001-terraform-driver.md)."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tftest

from testbench.errors import TerraformError


@dataclass(frozen=True)
class TerraformProgress:
    """How far an apply or destroy is. `total` is known once terraform has planned, before that it is 0."""

    done: int
    total: int
    message: str
    """Terraform's own line: "module.x.aws_y.z: Creation complete after 1s"."""


class TerraformDriver(tftest.TerraformTest):  # type: ignore[misc]  # tftest has no types
    """tftest's commands and arguments, run by a process handling that streams, and that reports every failure."""

    def __init__(self, folder: Path, binary: str, environment: Mapping[str, str]) -> None:
        super().__init__(str(folder), basedir=str(folder), binary=binary, cache_dir=str(folder))
        self.env = dict(environment)
        self._progress: Callable[[TerraformProgress], None] | None = None

    @contextmanager
    def reporting(self, progress: Callable[[TerraformProgress], None] | None) -> Iterator[None]:
        """Tell the callback about every resource that the commands inside finish."""
        self._progress = progress
        try:
            yield
        finally:
            self._progress = None

    def execute_command(self, cmd: str, *cmd_args: str) -> tftest.TerraformCommandOutput:
        """Run a terraform command. Raises `TerraformError` with terraform's own message for any exit code but 0."""
        process = subprocess.Popen(
            [self.binary, cmd, *cmd_args],
            cwd=self.tfdir,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        # stderr is read beside stdout: a full pipe on one side would block terraform while we wait on the other
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
        reader.start()
        lines = []
        reporter = _Reporter(self._progress)
        try:
            for line in process.stdout or ():
                lines.append(line)
                reporter.read(line)
            code = process.wait()
        except BaseException:
            # interrupted: let terraform write its state and release its lock
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        reader.join()
        output, error = "".join(lines), "".join(errors)
        if code != 0:
            words = reporter.problems() or error.strip() or output.strip()
            raise TerraformError(f"`terraform {cmd}` failed (exit code {code}) in {self.tfdir}:\n{words}")
        return tftest.TerraformCommandOutput(code, output, error)


class _Reporter:
    """Reads terraform's machine-readable lines (`-json`); other lines are left alone.

    https://developer.hashicorp.com/terraform/internals/machine-readable-ui
    """

    def __init__(self, progress: Callable[[TerraformProgress], None] | None) -> None:
        self._progress = progress
        self._done = 0
        self._total = 0
        self._problems: list[str] = []

    def read(self, line: str) -> None:
        message = _parsed(line)
        kind = message.get("type")
        if kind == "planned_change" and message["change"]["action"] != "read":
            self._total += 1
        elif kind == "apply_complete" and message["hook"]["action"] != "read":
            self._done += 1
            self._tell(message)
        elif kind == "diagnostic" and message.get("@level") == "error":
            self._problems.append(_diagnostic(message["diagnostic"]))

    def problems(self) -> str:
        """Terraform's errors in its own words."""
        return "\n".join(self._problems)

    def _tell(self, message: Mapping[str, Any]) -> None:
        if self._progress:
            self._progress(TerraformProgress(self._done, max(self._total, self._done), str(message["@message"])))


def planned_changes(output: str) -> list[str]:
    """The changes in the output of `terraform plan -json`: "update ADDRESS" for resources, "update output NAME"."""
    changes = []
    for message in (_parsed(line) for line in output.splitlines()):
        if message.get("type") == "planned_change":
            change = message["change"]
            if change["action"] not in ("noop", "read"):
                changes.append(f"{change['action']} {change['resource']['addr']}")
        elif message.get("type") == "outputs":
            outputs = message["outputs"].items()
            changes += [f"{output['action']} output {name}" for name, output in outputs if output["action"] != "noop"]
    return changes


def _parsed(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _diagnostic(diagnostic: Mapping[str, Any]) -> str:
    where = diagnostic.get("address", "")
    place = diagnostic.get("range") or {}
    if place:
        where = f"{where} on {place['filename']} line {place['start']['line']}".strip()
    lines = [f"Error: {diagnostic['summary']}", f"  with {where}" if where else "", str(diagnostic.get("detail", ""))]
    return "\n".join(line for line in lines if line)
