"""The state that an earlier commit left, to be planned by the modules of today.

    PYTHONPATH=. .venv/bin/python tests/conformance/upgrade_from.py COMMIT

writes it again: the modules of that commit are planned until every value is known, and what an apply would have left is
saved. A checkout in CI has no history, so the state is committed.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from testbench import run_terraform
from testbench.paths import PROJECT
from tests.conformance import planning
from tests.conformance.made_up import ACCOUNT
from tests.conformance.variants import REGIONS

HERE = Path(__file__).parent / "upgrade"
COMMIT = "a27eb21"
_PLANS = 3
"""The first knows no ARNs, the second not what is replaced because of them."""


def configuration(modules: str) -> planning.Configuration:
    """What stands: each module by itself and the root module, with what would be a loss if it were replaced."""
    topic = f"arn:aws:sns:eu-west-1:{ACCOUNT}:orders"
    on_call = {"actions": [f"arn:aws:sns:eu-west-1:{ACCOUNT}:on-call"]}
    key = {"arn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
    vpc = {"subnet_ids": ["subnet-0a", "subnet-0b"], "security_group_ids": ["sg-0a"]}
    queue = {
        "arn": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:checkout",
        "url": f"https://sqs.eu-west-1.amazonaws.com/{ACCOUNT}/checkout",
    }
    archive = {"bucket": {"arn": "arn:aws:s3:::orders-archive", "name": "orders-archive"}}
    storage = {"athena": {}, "alarms": on_call, "lifecycle_rules": [{"id": "expire", "expiration_days": 400}]}
    search = {"index_name": "orders", "alarms": on_call}
    replay = {"destination_queue": queue, "archive": archive, "alarms": on_call}
    calls: dict[str, dict[str, Any]] = {
        "fork": {"source": f"{modules}/modules/fork", "name": "audit", "handler": "audit.handler", "kms_key": key},
        "storage": {"source": f"{modules}/modules/storage-backup", "name": "orders-backup", **storage},
        "partitioned": {
            "source": f"{modules}/modules/storage-backup",
            "name": "orders-by-type",
            "kms_key": key,
            "bucket_kms_key": key,
            "partition_by": {"keys": [{"attribute": "event_type"}]},
        },
        "search": {"source": f"{modules}/modules/search-analytics", "name": "orders-search", **search},
        "search_in_vpc": {
            "source": f"{modules}/modules/search-analytics",
            "name": "orders-search-inside",
            "vpc": vpc,
            "new_domain": {"name": "orders-inside", "kms_key": key},
            **search,
        },
        "replay": {"source": f"{modules}/modules/replay", "name": "orders-replay", **replay},
        "root": {
            "source": f"{modules}/",
            "storage_backups": {"root-backup": storage},
            "search_analytics": {"root-search": search},
            "replays": {"root-replay": replay},
        },
    }
    return {**planning.providers(), "module": {name: {**call, "topic_arn": topic} for name, call in calls.items()}}


def saved_state() -> dict[str, Any]:
    """The state that the modules of `COMMIT` left."""
    loaded: dict[str, Any] = json.loads((HERE / f"{COMMIT}.state.json").read_text())
    return loaded


def initialised(folder: Path, modules: str) -> None:
    """The configuration in a folder, ready to be planned with the modules at that relative path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "versions.tf").write_text((PROJECT / "versions.tf").read_text())
    (folder / "main.tf.json").write_text(json.dumps(configuration(modules)))
    run_terraform(["init", "-backend=false", "-no-color"], folder)


def state_of(commit: str) -> dict[str, Any]:
    """The state that an apply of that commit's modules leaves. Needs the repository's history."""
    packed = subprocess.run(["git", "archive", commit], cwd=PROJECT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as place:
        with tarfile.open(fileobj=BytesIO(packed)) as tarball:
            tarball.extractall(place, filter="data")
        folder = Path(place) / "upgrade"
        initialised(folder, "..")
        state = None
        for _ in range(_PLANS):
            shown = planning.plan(folder, state)
            state = planning.state_after(shown, lambda address: REGIONS[0])
        changed = replaced(planning.plan(folder, state))
        if state is None or changed:
            raise SystemExit(f"the commit itself would replace {changed}")
        return state


def as_text(state: dict[str, Any]) -> str:
    """JSON with one resource a line."""
    resources = ",\n".join(json.dumps(each, sort_keys=True) for each in state["resources"])
    rest = json.dumps({**state, "resources": []}, sort_keys=True)
    return rest.replace('"resources": []', f'"resources": [\n{resources}\n]') + "\n"


def replaced(shown: dict[str, Any]) -> list[str]:
    """Addresses of what a plan destroys, for good or to make it anew, and the arguments that are the reason."""
    return [
        f"{change['address']} {change['change'].get('replace_paths', 'destroyed')}"
        for change in shown["resource_changes"]
        if "delete" in change["change"]["actions"]
    ]


if __name__ == "__main__":
    target = HERE / f"{sys.argv[1]}.state.json"
    target.write_text(as_text(state_of(sys.argv[1])))
