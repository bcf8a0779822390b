"""Planning configurations with the real provider and no AWS: what AWS would be asked to make, with every value known.

Two plans. The first, from nothing, knows what the provider and its own checks (CustomizeDiff) say, but not the ARNs,
and so not the policies made from them. A state is written from it, as if it had been applied, with ARNs as AWS gives
them; the second plan, on that state, knows the rest. No call leaves this machine: the two that a plan makes are
answered on loopback.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbench import run_terraform
from tests.conformance.made_up import made_up
from tests.conformance.variants import REGIONS
from tests.terraform.saved_state import built_in, local_aws

Configuration = dict[str, Any]
"""A Terraform configuration in JSON syntax."""


@dataclass(frozen=True)
class Resource:
    """A managed resource as a plan has it."""

    address: str
    type: str
    values: dict[str, Any]

    @property
    def configuration(self) -> str:
        """The call at the top of the configuration that it belongs to, for example `replay_3`."""
        return self.address.split(".")[1] if self.address.startswith("module.") else ""

    @property
    def in_module(self) -> str:
        """The address inside that call: alike for all calls of one module."""
        return self.address.partition(f"module.{self.configuration}.")[2] if self.configuration else self.address


def providers() -> Configuration:
    """The aws provider for each of `REGIONS` (`aws` and `aws.<region>`), with keys that are good for nothing."""
    settings = {
        "access_key": "planner",
        "secret_key": "planner",
        "skip_credentials_validation": True,
        "skip_requesting_account_id": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
    }
    blocks = [
        {**settings, "region": REGIONS[0]},
        *({**settings, "region": each, "alias": each} for each in REGIONS[1:]),
    ]
    return {"provider": {"aws": blocks}}


def plan(
    folder: Path,
    state: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    targets: Sequence[str] = (),
) -> dict[str, Any]:
    """`terraform plan` in an initialised folder, as `terraform show -json` gives it; nothing is read from AWS.

    `state` is what stands already; with `targets`, only they are planned. Raises `TerraformError`.
    """
    given = dict(environment or {})
    before = folder / "before.tfstate"
    before.unlink(missing_ok=True)
    if state is not None:
        before.write_text(json.dumps(state))
    with local_aws() as endpoint:
        given |= {"AWS_ENDPOINT_URL_STS": endpoint, "AWS_ENDPOINT_URL_SFN": endpoint}
        arguments = ["-refresh=false", "-input=false", "-lock=false", "-no-color", f"-state={before}", "-out=planned"]
        arguments += [f"-target={target}" for target in targets]
        run_terraform(["plan", *arguments], folder, environment=given)
    shown: dict[str, Any] = json.loads(run_terraform(["show", "-json", "planned"], folder, environment=given).stdout)
    return shown


def known(folder: Path, region_of: Callable[[str], str]) -> dict[str, Any]:
    """The second of the two plans: see above. `region_of` says of an address in which Region it is.

    What is replaced in it, because an ARN that it cannot change came to light, has no ARN again; the calls that have it
    are planned a third time.
    """
    second = plan(folder, state_after(plan(folder), region_of))
    unsettled = {_call(each["address"]) for each in second["resource_changes"] if _leaves_open_what_is_judged(each)}
    if not unsettled:
        return second
    third = plan(folder, state_after(second, region_of), targets=[f"module.{call}" for call in sorted(unsettled)])
    return _with_calls_of(third, second, unsettled)


def _call(address: str) -> str:
    return address.split(".")[1]


def _leaves_open_what_is_judged(change: Mapping[str, Any]) -> bool:
    unknown = change["change"].get("after_unknown") or {}
    return any(
        unknown.get(name) is True
        for name in ("policy", "policy_document", "definition", "assume_role_policy", "access_policies")
    )


def _with_calls_of(newer: Mapping[str, Any], older: Mapping[str, Any], calls: set[str]) -> dict[str, Any]:
    """The older plan with these calls as the newer one has them."""

    def chosen(found: str) -> list[Any]:
        def of(shown: Mapping[str, Any]) -> list[dict[str, Any]]:
            if found == "resource_changes":
                return list(shown["resource_changes"])
            return list(shown["planned_values"]["root_module"]["child_modules"])

        return [each for each in of(older) if _call(each["address"]) not in calls] + [
            each for each in of(newer) if _call(each["address"]) in calls
        ]

    root = {**older["planned_values"]["root_module"], "child_modules": chosen("child_modules")}
    return {**older, "planned_values": {"root_module": root}, "resource_changes": chosen("resource_changes")}


def state_after(shown: Mapping[str, Any], region_of: Callable[[str], str]) -> dict[str, Any]:
    """The state that an apply of this plan would leave, its computed values made up in the form that AWS gives them."""
    found: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for resource in _resources(shown["planned_values"]["root_module"]):
        module = resource["address"].rpartition(f"{resource['type']}.{resource['name']}")[0].rstrip(".")
        kind, values = resource["type"], resource.get("values", {})
        instance = {
            "schema_version": resource["schema_version"],
            "attributes": built_in(values)
            if kind == "terraform_data"
            else made_up(kind, resource["address"], values, region_of(resource["address"])),
        }
        if "index" in resource:
            instance["index_key"] = resource["index"]
        key = (module, resource["type"], resource["name"], resource["provider_name"])
        found.setdefault(key, []).append(instance)
    return {
        "version": 4,
        "terraform_version": shown["terraform_version"],
        "serial": 1,
        "lineage": "planned",
        "outputs": {},
        "resources": [
            {
                **({"module": module} if module else {}),
                "mode": "managed",
                "type": kind,
                "name": name,
                "provider": f'provider["{provider}"]',
                "instances": instances,
            }
            for (module, kind, name, provider), instances in found.items()
        ],
    }


def resources(shown: Mapping[str, Any]) -> list[Resource]:
    """The managed resources of a plan."""
    return [
        Resource(each["address"], each["type"], each.get("values", {}))
        for each in _resources(shown["planned_values"]["root_module"])
    ]


def _resources(module: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", []) if each["mode"] == "managed")
    for child in module.get("child_modules", []):
        yield from _resources(child)
