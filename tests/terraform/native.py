"""Running Terraform's own tests from pytest: one `terraform test` for a whole folder, its runs by name."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from testbench import run_terraform
from testbench.paths import PROJECT

MODULES = PROJECT / "modules"
MOCKS = PROJECT / "tests" / "terraform" / "mocks"
WORK = PROJECT / "build" / "terraform"
"""Plugin links, generated configurations: nothing is written beside the modules."""

_RUN = re.compile(r'^run "(?P<name>\w+)"', re.MULTILINE)


@dataclass(frozen=True)
class NativeRun:
    """A `run` block of a *.tftest.hcl file."""

    folder: Path
    """The module that terraform runs in."""
    file: Path
    name: str

    def __str__(self) -> str:
        module = "root" if self.folder == PROJECT else " ".join(self.folder.relative_to(PROJECT).parts[1:])
        return f"{module}: {self.name}"


@dataclass
class Outcome:
    """What terraform said of a run: pass, fail, error or skip, and why."""

    status: str = "missing"
    problems: list[str] = field(default_factory=list)


def native_runs() -> list[NativeRun]:
    """Every run of every native test in the repository, in the order of the files."""
    found = [(file.parents[1], file) for file in sorted(MODULES.glob("*/tests/*.tftest.hcl"))]
    found += [(file.parents[1], file) for file in sorted(PROJECT.glob("examples/*/*/tests/*.tftest.hcl"))]
    found += [(PROJECT, file) for file in sorted((PROJECT / "tests" / "terraform").glob("*.tftest.hcl"))]
    return [NativeRun(folder, file, name) for folder, file in found for name in _RUN.findall(file.read_text())]


@cache
def outcomes(folder: Path) -> dict[tuple[str, str], Outcome]:
    """(file name, run name) -> outcome, of all native tests of one module."""
    where = "tests/terraform" if folder == PROJECT else "tests"
    results: dict[tuple[str, str], Outcome] = {}
    for event in terraform_test(folder, where):
        key = (Path(event.get("@testfile", "")).name, event.get("@testrun", ""))
        if event["type"] == "test_run" and event["test_run"]["progress"] == "complete":
            results.setdefault(key, Outcome()).status = event["test_run"]["status"]
        if event["type"] == "diagnostic" and event["diagnostic"]["severity"] == "error":
            results.setdefault(key, Outcome()).problems.append(in_words(event["diagnostic"]))
    return results


def terraform_test(folder: Path, test_folder: str = "tests") -> list[dict[str, Any]]:
    """The events of `terraform test -json`; a failed test is no error here."""
    data = WORK / "data" / ("root" if folder == PROJECT else "_".join(folder.relative_to(PROJECT).parts))
    data.mkdir(parents=True, exist_ok=True)
    environment = {"TF_DATA_DIR": str(data)}
    where = f"-test-directory={test_folder}"
    with initialised(folder, environment, where):
        answer = run_terraform(["test", "-json", "-no-color", where], folder, environment=environment, check=False)
    events = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    if not any(event["type"] == "test_summary" for event in events):
        raise AssertionError(f"terraform test did not come to an end in {folder}:\n{answer.stdout}\n{answer.stderr}")
    return events


@contextmanager
def initialised(folder: Path, environment: dict[str, str], *arguments: str) -> Iterator[None]:
    """`terraform init` for a while: the lock file goes again, consumers of a module keep their own."""
    run_terraform(["init", "-backend=false", "-no-color", *arguments], folder, environment=environment)
    yield
    (folder / ".terraform.lock.hcl").unlink(missing_ok=True)


def in_words(diagnostic: dict[str, Any]) -> str:
    """A diagnostic as one text."""
    place = diagnostic.get("range", {})
    where = f"{place.get('filename', '?')}:{place.get('start', {}).get('line', '?')}"
    return f"{where}: {diagnostic['summary']}: {diagnostic.get('detail', '')}"
