"""Who repaired what when: one parameter of a fork, whose versions Parameter Store keeps (the last hundred).

AWS notes the time and the caller of each version by itself, so nobody can write them in another's name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from event_fork_cli.archive_replay.engines import ROOT

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_SUFFIX = "/repairs"


@dataclass(frozen=True, slots=True)
class Repair:
    """What one run did. `action`: redrive, purge or fix; `set_file`: the frozen set; `left`: of it, not done."""

    action: str
    chosen: str
    set_file: str
    done: int
    left: int
    ended: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A repair as the history has it."""

    at: datetime
    by: str
    repair: dict[str, Any]


def parameter_of(fork: str) -> str:
    """The parameter's name."""
    return f"{ROOT}{fork}{_SUFFIX}"


def note_repair(ssm: SSMClient, fork: str, repair: Repair) -> str:
    """Adds a repair; "" or why it could not be added, which is no reason to call the repair failed."""
    try:
        ssm.put_parameter(
            Name=parameter_of(fork),
            Value=json.dumps(asdict(repair))[:4096],
            Type="String",
            Overwrite=True,
        )
    except ClientError as error:
        return f"the repair is not in the history: {error.response['Error'].get('Code')} ({parameter_of(fork)})"
    return ""


def history(ssm: SSMClient, fork: str) -> list[Entry]:
    """The repairs, newest first; none when there was none."""
    found: list[Entry] = []
    try:
        for page in ssm.get_paginator("get_parameter_history").paginate(Name=parameter_of(fork)):
            for version in page["Parameters"]:
                found.append(
                    Entry(version["LastModifiedDate"], version.get("LastModifiedUser", ""), _read(version["Value"]))
                )
    except ssm.exceptions.ParameterNotFound:
        return []
    return sorted(found, key=lambda entry: entry.at, reverse=True)


def _read(value: str) -> dict[str, Any]:
    """What a version says; of what is no repair, its text."""
    try:
        read = json.loads(value)
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {"ended": value}
