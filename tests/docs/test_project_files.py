"""The files that others' tools read (GitHub, pre-commit) run commands that are there."""

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from testbench.paths import PROJECT

TARGETS = set(re.findall(r"^([a-z][\w-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
TEMPLATES = sorted((PROJECT / ".github").rglob("*.yml"))


def read(path: str) -> Any:
    return yaml.safe_load((PROJECT / path).read_text(encoding="utf-8"))


def test_the_workflow_runs_make_targets_only_and_all_are_there() -> None:
    job = read(".github/workflows/ci.yml")["jobs"]["make"]
    commands = [step["run"] for step in job["steps"] if "run" in step]
    matrix = job["strategy"]["matrix"]["target"]

    assert commands == ["make ${{ matrix.target }}", "make generated"]
    assert {"check", "test"} <= set(matrix)
    assert {"generated", *matrix} <= TARGETS


def test_make_docs_and_make_generated_run_every_generator() -> None:
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"^GENERATORS := (.*)$", makefile, re.MULTILINE)

    assert listed is not None
    assert sorted(listed[1].split()) == sorted(f"docs.{file.stem}" for file in PROJECT.glob("docs/generate_*.py"))
    assert makefile.count("for part in $(GENERATORS)") == 2


def test_every_hook_of_pre_commit_is_local_and_its_command_is_there() -> None:
    repositories = read(".pre-commit-config.yaml")["repos"]
    hooks = [hook for repository in repositories for hook in repository["hooks"]]

    assert [repository["repo"] for repository in repositories] == ["local"]
    assert {hook["id"] for hook in hooks} == {"ruff", "ruff-format", "mypy", "terraform-fmt", "generated"}
    for command in (hook["entry"].split() for hook in hooks):
        if command[0] == "make":
            assert command[1] in TARGETS
        else:
            assert command[:2] == [".venv/bin/python", "-m"]
            assert find_spec(command[2]) is not None


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_file_for_github_can_be_read(template: Path) -> None:
    assert isinstance(yaml.safe_load(template.read_text(encoding="utf-8")), dict)
