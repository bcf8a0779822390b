"""`pip install .` gives a command that works: the whole package, its dependencies, and nothing of the checkout."""

import os
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
REQUIREMENTS = REPOSITORY / "requirements"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of this repository goes into the package."""
    source = tmp_path_factory.mktemp("source")
    shutil.copy(REPOSITORY / "pyproject.toml", source)
    for folder in ("lambdas", "cli"):
        shutil.copytree(
            REPOSITORY / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    return source


@pytest.fixture(scope="module")
def before(source: Path) -> list[Path]:
    """What lies in the source before it is installed."""
    return sorted(source.rglob("*"))


@pytest.fixture(scope="module")
def installed(source: Path, before: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of a clean virtual environment into which the source was installed."""
    assert before
    environment = tmp_path_factory.mktemp("venv")
    venv.create(environment, with_pip=True)
    commands = environment / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)]
    subprocess.run(pip, check=True)
    return commands


def run(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment["AWS_CONFIG_FILE"] = str(folder / "none")
    return subprocess.run(
        [str(installed / "event-fork"), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_installed_command_works_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    version = run(installed, tmp_path, "--version")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("event-fork 0.")

    usage = run(installed, tmp_path, "replay", "plan", "--help")
    assert usage.returncode == 0
    assert "--archive" in usage.stdout

    no_region = run(installed, tmp_path, "replay", "list")
    assert (no_region.returncode, no_region.stdout) == (2, "")
    assert "--region" in no_region.stderr


@pytest.mark.slow
def test_the_installed_package_needs_nothing_of_the_functions_runtime(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys, event_fork_cli.app, event_fork;"
        "assert 'aws_lambda_powertools' not in sys.modules;"
        "assert event_fork.__file__.startswith(sys.prefix), event_fork.__file__"
    )
    python = str(installed / "python")

    subprocess.run([python, "-I", "-c", code], cwd=tmp_path, check=True)


@pytest.mark.slow
def test_the_installation_leaves_nothing_behind_in_the_checkout(
    installed: Path, source: Path, before: list[Path]
) -> None:
    assert (installed / "event-fork").exists()
    assert sorted(source.rglob("*")) == before


def test_the_locked_requirements_of_the_command_are_those_that_the_package_names() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    named = {*project["project"]["dependencies"], *project["build-system"]["requires"]}
    written = {line for line in (REQUIREMENTS / "command.in").read_text().splitlines() if not line.startswith("#")}
    assert written == named


@pytest.mark.slow
def test_the_command_can_be_installed_with_nothing_that_has_no_hash(source: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    commands = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    pip = [str(commands / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    hashed = ["--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS / "command.txt")]
    subprocess.run([*pip, *hashed], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--no-index", str(source)], check=True)
    subprocess.run([*pip[:3], "check"], check=True)
    assert run(commands, tmp_path, "--version").returncode == 0


INTERRUPTED = """
import runpy, sys

class WhileLoading:
    @staticmethod
    def find_spec(name, *_):
        if name == "event_fork_cli.app":
            raise KeyboardInterrupt

sys.meta_path.insert(0, WhileLoading)
runpy.run_module("event_fork_cli", run_name="__main__")
"""


def test_ctrl_c_while_the_command_loads_ends_it_without_a_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
