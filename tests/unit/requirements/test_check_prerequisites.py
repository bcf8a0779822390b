"""What `make` says before it installs anything, on machines that lack something."""

import ast
import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from requirements import check_prerequisites
from requirements.check_prerequisites import missing

Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH but for the shell."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 2**40))
    return tmp_path


def put(path: Path, name: str, says: str = "", code: int = 0) -> None:
    command = path / name
    command.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    command.chmod(0o755)


def test_a_machine_with_terraform_lacks_nothing(path: Path) -> None:
    put(path, "terraform", "Terraform v1.9.0")

    assert missing() == []


@pytest.mark.parametrize(
    ("version", "others", "lacks"),
    [((3, 11, 7), (), False), ((3, 12, 1), ("python3.11",), False), ((3, 12, 1), (), True), ((3, 13, 0), (), True)],
)
def test_without_terraform_a_python_311_will_do(
    path: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], others: tuple[str, ...], lacks: bool
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    for name in others:
        put(path, name)

    assert [text.startswith("Terraform 1.9 or newer (https://") for text in missing()] == [True] * lacks


@pytest.mark.parametrize(
    ("says", "code", "words"),
    [
        ("Terraform v1.5.7", 0, "is Terraform v1.5.7"),
        ("Terraform v0.11.14", 0, "is Terraform v0.11.14"),
        ("tfenv: no version chosen", 1, "does not say its version but 'tfenv: no version chosen'"),
    ],
)
def test_a_terraform_that_is_too_old_or_does_not_run_is_named(path: Path, says: str, code: int, words: str) -> None:
    put(path, "terraform", says, code)

    (text,) = missing()

    assert str(path / "terraform") in text
    assert text.endswith(words)


def test_an_old_python_is_said_with_what_to_type(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, "terraform", "Terraform v1.11.4")
    monkeypatch.setattr(sys, "version_info", (3, 8, 10))
    monkeypatch.setattr(sys, "version", "3.8.10 (default)")

    assert missing() == ["Python 3.11 or newer (this is 3.8.10; with another one: make demo PYTHON=python3.13)"]


def test_a_full_disk_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(path, "terraform", "Terraform v1.11.4")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 2**29))

    assert missing() == ["3 GiB of free disk space in this folder (there are 0.5)"]


def test_an_old_python_can_read_it() -> None:
    source = Path(check_prerequisites.__file__).read_text()

    ast.parse(source, feature_version=(3, 6))
    assert "__future__" not in source  # annotations came with 3.7
