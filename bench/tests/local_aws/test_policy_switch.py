"""BENCH_AUTH: policies are enforced unless it is 0, by the emulator and by Data Firehose alike."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from testbench import Bench, composition, stack
from testbench.backends.external import VARIABLE as EXTERNAL
from testbench.backends.ministack import part
from testbench.endpoints import Endpoints
from testbench.errors import BenchError
from testbench.firehose_part import DataFirehose
from testbench.users import Users

ALL = ("ministack", "firehose", "opensearch")
STARTED = Endpoints("ministack", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3", parts=ALL)


@pytest.mark.parametrize(("given", "enforced"), [(None, True), ("", True), ("1", True), ("0", False)])
def test_policies_are_enforced_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, given: str | None, enforced: bool
) -> None:
    monkeypatch.delenv(EXTERNAL, raising=False)
    monkeypatch.delenv(composition.AUTHORISE_VARIABLE, raising=False)
    if given is not None:
        monkeypatch.setenv(composition.AUTHORISE_VARIABLE, given)
    assert composition.plan().authorise is enforced
    assert composition.fits(replace(STARTED, authorise=enforced))
    assert not composition.fits(replace(STARTED, authorise=not enforced))


def test_another_value_is_refused_with_the_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(composition.AUTHORISE_VARIABLE, "yes")
    with pytest.raises(BenchError, match=r"BENCH_AUTH must be 1 .* or 0 .*, it is 'yes'"):
        composition.authorise()


def test_an_emulator_that_runs_already_has_its_own_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(EXTERNAL, "http://127.0.0.1:4566")
    assert composition.plan().authorise is False


@pytest.mark.parametrize("enforced", [False, True])
def test_emulator_and_data_firehose_are_started_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enforced: bool
) -> None:
    monkeypatch.setattr(part.MiniStack, "runtime", lambda self: Path("python"))
    endpoints = replace(STARTED, authorise=enforced)
    emulator = part.MiniStack().command(1, endpoints, tmp_path)
    firehose = DataFirehose().command(2, endpoints, tmp_path)
    assert (emulator.environment.get("AUTH") == "true") is enforced
    assert ("--assume-roles" in firehose.argv) is enforced


def test_a_bench_with_other_settings_is_not_taken_from_those_who_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(EXTERNAL, raising=False)
    monkeypatch.delenv(composition.AUTHORISE_VARIABLE, raising=False)
    stack.claim(tmp_path)
    replace(STARTED, authorise=False).save(tmp_path)
    Users(tmp_path).enter()
    with pytest.raises(BenchError, match=rf"has other settings .* and is used by process {os.getpid()}"):
        Bench.up(tmp_path)
    assert Endpoints.load(tmp_path) is not None
