"""Which way imports go: .importlinter holds for the code as it is, and refuses what breaks it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("lambdas/event_fork", "cli/event_fork_cli", "bench/testbench", "bench/local_firehose")
BREACHES = {
    "The functions' rooms lie in layers": ("event_fork/events/envelope.py", "from event_fork.archive import lines"),
    "The domain knows neither AWS nor Powertools nor the environment": (
        "event_fork/replay_plan/plan.py",
        "import boto3",
    ),
    "Handlers call AWS through adapters": ("event_fork/redact.py", "import boto3"),
    "Adapters know ports and values, no use case": (
        "event_fork/adapters/sqs.py",
        "from event_fork.queue_replay import replayer",
    ),
    "The functions know nothing of the command": ("event_fork/telemetry/__init__.py", "import event_fork_cli.errors"),
    "The command's rooms lie in layers": ("event_fork_cli/errors.py", "from event_fork_cli import output"),
    "The bench knows nothing of the product": ("local_firehose/clock.py", "import event_fork.errors"),
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


def checked(code: Path) -> dict[str, str]:
    """Contract -> KEPT or BROKEN; empty when the contracts could not be read."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--config", ROOT / ".importlinter", "--no-cache"],
        cwd=code,
        env=os.environ | {"PYTHONPATH": str(code), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return dict(re.findall(r"^(.+?) (KEPT|BROKEN)(?: \(.*\))?$", done.stdout, re.MULTILINE))


def test_the_contracts_are_kept_and_each_one_broken_on_purpose_is_refused(code: Path) -> None:
    assert checked(code) == dict.fromkeys(BREACHES, "KEPT")

    for file, line in BREACHES.values():
        with (code / file).open("a") as module:
            module.write(f"\n{line}\n")

    assert checked(code) == dict.fromkeys(BREACHES, "BROKEN")


def test_the_environment_and_a_room_that_stands_in_no_layer_are_refused(code: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, code / Path(package).name, dirs_exist_ok=True)
    (code / "event_fork" / "attic.py").touch()
    with (code / "event_fork/sending/backoff.py").open("a") as module:
        module.write("\nimport os\n")

    broken = [contract for contract, state in checked(code).items() if state == "BROKEN"]

    assert broken == [
        "The functions' rooms lie in layers",
        "The domain knows neither AWS nor Powertools nor the environment",
    ]
