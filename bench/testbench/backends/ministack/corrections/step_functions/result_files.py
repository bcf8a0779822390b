"""ResultWriter's files: manifest.json and, for each final state of the children, one file that holds their executions.

    <Prefix>/<id of the Map Run>/manifest.json
    <Prefix>/<id of the Map Run>/SUCCEEDED_0.json, FAILED_0.json, PENDING_0.json   (JSON arrays; no empty ones)

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
AWS begins a new file at 5 GB; here there is always one.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from testbench.backends.ministack.corrections.step_functions.map_run import Child

_FILE_OF = {"succeeded": "SUCCEEDED", "failed": "FAILED", "timedOut": "FAILED", "aborted": "PENDING"}


def result_files(bucket: str, prefix: str, map_run_arn: str, children: Iterable[Child]) -> tuple[str, dict[str, bytes]]:
    """The manifest's key, and all files by key; the manifest is the last."""
    folder = f"{prefix}/{map_run_arn.rpartition(':')[2]}" if prefix else map_run_arn.rpartition(":")[2]
    groups: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
    for child in children:
        groups[_FILE_OF[child.state]].append(_execution(child))
    files = {f"{folder}/{group}_0.json": _json(found) for group, found in groups.items() if found}
    manifest = {
        "DestinationBucket": bucket,
        "MapRunArn": map_run_arn,
        "ResultFiles": {
            group: [{"Key": key, "Size": len(files[key])} for key in files if key.endswith(f"/{group}_0.json")]
            for group in groups
        },
    }
    key = f"{folder}/manifest.json"
    return key, files | {key: _json(manifest)}


def _execution(child: Child) -> dict[str, Any]:
    record: Mapping[str, Any] | None = child.record
    if record is None:  # never started
        return {"Input": json.dumps(child.input), "InputDetails": {"Included": True}, "Status": "PENDING"}
    found = {
        "ExecutionArn": record["executionArn"],
        "Input": record["input"],
        "InputDetails": {"Included": True},
        "Name": record["name"],
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE" if record["status"] == "SUCCEEDED" else "REDRIVABLE_BY_MAP_RUN",
        "StartDate": record["startDate"],
        "StateMachineArn": record["stateMachineArn"],
        "Status": record["status"],
        "StopDate": record["stopDate"],
    }
    if record["status"] == "SUCCEEDED":
        return found | {"Output": record["output"], "OutputDetails": {"Included": True}}
    return found | {"Error": record.get("error"), "Cause": record.get("cause")}


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
