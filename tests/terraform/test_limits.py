"""Both ends of every limit can be planned, as the real provider plans."""

import re
from functools import cache
from typing import Any

import pytest

from tests.terraform.example_inputs import LEAST
from tests.terraform.limits import LIMITS, Limit, calls
from tests.terraform.saved_state import Plan, Workspace

pytestmark = pytest.mark.slow


@cache
def plan() -> Plan:
    return Workspace("limits").plan(calls())


BEYOND: dict[str, tuple[dict[str, Any], str, str]] = {
    "retention_too_short": ({"queue": {"message_retention_seconds": 59}}, "message_retention_seconds", "got 59"),
    "memory_too_small": ({"function": {"memory_size": 127}}, "memory_size", "got 127"),
    "memory_too_large": ({"function": {"memory_size": 10241}}, "memory_size", "got 10241"),
    "memory_in_parts": ({"function": {"memory_size": 256.5}}, "whole number", "got 256.5"),
    "architecture": ({"function": {"architecture": "arm"}}, "architectures", "got arm"),
    "dead_letters_too_long": (
        {"dead_letter_queue": {"message_retention_seconds": 1209601}},
        "message_retention_seconds",
        "got 1209601",
    ),
}
"""Inputs of a fork that are out of range, and what the provider says of them: the setting's name and the value."""


@cache
def refusals() -> list[str]:
    usual = {"module": "fork", "name": "orders", "topic_arn": "arn:aws:sns:eu-west-1:123456789012:orders"}
    calls = {name: {**usual, **LEAST["fork"], **inputs} for name, (inputs, *_) in BEYOND.items()}
    return Workspace("beyond").plan(calls).refusals


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


@pytest.mark.parametrize("name", BEYOND)
def test_what_the_provider_itself_refuses_well_has_no_validation_of_ours(name: str) -> None:
    (refusal,) = [each for each in refusals() if f"module.{name}." in each]
    assert all(word in refusal for word in BEYOND[name][1:]), refusal


def test_twenty_targets_with_the_longest_names_fit_their_parameter() -> None:
    values = [
        str(change.after["value"])
        for changes in plan().changes.values()
        for change in changes
        if change.kind == "aws_ssm_parameter" and change.address.startswith("module.archive_replay")
    ]
    assert 4096 < max(map(len, values)) <= 8192
    assert all(re.search(r'"targets":\[', value) for value in values)
