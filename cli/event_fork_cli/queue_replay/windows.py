"""The window parameter of a replay queue, and the lock.

The parameter `<window>` is the module's; it holds {} or the window of the run that goes on, and the function reads it.
Parameter Store has no conditional overwrite, but a parameter can be created only once: `<window>-lock` is the lock.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from event_fork.queue_replay.run_report import MAX_HOLD_SECONDS
from event_fork.queue_replay.window import RUN_PREFIX, ReplayWindow
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.json_values import Matches, from_json, json_object, parse_json
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_LARGEST = 4_096
"""Bytes of a standard parameter: https://docs.aws.amazon.com/general/latest/gr/ssm.html"""


@dataclass(frozen=True, slots=True)
class _Lock:
    holder: str = ""
    started_at: str = ""
    replay_id: Annotated[str, Matches(rf"{RUN_PREFIX}[A-Za-z0-9_-]{{1,64}}", "the id of a run")] | None = None


class WindowParameter:
    """The window parameter and its lock. Reading raises DocumentError when one holds something else.

    Such a thing is no run's: whoever compares learns that it is not his.
    """

    def __init__(self, ssm: SSMClient, name: str) -> None:
        self._ssm = ssm
        self._name = name
        self._lock = f"{name}-lock"

    def window(self) -> dict[str, Any]:
        """The document as it is; {} when no run goes on."""
        return self._object(self._name)

    def holder(self) -> dict[str, Any] | None:
        """Who holds the lock ({holder, started_at, replay_id}); None: nobody."""
        try:
            found = self._object(self._lock)
        except self._ssm.exceptions.ParameterNotFound:
            return None
        from_json(_Lock, found, f"parameter {self._lock}")
        return found

    def lock(self, window: ReplayWindow, queue: str) -> None:
        """Takes the lock for a run. Raises RefusedError, naming the holder, when somebody has it."""
        value = {"holder": window.holder, "started_at": window.started_at, "replay_id": window.replay_id}
        try:
            self._ssm.put_parameter(Name=self._lock, Value=json.dumps(value), Type="String", Overwrite=False)
        except self._ssm.exceptions.ParameterAlreadyExists:
            try:
                other = self.holder() or {}
            except DocumentError as error:
                raise RefusedError(f"{error}; where no run goes on: event-fork replay queue disable {queue}") from error
            if other.get("replay_id") == window.replay_id:
                return  # the answer to the first try was lost, and boto3 tried again
            raise RefusedError(
                f"a replay of {queue} goes on since {other.get('started_at', '?')}, started by "
                f"{other.get('holder', '?')}; if it is dead: event-fork replay queue disable {queue}"
            ) from None

    def is_locked_by(self, run: str) -> bool:
        """Whether that run holds the lock."""
        with suppress(DocumentError):
            return (self.holder() or {}).get("replay_id") == run
        return False

    def is_of(self, run: str) -> bool:
        """Whether the window is that run's."""
        with suppress(DocumentError):
            return self.window().get("replay_id") == run
        return False

    def unlock(self) -> None:
        """Gives the lock back, whose ever it is; there need not be one."""
        try:
            self._ssm.delete_parameter(Name=self._lock)
        except self._ssm.exceptions.ParameterNotFound:
            return

    def open(self, window: ReplayWindow) -> None:
        """Writes the window of a run. Raises BadInputError when Parameter Store takes none so large."""
        text = window.to_text()
        # A run that takes longer than thought hides for longer: that must still fit.
        longest = replace(window, hold_seconds=MAX_HOLD_SECONDS).to_text()
        if (size := len(longest.encode())) > _LARGEST:
            raise BadInputError(
                "--filter",
                f"must leave the run's window within the {_LARGEST:,} bytes that Parameter Store takes",
                example="a filter policy of at most 3,000 bytes",
                received=f"a window of {size:,} bytes",
            )
        self._put(text)

    def close(self) -> None:
        """Writes {}. With {} the function forwards everything, so the mapping must be off by then."""
        self._put("{}")

    def _object(self, name: str) -> dict[str, Any]:
        where = f"parameter {name}"
        return dict(json_object(parse_json(self._ssm.get_parameter(Name=name)["Parameter"]["Value"], where), where))

    def _put(self, text: str) -> None:
        self._ssm.put_parameter(Name=self._name, Value=text, Type="String", Overwrite=True)
