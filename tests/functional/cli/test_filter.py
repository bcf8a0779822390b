"""event-fork filter: what SNS takes, and what gets through."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from event_fork_cli import app
from tests.support.filter_policies import REFUSED, TAKEN

Run = Callable[..., tuple[int, str, str]]
POLICY = '{"event_type": ["order.placed"], "amount": [{"numeric": [">=", 100]}]}'


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A policy, arguments after it and stdin -> exit code, stdout, stderr."""

    def run(command: str, policy: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        (tmp_path / "policy.json").write_text(policy)
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        code = app.run(["filter", command, str(tmp_path / "policy.json"), *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_policy_that_sns_takes_is_said_to_be_one_with_its_share_of_the_limits(run: Run) -> None:
    assert run("check", POLICY, "--output", "json")[:2] == (
        0,
        json.dumps({"keys": 2, "combinations": 1, "wildcard_points": 0}, indent=2) + "\n",
    )
    assert "combinations of values" in run("check", POLICY)[1]


def test_a_policy_that_sns_refuses_is_exit_code_2_with_reason_rule_and_example_in_one_line(run: Run) -> None:
    code, out, err = run("check", '{"a": [{"exists": "yes"}]}')

    assert (code, out, err.count("\n")) == (2, "", 1)
    for part in ("exists match pattern must be either true or false", "Rule: ", "Example: ", '{"exists": "yes"}'):
        assert part in err


@pytest.mark.parametrize("case", [*TAKEN, *REFUSED], ids=str)
def test_check_agrees_with_the_table(run: Run, case: tuple[str, str]) -> None:
    assert run("check", case[0], "--scope", case[1])[0] == (0 if case in TAKEN else 2)


@pytest.mark.parametrize(
    ("event", "attributes", "code"),
    [
        ("text", ["event_type=order.placed", "amount:Number=100"], 0),
        ("text", ["event_type=order.placed", "amount:Number=99"], 3),
        ("text", ["event_type=order.placed", "amount=100"], 3),
        ("text", [], 3),
    ],
)
def test_an_event_is_tried_with_its_attributes(run: Run, event: str, attributes: list[str], code: int) -> None:
    given = [part for each in attributes for part in ("--attribute", each)]

    assert run("test", POLICY, "--event", "-", *given, stdin=event)[0] == code


def test_an_event_of_the_archive_is_tried_as_it_is_and_the_keys_that_it_misses_are_named(run: Run) -> None:
    line = {
        "Type": "Notification", "MessageId": "1", "TopicArn": "a", "Message": "{}", "Timestamp": "2026-11-27T10:00:00Z",
        "MessageAttributes": {"event_type": {"Type": "String", "Value": "order.placed"}},
    }  # fmt: skip
    code, out, err = run("test", POLICY, "--event", "-", "--output", "json", stdin=json.dumps(line))

    assert code == 3
    assert json.loads(out) == {"matches": False, "keys": {"event_type": True, "amount": False}}
    assert err == "event-fork: the event does not get through: it does not match amount\n"
    assert run("test", '{"a": {"b": [1]}}', "--scope", "MessageBody", "--event", "-", stdin='{"a": {"b": 1}}')[0] == 0


@pytest.mark.parametrize(
    ("policy", "body", "keys", "code"),
    [
        ('{"o.a": ["x"], "o.b": ["y"]}', '{"o": [{"a": "x"}, {"b": "y"}]}', {"o.a": True, "o.b": True}, 3),
        ('{"o": {"a": ["x"], "b": ["y"]}}', '{"o": [{"a": "x"}, {"b": "y"}]}', {"o": False}, 3),
        ('{"o.a": ["x"], "o.b": ["y"]}', '{"o": [{"a": "x", "b": "y"}]}', {"o.a": True, "o.b": True}, 0),
        (
            '{"o.a": ["x"], "$or": [{"o.b": ["y"]}, {"o.c": ["z"]}]}',
            '{"o": [{"a": "x"}, {"b": "y"}]}',
            {"o.a": True, "$or": True},
            3,
        ),
    ],
)
def test_the_verdict_is_the_policy_s_not_that_of_its_keys_one_by_one(
    run: Run, policy: str, body: str, keys: dict[str, bool], code: int
) -> None:
    arguments = ("--scope", "MessageBody", "--event", "-", "--output", "json")
    given, out, err = run("test", policy, *arguments, stdin=body)

    assert (given, json.loads(out)) == (code, {"matches": code == 0, "keys": keys})
    if code and all(keys.values()):
        assert err == (
            "event-fork: the event does not get through: it matches each key, but not all in one element of an array\n"
        )


def test_stdin_is_not_read_twice(capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["filter", "test", "-", "--event", "-"]) == 2
    assert "--event must be a file when POLICY is -" in capsys.readouterr().err


def test_a_byte_order_mark_hides_neither_a_policy_nor_an_envelope(run: Run) -> None:
    attributes = {"event_type": {"Type": "String", "Value": "a"}}
    line = {"Type": "Notification", "MessageId": "1", "TopicArn": "a", "Message": "{}", "Timestamp": "2026-11-27"}
    event = "\ufeff" + json.dumps({**line, "MessageAttributes": attributes})

    assert run("test", '\ufeff{"event_type": ["a"]}', "--event", "-", stdin=event)[0] == 0


@pytest.mark.parametrize("given", ["event_type", "=x", "a:Text=x", "tags:String.Array=x"])
def test_another_attribute_is_refused_with_rule_example_and_value(run: Run, given: str) -> None:
    code, _, err = run("test", POLICY, "--event", "-", "--attribute", given, stdin="text")

    assert code == 2
    assert "for example" in err
    assert given in err


def test_a_file_that_cannot_be_read_is_one_sentence(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert app.run(["filter", "check", "nowhere.json"]) == 2
    assert "No such file" in capsys.readouterr().err
