"""`make new-pipeline` makes a pipeline whose own checks pass from the living example, and refuses bad names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from examples.new_pipeline import LONGEST, BadNameError, new_pipeline
from testbench.paths import PROJECT
from testbench.terraform import terraform_binary, terraform_environment

NAME = "invoices-of-every-orders"
"""As long as a name may be, so that lines of code and names in AWS are at their longest."""
PARTS = ("modules", "lambdas", "examples", "docs", "cli", "bench", "tests", "requirements")
FILES = ("pyproject.toml", "Makefile", "README.md", "CONTRIBUTING.md", "LICENSE", "CHANGELOG.md")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository, with the pipeline in it and `make build docs` done."""
    folder = tmp_path_factory.mktemp("copy")
    unwanted = shutil.ignore_patterns("__pycache__", ".terraform*", "*.egg-info")
    for part in PARTS:
        shutil.copytree(PROJECT / part, folder / part, ignore=unwanted)
    for file in [PROJECT / name for name in FILES] + [*PROJECT.glob("*.tf"), *PROJECT.glob(".importlinter")]:
        shutil.copy(file, folder)
    made = python(folder, "-m", "examples.new_pipeline", NAME)
    assert made.returncode == 0, made.stderr
    for command in (("lambdas/build.py",), ("-m", "docs.generate_terraform"), ("-m", "docs.generate_module_tables")):
        done = python(folder, *command)
        assert done.returncode == 0, done.stderr
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in a copy, which sees the copy's own modules and not this checkout's."""
    path = os.pathsep.join(str(folder / part) for part in ("", "lambdas", "cli", "bench"))
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path, "BENCH_PROJECT": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_ruff_and_mypy_have_nothing_to_say_about_a_new_pipeline(copy: Path) -> None:
    snake = NAME.replace("-", "_")
    made = [str(path) for path in copy.rglob(f"*{snake}*.py")]
    assert len(made) == 3
    for command in (("ruff", "check", *made), ("ruff", "format", "--check", *made), ("mypy", *made)):
        done = python(copy, "-m", *command)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_a_new_function_stands_in_the_layers_of_the_import_contracts(copy: Path) -> None:
    done = python(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_tests_of_a_new_function_pass_and_the_zip_has_it(copy: Path) -> None:
    snake = NAME.replace("-", "_")
    done = python(copy, "-m", "pytest", "-q", f"tests/functional/event_fork/test_{snake}_function.py")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    assert f'"event_fork/{snake}.py"' in (copy / "lambdas/dist/event_fork.manifest.json").read_text()


@pytest.mark.slow
def test_a_new_module_takes_the_inputs_that_all_pipelines_share_and_hands_them_on(copy: Path) -> None:
    done = python(copy, "-m", "pytest", "-q", "tests/terraform/test_inputs_agree.py", "-k", "shared or current")
    assert done.returncode == 0, done.stdout
    assert NAME in python(copy, "-c", "from docs.generate_terraform import copies; print(*copies())").stdout
    assert not (copy / "modules" / NAME / "variables.tf").exists()


@pytest.mark.slow
@pytest.mark.terraform
def test_a_new_module_passes_its_native_tests_and_its_example_is_valid(copy: Path) -> None:
    module, example = copy / "modules" / NAME, copy / "examples" / NAME
    assert "Success! 2 passed, 0 failed." in terraform(module, "test")
    assert "Success! The configuration is valid." in terraform(example, "validate")
    for folder in (module, example):
        terraform(folder, "fmt", "-check", "-recursive")


def terraform(folder: Path, *arguments: str) -> str:
    said = ""
    for command in (("init", "-backend=false"), arguments):
        done = subprocess.run(
            [terraform_binary(), *command, *(["-no-color"] if command[0] != "fmt" else [])],
            cwd=folder,
            env=terraform_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = done.stdout
    return said


@pytest.mark.slow
def test_the_page_of_a_new_module_has_its_inputs_and_the_address_of_the_module(copy: Path) -> None:
    page = (copy / "modules" / NAME / "README.md").read_text()
    assert f"event-fork-pipelines/aws//modules/{NAME}" in page
    assert "| `topic_arn` |" in page
    assert "| `table_name` |" in page


@pytest.mark.slow
def test_nothing_of_the_living_example_is_left_in_a_new_pipeline(copy: Path) -> None:
    snake = NAME.replace("-", "_")
    files = [path for path in copy.rglob("*") if path.is_file() and (NAME in str(path) or snake in path.name)]
    assert len(files) >= 14
    for path in files:
        if path.suffix in {".py", ".tf", ".hcl", ".md"} and path.name != "variables.fork.tf":
            text = path.read_text().lower()
            assert not [word for word in ("audit", "custom-pipeline", "custom pipeline") if word in text], path


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("", "must be 1 to 24 small letters"),
        ("Audit", "must be 1 to 24 small letters"),
        ("audit_log", "must be 1 to 24 small letters"),
        ("2fast", "beginning with a letter"),
        ("a--b", "single hyphens"),
        ("a-", "single hyphens"),
        ("../up", "must be 1 to 24 small letters"),
        ("x" * (LONGEST + 1), "must be 1 to 24 small letters"),
        ("class", "must not be a word of Python"),
        ("replay", "modules/replay is there"),
        ("ecommerce", "examples/ecommerce is there"),
        ("events", "lambdas/event_fork/events is there"),
        ("settings", "lambdas/event_fork/settings.py is there"),
        *((name, "must not be a word") for name in ("json", "rows", "record", "failures", "pytest", "boto3", "root")),
        *((name, "must not be a word") for name in ("print", "event-fork", "stack", "module-stack", "handler")),
    ],
)
def test_a_name_that_is_bad_or_taken_is_refused_with_rule_example_and_value(name: str, rule: str) -> None:
    with pytest.raises(BadNameError) as refused:
        new_pipeline(name, PROJECT)

    said = str(refused.value)
    assert rule in said
    assert "make new-pipeline NAME=audit-log" in said
    assert said.endswith(f"received {name!r}")


def test_a_line_that_the_example_no_longer_has_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    for part in ("examples/custom-pipeline", "tests/functional/custom_pipeline"):
        shutil.copytree(PROJECT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", ".terraform*"))
    (tmp_path / "tests/e2e").mkdir()
    shutil.copy(PROJECT / "tests/e2e/test_modules_custom_pipeline.py", tmp_path / "tests/e2e")
    main = tmp_path / "examples/custom-pipeline/module/main.tf"
    main.write_text(main.read_text().replace("audit_log.handler", "other.handler"))

    with pytest.raises(LookupError, match=r"module/main\.tf no longer says"):
        new_pipeline("invoices", tmp_path)
    assert not (tmp_path / "modules").exists()


def test_a_layer_that_the_import_contracts_no_longer_have_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    for part in ("examples", "modules", "tests"):
        (tmp_path / part).symlink_to(PROJECT / part)
    (tmp_path / ".importlinter").write_text("layers =\n    replay_worker\n")

    with pytest.raises(LookupError, match=r"\.importlinter no longer says"):
        new_pipeline("invoices", tmp_path)
    assert not (PROJECT / "modules/invoices").exists()


@pytest.mark.parametrize(
    "name", ["a'b", 'x"; touch {0}; "', "$(touch {0})", "`touch {0}`", "$$(touch {0})", "$(shell touch {0})"]
)
def test_a_name_is_no_command_of_make_or_the_shell(name: str, tmp_path: Path) -> None:
    name = name.format(tmp_path / "ran")
    shutil.copy(PROJECT / "Makefile", tmp_path)
    (tmp_path / "python").write_text(f'#!/bin/sh\nprintf %s "$4" >{tmp_path / "received"}\n')
    (tmp_path / "python").chmod(0o755)
    arguments = ("-o", "setup", f"PY={tmp_path / 'python'}", "new-pipeline", f"NAME={name}")
    done = subprocess.run(["make", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "received").read_text() == name
    assert not (tmp_path / "ran").exists()
