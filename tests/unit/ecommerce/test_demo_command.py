"""The demo's command: exit codes, report file, words at the end."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from examples.ecommerce.demo import __main__ as command
from examples.ecommerce.demo.session import Session
from testbench import Bench, BenchError
from testbench.stack import Health

Run = Callable[[object], object]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Run the command with a session that does what it is told, and a verdict that is given."""
    monkeypatch.setattr(command, "REPORT", tmp_path / "demo" / "report.json")
    monkeypatch.setattr(command, "STATE", tmp_path / "bench")

    def run(session: Run, broken: list[str] | None = None, *arguments: str) -> int:
        monkeypatch.setattr(Session, "run", lambda _, samples: session(samples))
        monkeypatch.setattr(command, "report_of", lambda _: {"orders": {"sent": 1}})
        monkeypatch.setattr(command, "broken_promises", lambda _: broken or [])
        return command.main(list(arguments))

    return run


def test_it_ends_with_0_and_a_report_when_every_promise_held(run: Callable[..., int]) -> None:
    assert run(lambda _: object()) == 0
    assert json.loads(command.REPORT.read_text()) == {"orders": {"sent": 1}}


def test_a_broken_promise_ends_it_with_1_a_sentence_and_the_report(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(lambda _: object(), ["3 orders [o-1] are missing"]) == 1
    assert "3 orders [o-1] are missing" in capsys.readouterr().out
    assert command.REPORT.exists()


def test_a_failure_ends_it_with_1_its_words_and_the_place_of_the_logs(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> object:
        raise BenchError("terraform said no")

    assert run(fail) == 1
    said = capsys.readouterr().out
    assert "terraform said no" in said
    assert "*.log" in said
    assert not command.REPORT.exists()


def interrupt(_: object) -> object:
    raise KeyboardInterrupt


def test_an_interruption_ends_it_with_130_and_says_that_nothing_is_left(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(interrupt) == 130
    said = capsys.readouterr().out
    assert "interrupted" in said
    assert "nothing goes on running" in said


def test_when_the_bench_goes_on_running_it_says_so_and_how_to_stop_it(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = Health("firehose", "healthy", 4711, 80, 0, 1.0)
    monkeypatch.setattr(Bench, "parts_health", lambda _: [healthy])

    assert run(interrupt) == 130
    said = capsys.readouterr().out
    assert f"testbench down --state {command.STATE}" in said
    assert "nothing goes on running" not in said


def test_the_report_of_an_earlier_run_does_not_stay_when_this_one_fails(run: Callable[..., int]) -> None:
    assert run(lambda _: object()) == 0
    assert run(interrupt) == 130
    assert not command.REPORT.exists()


def test_at_the_end_it_says_what_to_do_next(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda _: object())
    assert "make demo KEEP=1" in capsys.readouterr().out


def test_as_many_samples_as_asked_for_are_placed(run: Callable[..., int]) -> None:
    got: list[object] = []
    run(got.append, None, "--orders", "12", "--bad", "3")
    (samples,) = got
    assert isinstance(samples, list)
    assert (len(samples), sum(sample.wrong_field is not None for sample in samples)) == (12, 3)


@pytest.mark.parametrize("arguments", [["--bad", "200"], ["--orders", "0"], ["--bad", "-1"]])
def test_counts_that_cannot_be_are_refused(arguments: list[str], run: Callable[..., int]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(lambda _: object(), None, *arguments)
    assert ended.value.code == 2
