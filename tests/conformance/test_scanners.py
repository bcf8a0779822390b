"""What a bank's scanner reports of the modules is what docs/security.md says, and nothing else."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import scanners
from tests.conformance.accepted import ACCEPTED
from tests.conformance.findings import Finding, outside, stale


@cache
def reported() -> tuple[Finding, ...]:
    return tuple(scanners.checkov(scanners.plan_with_defaults()))


@cache
def trivys() -> tuple[Finding, ...]:
    return tuple(scanners.trivy(scanners.plan_with_defaults()))


def test_checkov_reports_nothing_outside_the_table_of_the_security_page() -> None:
    found = {each.rule: f"{each.rule} {each.message} ({each.where})" for each in reported()}
    assert [says for rule, says in sorted(found.items()) if rule not in scanners.in_the_table()] == []


def test_checkov_reports_every_row_of_the_table_of_the_security_page() -> None:
    assert scanners.in_the_table() - {each.rule for each in reported()} == set()


def test_trivy_reports_nothing_outside_the_list() -> None:
    found = outside(trivys(), ACCEPTED)
    assert not found, "\n".join(found)
    assert stale(trivys(), [entry for entry in ACCEPTED if entry.judge == "trivy"]) == []


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """The plan with a bucket open to the public, an unencrypted queue and a domain without TLS."""
    shown = json.loads(scanners.plan_with_defaults().read_text())
    calls = {change["type"]: change["address"].split(".")[1] for change in shown["resource_changes"]}
    damaged = ("aws_s3_bucket_public_access_block", "aws_sqs_queue", "aws_opensearch_domain")
    shown = scanners.only(shown, {calls[kind] for kind in damaged}.__contains__)  # the whole takes a scanner minutes

    def damage(resource: dict[str, Any], values: dict[str, Any]) -> None:
        if resource["type"] == "aws_s3_bucket_public_access_block":
            values.update(block_public_acls=False, block_public_policy=False)
        if resource["type"] == "aws_sqs_queue":
            values.update(sqs_managed_sse_enabled=False, kms_master_key_id=None)
        if resource["type"] == "aws_opensearch_domain":
            values["domain_endpoint_options"] = [{"enforce_https": False}]

    def walk(module: dict[str, Any]) -> None:
        for resource in module.get("resources", []):
            damage(resource, resource.get("values", {}))
        for child in module.get("child_modules", []):
            walk(child)

    shown = copy.deepcopy(shown)
    walk(shown["planned_values"]["root_module"])
    for change in shown["resource_changes"]:
        if change["mode"] == "managed":
            damage(change, change["change"]["after"])
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(shown))
    return file


def test_checkov_finds_the_planted_faults(faulty: Path) -> None:
    new = {each.rule for each in scanners.checkov(faulty)} - {each.rule for each in reported()}
    assert {"CKV_AWS_27", "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_83"} <= new


def test_trivy_finds_the_planted_faults(faulty: Path) -> None:
    new = {each.rule for each in scanners.trivy(faulty)} - {each.rule for each in trivys()}
    assert {"AWS-0046", "AWS-0086", "AWS-0087", "AWS-0096"} <= new
