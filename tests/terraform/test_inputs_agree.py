"""Inputs stand in one place: what repeats them is generated; what a pipeline says again agrees with the fork."""

import json
import re
import shutil
from pathlib import Path

import pygohcl
import pytest

from docs import generate_terraform
from docs.generate_terraform import FORKS, SHARED_INPUTS, copies, generated
from docs.terraform_inputs import Input, blocks_as_written, inputs, outputs, without_defaults
from testbench.paths import PROJECT

MODULES = PROJECT / "modules"
GENERATED = generated()
PIPELINES = tuple(forks.module for forks in FORKS)
WITH_SHARED_INPUTS = tuple(file.parent.name for file in copies() if file.name == SHARED_INPUTS.name)
SET_BY_THE_PIPELINE = {
    *("handler", "delivery", "description", "layers", "policy_statements", "raw_message_delivery"),
    *("ingest", "stream_arn"),
}
"""Inputs of modules/fork that a pipeline decides and does not offer; storage-backup offers `ingest`."""
OF_ITS_OWN = {
    ("replay", "queue"),
    ("replay", "event_source_mapping"),
    ("replay", "alarms"),
    ("storage-backup", "alarms"),
    ("search-analytics", "alarms"),
}
"""Objects of modules/fork without what replay has inputs of its own for, or with what delivery streams add."""


def by_name(module: str) -> dict[str, Input]:
    return {each.name: each for each in inputs(MODULES / module)}


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: str(file.relative_to(PROJECT)))
def test_what_is_generated_is_current(file: Path) -> None:
    assert file.read_text() == GENERATED[file], "run `make docs`"


def test_a_copy_that_is_gone_is_named_by_the_check_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(MODULES, tmp_path / "modules")
    for file in PROJECT.glob("*.tf"):
        shutil.copy(file, tmp_path)
    monkeypatch.setattr(generate_terraform, "PROJECT", tmp_path)
    monkeypatch.setattr(generate_terraform, "MODULES", tmp_path / "modules")
    gone = copies()
    assert len(gone) >= 5
    for copy in gone:
        copy.unlink()
    assert generate_terraform.main(["--check"]) == 1
    said = capsys.readouterr().out
    assert [copy for copy in gone if f"{copy.relative_to(tmp_path)}: not current" not in said] == []
    assert generate_terraform.main([]) == 0
    assert [copy for copy, text in gone.items() if copy.read_text() != text] == []
    assert generate_terraform.main(["--check"]) == 0


def test_a_new_input_and_a_new_output_of_a_pipeline_reach_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(MODULES, tmp_path / "modules")
    shutil.copy(PROJECT / "variables.tf", tmp_path)
    replay = tmp_path / "modules" / "replay"
    with (replay / "variables.tf").open("a") as file:
        file.write(
            'variable "speed" {\n  description = "Speed."\n'
            "  type = object({\n    limit = optional(number, 5)\n  })\n  default = {}\n}\n"
        )
    with (replay / "outputs.tf").open("a") as file:
        file.write('output "speed" {\n  description = "Speed."\n  value = 1\n}\n')
    monkeypatch.setattr(generate_terraform, "PROJECT", tmp_path)
    monkeypatch.setattr(generate_terraform, "MODULES", tmp_path / "modules")
    made = generated()
    assert re.search(r"speed += each\.value\.speed\n", made[tmp_path / "main.tf"])
    assert "    speed = optional(object({\n      limit = optional(number)\n    }))\n" in made[tmp_path / "variables.tf"]
    assert re.search(r"speed += fork\.speed\n", made[tmp_path / "outputs.tf"])


def test_the_shared_inputs_are_the_same_file_in_every_pipeline() -> None:
    assert len(blocks_as_written(SHARED_INPUTS, "variable")) >= 12
    assert set(PIPELINES) <= set(WITH_SHARED_INPUTS)
    for module in WITH_SHARED_INPUTS:
        assert (MODULES / module / SHARED_INPUTS.name).read_bytes() == SHARED_INPUTS.read_bytes()


@pytest.mark.parametrize("module", PIPELINES)
def test_a_pipeline_offers_what_the_fork_offers_with_the_same_types(module: str) -> None:
    fork, pipeline = by_name("fork"), by_name(module)
    assert set(fork) - set(pipeline) <= SET_BY_THE_PIPELINE
    differing = [
        name
        for name in fork.keys() & pipeline.keys()
        if (module, name) not in OF_ITS_OWN
        and without_defaults(fork[name].type) != without_defaults(pipeline[name].type)
    ]
    assert differing == []


@pytest.mark.parametrize("module", WITH_SHARED_INPUTS)
def test_a_pipeline_hands_every_shared_input_on_to_the_fork(module: str) -> None:
    call = re.search(
        r'^module "fork" \{\n.*?^\}\n', (MODULES / module / "main.tf").read_text(), re.MULTILINE | re.DOTALL
    )
    assert call is not None
    handed = set(re.findall(r"^  (\w+)\s+= var\.\1$", call[0], re.MULTILINE))
    assert blocks_as_written(SHARED_INPUTS, "variable").keys() - handed == set()


@pytest.mark.parametrize("module", PIPELINES)
def test_a_pipeline_puts_out_what_the_fork_puts_out(module: str) -> None:
    names = {each.name for each in outputs(MODULES / module)}
    assert {each.name for each in outputs(MODULES / "fork")} - {
        "location"
    } <= names  # that is for who builds a pipeline


@pytest.mark.parametrize("module", ["fork", *PIPELINES])
def test_an_input_that_has_a_default_takes_null_for_it(module: str) -> None:
    # the root module hands null on for what its user left out
    text = "".join(file.read_text() for file in (MODULES / module).glob("variables*.tf"))
    for each in inputs(MODULES / module):
        block = text[text.index(f'variable "{each.name}"') :].partition("\n}\n")[0]
        if each.default not in (None, "null"):
            assert "nullable = false" in " ".join(block.split()), each.name


_OBJECT = re.compile(r"`(\[?\{ [^`]+ \}\]?)`")
OBJECTS = [
    (module, each)
    for module in ("fork", *PIPELINES, "root")
    for each in inputs(PROJECT if module == "root" else MODULES / module)
    if "object({" in each.type
]


@pytest.mark.parametrize(("module", "each"), OBJECTS, ids=[f"{module}-{each.name}" for module, each in OBJECTS])
def test_the_description_of_an_object_shows_the_object_to_write(module: str, each: Input) -> None:
    shown = _OBJECT.findall(each.description)
    assert shown, f"{each.name}: no object in backticks"
    for text in shown:
        pygohcl.loads(f"shown = {text}\n")
        attributes = set(re.findall(r"([\w-]+) = ", text))
        keys = set(re.findall(r"^\{ ([\w-]+) = \{", text)) if each.type.startswith("map(") else set()
        assert attributes - keys <= set(re.findall(r"(\w+) *= ", each.type)), f"{each.name}: {text}"


def test_the_statements_that_a_user_cannot_name_are_the_modules_own() -> None:
    text = (MODULES / "fork" / "function.tf").read_text() + (MODULES / "function" / "main.tf").read_text()
    refused = re.search(r"own_sids = (\[.*\])", (MODULES / "fork" / "variables.tf").read_text())
    assert refused is not None
    assert set(json.loads(refused[1])) == set(re.findall(r'[Ss]id +(?:=) "(\w+)"', text))
