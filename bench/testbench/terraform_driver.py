"""python-terraform with its process handling replaced.

python-terraform builds the arguments of init, plan, apply, destroy and output. `cmd` is the one method through which
all of them go, and the one that is overridden here. Some of its defaults do not fit Terraform 1.x. So call
`apply(skip_plan=True)` (else it waits for an approval), `destroy(force=None, auto_approve=IsFlagged)` (`-force` is
gone), `plan(detailed_exitcode=None)` and `output(full_value=True)`.
"""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from python_terraform import Terraform

from testbench.errors import TerraformError

SECONDS_TO_END = 60
"""For a terraform that was interrupted to write its state and release its lock."""


@dataclass(frozen=True)
class TerraformProgress:
    """How far an apply or destroy is. `total` is known once terraform has planned, before that it is 0."""

    done: int
    total: int
    message: str
    """Terraform's own line: "module.x.aws_y.z: Creation complete after 1s"."""


class TerraformDriver(Terraform):  # type: ignore[misc]  # python-terraform has no types
    """python-terraform's commands and arguments, run by a process handling that streams and reports every failure."""

    def __init__(self, folder: Path, binary: str, environment: Mapping[str, str]) -> None:
        super().__init__(working_dir=str(folder), terraform_bin_path=binary)
        self.variables = None  # they lie in a file of the folder; {} would become an empty one in the temporary folder
        self._environment = dict(environment)
        self._progress: Callable[[TerraformProgress], None] | None = None

    def __getattr__(self, name: str) -> Any:
        """python-terraform makes a command of every unknown name; here only of `output_cmd` and the like."""
        if name.startswith("_") or not name.endswith("_cmd"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return super().__getattr__(name)

    @contextmanager
    def reporting(self, progress: Callable[[TerraformProgress], None] | None) -> Iterator[None]:
        """Tell the callback about every resource that the commands inside finish."""
        self._progress = progress
        try:
            yield
        finally:
            self._progress = None

    def cmd(self, cmd: str, *args: str, **kwargs: Any) -> tuple[int, str, str]:
        """Run a terraform command: (0, its output, its errors).

        Arguments are python-terraform's. Raises `TerraformError` with terraform's own message for any exit code but 0.
        """
        process = subprocess.Popen(
            self.generate_cmd_string(cmd, *args, **kwargs),
            cwd=self.working_dir,
            env=self._environment,
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
            process.terminate()  # politely: it has a state to write
            try:
                process.wait(timeout=SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        reader.join()
        output, error = "".join(lines), "".join(errors)
        if code != 0:
            words = reporter.problems() or error.strip() or output.strip()
            raise TerraformError(f"`terraform {cmd}` failed (exit code {code}) in {self.working_dir}:\n{words}")
        return code, output, error


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
