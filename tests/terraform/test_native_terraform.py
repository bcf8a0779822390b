"""Terraform's own checks: format, validity, and every run of the native tests as a test of its own."""

import json

import pytest

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.terraform.native import MODULES, WORK, NativeRun, Outcome, in_words, initialised, native_runs, outcomes

EXAMPLES = sorted(file.parent for file in PROJECT.glob("examples/*/versions.tf"))


@pytest.mark.parametrize("run", native_runs(), ids=str)
def test_native(run: NativeRun) -> None:
    outcome = outcomes(run.folder).get((run.file.name, run.name), Outcome())
    assert outcome.status == "pass", f"{outcome.status}: " + "\n".join(outcome.problems)


def test_every_module_that_users_call_has_native_tests_which_assert_or_expect_something() -> None:
    files = {file for run in native_runs() for file in [run.file]}
    assert {run.folder.name for run in native_runs()} >= {"fork", "storage-backup", "search-analytics", "replay"}
    for file in files:
        for block in file.read_text().split("\nrun ")[1:]:
            assert "assert {" in block or "expect_failures" in block, f"{file}: a run that checks nothing: {block[:80]}"


def test_terraform_files_are_formatted() -> None:
    paths = ["modules", "examples", "tests/terraform", *sorted(file.name for file in PROJECT.glob("*.tf"))]
    answer = [run_terraform(["fmt", "-check", "-recursive", path], PROJECT, check=False) for path in paths]
    assert not "".join(each.stdout + each.stderr for each in answer), "run `make format`"


def test_the_region_is_not_read_where_version_6_of_the_provider_warns() -> None:
    # `name` is deprecated since 6.0 and `id` since 6.47; `region` is not there in 5
    files = [*PROJECT.glob("*.tf"), *MODULES.glob("*/*.tf"), *PROJECT.glob("examples/*/*.tf")]
    assert len(files) >= 40
    assert [str(file) for file in files if 'data "aws_region"' in file.read_text()] == []


def test_the_root_module_and_every_example_are_valid() -> None:
    # all as modules of one configuration, since a validation of its own costs each of them the start of the provider
    folder = WORK / "valid"
    folder.mkdir(parents=True, exist_ok=True)
    up = "../" * len(folder.relative_to(PROJECT).parts)
    modules = {f"example_{example.name}": {"source": f"{up}examples/{example.name}"} for example in EXAMPLES}
    modules["root"] = {"source": up.rstrip("/"), "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}
    (folder / "main.tf.json").write_text(json.dumps({"module": modules}, indent=2))
    with initialised(folder, {}):
        answer = run_terraform(["validate", "-json"], folder, check=False)
    diagnostics = json.loads(answer.stdout)["diagnostics"]
    assert [in_words(diagnostic) for diagnostic in diagnostics] == []
