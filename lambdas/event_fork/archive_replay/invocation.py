"""What the state machine hands to its functions.

worker    {"BatchInput": {replay, "started_at", "execution"}, "Items": [item, ...]}
governor  {replay, "started_at", "execution", "memory": {...}}
where replay = "replay_id", "plan_sha256", "bucket", "work_prefix"; started_at is the execution's start, ISO 8601,
execution its name to the worker and its ARN to the governor
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from event_fork.errors import InvocationShapeError
from event_fork.events.time_window import timestamp_of
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item
from event_fork.replay_plan.work_area import WorkArea


@dataclass(frozen=True, slots=True)
class ReplayRef:
    """Which replay: its id, the hash of its plan, the archive's bucket and the work area in it."""

    replay_id: str
    plan_sha256: str
    bucket: str
    work_area: WorkArea

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "ReplayRef":
        """Raises InvocationShapeError."""
        replay_id = _text(event, "replay_id")
        try:
            area = WorkArea.of_prefix(_text(event, "work_prefix"))
        except ValueError as error:
            raise InvocationShapeError(f"work_prefix {error}") from error
        if area.replay_id != replay_id:
            raise InvocationShapeError(f"work_prefix must be that of {replay_id}, got {area.prefix}")
        return cls(replay_id, _text(event, "plan_sha256"), _text(event, "bucket"), area)


@dataclass(frozen=True, slots=True)
class WorkerInvocation:
    """Items to send. `started_at`: seconds since the epoch. `execution`: the name of the one that invokes."""

    replay: ReplayRef
    started_at: float
    execution: str
    items: tuple[Item, ...]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "WorkerInvocation":
        """Raises InvocationShapeError for anything but a batch of the Distributed Map."""
        found = event if isinstance(event, Mapping) else {}
        shared, items = found.get("BatchInput"), found.get("Items")
        if not isinstance(shared, Mapping) or not isinstance(items, list):
            raise InvocationShapeError("the event has no BatchInput and Items; a Distributed Map invokes this function")
        try:
            return cls(
                ReplayRef.from_event(shared),
                _started_at(shared),
                _text(shared, "execution"),
                tuple(Item.from_json(item) for item in items),
            )
        except DocumentError as error:
            raise InvocationShapeError(str(error)) from error


@dataclass(frozen=True, slots=True)
class GovernorInvocation:
    """`execution`: ARN of the execution to govern. `memory`: what the last invocation left, {} at first."""

    replay: ReplayRef
    started_at: float
    execution: str
    memory: Mapping[str, Any]

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "GovernorInvocation":
        """Raises InvocationShapeError."""
        memory = event.get("memory") if isinstance(event, Mapping) else None
        if not isinstance(memory, Mapping):
            raise InvocationShapeError("memory must be an object")
        return cls(ReplayRef.from_event(event), _started_at(event), _text(event, "execution"), memory)


def _started_at(event: Mapping[str, Any]) -> float:
    try:
        return timestamp_of(_text(event, "started_at")).timestamp()
    except ValueError as error:
        raise InvocationShapeError(f"started_at: {error}") from error


def _text(event: Mapping[str, Any], name: str) -> str:
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise InvocationShapeError(f"{name} must be a text that is not empty")
    return value
