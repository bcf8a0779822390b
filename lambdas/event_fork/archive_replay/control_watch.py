"""What operator and governor want, looked at often enough and not more often than that."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from event_fork.errors import EventForkError
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.sending.backoff import Deadline

MAX_AGE_SECONDS = 5.0
"""A pause or a new rate is obeyed this soon. One GetObject each: 0.4 dollars for a million looks."""


class ControlWatch:
    """control.json, at most MAX_AGE_SECONDS old, as a worker of that execution (its name) sees it."""

    def __init__(self, documents: ReplayDocuments, execution: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._execution = execution
        self._clock = clock
        self._control: Control | None = None
        self._read_at = 0.0

    def now(self) -> Control:
        """The control as it is, or was at most 5 seconds ago."""
        if self._control is None or self._clock() - self._read_at >= MAX_AGE_SECONDS:
            self._control = self._documents.control()
            self._read_at = self._clock()
        return self._control

    def runs(self) -> bool:
        """Whether this execution is to go on. With a rate of 0 it is held, not ended."""
        control = self.now()
        return control.state == RUNNING and control.execution == self._execution

    def forget(self) -> None:
        """The next look is a new one."""
        self._control = None


@dataclass(frozen=True)
class ReplayLeave:
    """Leave to begin another call, asked between any two: there is time, and the replay is to go on.

    When that cannot be read there is none. Why there was none, `ControlWatch.runs` says or raises afterwards, when what
    the calls before have done is written down.
    """

    deadline: Deadline
    watch: ControlWatch

    def allows(self, seconds: float = 0.0) -> bool:
        """See Leave."""
        return self.deadline.allows(seconds) and self._runs()

    def _runs(self) -> bool:
        try:
            return self.watch.runs()
        except EventForkError:
            return False
