"""The command as a shell meets it: help, version, completion, errors in one sentence, exit codes, interruptions."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from rich.table import Table

from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli import app
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import context
from event_fork_cli.commands import replay as replay_commands
from event_fork_cli.output import Output, emit, json_text, visible
from tests.functional.cli.conftest import BUCKET, World, event

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """A command line -> exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = app.run(arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_the_version_is_told(run: Run) -> None:
    code, out, err = run("--version")

    assert (code, err) == (0, "")
    assert out.startswith("event-fork ")


@pytest.mark.parametrize("arguments", [[], ["replay"], ["replay", "queue"]])
def test_a_group_without_a_command_shows_its_help_and_is_exit_code_2(run: Run, arguments: list[str]) -> None:
    code, out, err = run(*arguments)

    assert code == 2
    assert "Commands:" in out + err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_can_complete_the_command(shell: str) -> None:
    words = {"COMP_WORDS": "event-fork replay pl", "COMP_CWORD": "2", "_TYPER_COMPLETE_ARGS": "event-fork replay pl"}
    completed = subprocess.run(
        [sys.executable, "-m", "event_fork_cli"],
        env={"_EVENT_FORK_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_FISH_ACTION": "get-args", **words}
        | {"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "plan" in completed.stdout, completed.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("--region", "--region eu-west-1", "''")),
        (("--region", "eu west"), ("--region", "must be the name of a Region", "'eu west'")),
        (("--region", "eu-west-1", "--profile", "nobody"), ("--profile", "must be a profile", "'nobody'")),
        (("--region", "eu-west-1", "--endpoint-url", "bench"), ("--endpoint-url", "http://127.0.0.1:4566", "'bench'")),
    ],
)
def test_a_connection_that_cannot_be_is_exit_code_2_with_rule_example_and_value(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))

    code, out, err = run("replay", "list", *options)

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    for word in (*words, "for example"):
        assert word in err


def test_aws_region_alone_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert AwsSettings().sqs().meta.region_name == "eu-central-1"
    assert AwsSettings(region="us-east-1").sqs().meta.region_name == "us-east-1"


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(replay_commands, "find_engines", fail)


def refused(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), ("--profile", "AWS_PROFILE")),
        (OSError(28, "No space left on device", "/tmp/plan"), ("No space left on device: /tmp/plan",)),
        (BrokenProcessPool("x"), ("--processes 1",)),
        (refused("GetParametersByPath", "ExpiredTokenException", "The security token is expired"), ("is expired",)),
        (refused("HeadBucket", "403", "Forbidden"), ("HeadBucket", "s3:ListBucket")),
        (refused("GetObject", "AccessDenied", "Access Denied"), ("GetObject", "s3:GetObject", "kms:Decrypt")),
        (
            refused("CreateAlias", "AccessDeniedException", "not authorized to perform: lambda:CreateAlias"),
            ("lambda:CreateAlias",),
        ),
    ],
)
def test_what_aws_refuses_is_exit_code_1_and_one_sentence_that_names_what_is_missing(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch, error: Exception, words: tuple[str, ...]
) -> None:
    refuse(monkeypatch, error)

    code, out, err = run("replay", "list", "--region", "eu-west-1")

    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    for word in words:
        assert word in err


def test_ctrl_c_is_exit_code_1_and_said(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, KeyboardInterrupt())  # type: ignore[arg-type]

    assert run("replay", "list", "--region", "eu-west-1") == (1, "", "event-fork: interrupted\n")


def test_ctrl_c_while_a_replay_is_started_says_how_to_find_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(event(1))
    path = world.planned()

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replay_commands, "start", interrupted)
    result = world.apply(path)

    assert result.code == 1
    replay_id = json.loads(path.read_text())["replay_id"]
    assert f"event-fork replay status {replay_id}" in result.err


@pytest.mark.parametrize("out", [".", "no/such/folder/plan.json"])
def test_a_plan_that_could_not_be_saved_is_refused_before_the_archive_is_read(
    world: World, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    monkeypatch.chdir(world.folder)
    monkeypatch.setattr(context, "make_plan", None)

    result = world.plan("--out", out)

    assert result.code == 2
    assert "--out" in result.err


def test_tables_show_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("reason")
    texts = ['{"paid": [true]}', "arn:aws:sqs:eu-west-1:123456789012:key:x", "see [/ops]"]
    for text in texts:
        table.add_row(text)

    emit({}, Output.TABLE, lambda: table)

    printed = capsys.readouterr().out
    for text in texts:
        assert text in printed


def test_in_a_pipe_nothing_is_folded_whatever_colours_are_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as build servers do
    monkeypatch.setenv("COLUMNS", "60")
    table = Table("id")
    table.add_row("0a1b2c3d-" * 30)

    emit({}, Output.TABLE, lambda: table)

    assert "0a1b2c3d-" * 30 in capsys.readouterr().out


def test_json_is_written_in_the_encoding_that_there_is() -> None:
    data = {"type": "zahlung\u00e9", "broken": "\ud800"}

    assert json.loads(json_text(data, "ascii")) == data
    assert "\u00e9" in json_text({"type": "\u00e9"}, "utf-8")
    assert json_text({"type": "\u00e9"}, "ascii").isascii()
    json_text(data, "utf-8").encode("utf-8")


OBEYED = [
    "\x1b[2J", "\x1b]8;;https://example.com\x07here", "\x9b31m", "\r", "\n", "\x08", "\x7f", "\u202e", "\u2066",
    "\u200f", "\u061c", "\u2028", "\u2029", "\ud800", "\x00",
    "\u200b", "\u00ad", "\u2060", "\u3164", "\U000e0041",
]  # fmt: skip


NAMED = {"\r": "\\u000d", "\n": "\\u000a", "\x08": "\\u0008", "\x7f": "\\u007f"}
"""Where JSON has a shorter escape, or none."""


@pytest.mark.parametrize("obeyed", OBEYED)
def test_nothing_that_a_publisher_wrote_is_obeyed_by_the_terminal(world: World, obeyed: str) -> None:
    kind = f"before{obeyed}after"
    world.put(event(0, kind=kind), minutes=0)
    world.put(minutes=1, name="b", body=b"junk")

    table = world.plan("--output", "table")
    document = world.plan("--output", "json", "--event-type", "no", "--event-type", kind.replace("\x00", ""))
    nothing = world.plan("--event-type", f"no{obeyed}".replace("\x00", ""), "--output", "table")

    first = obeyed[0]
    for printed in (table.out, table.err, document.out, document.err, nothing.out, nothing.err):
        assert first == "\n" or first not in printed
        assert f"before{first}" not in printed
    assert f"before{json.dumps(first)[1:-1] if first not in NAMED else NAMED[first]}" in table.out


def test_json_says_the_same_with_escapes_for_what_a_terminal_obeys() -> None:
    for obeyed in OBEYED:
        text = json_text({"kind": obeyed}, "utf-8")
        assert json.loads(text) == {"kind": obeyed}
        assert visible(text.replace("\n", "")) == text.replace("\n", "")


@pytest.mark.parametrize("existing", [b"mine", None])
def test_a_plan_is_not_written_over_a_file_unless_told_to(world: World, existing: bytes | None) -> None:
    world.put(event(0), minutes=0)
    path = world.folder / "plan.json"
    if existing is not None:
        path.write_bytes(existing)

    result = world.plan("--out", str(path))

    if existing is not None:
        assert result.code == 2
        assert "--overwrite" in result.err
        assert path.read_bytes() == existing
        result = world.plan("--out", str(path), "--overwrite")
    assert result.code == 0, result.err
    assert json.loads(path.read_bytes())["replay_id"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("options", [(), ("--overwrite",)])
def test_a_plan_is_never_written_to_what_is_no_file(world: World, options: tuple[str, ...]) -> None:
    world.put(event(0), minutes=0)
    pipe = world.folder / "plan.json"
    os.mkfifo(pipe)

    result = world.plan("--out", str(pipe), *options)

    assert result.code == 2
    assert "--out must be a file" in result.err


def test_a_plan_is_never_written_through_a_link(world: World) -> None:
    world.put(event(0), minutes=0)
    other = world.folder / "other"
    other.write_text("mine")
    link = world.folder / "plan.json"
    link.symlink_to(other)

    result = world.plan("--out", str(link), "--overwrite")

    assert result.code == 2
    assert "no link" in result.err
    assert other.read_text() == "mine"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_knows_no_bars_shows_the_table_all_the_same(encoding: str) -> None:
    code = (
        "import sys; from rich.table import Table; from event_fork_cli import app, output;"
        "table = Table('bar \u2588'); table.add_row('\u00fcber \u2588');"
        "app.run = lambda: output.emit({}, output.Output.TABLE, lambda: table);"
        "app.main()"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONIOENCODING": encoding, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=False,
    )

    assert shown.returncode == 0, shown.stderr
    assert b"ber" in shown.stdout


def test_a_replay_that_cannot_be_understood_does_not_hide_the_others(world: World) -> None:
    world.put(event(1))
    good = world.applied().replay_id
    world.s3.put_object(Bucket=BUCKET, Key=WorkArea("orders", "replay-broken").plan, Body=b'{"format": 7}')

    listed = world.run("replay", "list", "--output", "json")

    assert [status["replay_id"] for status in listed.json] == [good]
    assert "replay-broken is left out" in listed.err


def test_expired_credentials_while_watching_say_that_the_replay_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.put(event(1))
    replay_id = world.applied().replay_id

    def expired(*_: Any) -> None:
        raise refused("GetObject", "ExpiredToken", "The provided token has expired.")

    monkeypatch.setattr(replay_commands, "watch", expired)
    result = world.run("replay", "status", replay_id, "--watch")

    assert result.code == 1
    assert f"the replay goes on in AWS; to see it: event-fork replay status {replay_id} --watch" in result.err
    assert "ExpiredToken" in result.err
