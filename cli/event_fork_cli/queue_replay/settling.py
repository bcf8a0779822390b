"""When a run is over, and whether it has done what it was for: from the function's reports and from what SQS counts.

That nothing is visible does not say that nothing is left to forward. What is in work is hidden, and so is, until the
visibility timeout, what failed or whose turn the rate did not let come. That something is visible does not say the
contrary: on a topic that lives something new always comes, and the function keeps it. And the counts are estimates:
SQS may take a minute to count what was sent. So:

    for a minute SQS counts nothing at all                   over
    for a minute nothing went on or went back, a few looks   over; where something is hidden that the function has not
    saw nothing visible                                      reported as kept, after the visibility timeout and one
                                                             invocation, and then the run has failed if it still is
    something is visible at each look, and for the           over; the run has failed if the function has not taken
    visibility timeout and one invocation nothing of it      many times what was visible
    went on or went back, and it is not getting less
    failures go on for so long and nothing is forwarded      over, and the run has failed
    so long nothing is reported and nothing more is taken    over, and the run has failed: the function cannot run
"""

import math
from collections import Counter
from dataclasses import dataclass, field

from event_fork.queue_replay.run_report import RunReport
from event_fork_cli.queue_replay.pipelines import MAX_IN_FLIGHT, Backlog

QUIET_LOOKS = 3
"""So often must nothing be visible: the counts are estimates, and the log may be late."""
SETTLED_SECONDS = 60.0
"""The counts may be right only a minute after the last message was sent:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html"""
_TURNED_OVER = 20
"""When the function has taken so many times what is visible, each of it new, nothing older can be among it: SQS hands
out older messages first, and where it does not, one is passed over so often with a chance of one in 500 million."""
_LATE_SECONDS = 60.0
"""A report may be read so long after the messages were hidden."""
_IN_FLIGHT = f"SQS hands out no more while {MAX_IN_FLIGHT:,} are hidden: use `replay plan`, or a shorter window"
_GONE = (
    "{:,} of {:,} events that waited at the start were neither forwarded nor kept: expired, moved by the queue's own "
    "redrive policy, or taken by somebody else"
)
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
    failures: Counter[str] = field(default_factory=Counter)
    """Error -> messages that went back for it since something was last forwarded."""
    _now: Backlog = field(init=False)
    _hidden_until: list[tuple[float, int]] = field(default_factory=list)
    """What was kept: until when it is hidden, and how many messages."""
    _seconds: float = 0.0
    _worked_at: float = 0.0
    _unsettled_at: float = -math.inf
    _returned_at: float = -math.inf
    _failing_since: float = 0.0
    _heard_at: float = 0.0
    _seen_at: float = 0.0
    """When SQS last counted any message."""
    _fell_at: float = 0.0
    """When fewer were visible than ever before."""
    _fewest: int = field(init=False)
    # Since something last went on or went back:
    _clear_looks: int = 0
    _most_visible: int = 0
    _received_since: int = 0
    # Once the mapping is off:
    _all_taken: bool | None = None
    _left_open: int | None = None

    def __post_init__(self) -> None:
        self._now = self.start
        self._fewest = self.start.visible

    def look(self, seconds: float, now: Backlog, reports: list[RunReport]) -> None:
        """A look, so many seconds after the last one."""
        self._seconds += seconds
        self._now = now
        done = sum(report.forwarded + report.dead_lettered for report in reports)
        returned = sum((Counter(report.returned) for report in reports), Counter[str]())
        waiting = sum(report.waiting for report in reports)
        received = sum(report.received for report in reports)
        if self._left_open is not None:
            self._left_open = max(0, self._left_open - received)
        self.received += received
        self.forwarded += sum(report.forwarded for report in reports)
        self.dead_lettered += sum(report.dead_lettered for report in reports)
        self._note_kept(reports)
        if done:
            self._worked_at = self._seconds
            self.failures.clear()
        if returned:
            if not self._is_failing:
                self._failing_since = self._seconds
            self._returned_at = self._seconds
            self.failures += returned
        if returned or waiting:
            self._unsettled_at = self._seconds
        if now.visible < self._fewest:
            self._fell_at, self._fewest = self._seconds, now.visible
        if reports or self._fell_at == self._seconds:
            self._heard_at = self._seconds
        if now.all:
            self._seen_at = self._seconds
        if done or returned or waiting:
            self._clear_looks = self._most_visible = self._received_since = 0
            return
        self._clear_looks += now.visible == 0
        self._most_visible = max(self._most_visible, now.visible)
        self._received_since += received

    def unreported(self, now: Backlog, late: float = 0.0) -> int:
        """Hidden messages that are not known to be kept: in work, failed, not their turn, or kept by an earlier run.

        `late`: so many seconds old may a report be that was just read.
        """
        return max(0, now.hidden - sum(count for until, count in self._hidden_until if until - late > self._seconds))

    def end(self) -> None:
        """The mapping goes off: what becomes visible from now on is looked at no more, and no business of the run."""
        self._all_taken, self._left_open = self._has_taken_all, self.unreported(self._now)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self._has_failed or self._is_empty or self._is_silent:
            return True
        quiet = self._seconds - max(self._worked_at, self._unsettled_at)
        if self._clear_looks >= QUIET_LOOKS and self._now.visible == 0:
            unsettled = self._seconds - self._unsettled_at
            is_known = not self.unreported(self._now, _LATE_SECONDS) and unsettled >= self.patience
            return quiet >= (SETTLED_SECONDS if is_known else self.patience)
        return min(quiet, self._seconds - self._fell_at) >= max(self.patience, _SILENT_SECONDS)

    @property
    def failure(self) -> str:
        """Why not everything was forwarded, or is not known to be; "" when everything was."""
        gone = self.start.visible - self.forwarded - self.dead_lettered - self.kept
        if self._now.all == 0:
            return _GONE.format(gone, self.start.visible) if gone > 0 else ""
        hidden = self.unreported(self._now) if self._left_open is None else self._left_open
        if self._is_failing or (self.failures and hidden):
            causes = ", ".join(f"{code} ({count:,} times)" for code, count in self.failures.most_common())
            return f"events could not be forwarded: {causes}"
        if not (self._has_taken_all if self._all_taken is None else self._all_taken):
            full = f" ({_IN_FLIGHT})" if self._now.hidden >= MAX_IN_FLIGHT * 0.9 else ""
            return (
                f"{self._fewest:,} events or more were visible all the time, and the function has taken "
                f"{self.received:,}: see its log{full}"
            )
        if hidden:
            return (
                f"{hidden:,} hidden events were not looked at: an earlier run has kept them, or the function has left "
                "no word of them; run it again when they can be had"
            )
        return _GONE.format(gone, self.start.visible) if gone > 0 else ""

    def _note_kept(self, reports: list[RunReport]) -> None:
        self.kept += sum(report.kept for report in reports)
        new = [(self._seconds + seconds, count) for report in reports for seconds, count in report.kept_seconds.items()]
        self._hidden_until = [entry for entry in (*self._hidden_until, *new) if entry[0] > self._seconds]

    @property
    def _has_taken_all(self) -> bool:
        return self._clear_looks >= QUIET_LOOKS or (
            self._received_since > 0 and self._received_since >= _TURNED_OVER * self._most_visible
        )

    @property
    def _is_empty(self) -> bool:
        return self._seconds - self._seen_at >= SETTLED_SECONDS

    @property
    def _is_failing(self) -> bool:
        """Whether what went back last may not have come again. What has is forwarded, kept, or went back again."""
        return bool(self.failures) and self._seconds - self._returned_at < self.patience

    @property
    def _has_failed(self) -> bool:
        # What failed at once comes back at once: only what failed again after that goes on.
        goes_on = self._returned_at - self._failing_since >= self.patience / 2
        return self._is_failing and goes_on and self._seconds - self._worked_at >= self.patience

    @property
    def _is_silent(self) -> bool:
        return self._seconds - self._heard_at >= max(self.patience, _SILENT_SECONDS)
