"""cfn-lint's resource schemas and rules, on everything that is planned."""

from collections.abc import Iterable
from typing import Any

from tests.conformance import tools
from tests.conformance.cloudformation import translated
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

JUDGE = "cfn-lint"
_MOST_RESOURCES = 400
"""A template may have 500."""

Template = dict[str, Any]


def templates(resources: Iterable[tuple[str, Resource]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Templates by name, each with its Region, of (Region, resource) pairs; and template/logical id -> address.

    What several variants have alike but for their names is in a template once.
    """
    groups: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    seen: set[str] = set()
    for region, resource in resources:
        for part in translated(resource):
            if (key := f"{region} {_nameless(resource, part)}") not in seen:
                seen.add(key)
                groups.setdefault(region, []).append((resource.in_module, part))
    found: dict[str, Any] = {}
    addresses: dict[str, str] = {}
    for region, parts in groups.items():
        for start in range(0, len(parts), _MOST_RESOURCES):
            name = f"{region}-{start}"
            content = {f"R{number}": part for number, (_, part) in enumerate(parts[start : start + _MOST_RESOURCES])}
            template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": content}
            found[name] = {"region": region, "template": template}
            for number, (address, _) in enumerate(parts[start : start + _MOST_RESOURCES]):
                addresses[f"{name}/R{number}"] = address
    return found, addresses


def _nameless(resource: Resource, part: Template) -> str:
    own = resource.configuration.replace("_", "-")
    return str(part).replace(own, "NAME")


def judge(resources: Iterable[tuple[str, Resource]]) -> list[Finding]:
    """What cfn-lint has against these (Region, resource) pairs."""
    asked, addresses = templates(resources)
    found = []
    for name, rule, path, message in tools.ask("cfn-lint", "cfn_lint_templates.py", asked):
        _, logical, *inside = [*path.split("/"), ""][:2] + path.split("/")[2:]
        where = addresses.get(f"{name}/{logical}", path)
        found.append(Finding(JUDGE, rule, where, f"{'/'.join(inside)}: {message}"))
    return found
