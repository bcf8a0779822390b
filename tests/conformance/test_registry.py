"""The repository as a user gets it from the Terraform Registry: packed, served, downloaded, planned."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.conformance import planning, registry
from tests.conformance.registry import ADDRESS

PUBLIC = ("fork", "replay", "search-analytics", "storage-backup")
_LOCAL_SOURCE = re.compile(r'source(\s+)= "(?:\.\./)+(modules/[\w-]+)"')
_MOCKS = re.compile(r"^```terraform\n(mock_provider.*?)^```", re.DOTALL | re.MULTILINE)

_RUN = """
run "COMMAND" {
  command = COMMAND
  assert {
    condition     = module.backup.queue_name == "orders-backup"
    error_message = "The queue is named after the fork."
  }
}
"""


@dataclass(frozen=True)
class Download:
    """The unpacked repository, a folder for a user's own configurations, and how terraform finds the registry."""

    repository: Path
    work: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def download(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Download]:
    work = tmp_path_factory.mktemp("registry")
    tarball = registry.pack(work)
    with registry.serving(tarball) as address:
        yield Download(registry.unpack(tarball, work), work, registry.cli_configuration(work, address))


def from_registry(text: str) -> str:
    """A configuration of the repository with the addresses that a user writes."""
    return _LOCAL_SOURCE.sub(rf'source\1= "{ADDRESS}//\2"\n  version\1= "~> {registry.version()}"', text)


def test_the_registry_finds_what_it_shows(download: Download) -> None:
    here = download.repository
    assert re.fullmatch(r"\d+\.\d+\.\d+", registry.version())
    assert {"README.md", "LICENSE", "main.tf", "variables.tf", "outputs.tf", "versions.tf"} <= {
        each.name for each in here.iterdir()
    }
    for module in PUBLIC:
        folder = here / "modules" / module
        assert (folder / "README.md").read_text().startswith(f"# {module}"), module
        for file in [here / "versions.tf", folder / "versions.tf"]:
            assert {"required_version", "required_providers", "hashicorp/aws"} <= set(
                re.findall(r"[\w/]+", file.read_text())
            )
    for example in sorted(here.glob("examples/*/versions.tf")):
        assert (example.parent / "README.md").is_file(), example.parent.name


def test_nothing_is_in_the_tarball_that_users_do_not_need_to_have(download: Download) -> None:
    assert [each.name for each in download.repository.glob("*") if each.name in (".venv", ".bench", "build")] == []
    assert sum(each.stat().st_size for each in download.repository.rglob("*") if each.is_file()) < 20_000_000


def test_every_example_is_planned_from_the_addresses_of_the_registry(download: Download) -> None:
    folder = download.work / "examples"
    shutil.copytree(download.repository / "examples", folder, ignore=shutil.ignore_patterns("dist", "functions"))
    examples = sorted(file.parent for file in folder.glob("*/versions.tf"))
    assert len(examples) >= 7
    for file in folder.rglob("*.tf"):
        file.write_text(from_registry(file.read_text()))
        assert "../modules/" not in file.read_text()
    shutil.copytree(download.repository / "examples/ecommerce/dist", folder / "ecommerce/dist")
    calls: dict[str, dict[str, Any]] = {
        f"example_{each.name.replace('-', '_')}": {"source": f"./{each.name}", "name": f"ex-{number}"}
        for number, each in enumerate(examples)
    }
    for name in ("custom_pipeline", "idempotent_consumer"):
        calls[f"example_{name}"]["function_zip"] = str(download.repository / "lambdas/dist/event_fork.zip")
    topic = "arn:aws:sns:eu-west-1:123456789012:orders"
    calls["root"] = {"source": ADDRESS, "version": registry.version(), "topic_arn": topic}
    calls["root"] |= {"storage_backups": {"root-archive": {}}}
    shutil.copy2(download.repository / "versions.tf", folder)
    (folder / "main.tf.json").write_text(json.dumps({**planning.providers(), "module": calls}))
    run_terraform(["init", "-no-color"], folder, environment=download.environment)
    validated = run_terraform(["validate", "-json"], folder, environment=download.environment, check=False)
    assert json.loads(validated.stdout)["diagnostics"] == []
    planned = planning.plan(folder, environment=download.environment)
    assert {each.configuration for each in planning.resources(planned)} == set(calls)
    installed = json.loads((folder / ".terraform/modules/modules.json").read_text())["Modules"]
    assert len([each for each in installed if each["Source"].startswith(ADDRESS)]) >= 10


def test_a_users_own_terraform_test_with_a_mocked_provider_works_by_the_block_on_the_page(download: Download) -> None:
    folder = download.work / "shop"
    (folder / "tests").mkdir(parents=True)
    (folder / "main.tf").write_text(
        f'''
resource "aws_sns_topic" "orders" {{ name = "orders" }}
resource "aws_sqs_queue" "checkout" {{ name = "checkout" }}
module "backup" {{
  source    = "{ADDRESS}//modules/storage-backup"
  name      = "orders-backup"
  topic_arn = aws_sns_topic.orders.arn
  athena    = {{}}
}}
module "search" {{
  source     = "{ADDRESS}//modules/search-analytics"
  name       = "orders-search"
  topic_arn  = aws_sns_topic.orders.arn
  index_name = "orders"
}}
module "replay" {{
  source            = "{ADDRESS}//modules/replay"
  name              = "orders-replay"
  topic_arn         = aws_sns_topic.orders.arn
  destination_queue = {{ arn = aws_sqs_queue.checkout.arn, url = aws_sqs_queue.checkout.url }}
  archive           = {{ bucket = {{ arn = module.backup.bucket_arn, name = module.backup.bucket_name }} }}
}}
'''
    )
    shutil.copy2(download.repository / "versions.tf", folder)
    (block,) = _MOCKS.findall((PROJECT / "docs" / "modules.md").read_text())
    runs = "".join(_RUN.replace("COMMAND", command) for command in ("plan", "apply"))
    (folder / "tests" / "shop.tftest.hcl").write_text(f"{block}\n{runs}")
    run_terraform(["init", "-no-color"], folder, environment=download.environment)
    answer = run_terraform(["test", "-no-color"], folder, environment=download.environment, check=False)
    assert "Success! 2 passed, 0 failed." in answer.stdout, answer.stdout + answer.stderr
