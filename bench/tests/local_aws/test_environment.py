"""Clients reach the bench whatever account, profile and proxy the shell is set up for."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from testbench import Bench
from testbench.aws_cli import aws_command
from testbench.cli import app
from testbench.endpoints import Endpoints, elsewhere
from testbench.paths import PROJECT
from testbench.progress import quiet

FOUND = Endpoints("ministack", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3")
CORPORATE = {
    "AWS_PROFILE": "corp-sso",
    "AWS_DEFAULT_PROFILE": "corp-sso",
    "AWS_SESSION_TOKEN": "of another account",
    "AWS_ENDPOINT_URL_SQS": "https://sqs.corp.example",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "corp.example",
}
"""A shell that is set up for something else, and a proxy that does not answer."""


def test_a_process_for_the_bench_has_nothing_that_leads_elsewhere() -> None:
    within = FOUND.within({**CORPORATE, "PATH": "/bin"})
    assert within["PATH"] == "/bin"
    assert within["AWS_ENDPOINT_URL_FIREHOSE"] == "http://127.0.0.1:2"
    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_SQS"} & set(within)


def test_loopback_is_added_to_the_hosts_without_a_proxy_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "corp.example")
    assert FOUND.environment()["NO_PROXY"] == "corp.example,127.0.0.1,localhost"
    monkeypatch.setenv("NO_PROXY", FOUND.environment()["NO_PROXY"])
    assert FOUND.environment()["no_proxy"] == "corp.example,127.0.0.1,localhost"


def test_addresses_of_single_services_lead_elsewhere() -> None:
    assert elsewhere({"AWS_ENDPOINT_URL_S3": "x", "AWS_ENDPOINT_URL": "y"})[-1] == "AWS_ENDPOINT_URL_S3"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An `aws` on PATH."""
    program = tmp_path / "aws"
    program.write_text("#!/bin/sh\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    return str(program)


@pytest.mark.parametrize(
    ("words", "address"),
    [
        (["sqs", "list-queues"], "http://127.0.0.1:1"),
        (["firehose", "list-delivery-streams"], "http://127.0.0.1:2"),
        (["--region", "firehose", "s3", "ls"], "http://127.0.0.1:1"),
        (["--no-cli-pager", "--output", "text", "firehose", "help"], "http://127.0.0.1:2"),
        ([], "http://127.0.0.1:1"),
    ],
)
def test_the_aws_cli_gets_the_address_of_the_service(cli: str, words: list[str], address: str) -> None:
    assert aws_command(words, FOUND, quiet) == [cli, "--endpoint-url", address, *words]


def test_an_address_that_the_user_gives_is_kept(cli: str) -> None:
    words = ["--endpoint-url=http://127.0.0.1:7", "sqs", "list-queues"]
    assert aws_command(words, FOUND, quiet) == [cli, *words]


def in_a_corporate_shell(script: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **CORPORATE}
    return subprocess.run(
        ["bash", "-ec", script], cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_every_client_reaches_the_bench_from_a_shell_that_is_set_up_for_something_else(bench: Bench) -> None:
    queue = bench.client("sqs").create_queue(QueueName="environment")["QueueUrl"]
    testbench = f"{sys.executable} -m testbench"
    answer = in_a_corporate_shell(f"""
        eval "$({testbench} env --state {bench.state})"
        {sys.executable} -c 'import boto3; print(boto3.client("sqs").list_queues()["QueueUrls"])'
        AWS_PROFILE=corp-sso {testbench} terraform version >/dev/null
        AWS_PROFILE=corp-sso {testbench} aws --state {bench.state} sqs list-queues
    """)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count(queue) == 2


@pytest.mark.e2e
@pytest.mark.parametrize("service", ["sqs list-queues", "firehose list-delivery-streams", "sts get-caller-identity"])
def test_the_cli_from_pypi_does_where_none_is_on_path(bench: Bench, service: str) -> None:
    without = os.pathsep.join(
        folder for folder in os.environ["PATH"].split(os.pathsep) if not (Path(folder) / "aws").exists()
    )
    argv = [sys.executable, "-m", "testbench", "aws", "--state", str(bench.state), *service.split()]
    environment = {**os.environ, "PATH": without}
    assert shutil.which("aws", path=without) is None
    answer = subprocess.run(
        argv, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=600, check=False
    )
    assert answer.returncode == 0, answer.stderr


def test_a_state_without_its_folder_is_a_wrong_argument_of_the_aws_command() -> None:
    found = CliRunner().invoke(app, ["aws", "--state"])
    assert (found.exit_code, "--state needs a folder" in found.output) == (2, True)
