"""docs/cli.md shows the help as it is, and every command and option has one."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

from docs.generate_cli_page import PAGE, commands, current
from event_fork_cli.app import app

ROOT = Path(__file__).parents[3]


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert page == current(page), "run `make docs`"


def test_every_command_of_the_issue_is_there_and_is_explained() -> None:
    found = {" ".join(command): text for command, text in commands()}
    verbs = ("plan", "apply", "status", "pause", "cancel", "resume", "rate", "list")
    names = [f"replay {verb}" for verb in verbs] + [f"replay queue {verb}" for verb in ("enable", "disable", "status")]

    for name in names:
        for option in ("--region", "--profile", "--endpoint-url", "--output <table|json|csv>"):
            assert option in found[name], f"{name} has no {option}"
        assert re.search(r"\n\n  [A-Z]", found[name]), f"{name} has no description"


def parameters(command: Any, path: str = "event-fork") -> Iterator[tuple[str, str | None]]:
    """Every option of every command, with its help."""
    for parameter in command.params:
        yield f"{path} {parameter.name}", getattr(parameter, "help", None)
    for name, part in getattr(command, "commands", {}).items():
        yield from parameters(part, f"{path} {name}")


def test_every_option_and_argument_is_explained() -> None:
    found = dict(parameters(typer.main.get_command(app)))

    assert len(found) > 80
    assert [name for name, text in found.items() if not text] == []


def test_the_page_names_every_exit_code() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for code in range(4):
        assert f"\n| {code} | " in page


def test_the_installed_command_is_this_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, name = project["scripts"]["event-fork"].partition(":")

    assert callable(getattr(import_module(module), name))


def test_the_command_needs_only_what_it_declares() -> None:
    """In a clean interpreter: nothing of Lambda's layer, nothing of the tests' packages."""
    code = "import sys, event_fork_cli.app; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{ROOT / 'lambdas'}:{ROOT / 'cli'}", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())

    assert {"boto3", "rich", "typer", "event_fork"} <= loaded
    assert not loaded & {"aws_lambda_powertools", "aws_xray_sdk", "moto", "pytest", "click", "cramjam", "psutil"}
