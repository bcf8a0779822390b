"""Checkov and trivy on the plan of every example and of every module with its defaults."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from testbench.paths import PROJECT
from tests.conformance import planned, tools
from tests.conformance.findings import Finding

SECURITY_PAGE = PROJECT / "docs" / "security.md"
_CHECK = re.compile(r"`(CKV2?_AWS_\d+)`")


@cache
def plan_with_defaults() -> Path:
    """The part of the plan that the scanners see: variants with other values would only repeat what was asked for."""
    whole = planned.plan_file()
    part = whole.with_name("defaults.json")
    if not part.exists():
        shown = json.loads(whole.read_text())
        temporary = part.with_suffix(".part")
        temporary.write_text(json.dumps(only(shown, _with_defaults)))
        temporary.rename(part)
    return part


def _with_defaults(call: str) -> bool:
    variant = planned.variant_of(f"module.{call}")
    return variant is None or variant.number == 0


def only(shown: Mapping[str, Any], chosen: Any) -> dict[str, Any]:
    """A plan with the calls that `chosen` says yes to."""
    root = shown["planned_values"]["root_module"]
    children = [each for each in root["child_modules"] if chosen(each["address"].split(".")[1])]
    changes = [each for each in shown["resource_changes"] if chosen(each["address"].split(".")[1])]
    configuration = shown["configuration"]["root_module"]
    calls = {name: call for name, call in configuration["module_calls"].items() if chosen(name)}
    return {
        **{name: shown[name] for name in ("format_version", "terraform_version")},
        "planned_values": {"root_module": {**root, "child_modules": children}},
        "resource_changes": changes,
        "configuration": {**shown["configuration"], "root_module": {**configuration, "module_calls": calls}},
    }


def checkov(plan: Path) -> list[Finding]:
    """What checkov has against a plan."""
    command = tools.python_of("checkov").with_name("checkov")
    options = ["--framework", "terraform_plan", "--skip-download", "--compact", "--quiet", "--output", "json"]
    answer = subprocess.run([command, "-f", plan, *options], capture_output=True, text=True, timeout=600, check=False)
    try:
        report = json.loads(answer.stdout)
    except json.JSONDecodeError as error:
        raise AssertionError(f"checkov failed:\n{answer.stderr[-2000:] or answer.stdout[-2000:]}") from error
    if "results" not in report:  # it found no resource at all
        raise AssertionError(f"checkov looked at nothing: {report}")
    return [
        Finding("checkov", each["check_id"], planned_address(each["resource"]), each["check_name"])
        for each in report["results"]["failed_checks"]
    ]


def trivy(plan: Path) -> list[Finding]:
    """What trivy has against a plan; a counted skip where its wheel cannot be had."""
    command = tools.optional("trivy").with_name("trivy")
    options = ["--skip-check-update", "--skip-version-check", "--quiet", "--format", "json"]
    answer = subprocess.run(
        [command, "config", *options, plan], capture_output=True, text=True, timeout=600, check=False
    )
    if answer.returncode:
        raise AssertionError(f"trivy failed:\n{answer.stderr[-2000:]}")
    return list(_trivy_findings(json.loads(answer.stdout)))


def _trivy_findings(report: Mapping[str, Any]) -> Iterator[Finding]:
    results = report.get("Results", [])
    if not results:
        raise AssertionError(f"trivy looked at nothing: {report}")
    for result in results:
        for each in result.get("Misconfigurations") or []:
            yield Finding("trivy", each["ID"], each["CauseMetadata"].get("Resource", ""), each["Title"])


def planned_address(address: str) -> str:
    """The address inside the call that is at the top of the plan."""
    return address.partition(".")[2].partition(".")[2] if address.startswith("module.") else address


def in_the_table() -> set[str]:
    """The checks that docs/security.md gives a reason for."""
    section = SECURITY_PAGE.read_text().partition("## What a scanner reports")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return {check for row in rows for check in _CHECK.findall(row)}
