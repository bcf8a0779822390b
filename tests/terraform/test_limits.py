"""Both ends of every limit can be planned, as the real provider plans."""

import re
from functools import cache
from typing import Any

import pytest

from tests.terraform.changes import TOPIC
from tests.terraform.example_inputs import BUCKET, DOMAIN, FUNCTION, KEY, LEAST, ON_CALL, QUEUE
from tests.terraform.limits import LIMITS, Limit, calls
from tests.terraform.saved_state import Plan, Workspace

pytestmark = pytest.mark.slow


@cache
def plan() -> Plan:
    return Workspace("limits").plan(calls())


_OTHER_REGION = {
    "kms_key": {"arn": "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    "log_kms_key": {"arn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
    "undelivered_queue": {"arn": "arn:aws:sqs:eu-central-1:123456789012:undelivered"},
    "powertools_layer_arn": "arn:aws:lambda:eu-central-1:123456789012:layer:powertools:1",
    "layers": ["arn:aws-cn:lambda:eu-west-1:123456789012:layer:ours:1"],
}
BEYOND: dict[str, tuple[str, dict[str, Any], str]] = {
    **{name: ("fork", {name: value}, f'{{"{name}') for name, value in _OTHER_REGION.items()},
    "topic_elsewhere": ("fork", {"alarms": {"actions": [ON_CALL.replace("west", "central")]}}, '{"alarms.actions[0]"'),
    "function_elsewhere": (
        "replay",
        {"create_subscription": False, "alarms": {"actions": [ON_CALL, FUNCTION["arn"].replace("aws:", "aws-cn:")]}},
        '{"alarms.actions[1]"',
    ),
    "transformation_elsewhere": (
        "storage-backup",
        {"transformation_function": {"arn": FUNCTION["arn"].replace("west", "central")}},
        "transformation_function.arn",
    ),
    "topic_of_another_partition": ("fork", {"topic_arn": TOPIC.replace("aws:", "aws-cn:")}, '{"topic_arn"'),
    "of_another_account": (
        "fork",
        {
            "undelivered_queue": {"arn": "arn:aws:sqs:eu-west-1:999999999999:undelivered"},
            "roles": {"permissions_boundary": "arn:aws:iam::999999999999:policy/boundary"},
        },
        '{"roles.permissions_boundary":"arn:aws:iam::999999999999:policy/boundary","undelivered_queue.arn"',
    ),
    "domain_key_elsewhere": (
        "search-analytics",
        {"new_domain": {"kms_key": {"arn": KEY["arn"].replace("west", "central")}}},
        '{"new_domain.kms_key.arn"',
    ),
    "secret_elsewhere": (
        "search-analytics",
        {"index_management": {"credentials_secret": {"arn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"}}},
        '{"index_management.credentials_secret.arn"',
    ),
    "archive_key_elsewhere": (
        "replay",
        {"archive": {"bucket": BUCKET, "kms_key": {"arn": KEY["arn"].replace("west", "central")}}},
        "archive.kms_key.arn",
    ),
    "round_for_ever": (
        "replay",
        {"destination_queue": {name: f"{QUEUE[name].removesuffix('checkout')}orders-dlq" for name in ("arn", "url")}},
        "come back forever",
    ),
    "domain_elsewhere": (
        "search-analytics",
        {"domain": {**DOMAIN, "arn": DOMAIN["arn"].replace("west", "central")}},
        '{"domain.arn"',
    ),
}
"""Module and inputs of another Region or partition, which only a plan knows, and what the refusal names."""


@cache
def refusals() -> list[str]:
    calls = {
        name: {"module": module, "name": "orders", "topic_arn": TOPIC, **LEAST[module], **inputs}
        for name, (module, inputs, _) in BEYOND.items()
    }
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
def test_what_stands_in_another_region_is_refused(name: str) -> None:
    (refusal,) = [each for each in refusals() if BEYOND[name][2] in each]
    assert all(words in refusal for words in (" must ", "or example ", "Received: ")), refusal


def test_twenty_targets_with_the_longest_names_fit_their_parameter() -> None:
    values = [
        str(change.after["value"])
        for changes in plan().changes.values()
        for change in changes
        if change.kind == "aws_ssm_parameter" and change.address.startswith("module.archive_replay")
    ]
    assert 4096 < max(map(len, values)) <= 8192
    assert all(re.search(r'"targets":\[', value) for value in values)
