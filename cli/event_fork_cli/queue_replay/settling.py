"""When a run is over: from what the function reported of its batches, and from what SQS counts.

That nothing is visible does not say that nothing is left to forward. A message whose batch failed, or whose turn the
rate did not let come, is hidden until the queue's visibility timeout, as is one in work. The function reports both. So:

    nothing is in the queue any more                        over
    all that waited at the start was reported, and nothing  over after a few looks at which nothing was forwarded
    of it failed or waits
    something failed or waits, or was not reported          over when the visibility timeout and one invocation have
                                                            passed, and nothing of the kind was heard of again
    failures go on for so long and nothing is forwarded     over, and the run has failed
    so long nothing is reported and nothing more is taken   over, and the run has failed: the function cannot run
"""

from collections import Counter
from dataclasses import dataclass, field

from event_fork.queue_replay.run_report import RunReport
from event_fork_cli.queue_replay.pipelines import Backlog

QUIET_LOOKS = 3
"""The counts of SQS are estimates and late, and so may be the log: so often in a row must nothing have happened."""
_SILENT_SECONDS = 300.0
"""A mapping that was just switched on may take minutes to begin."""


@dataclass
class Settling:
    """What is known of a run. `start`: the backlog it began with. `patience`: visibility timeout and one invocation."""

    start: Backlog
    patience: float
    received: int = 0
    forwarded: int = 0
    dead_lettered: int = 0
    kept: int = 0
    waiting: int = 0
    """In the last report of each kind that told of any: messages whose turn did not come."""
    failures: Counter[str] = field(default_factory=Counter)
    """Error -> messages that went back for it since something was last forwarded."""
    _quiet_looks: int = 0
    _empty_looks: int = 0
    _worked_at: float = 0.0
    _unsettled_at: float | None = None
    _seconds: float = 0.0
    _heard_at: float = 0.0
    _fewest: int = field(init=False)

    def __post_init__(self) -> None:
        self._fewest = self.start.visible

    def look(self, seconds: float, now: Backlog, reports: list[RunReport]) -> None:
        """A look, so many seconds after the last one."""
        self._seconds += seconds
        done = sum(report.forwarded + report.dead_lettered for report in reports)
        returned = sum((Counter(report.returned) for report in reports), Counter[str]())
        waiting = sum(report.waiting for report in reports)
        self.received += sum(report.received for report in reports)
        self.forwarded += sum(report.forwarded for report in reports)
        self.dead_lettered += sum(report.dead_lettered for report in reports)
        self.kept += sum(report.kept for report in reports)
        if done:
            self._worked_at = self._seconds
            self.failures.clear()
        self.failures += returned
        if returned or waiting:
            self._unsettled_at = self._seconds
            self.waiting = waiting
        if reports or now.visible < self._fewest:
            self._heard_at, self._fewest = self._seconds, min(self._fewest, now.visible)
        # On a topic that lives there is always something new to be seen; what was waiting at the start is what counts.
        all_seen = now.visible == 0 or self.received >= self.start.visible
        quiet = all_seen and not (done or returned or waiting)
        self._empty_looks = self._empty_looks + 1 if now.all == 0 else 0
        self._quiet_looks = self._quiet_looks + 1 if quiet else 0

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self._has_failed or self._is_empty or self._is_silent:
            return True
        if self._quiet_looks < QUIET_LOOKS:
            return False
        if self._unsettled_at is None and self.received >= self.start.visible:
            return True
        since = max(self._worked_at, self._unsettled_at or 0.0)
        return self._seconds - since >= self.patience

    @property
    def failure(self) -> str:
        """Why not everything was forwarded; "" when everything was."""
        if self._is_empty:
            return ""
        if self._has_failed or self.failures:
            causes = ", ".join(f"{code} ({count:,} times)" for code, count in self.failures.most_common())
            return f"events could not be forwarded: {causes}"
        if self.received < self.start.visible:
            return (
                f"the function has left no word of {self.start.visible - self.received:,} of "
                f"{self.start.visible:,} events: see its log"
            )
        return ""

    @property
    def _is_empty(self) -> bool:
        return self._empty_looks >= 2

    @property
    def _has_failed(self) -> bool:
        return bool(self.failures) and self._seconds - self._worked_at >= self.patience

    @property
    def _is_silent(self) -> bool:
        return self._seconds - self._heard_at >= max(self.patience, _SILENT_SECONDS)
