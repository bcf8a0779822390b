"""The pages about the modules say what the modules are: tables are current, and every piece of HCL is valid."""

import json
import re
import shutil
from pathlib import Path

import pytest

from docs.generate_module_tables import documents, with_current_tables
from testbench import run_terraform
from testbench.paths import PROJECT
from tests.terraform.native import WORK, in_words, initialised

PUBLIC = ("fork", "storage-backup", "search-analytics", "replay")
_SNIPPET = re.compile(r"^```hcl\n(.*?)^```", re.DOTALL | re.MULTILINE)
_ADDRESS = re.compile(
    r'source\s+= "<namespace>/event-fork-pipelines/aws(?://(?P<folder>[\w/-]+))?"\n'
    r'\s+version\s+= "[^"]+"\n'
)
_GIT_ADDRESS = re.compile(
    r'source\s+= "git::https://[^"]+/terraform-aws-event-fork-pipelines\.git(?://(?P<folder>[\w/-]+))?\?ref=v[\d.]+"\n'
)
_WHAT_SNIPPETS_REFER_TO = """
resource "aws_sns_topic" "orders" {}
resource "aws_sqs_queue" "checkout" {}
resource "aws_opensearch_domain" "shared" { domain_name = "shared" }
resource "aws_opensearch_domain" "logs" { domain_name = "logs" }
resource "aws_dynamodb_table" "audit" { name = "audit" }
"""


def pages() -> list[Path]:
    return [page for page in [*documents(), *sorted(PROJECT.glob("examples/*/README.md"))] if page.exists()]


def snippets() -> dict[str, str]:
    """A name -> HCL of a page."""
    return {
        f"{'_'.join(page.relative_to(PROJECT).with_suffix('').parts).replace('.', '_')}_{number}": text
        for page in pages()
        for number, text in enumerate(_SNIPPET.findall(page.read_text()))
    }


@pytest.mark.parametrize("page", [page for page in documents() if page.exists()], ids=str)
def test_tables_are_current(page: Path) -> None:
    assert page.read_text() == with_current_tables(page), "run `make docs`"


@pytest.mark.parametrize("module", PUBLIC)
def test_a_module_that_users_call_has_a_page_with_tables_and_a_use(module: str) -> None:
    text = (PROJECT / "modules" / module / "README.md").read_text()
    assert f"<!-- tables of {module}: begin" in text
    assert f"event-fork-pipelines/aws//modules/{module}" in text
    assert {"## Limits", "## Costs", "## Inputs", "## Outputs"} <= set(text.splitlines())


def test_every_piece_of_hcl_on_the_pages_is_valid() -> None:
    found = snippets()
    assert len(found) >= 9
    folder = WORK / "snippets"
    shutil.rmtree(folder, ignore_errors=True)
    up = "/".join([".."] * (len(folder.relative_to(PROJECT).parts) + 1))
    for name, text in found.items():
        place = folder / name
        place.mkdir(parents=True)
        here = text
        for address in (_ADDRESS, _GIT_ADDRESS):
            here = address.sub(lambda match: f'source = "{up}/{match["folder"] or ""}"\n', here)
        (place / "main.tf").write_text(here + _WHAT_SNIPPETS_REFER_TO)
        (place / "versions.tf").write_text((PROJECT / "versions.tf").read_text())
        for package in re.findall(r"[$]{path.module}/([\w-]+[.]zip)", text):  # what the page says to build first
            (place / package).touch()
    calls = {name: {"source": f"./{name}"} for name in found}
    (folder / "main.tf.json").write_text(json.dumps({"module": calls}))
    with initialised(folder, {}):
        answer = run_terraform(["validate", "-json"], folder, check=False)
    diagnostics = json.loads(answer.stdout)["diagnostics"]
    assert [in_words(each) for each in diagnostics if each["severity"] == "error"] == []
