"""What the demo prints where no bar can move: a log file, a pipe."""

import io

import pytest
from rich.console import Console

from examples.ecommerce.demo import show as module
from examples.ecommerce.demo.show import Show


def log_of(note: str, monkeypatch: pytest.MonkeyPatch, seconds_between: float) -> list[str]:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_LINES", seconds_between)
    log = io.StringIO()
    show = Show(Console(file=log, width=100))
    with show.step("apply", "terraform apply", note=note) as step:
        step.advance(1, 3)
        step.advance(2, 3)
    assert show.seconds["apply"] >= 0
    return [line.strip() for line in log.getvalue().splitlines() if line.strip()]


def test_a_step_says_its_title_why_it_waits_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = log_of("Firehose collects events for 60 s", monkeypatch, 0.0)

    assert lines[:4] == ["terraform apply ...", "Firehose collects events for 60 s", "1/3", "2/3"]
    assert "done" in lines[-1]


def test_counts_are_not_printed_more_often_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert log_of("", monkeypatch, 3600.0)[0] == "terraform apply ..."
    assert "1/3" not in log_of("", monkeypatch, 3600.0)
