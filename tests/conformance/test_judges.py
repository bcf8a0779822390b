"""Nothing that is planned is against what AWS publishes: schemas, IAM, states, SQL, metrics, API models."""

import json
from collections.abc import Callable
from functools import cache

import pygohcl
import pytest

from testbench.paths import PROJECT
from tests.conformance import api_models, athena_sql, cfn_lint, metrics, names, planned, policies, states
from tests.conformance.accepted import ACCEPTED
from tests.conformance.findings import Finding, outside, stale
from tests.conformance.variants import NAMED_HERE, OPTIONS, REGIONS, variants


def _cfn_lint() -> list[Finding]:
    return cfn_lint.judge((planned.region_of(each.address), each) for each in planned.resources())


def _grammar() -> list[Finding]:
    found = policies.grammar(policies.policies(planned.resources()))
    return [*found, *policies.trusted(planned.resources())]


def _actions() -> list[Finding]:
    return list(policies.actions(policies.policies(planned.resources())))


def _asl() -> list[Finding]:
    return states.grammar(states.definitions(planned.resources()))


def _states() -> list[Finding]:
    found = states.beyond_grammar(states.definitions(planned.resources()))
    return [*found, *states.in_plan(planned.resources())]


def _athena() -> list[Finding]:
    return list(athena_sql.judge(planned.resources()))


def _trino() -> list[Finding]:
    return athena_sql.grammar(planned.resources())


def _metrics() -> list[Finding]:
    return list(metrics.judge(planned.resources()))


def _names() -> list[Finding]:
    return list(names.judge(planned.resources()))


def _botocore() -> list[Finding]:
    return api_models.judge(planned.resources())


JUDGES: dict[str, Callable[[], list[Finding]]] = {
    "cfn-lint": _cfn_lint,
    "grammar": _grammar,
    "parliament": _actions,
    "asl-validator": _asl,
    "states": _states,
    "sqlglot": _athena,
    "trino": _trino,
    "metrics": _metrics,
    "names": _names,
    "botocore": _botocore,
}


@cache
def findings(judge: str) -> tuple[Finding, ...]:
    return tuple(JUDGES[judge]())


@pytest.mark.parametrize("judge", JUDGES)
def test_a_judge_finds_nothing_outside_the_list(judge: str) -> None:
    found = outside(findings(judge), ACCEPTED)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("judge", JUDGES)
def test_every_entry_of_the_list_is_still_found(judge: str) -> None:
    assert stale(findings(judge), [entry for entry in ACCEPTED if entry.judge == judge]) == []


def test_every_entry_of_the_list_has_a_judge_and_a_reason() -> None:
    assert [entry for entry in ACCEPTED if entry.judge not in {*JUDGES, "trivy"} or len(entry.reason) < 20] == []


def test_every_input_of_every_module_is_varied() -> None:
    for module, options in OPTIONS.items():
        written = set()
        for file in sorted((PROJECT / "modules" / module).glob("variables*.tf")):
            written |= set(pygohcl.loads(file.read_text()).get("variable", {}))
        assert set(options) | set(NAMED_HERE) == written, module


def test_every_value_of_every_input_is_in_some_variant_but_for_what_the_modules_refuse_together() -> None:
    for module, options in OPTIONS.items():
        here = [each for each in variants() if each.module == module]
        assert {each.region for each in here} == set(REGIONS)
        for name, values in options.items():
            planned_values = {json.dumps(each.inputs[name], sort_keys=True) for each in here}
            assert len(planned_values) >= len({json.dumps(each) for each in values}), f"{module}.{name}"


def test_the_judges_see_many_variants_and_every_example() -> None:
    calls = {each.configuration for each in planned.resources()}
    assert len(variants()) >= 45
    assert len(calls) == len(variants()) + len(planned.EXAMPLES)
    assert len(planned.resources()) >= 900
