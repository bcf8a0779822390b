"""Seconds of `terraform apply`, of a second plan and of destroy: examples/ecommerce on the bench, resource by resource.

    make bench-apply             (or: python -m benchmarks.apply --help; about 3 minutes)

The bench answers at once, so what is left is what the provider waits by itself; AWS's own time comes on top of it.
Terraform's ten resources at a time, as by default. --write writes benchmarks/measured.json.
"""

import argparse
import json
import secrets
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from benchmarks.measured import circumstances, heading, read, write
from testbench import Bench, Workspace
from testbench.paths import RUNS

SLOW_SECONDS = 1.0
"""Kinds that take longer have a row."""


def seconds_by_kind(printed: str) -> dict[str, list[float]]:
    """Kind of resource -> seconds of each, from the output of `terraform apply -json`."""
    begun: dict[str, float] = {}
    took: dict[str, list[float]] = defaultdict(list)
    for line in printed.splitlines():
        message = json.loads(line) if line.startswith("{") else {}
        kind = message.get("type")
        if kind in ("apply_start", "apply_complete"):
            resource = message["hook"]["resource"]
            at = datetime.fromisoformat(message["@timestamp"]).timestamp()
            if kind == "apply_start":
                begun[resource["addr"]] = at
            else:
                took[resource["resource_type"]].append(at - begun.pop(resource["addr"]))
    return dict(took)


def measure() -> dict[str, Any]:
    """All three, on a bench of its own."""
    before = circumstances()
    with Bench.running(RUNS / "apply") as bench:
        name = f"shop{secrets.token_hex(3)}"
        variables = {
            "name": name,
            "powertools_layer_arn": bench.powertools_layer_arn,
            "search_domain": bench.create_domain(name),
            "force_destroy": True,
        }
        workspace = bench.workspace(configuration="examples/ecommerce", variables=variables)
        try:
            steps = {
                "apply": _step(workspace, "apply", "-json", "-auto-approve"),
                "second plan": _step(workspace, "plan", "-json"),
                "destroy": _step(workspace, "destroy", "-json", "-auto-approve"),
            }
        finally:
            workspace.remove()
    return {
        **before,
        "steps": steps,
    }


def _step(workspace: Workspace, *arguments: str) -> dict[str, Any]:
    began = time.monotonic()
    took = seconds_by_kind(workspace.terraform(*arguments))
    every = [each for seconds in took.values() for each in seconds]
    return {
        "seconds": round(time.monotonic() - began, 1),
        "resources": len(every),
        "sum": round(sum(every), 1),
        "kinds": {kind: {"resources": len(each), "longest": round(max(each), 1)} for kind, each in _slow(took.items())},
    }


def _slow(took: Iterable[tuple[str, list[float]]]) -> list[tuple[str, list[float]]]:
    return sorted((each for each in took if max(each[1]) > SLOW_SECONDS), key=lambda each: -max(each[1]))


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write benchmarks/measured.json")
    options = parser.parse_args()
    found = measure()
    print(heading(found))
    for step, took in found["steps"].items():
        in_turn = f"{took['sum']} s one after the other"
        print(f"{step:12} {took['seconds']:>6.1f} s, {took['resources']} resources, {in_turn}")
        for kind, each in took["kinds"].items():
            print(f"    {kind:42} {each['resources']:>3} x {each['longest']:>5.1f} s at most")
    if options.write:
        write(read() | {"apply": found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
