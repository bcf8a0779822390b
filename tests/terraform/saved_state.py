"""Plans by the real aws provider, from nothing or against a saved state, without an account and without an apply.

A saved state is made from plans: what a plan leaves "known after apply" is filled in as AWS would, and planned again
until nothing is left to do. So what a change replaces, and the checks of the provider's own planning, are the
provider's; a mocked provider leaves both out.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.terraform.native import WORK

ACCOUNT, REGION = "123456789012", "eu-west-1"
_AWS = 'provider["registry.terraform.io/hashicorp/aws"]'
_BUILT_IN = 'provider["terraform.io/builtin/terraform"]'
_MOST_ROUNDS = 5
_COMPATIBLE = {"SourceVersion": "OpenSearch_2.19", "TargetVersions": ["OpenSearch_3.1"]}
_VALID_DEFINITION = b'{"result": "OK", "diagnostics": []}'
_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT}:user/planner</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>""".encode()

Call = dict[str, Any]
"""Inputs of a module: `module` names the folder below modules/ ("root" is the root module), all others are its own."""


@dataclass(frozen=True)
class Change:
    """What a plan does to a resource. `actions` as Terraform gives them: ["update"], ["delete", "create"], ..."""

    address: str
    """Within the module that the call names."""
    kind: str
    actions: tuple[str, ...]
    after: dict[str, Any] = field(repr=False)
    unknown: dict[str, Any] = field(repr=False)

    @property
    def replaces(self) -> bool:
        return set(self.actions) == {"create", "delete"}


@dataclass(frozen=True)
class Plan:
    """A plan of several calls, or why there is none."""

    changes: dict[str, list[Change]]
    """Call -> what changes in it."""
    other_changes: list[Change]
    """Of resources outside all calls."""
    refusals: list[str]
    """What Terraform and the provider refused; then nothing else is known."""
    resources: list[dict[str, Any]] = field(repr=False)
    """All planned resources as `terraform show -json` has them in `resource_changes`."""


class Workspace:
    """A folder with one configuration: calls of modules, and whatever else `extra` says (JSON syntax)."""

    def __init__(self, name: str, provider: Mapping[str, Any] | None = None) -> None:
        self.folder = WORK / "plans" / name
        self.provider = dict(provider or {})
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.checkout = PROJECT
        """Where the modules are taken from."""
        self._initialised: tuple[Path, set[str]] | None = None

    def plan(self, calls: Mapping[str, Call], extra: Mapping[str, Any] | None = None) -> Plan:
        """Plan the calls against the state that the folder has."""
        with local_aws() as endpoint:
            self._write(calls, extra or {}, endpoint)
            if self._initialised != (self.checkout, set(calls)):
                run_terraform(["init", "-backend=false", "-no-color"], self.folder)
                self._initialised = (self.checkout, set(calls))
            answer = run_terraform(
                ["plan", "-refresh=false", "-input=false", "-no-color", "-json", "-out=plan", "-parallelism=20"],
                self.folder,
                check=False,
                timeout=900,
            )
        if answer.returncode:
            return Plan({}, [], _refusals(answer.stdout + answer.stderr), [])
        shown = json.loads(run_terraform(["show", "-json", "-no-color", "plan"], self.folder).stdout)
        resources = [each for each in shown.get("resource_changes", []) if each["mode"] == "managed"]
        inside: dict[str, list[Change]] = {name: [] for name in calls}
        outside: list[Change] = []
        for each in resources:
            change = _change(each)
            if change.actions == ("no-op",) or _changes_nothing(each["change"]):
                continue
            call = each["address"].split(".")[1] if each["address"].startswith("module.") else ""
            inside.get(call, outside).append(change)
        return Plan(inside, outside, [], resources)

    def save_state(self, calls: Mapping[str, Call], extra: Mapping[str, Any] | None = None) -> None:
        """Leave the folder with the state that an apply of the calls would leave: a plan of them has no changes."""
        state = self.folder / "terraform.tfstate"
        # In an apply, data sources that had to wait are read; in a plan they are only without `depends_on`.
        calls = {name: {k: v for k, v in call.items() if k != "depends_on"} for name, call in calls.items()}
        for _ in range(_MOST_ROUNDS):
            plan = self.plan(calls, extra)
            if plan.refusals:
                raise AssertionError("\n".join(plan.refusals))
            if not plan.other_changes and not any(plan.changes.values()):
                return
            state.write_text(json.dumps(_as_state(plan.resources)))
        left = [f"{call}: {change.address} {change.actions}" for call, some in plan.changes.items() for change in some]
        raise AssertionError("the plan of a saved state does not become empty:\n" + "\n".join(left[:20]))

    def copy_state(self, copies: Mapping[str, str]) -> None:
        """New call -> the saved call whose state it gets. The saved calls themselves go."""
        state = self.folder / "terraform.tfstate"
        content = json.loads(state.read_text())
        made = [each for each in content["resources"] if not each.get("module")]
        for copy, saved in copies.items():
            for each in content["resources"]:
                path = each.get("module", "").split(".")
                if path[:2] == ["module", saved]:
                    made.append({**each, "module": ".".join(["module", copy, *path[2:]])})
        state.write_text(json.dumps({**content, "resources": made}))

    def _write(self, calls: Mapping[str, Call], extra: Mapping[str, Any], endpoint: str) -> None:
        up = os.path.relpath(self.checkout, self.folder)
        up = up if up.startswith(".") else f"./{up}"
        modules = {}
        for name, call in calls.items():
            inputs = {key: value for key, value in call.items() if key != "module"}
            place = up if call["module"] == "root" else f"{up}/modules/{call['module']}"
            modules[name] = {"source": place, **inputs}
        provider = {
            "region": REGION,
            "access_key": "test",
            "secret_key": "test",
            "skip_credentials_validation": True,
            "skip_metadata_api_check": True,
            "skip_requesting_account_id": True,
            "skip_region_validation": True,
            "endpoints": [{"sts": endpoint, "sfn": endpoint, "opensearch": endpoint}],
            **self.provider,
        }
        content = {"provider": {"aws": provider}, "module": modules, **extra}
        (self.folder / "main.tf.json").write_text(json.dumps(content, indent=1))
        (self.folder / "versions.tf").write_text((PROJECT / "versions.tf").read_text())


def literal(value: Any) -> Any:
    """Strings in JSON configurations are templates; these are not."""
    if isinstance(value, str):
        return value.replace("${", "$${").replace("%{", "%%{")
    if isinstance(value, dict):
        return {name: literal(inner) for name, inner in value.items()}
    return [literal(inner) for inner in value] if isinstance(value, list) else value


def _refusals(output: str) -> list[str]:
    found = []
    for line in output.splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error":
            diagnostic = event["diagnostic"]
            place = diagnostic.get("address") or diagnostic.get("range", {}).get("filename", "?")
            found.append(" ".join(f"{place}: {diagnostic['summary']}: {diagnostic.get('detail', '')}".split()))
    return found or [output]


def _change(resource: dict[str, Any]) -> Change:
    address = resource["address"]
    if address.startswith("module."):
        address = address.split(".", 2)[2]
    change = resource["change"]
    unknown = change.get("after_unknown") or {}
    return Change(address, resource["type"], tuple(change["actions"]), change.get("after") or {}, unknown)


def _changes_nothing(change: dict[str, Any]) -> bool:
    """An update of nothing but what is marked as sensitive: a saved state has no such marks inside of blocks."""
    return change["actions"] == ["update"] and change["before"] == change["after"] and not change["after_unknown"]


def _as_state(resources: list[dict[str, Any]]) -> dict[str, Any]:
    """The state after an apply of planned resources."""
    instances: dict[tuple[str, str, str], dict[str, Any]] = {}
    for each in resources:
        if each["change"]["actions"] == ["delete"]:
            continue
        key = (each.get("module_address", ""), each["type"], each["name"])
        is_built_in = each["type"] == "terraform_data"
        entry = instances.setdefault(
            key,
            {
                "mode": "managed",
                "type": each["type"],
                "name": each["name"],
                "provider": _BUILT_IN if is_built_in else _AWS,
                "instances": [],
            }
            | ({"module": key[0]} if key[0] else {}),
        )
        attributes, version = (built_in(each["change"]["after"]), 0) if is_built_in else _applied(each)
        instance = {
            "schema_version": version,
            "attributes": attributes,
            "sensitive_attributes": _sensitive(each["type"]),
        }
        entry["instances"].append(instance | ({"index_key": each["index"]} if "index" in each else {}))
    return {
        "version": 4,
        "terraform_version": "1.9.0",
        "serial": 1,
        "lineage": "11111111-2222-3333-4444-555555555555",
        "outputs": {},
        "resources": list(instances.values()),
    }


def built_in(after: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a terraform_data as a state file has them: values with their types."""
    dynamic = {
        name: {"value": after.get(name), "type": _type_of(after.get(name))} for name in ("input", "triggers_replace")
    }
    return {"id": "11111111-2222-3333-4444-555555555555", "output": dynamic["input"], **dynamic}


def _type_of(value: Any) -> Any:
    """The type of a dynamic value as a state file spells it."""
    if isinstance(value, dict):
        return ["object", {name: _type_of(inner) for name, inner in value.items()}]
    if isinstance(value, list):
        return ["tuple", [_type_of(inner) for inner in value]]
    return "bool" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "string"


def _applied(resource: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Attributes with what AWS would have added, and the version of the schema."""
    kind, change = resource["type"], resource["change"]
    schema = _schemas()[kind]
    after = dict(change["after"])
    identity = _name_of(kind, after, resource["address"])
    return _completed(schema["block"], after, change["after_unknown"], kind, identity), int(schema["version"])


def _sensitive(kind: str) -> list[Any]:
    """Paths of the attributes that a state marks as sensitive."""
    attributes = {} if kind == "terraform_data" else _schemas()[kind]["block"]["attributes"]
    return [[{"type": "get_attr", "value": name}] for name, each in attributes.items() if each.get("sensitive")]


def _completed(block: dict[str, Any], planned: Any, unknown: Any, kind: str, identity: str) -> dict[str, Any]:
    """A block with a value for everything in it that is unknown; its own schema says of which type."""
    after: dict[str, Any] = dict(planned or {})
    unknown = unknown if isinstance(unknown, dict) else {}
    for name, attribute in block.get("attributes", {}).items():
        if unknown.get(name) is True:
            after[name] = _filled(kind, name, attribute["type"], identity)
        elif unknown.get(name):
            after[name] = _patched(after.get(name), unknown[name])
        else:
            after.setdefault(name, None)
    for name, nested in block.get("block_types", {}).items():
        if nested["nesting_mode"] == "single":  # timeouts: nothing that AWS adds to
            after.setdefault(name, None)
            continue
        values = after.get(name) or []
        parts = unknown.get(name)
        parts = parts if isinstance(parts, list) else [{}] * len(values)
        after[name] = [_completed(nested["block"], *each, kind, identity) for each in zip(values, parts, strict=False)]
    return after


def _patched(value: Any, unknown: Any) -> Any:
    """A list or map of texts in which one is unknown."""
    if isinstance(unknown, dict):
        value = value or {}
        return {name: _patched(value.get(name), unknown.get(name, False)) for name in {*value, *unknown}}
    if isinstance(unknown, list) and unknown:
        values = value or [None] * len(unknown)
        return [_patched(each, deeper) for each, deeper in zip(values, unknown, strict=False)]
    return "" if unknown is True and value is None else value


def _name_of(kind: str, after: dict[str, Any], address: str) -> str:
    """What AWS names the resource by."""
    if kind == "aws_s3_bucket":
        return after.get("bucket") or f"{after['bucket_prefix']}20240531123456789000000001"
    for name in ("function_name", "alarm_name", "domain_name", "name", "bucket"):
        if after.get(name):
            return str(after[name])
    return address.replace(".", "-").replace('"', "").replace("[", "-").replace("]", "")


_SERVICES = {
    "aws_sqs_queue": "sqs:{region}:{account}:{name}",
    "aws_s3_bucket": "s3:::{name}",
    "aws_lambda_function": "lambda:{region}:{account}:function:{name}",
    "aws_cloudwatch_log_group": "logs:{region}:{account}:log-group:{name}",
    "aws_iam_role": "iam::{account}:role/{name}",
    "aws_kinesis_firehose_delivery_stream": "firehose:{region}:{account}:deliverystream/{name}",
    "aws_opensearch_domain": "es:{region}:{account}:domain/{name}",
    "aws_sfn_state_machine": "states:{region}:{account}:stateMachine:{name}",
    "aws_sns_topic": "sns:{region}:{account}:{name}",
    "aws_glue_catalog_table": "glue:{region}:{account}:table/orders/events",
    "aws_kms_key": "kms:{region}:{account}:key/1234abcd-12ab-34cd-56ef-1234567890ab",
}


def _filled(kind: str, name: str, type_: Any, identity: str) -> Any:
    """A value that AWS would have given."""
    arn = "arn:aws:" + _SERVICES.get(kind, f"{kind.split('_')[1]}:{{region}}:{{account}}:{{name}}").format(
        region=REGION, account=ACCOUNT, name=identity
    )
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{identity}"
    if isinstance(type_, list):
        return {} if type_[0] in ("map", "object") else []
    if type_ != "string":
        return 0 if type_ == "number" else False
    if kind == "aws_sqs_queue":
        return {"arn": arn, "name": identity}.get(name, url)
    if name == "arn" or (name == "id" and kind in ("aws_sns_topic", "aws_sfn_state_machine")):
        return arn
    if name.endswith(("arn", "endpoint")):
        return arn if name.endswith("arn") else f"{identity}.{REGION}.example.com"
    return identity if name in ("id", "name", "bucket", "unique_id", "uuid") else ""


@cache
def _schemas() -> dict[str, Any]:
    """Schemas of the provider's resources; read once for each version of the modules' requirements."""
    folder = WORK / "schema"
    kept = folder / "resources.json"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "versions.tf").write_text((PROJECT / "versions.tf").read_text())
        run_terraform(["init", "-backend=false", "-no-color"], folder)
        answer = json.loads(run_terraform(["providers", "schema", "-json"], folder).stdout)
        (schemas,) = [each["resource_schemas"] for name, each in answer["provider_schemas"].items() if "aws" in name]
        kept.write_text(json.dumps(schemas))
    schemas = json.loads(kept.read_text())
    assert isinstance(schemas, dict)
    return schemas


@contextmanager
def local_aws() -> Iterator[str]:
    """The calls that plans of these modules make: who am I, is this the definition of a state machine, and to which
    versions can this domain be upgraded."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            states = "ValidateStateMachineDefinition" in self.headers.get("X-Amz-Target", "")
            self._answer(
                _VALID_DEFINITION if states else _IDENTITY, "application/x-amz-json-1.0" if states else "text/xml"
            )

        def do_GET(self) -> None:
            self._answer(json.dumps({"CompatibleVersions": [_COMPATIBLE]}).encode(), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def replaced(changes: list[Change]) -> list[str]:
    """Addresses of what is made anew."""
    return sorted(change.address for change in changes if change.replaces)
