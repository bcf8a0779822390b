"""Which way imports go: .importlinter holds for the code as it is, and refuses what breaks it."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.architecture.test_handlers import HANDLERS

ROOT = Path(__file__).parents[3]
PACKAGES = ("lambdas/event_fork", "cli/event_fork_cli", "bench/testbench", "bench/local_firehose")
BREACHES = {
    "The functions' rooms lie in layers": ("event_fork/events/envelope.py", "from event_fork.archive import lines"),
    "Only adapters call AWS, only telemetry knows Powertools, only handlers read the environment": (
        "event_fork/replay_plan/plan.py",
        "import boto3",
    ),
    "Adapters know ports and values, no use case": (
        "event_fork/adapters/sqs.py",
        "from event_fork.queue_replay import replayer",
    ),
    "The functions know nothing of the command": ("event_fork/telemetry/__init__.py", "import event_fork_cli.errors"),
    "The command calls no handler": ("event_fork_cli/costs/replays.py", "from event_fork.redact import handler"),
    "Only the command's aws.py makes clients; what else knows botocore catches its errors": (
        "event_fork_cli/archive_replay/planner.py",
        "import boto3",
    ),
    "The command's rooms lie in layers": ("event_fork_cli/errors.py", "from event_fork_cli import output"),
    "The bench knows nothing of the product": ("local_firehose/clock.py", "import event_fork.errors"),
    "The local Firehose knows nothing of the rest of the bench": ("local_firehose/aws.py", "import testbench.ports"),
    "The product's code knows nothing of the bench": ("event_fork_cli/aws.py", "import testbench.endpoints"),
    "The local Firehose's rooms lie in layers": (
        "local_firehose/store.py",
        "from local_firehose.pipeline import stages",
    ),
    "No circle between packages": ("event_fork/sending/backoff.py", "from event_fork.sending import delivery"),
}


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all packages that the contracts are about."""
    copy = tmp_path_factory.mktemp("code")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def linted(code: Path) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / ".importlinter", "--no-cache"],
        cwd=code,
        env=os.environ | {"PYTHONPATH": str(code), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout


def checked(code: Path) -> dict[str, str]:
    """Contract -> KEPT or BROKEN; empty when the contracts could not be read."""
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", linted(code), re.MULTILINE))


def test_the_contracts_are_kept_and_each_one_broken_on_purpose_is_refused(code: Path) -> None:
    assert checked(code) == dict.fromkeys(BREACHES, "KEPT")

    for file, line in BREACHES.values():
        with (code / file).open("a") as module:
            module.write(f"\n{line}\n")

    assert checked(code) == dict.fromkeys(BREACHES, "BROKEN")


REFUSED = (
    ("event_fork.attic", "boto3"),  # a new room
    ("event_fork.attic", "os"),
    ("event_fork.fresh", "boto3"),  # a new handler
    ("event_fork.redact", "boto3"),
    ("event_fork.sending.backoff", "os"),
    ("event_fork.errors", "socket"),
    ("event_fork.events.envelope", "subprocess"),
    ("event_fork.events.json_text", "urllib"),
    ("event_fork.filter_policy.cidr", "s3transfer"),
    ("event_fork.archive.lines", "moto"),
    ("event_fork.settings", "typer"),
    ("event_fork.forward.forwarding", "importlib"),
    ("event_fork.adapters.sqs", "event_fork.archive.lines"),
    ("event_fork.adapters.sqs", "event_fork.index_management.installer"),
    ("event_fork.adapters.sqs", "event_fork.sending.delivery"),
    ("event_fork.adapters.firehose", "event_fork.replay_plan.plan"),
    ("event_fork_cli.views.plans", "boto3"),
    ("event_fork_cli.rejected.recipes", "boto3"),
    ("event_fork_cli.views.plans", "botocore"),
    ("event_fork_cli.archive_replay.planner", "event_fork.replay_worker"),
    *(
        ("local_firehose.clock", name)
        for name in ("tests", "docs", "examples", "lambdas", "build", "cli", "benchmarks", "checkout", "event_fork_cli")
    ),
    ("testbench.polling", "benchmarks"),
    ("local_firehose.clock", "testbench.ports"),
)
"""Importer and what it may not import, beyond one breach of each contract."""


def test_each_import_that_is_planted_is_named(code: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, code / Path(package).name, dirs_exist_ok=True)
    for importer, imported in REFUSED:
        module = code.joinpath(*importer.split(".")).with_suffix(".py")
        assert module.exists() or module.stem in {"attic", "fresh"}, importer
        with module.open("a") as file:
            file.write(f"\nimport {imported}\n")

    said = linted(code)

    assert "The functions' rooms lie in layers BROKEN" in said  # the new rooms are in no layer
    assert [f"{a} -> {b}" for a, b in REFUSED if not re.search(rf"{a} -> {b} \(", said)] == []


def contract(name: str, values: str) -> set[str]:
    parser = configparser.ConfigParser()
    parser.read(ROOT / ".importlinter")
    return set(parser[f"importlinter:contract:{name}"][values].split())


def test_every_handler_and_every_room_is_in_the_contracts_that_list_them() -> None:
    package = ROOT / "lambdas/event_fork"
    rooms = {path.stem for path in package.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    for_adapters = {"__init__", "adapters", "errors", "events"}  # a layer above them are the handlers

    assert contract("command_handlers", "forbidden_modules") == {f"event_fork.{name}" for name in HANDLERS}
    assert contract("adapters", "forbidden_modules") == {
        f"event_fork.{name}" for name in rooms - HANDLERS.keys() - for_adapters
    }
