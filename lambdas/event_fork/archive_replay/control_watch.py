"""What operator and governor want, looked at often enough and not more often than that."""

import time
from collections.abc import Callable

from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.documents import ReplayDocuments

MAX_AGE_SECONDS = 5.0
"""A pause or a new rate is obeyed this soon. One GetObject each: 0.4 dollars for a million looks."""


class ControlWatch:
    """control.json, at most MAX_AGE_SECONDS old."""

    def __init__(self, documents: ReplayDocuments, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
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
        """Whether the replay is to go on. With a rate of 0 it is held, not ended."""
        return self.now().state == RUNNING
