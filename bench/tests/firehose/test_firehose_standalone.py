"""The folder can be taken out: it imports nothing of the project around it, and runs where nothing else is."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from firehose.behaviour_table import README
from firehose.harness import ROLE, eventually
from firehose.test_firehose_durability import client

from local_firehose.client import FirehoseControl
from local_firehose.fakes.aws import FakeAws

FOLDER = README.parent


def imported(file: Path) -> set[str]:
    """Names of the modules that a file imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            found.add(str(node.module))
    return found


def test_it_imports_only_itself_the_standard_library_and_what_its_readme_installs() -> None:
    installed = set(re.findall(r"pip install ([a-z0-9 ]+)", README.read_text())[0].split())
    everything = {name for file in FOLDER.rglob("*.py") for name in imported(file)}
    foreign = {name for name in everything if name.partition(".")[0] not in sys.stdlib_module_names}
    outside = {name for name in foreign if not name.startswith("local_firehose")}
    assert {name.partition(".")[0] for name in outside} == installed - {"tzdata"}  # data that zoneinfo looks for itself
    assert not [name for name in everything if name.startswith(("tests.", "event_fork"))]


@pytest.mark.slow
def test_it_runs_where_nothing_else_of_the_project_is(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "local_firehose", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "local_firehose"]
    where = subprocess.run(
        [sys.executable, "-c", "import local_firehose; print(local_firehose.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout.strip()).is_relative_to(tmp_path)
    text = subprocess.run([*command, "--help"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "--aws-endpoint URL" in text.stdout
    with FakeAws() as aws:
        options = ["--aws-endpoint", aws.endpoint, "--no-role-check", "--transition-seconds", "0"]
        server = subprocess.Popen([*command, *options], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            endpoint = json.loads(server.stdout.readline())["endpoint"]
            aws.create_bucket("b")
            firehose = client(endpoint)
            firehose.create_delivery_stream(
                DeliveryStreamName="s",
                ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
            )
            control = FirehoseControl(endpoint)
            eventually(lambda: control.streams("s")[0]["status"] == "ACTIVE")
            firehose.put_record(DeliveryStreamName="s", Record={"Data": b"hello"})
            control.wait_until_delivered("s")
            assert [stored.body for stored in aws.objects("b")] == [b"hello"]
        finally:
            server.terminate()
            server.stdout.close()
            assert server.wait(20) == 0
