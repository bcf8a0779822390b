"""Both ends of every limit can be planned, as the real provider plans."""

import re
from functools import cache

import pytest

from tests.terraform.limits import LIMITS, Limit, calls
from tests.terraform.saved_state import Plan, Workspace

pytestmark = pytest.mark.slow


@cache
def plan() -> Plan:
    return Workspace("limits").plan(calls())


def test_all_limits_are_planned_together() -> None:
    assert plan().refusals == []


@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_a_value_at_a_limit_is_planned(limit: Limit) -> None:
    holding = [
        name
        for name, call in calls().items()
        if call["module"] == limit.module and limit.inputs.items() <= call.items()
    ]
    assert any(plan().changes.get(name) for name in holding)


def test_twenty_targets_with_the_longest_names_fit_their_parameter() -> None:
    values = [
        str(change.after["value"])
        for changes in plan().changes.values()
        for change in changes
        if change.kind == "aws_ssm_parameter" and change.address.startswith("module.archive_replay")
    ]
    assert 4096 < max(map(len, values)) <= 8192
    assert all(re.search(r'"targets":\[', value) for value in values)
