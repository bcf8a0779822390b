"""Every command in the pages' shell blocks exists, with the options it is shown with."""

import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import typer
import typer.main
from botocore import xform_name

import event_fork_cli.app
import testbench.cli
from testbench.paths import PROJECT
from tests.docs.pages import Command, commands, fenced, name_of, pages

TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
_AWS_OPTIONS = {"--query", "--output", "--region", "--profile", "--endpoint-url", "--no-cli-pager", "--cli-input-json"}
_AWS_TRANSFER = {"cp", "ls", "mv", "sync"}
"""Commands of `aws s3`, which is no service of its own."""
_AWS_TAIL_OPTIONS = {"--since", "--follow", "--format", "--filter-pattern"}


def found(program: str) -> list[Command]:
    """The commands of a program on all pages."""
    return [command for page in pages() for command in commands(page, program)]


@pytest.mark.parametrize("command", found("make"), ids=str)
def test_make(command: Command) -> None:
    asked = [word for word in command.words[1:] if "=" not in word]
    assert asked
    assert set(asked) <= TARGETS


@pytest.mark.parametrize("command", found("event-fork"), ids=str)
def test_event_fork(command: Command) -> None:
    assert fault_of(event_fork_cli.app.app, command.words[1:]) == ""


@pytest.mark.parametrize("command", found("testbench"), ids=str)
def test_testbench(command: Command) -> None:
    assert fault_of(testbench.cli.app, command.words[1:]) == ""


@pytest.mark.parametrize("command", found("aws"), ids=str)
def test_aws(command: Command) -> None:
    assert fault_of_aws(command.words[1:]) == ""


@pytest.mark.parametrize("command", found("terraform"), ids=str)
def test_an_output_that_a_page_reads_is_there(command: Command) -> None:
    if command.words[1:3] != ("output", "-raw"):
        return
    assert re.search(rf'^output "{command.words[3]}"', (command.page.parent / "outputs.tf").read_text(), re.MULTILINE)


@pytest.mark.parametrize("page", [page for page in pages() if fenced(page.read_text(), "sh")], ids=name_of)
def test_bash_can_read_the_blocks(page: Path) -> None:
    for block in fenced(page.read_text(), "sh"):
        answer = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
        assert answer.stderr == ""


def test_the_commands_are_found() -> None:
    assert {"make", "event-fork", "aws", "testbench"} == {
        program for program in ("make", "event-fork", "aws", "testbench") if len(found(program)) >= 3
    }


def test_wrong_commands_are_noticed() -> None:
    group = event_fork_cli.app.app
    assert "No such option" in fault_of(group, ["replay", "status", "r-1", "--wtch"])
    assert "lacks" in fault_of(group, ["replay", "plan", "--from", "2h", "--target", "q"])
    assert "no command" in fault_of(group, ["replay", "begin"])
    assert "--queue-name" in fault_of_aws(["sqs", "receive-message", "--queue-name", "q", "--queue-url", "q"])
    assert "--queue-url" in fault_of_aws(["sqs", "receive-message"])
    assert "no operation" in fault_of_aws(["sqs", "recieve-message"])


def fault_of(app: typer.Typer, words: Sequence[str]) -> str:
    """What is wrong with the words after the name of a typer app; "" when nothing is. Values are not looked at."""
    command: Any = typer.main.get_command(app)  # typer brings a click of its own since 0.26: its classes are private
    context = command.context_class(command)
    rest = list(words)
    while subcommands := getattr(command, "commands", None):
        if not rest or rest[0] == "--help":
            return ""
        if rest[0] not in subcommands:
            return f"no command {rest[0]}"
        command = subcommands[rest.pop(0)]
        context = command.context_class(command, parent=context)
    if rest == ["--help"] or command.context_settings.get("ignore_unknown_options"):
        return ""
    try:
        given, extra, _ = command.make_parser(context).parse_args(rest)
    except Exception as error:
        return str(error)
    lacking = [each.name for each in command.params if each.required and given.get(each.name) is None]
    return f"lacks {', '.join(lacking)}" if lacking else f"too much: {extra}" if extra else ""


def fault_of_aws(words: Sequence[str]) -> str:
    """The same for the words after `aws`, by the SDK's own service models."""
    service, operation, *options = words
    if service == "s3":
        return "" if operation in _AWS_TRANSFER else f"no operation {operation}"
    given = {option.partition("=")[0] for option in options if option.startswith("--")} - _AWS_OPTIONS
    if (service, operation) == ("logs", "tail"):
        return _unknown(given - _AWS_TAIL_OPTIONS)
    operations = _operations(service)
    if operation not in operations:
        return f"no operation {operation}"
    members, required = operations[operation]
    plain = {re.sub("^--no-", "--", option) if option not in members else option for option in given}
    return _unknown(plain - members) or _unknown(required - plain, "lacks")


def _unknown(options: set[str], words: str = "unknown:") -> str:
    return f"{words} {', '.join(sorted(options))}" if options else ""


@cache
def _operations(service: str) -> dict[str, tuple[set[str], set[str]]]:
    model: Any = botocore.session.get_session().get_service_model(service)

    def options(names: Sequence[str]) -> set[str]:
        return {f"--{xform_name(name, '-')}" for name in names}

    operations = {}
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        operations[xform_name(name, "-")] = (
            (options(list(shape.members)), options(shape.required_members)) if shape else (set(), set())
        )
    return operations
