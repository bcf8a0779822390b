"""Which backend is taken, what it lacks, and that the page says so."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from testbench import composition, pythons
from testbench.backends.localstack import corrections, part
from testbench.endpoints import Endpoints
from testbench.errors import BenchError, PrerequisiteError
from testbench.progress import quiet

pytest_plugins = "pytester"
HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "localstack.md").read_text()
VARIABLES = ("BENCH_BACKEND", "BENCH_AUTH", "LOCALSTACK_ENDPOINT")
RUNNING = "http://127.0.0.1:4566"


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below that heading of the page, without its head."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(
    ("settings", "backend", "running", "enforced", "folder"),
    [
        ({}, "ministack", "", True, "tests"),
        ({"BENCH_BACKEND": "ministack", "BENCH_AUTH": "0"}, "ministack", "", False, "tests-no-auth"),
        ({"BENCH_BACKEND": "localstack"}, "localstack", "", False, "tests-localstack"),
        ({"LOCALSTACK_ENDPOINT": RUNNING}, "localstack", RUNNING, False, "tests-localstack-running"),
        ({"LOCALSTACK_ENDPOINT": RUNNING, "BENCH_BACKEND": "localstack"}, "localstack", RUNNING, False, None),
    ],
)
def test_the_environment_says_which_backend_a_bench_has(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, str],
    backend: str,
    running: str,
    enforced: bool,
    folder: str | None,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    planned = composition.plan()
    assert (planned.backend, planned.aws_endpoint_url, planned.authorise) == (backend, running, enforced)
    assert [part.name for part in composition.parts()][: 1 if not running else 0] == ([backend] if not running else [])
    assert folder in (None, composition.tests_state().name)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"BENCH_BACKEND": "floci"}, "BENCH_BACKEND must be ministack or localstack, it is 'floci'"),
        ({"BENCH_BACKEND": "ministack", "LOCALSTACK_ENDPOINT": RUNNING}, "LOCALSTACK_ENDPOINT names a LocalStack"),
        ({"BENCH_BACKEND": "localstack", "BENCH_AUTH": "1"}, "BENCH_AUTH=1 wants IAM enforced, and localstack cannot"),
    ],
)
def test_a_choice_that_cannot_be_had_is_refused(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BenchError, match=re.escape(said)):
        composition.plan()


def test_a_bench_of_one_backend_does_not_fit_where_the_other_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(each.name for each in composition.parts())
    found = Endpoints("ministack", RUNNING, RUNNING, RUNNING, parts=names, authorise=True)
    assert composition.fits(found)
    monkeypatch.setenv("BENCH_BACKEND", "localstack")
    assert not composition.fits(found)
    assert [each.name for each in composition.parts_of(found)] == list(names), "a running bench knows its parts"


def test_a_bench_on_other_ports_than_asked_for_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    names = tuple(each.name for each in composition.parts())
    found = Endpoints("ministack", "http://h:1", "http://h:2", "http://h:3", parts=names, authorise=True)
    for part_, port, fits in (("FIREHOSE", "2", True), ("FIREHOSE", "3", False), ("MINISTACK", "1", True)):
        monkeypatch.setenv(f"BENCH_{part_}_PORT", port)
        assert composition.fits(found) is fits
        monkeypatch.delenv(f"BENCH_{part_}_PORT")


def test_a_machine_without_a_fitting_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part, "interpreter", lambda version: None)
    with pytest.raises(PrerequisiteError, match=r"LocalStack needs Python 3\.13 or 3\.12, and there is none"):
        part.LocalStack().install(quiet)


def test_a_python_that_uv_installed_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bin_folder = tmp_path / "cpython-3.99.1-linux-x86_64-gnu" / "bin"
    bin_folder.mkdir(parents=True)
    python = bin_folder / "python3.99"
    python.write_text("#!/bin/sh\necho 3 99\n")
    python.chmod(0o755)
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path))
    assert pythons.interpreter((3, 99)) == python


def test_what_the_bench_lacks_is_skipped_with_the_reason(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_BACKEND", "localstack")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.needs("iam")
        def test_a(): raise AssertionError

        @pytest.mark.needs("something-else")
        def test_b(): pass
        """
    )
    outcome = pytester.runpytest_subprocess("-rs")
    outcome.assert_outcomes(passed=1, skipped=1)
    outcome.stdout.fnmatch_lines(["*needs iam: LocalStack's open edition stores policies and never asks them*"])


def test_a_wrong_setting_is_one_sentence_of_pytest(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_BACKEND", "floci")
    pytester.makepyfile("import pytest\n\n@pytest.mark.needs('iam')\ndef test_a(): pass")
    outcome = pytester.runpytest_subprocess()
    assert "ERROR: BENCH_BACKEND must be ministack or localstack, it is 'floci'" in outcome.stderr.str()


# -- the page ----------------------------------------------------------------------------------------------------------


def test_every_correction_is_in_the_one_list_and_has_its_row_on_the_page() -> None:
    folder = Path(str(corrections.__file__)).parent
    modules = {entry.stem for entry in folder.iterdir() if not entry.name.startswith("_")}
    assert set(corrections.CORRECTIONS) == modules
    assert {name.strip("`") for name, *_ in rows("Corrections")} == modules
    for name in corrections.CORRECTIONS:
        assert callable(import_module(f"{corrections.__name__}.{name}").apply)


def test_the_page_names_what_localstack_lacks_as_the_markers_do() -> None:
    assert rows("What it cannot do") == [[f"`{name}`", reason] for name, reason in part.LACKS.items()]


def test_the_page_names_the_differences_that_the_contract_tests_know() -> None:
    marks = [mark for file in sorted(HERE.glob("*.py")) for mark in _MARK.findall(file.read_text())]
    assert marks, "the pattern finds the marks"
    assert [row[0] for row in rows("What it does otherwise")] == marks


_MARK = re.compile(r"mark\.differs\(\s*localstack=\"([^\"]+)\"")
