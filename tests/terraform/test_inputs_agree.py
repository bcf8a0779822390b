"""Inputs are written down in several modules, since Terraform cannot share a type; here they are held together."""

import pytest

from docs.terraform_inputs import Input, inputs, module_calls, outputs, without_defaults
from testbench.paths import PROJECT

MODULES = PROJECT / "modules"
ROOT_MAPS = {"storage_backups": "storage-backup", "search_analytics": "search-analytics", "replays": "replay"}
SHARED = {"lambda_package", "powertools_layer_arn", "log_kms_key", "roles"}
"""Inputs of the root module that all forks get."""
FOR_ALL_FORKS = {"name", "topic_arn"} | SHARED
"""Inputs of the pipelines that are the map's key, or inputs of the root module itself."""
SET_BY_THE_PIPELINE = {"handler", "description", "layers", "policy_statements", "raw_message_delivery"}
"""Inputs of modules/fork that a pipeline decides and does not offer."""
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


def in_an_object(each: Input) -> str:
    """The attribute that an input becomes: defaults stay in the module, for a null there means the default."""
    bare = without_defaults(each.type)
    return f"{each.name} = {bare}" if each.default is None else f"{each.name} = optional({bare})"


@pytest.mark.parametrize(("map_name", "module"), ROOT_MAPS.items())
def test_the_objects_of_the_root_module_have_the_inputs_of_the_module(map_name: str, module: str) -> None:
    root = {each.name: each for each in inputs(PROJECT)}
    attributes = " ".join(in_an_object(each) for name, each in by_name(module).items() if name not in FOR_ALL_FORKS)
    assert root[map_name].type == f"map(object({{ {attributes} }}))"
    assert root[map_name].default == "{}"


@pytest.mark.parametrize(("map_name", "module"), ROOT_MAPS.items())
def test_the_root_module_hands_every_attribute_on(map_name: str, module: str) -> None:
    call = module_calls(PROJECT)[map_name]
    handed = {name: call.get(name) for name in by_name(module)}
    expected = {name: f"each.value.{name}" for name in by_name(module)}
    expected |= {"name": "each.key", "topic_arn": "var.topic_arn", "tags": "merge(var.tags, each.value.tags)"}
    expected |= {name: f"var.{name}" for name in SHARED}
    assert handed == expected


@pytest.mark.parametrize(("map_name", "module"), ROOT_MAPS.items())
def test_the_root_module_puts_out_everything_the_module_puts_out(map_name: str, module: str) -> None:
    text = (PROJECT / "outputs.tf").read_text()
    block = text[text.index(f'output "{map_name}"') :].partition("\n}\n")[0]
    missing = [each.name for each in outputs(MODULES / module) if f"fork.{each.name}\n" not in block]
    assert missing == []


@pytest.mark.parametrize("module", ROOT_MAPS.values())
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


@pytest.mark.parametrize("module", ROOT_MAPS.values())
def test_a_pipeline_puts_out_what_the_fork_puts_out(module: str) -> None:
    names = {each.name for each in outputs(MODULES / module)}
    assert {each.name for each in outputs(MODULES / "fork")} <= names


@pytest.mark.parametrize("module", ["fork", *ROOT_MAPS.values()])
def test_an_input_that_has_a_default_takes_null_for_it(module: str) -> None:
    # the root module hands null on for what its user left out
    text = (MODULES / module / "variables.tf").read_text()
    for each in inputs(MODULES / module):
        block = text[text.index(f'variable "{each.name}"') :].partition("\n}\n")[0]
        if each.default not in (None, "null"):
            assert "nullable = false" in " ".join(block.split()), each.name
