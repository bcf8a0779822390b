"""The window document of a replay queue, and the lock.

The parameter `<window>` is the module's; it holds {} or the window of the run that goes on, and the function reads it.
Parameter Store has no conditional overwrite, but a parameter can be created only once: `<window>-lock` is the lock.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from event_fork_cli.errors import RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class QueueWindow:
    """What a run forwards: events published in [start, until) that pass the filter, at most `rate` a second.

    `start` None: however old. `hold_seconds`: for how long the function hides what is not meant. Times are ISO 8601.
    `workers`: how many instances of the function share the rate; None: the function's own default.
    """

    start: str | None
    until: str
    filter_policy: dict[str, Any] | None
    filter_policy_scope: str
    rate: float | None
    workers: int | None
    hold_seconds: int
    holder: str
    started_at: str
    replay_id: str

    def to_json(self) -> dict[str, Any]:
        """The document; what is not set is left out."""
        document = {
            "from": self.start,
            "until": self.until,
            "filter_policy": self.filter_policy,
            "filter_policy_scope": self.filter_policy_scope if self.filter_policy is not None else None,
            "rate": self.rate,
            "workers": self.workers if self.rate is not None else None,
            "hold_seconds": self.hold_seconds,
            "holder": self.holder,
            "started_at": self.started_at,
            "replay_id": self.replay_id,
        }
        return {name: value for name, value in document.items() if value is not None}


class WindowParameter:
    """The window parameter and its lock."""

    def __init__(self, ssm: SSMClient, name: str) -> None:
        self._ssm = ssm
        self._name = name
        self._lock = f"{name}-lock"

    def window(self) -> dict[str, Any]:
        """The document as it is; {} when no run goes on."""
        found: dict[str, Any] = json.loads(self._ssm.get_parameter(Name=self._name)["Parameter"]["Value"])
        return found

    def holder(self) -> dict[str, Any] | None:
        """Who holds the lock ({holder, started_at, replay_id, mapping}); None: nobody."""
        try:
            found: dict[str, Any] = json.loads(self._ssm.get_parameter(Name=self._lock)["Parameter"]["Value"])
        except self._ssm.exceptions.ParameterNotFound:
            return None
        return found

    def lock(self, window: QueueWindow, mapping: dict[str, Any], queue: str) -> None:
        """Takes the lock for a run. Raises RefusedError, naming the holder, when somebody has it.

        `mapping`: what is put back at the run's end, kept here for `disable` after a run that was killed.
        """
        value = {
            "holder": window.holder,
            "started_at": window.started_at,
            "replay_id": window.replay_id,
            "mapping": mapping,
        }
        try:
            self._ssm.put_parameter(Name=self._lock, Value=json.dumps(value), Type="String", Overwrite=False)
        except self._ssm.exceptions.ParameterAlreadyExists:
            other = self.holder() or {}
            if other.get("replay_id") == window.replay_id:
                return  # the answer to the first try was lost, and boto3 tried again
            raise RefusedError(
                f"a replay of {queue} goes on since {other.get('started_at', '?')}, started by "
                f"{other.get('holder', '?')}; if it is dead: event-fork replay queue disable {queue}"
            ) from None

    def unlock(self) -> None:
        """Gives the lock back; there need not be one."""
        try:
            self._ssm.delete_parameter(Name=self._lock)
        except self._ssm.exceptions.ParameterNotFound:
            return

    def open(self, window: QueueWindow) -> None:
        """Writes the window of a run."""
        self._put(window.to_json())

    def close(self) -> None:
        """Writes {}. With {} the function forwards everything, so the mapping must be off by then."""
        self._put({})

    def _put(self, document: dict[str, Any]) -> None:
        self._ssm.put_parameter(
            Name=self._name, Value=json.dumps(document, ensure_ascii=False), Type="String", Overwrite=True
        )
