"""The port to Step Functions, and its adapter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from event_fork.replay_plan.json_values import json_object, parse_json

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

RUNNING = "RUNNING"
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a replay's state machine. `status` is Step Functions' word; `cause` says why it failed.

    `plan_sha256`: the hash of the plan that it was started with; None of what was started by an earlier version.
    """

    arn: str
    name: str
    status: str
    started: datetime
    stopped: datetime | None = None
    cause: str | None = None
    plan_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class MapRun:
    """The Distributed Map of an execution; `items`: Step Functions' itemCounts (pending, running, succeeded...)."""

    arn: str
    max_concurrency: int
    items: Mapping[str, int]


class ExecutionExistsError(Exception):
    """There is, or was in the last 90 days, an execution of that name."""


class Executions(Protocol):
    """What is asked of Step Functions."""

    def start(self, state_machine_arn: str, name: str, given: Mapping[str, Any]) -> str:
        """Starts an execution with that input; its ARN. Raises ExecutionExistsError."""

    def describe(self, state_machine_arn: str, name: str) -> Execution | None:
        """The execution of that name; None when there is none."""

    def stop(self, execution_arn: str, cause: str) -> None:
        """Stops an execution; one that has ended is left as it is."""

    def map_runs(self, execution_arn: str) -> list[MapRun]:
        """The Distributed Maps that the execution has begun."""


class StepFunctions:
    """Executions on AWS Step Functions."""

    def __init__(self, client: SFNClient) -> None:
        self._client = client

    def start(self, state_machine_arn: str, name: str, given: Mapping[str, Any]) -> str:
        """See Executions."""
        try:
            answer = self._client.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(given))
        except self._client.exceptions.ExecutionAlreadyExists as error:
            raise ExecutionExistsError(name) from error
        return answer["executionArn"]

    def describe(self, state_machine_arn: str, name: str) -> Execution | None:
        """See Executions."""
        arn = execution_arn(state_machine_arn, name)
        try:
            found = self._client.describe_execution(executionArn=arn)
        except self._client.exceptions.ExecutionDoesNotExist:
            return None
        parts = [part for part in (found.get("error"), found.get("cause")) if part]
        given = json_object(parse_json(found.get("input") or "{}", "the execution's input"), "the execution's input")
        return Execution(
            arn,
            name,
            found["status"],
            found["startDate"],
            found.get("stopDate"),
            ": ".join(parts) or None,
            given.get("plan_sha256"),
        )

    def stop(self, execution_arn: str, cause: str) -> None:
        """See Executions."""
        self._client.stop_execution(executionArn=execution_arn, error="ReplayCancelled", cause=cause)

    def map_runs(self, execution_arn: str) -> list[MapRun]:
        """See Executions."""
        pages = self._client.get_paginator("list_map_runs").paginate(executionArn=execution_arn)
        return [self._map_run(entry["mapRunArn"]) for page in pages for entry in page["mapRuns"]]

    def _map_run(self, arn: str) -> MapRun:
        found = self._client.describe_map_run(mapRunArn=arn)
        counts: Mapping[str, Any] = found["itemCounts"]
        return MapRun(arn, found["maxConcurrency"], {name: int(count) for name, count in counts.items()})


def execution_arn(state_machine_arn: str, name: str) -> str:
    """The ARN that an execution of a standard workflow has."""
    return f"{state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{name}"


def executions_of(
    executions: Executions, state_machine_arn: str, replay_id: str, named: str | None = None
) -> list[Execution]:
    """The executions of a replay that Step Functions still has, the first one and its resumes, in their order.

    It forgets each 90 days after its end, the first ones first. So they are looked for on both sides of the one that
    control.json names, which may not have been started yet. `named`: that name; None: the replay's first one.
    Source: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """

    def from_on(number: int, step: int) -> Iterator[Execution]:
        while number >= 0 and (found := executions.describe(state_machine_arn, execution_name(replay_id, number))):
            yield found
            number += step

    number = execution_number(replay_id, named or replay_id)
    last = [*from_on(number, 1)]
    return [*reversed([*from_on(number - 1, -1)]), *last]


def execution_name(replay_id: str, number: int) -> str:
    """The name of the replay's first execution (0), or of the n-th resume."""
    return f"{replay_id}-r{number}" if number else replay_id


def execution_number(replay_id: str, name: str) -> int:
    """The number in a name; 0 for a name that is no resume's."""
    number = name.removeprefix(f"{replay_id}-r")
    return int(number) if number != name and _NUMBER.fullmatch(number) else 0
