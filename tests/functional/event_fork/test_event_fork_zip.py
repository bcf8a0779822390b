"""The shipped zip: current, deterministic, our own code only, and importable where it will run."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import build
from tests.functional.event_fork.conftest import EVENTS, REPOSITORY

HANDLERS = ("storage_backup", "search_analytics", "replay", "redact")


@pytest.fixture
def copy(tmp_path: Path) -> build.Build:
    """The source and its build in a folder of their own."""
    source = tmp_path / "lambdas" / "event_fork"
    shutil.copytree(build.EVENT_FORK.source, source, ignore=shutil.ignore_patterns("__pycache__"))
    made = build.Build(source, tmp_path / "dist" / "event_fork.zip")
    made.write()
    return made


def test_the_committed_zip_and_manifest_are_what_the_source_says() -> None:
    assert build.EVENT_FORK.differences() == [], "run: make build"


def test_the_zip_holds_our_own_package_only() -> None:
    with zipfile.ZipFile(build.EVENT_FORK.zip) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"event_fork"}
        assert all(name.endswith(".py") for name in archive.namelist())


def test_two_builds_of_one_source_have_the_same_bytes(copy: build.Build, tmp_path: Path) -> None:
    for path in copy.source.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    again = build.Build(copy.source, tmp_path / "again" / "event_fork.zip")
    again.write()

    assert again.zip.read_bytes() == copy.zip.read_bytes()
    assert again.manifest.read_bytes() == copy.manifest.read_bytes()


def test_a_zip_of_the_same_contents_is_not_written_again_whatever_its_bytes(copy: build.Build) -> None:
    with zipfile.ZipFile(copy.zip, "w") as archive:  # as another zlib would pack it
        for path, data in copy.source_contents().items():
            archive.writestr(path, data)
    packed = copy.zip.read_bytes()

    assert not copy.write()
    assert copy.zip.read_bytes() == packed

    for manifest in (None, '{"event_fork/errors.py": "0"}'):
        copy.manifest.unlink() if manifest is None else copy.manifest.write_text(manifest)
        assert copy.write()
        assert copy.zip.read_bytes() == packed
        assert copy.differences() == []

    (copy.source / "errors.py").write_text("changed = 1\n")
    assert copy.write()
    assert copy.differences() == []


def test_every_function_may_read_every_file(copy: build.Build) -> None:
    with zipfile.ZipFile(copy.zip) as archive:
        entries = archive.infolist()

    assert {(entry.external_attr >> 16, entry.date_time) for entry in entries} == {(0o100644, (1980, 1, 1, 0, 0, 0))}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)


def test_the_check_names_each_file_that_differs_and_the_command_that_helps(
    copy: build.Build, capsys: pytest.CaptureFixture[str]
) -> None:
    check = ["--check", "--source", str(copy.source), "--zip", str(copy.zip)]
    assert build.main(check) == 0
    (copy.source / "errors.py").write_text("changed = 1\n")
    (copy.source / "added.py").touch()
    (copy.source / "sending/backoff.py").unlink()

    assert build.main(check) == 1

    said = capsys.readouterr().err
    for line in (
        "event_fork.zip: event_fork/errors.py differs",
        "event_fork.zip: event_fork/added.py is missing",
        "event_fork.zip: event_fork/sending/backoff.py is not in the source",
        "event_fork.manifest.json: event_fork/errors.py differs",
        "make build",
    ):
        assert line in said


def test_the_check_fails_where_nothing_was_built(copy: build.Build) -> None:
    copy.zip.unlink()
    copy.manifest.unlink()

    assert copy.differences() == ["event_fork.zip: is not there", "event_fork.manifest.json: is not there"]


def test_a_flat_build_leaves_the_folders_name_out(copy: build.Build, tmp_path: Path) -> None:
    flat = build.Build(copy.source, tmp_path / "flat.zip", flat=True)

    assert {f"event_fork/{path}" for path in flat.source_contents()} == set(copy.source_contents())


def test_an_empty_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no Python files"):
        build.Build(tmp_path, tmp_path / "x.zip").write()


def run_isolated(code: str, *folders: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that sees the standard library, the shipped zip and these folders, nothing else."""
    path = [str(build.EVENT_FORK.zip), *map(str, folders)]
    return subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        check=False,  # the caller looks at the exit code and at what was said
        env=environment,
        cwd="/",
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("module", HANDLERS)
def test_every_handler_imports_from_zip_layer_and_runtime_alone(
    module: str, layer_folder: Path, runtime_folder: Path
) -> None:
    done = run_isolated(
        f"from event_fork.{module} import handler\nimport event_fork\nprint(callable(handler), event_fork.__path__[0])",
        layer_folder,
        runtime_folder,
    )

    assert done.stdout.split() == ["True", f"{build.EVENT_FORK.zip}/event_fork"], done.stderr


def test_no_module_of_the_zip_needs_more_than_layer_and_runtime(layer_folder: Path, runtime_folder: Path) -> None:
    modules = [
        path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in build.zip_manifest(build.EVENT_FORK.zip)
    ]
    done = run_isolated(
        f"import importlib\nfor module in {modules!r}:\n    print(importlib.import_module(module).__name__)",
        layer_folder,
        runtime_folder,
    )

    assert done.stdout.split() == modules, done.stderr


@pytest.mark.parametrize("disabled", ["true", "false"])
def test_calls_are_traced_only_where_tracing_is_on(layer_folder: Path, runtime_folder: Path, disabled: str) -> None:
    done = run_isolated(
        "import event_fork.redact, botocore.client; print(hasattr(botocore.client, '_xray_enabled'))",
        layer_folder,
        runtime_folder,
        LAMBDA_TASK_ROOT=str(REPOSITORY / "build"),
        POWERTOOLS_TRACE_DISABLED=disabled,
    )

    assert done.stdout.split() == [str(disabled == "false")], done.stderr


def test_a_function_runs_with_tracing_on_and_no_x_ray_daemon_there(layer_folder: Path, runtime_folder: Path) -> None:
    code = f"""
import json
from event_fork.redact import handler
class Context:
    function_name = invoked_function_arn = aws_request_id = "f"
    memory_limit_in_mb = 128
event = json.load(open({str(EVENTS / "firehose_transformation.json")!r}))
for _ in range(2):
    answer = handler(event, Context())
print("ANSWER", json.dumps([record["result"] for record in answer["records"]]))
"""
    done = run_isolated(
        code,
        layer_folder,
        runtime_folder,
        LAMBDA_TASK_ROOT=str(REPOSITORY / "build"),
        AWS_XRAY_DAEMON_ADDRESS="127.0.0.1:9",
        _X_AMZN_TRACE_ID="Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        REDACT='[{"path": "$.payment.card"}]',
        AWS_DEFAULT_REGION="eu-west-1",
    )

    assert done.returncode == 0, done.stderr
    assert [
        json.loads(line.removeprefix("ANSWER ")) for line in done.stdout.splitlines() if line.startswith("ANSWER")
    ] == [["Ok", "Ok", "ProcessingFailed", "ProcessingFailed"]]
