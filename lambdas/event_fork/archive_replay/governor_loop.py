"""The governor's looks, one after the other, until the replay has ended, is held, or the invocation's time is up.

It loops inside the function and not in the state machine, because each turn of a state machine writes about ten events
into the execution's history, which ends at 25,000: looks every 5 seconds would fail a replay after three and a half
hours.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from event_fork.archive_replay.governor import Memory, Policy, govern
from event_fork.archive_replay.observation import Observation
from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import GOVERNOR, PAUSED, RUNNING, Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.sending.backoff import Deadline

LOOK_SECONDS = 5.0
BLIND_LOOKS = 12
"""Looks in a row that failed before the replay is paused: without health there is nothing to govern by."""
SECONDS_WITHOUT_MAP_RUN = 120.0
"""The map begins at the same moment as the governor; when there is none after so long, it failed to begin."""


class TargetHealth(Protocol):
    """The target queue and its dead-letter queue."""

    def look(self, rate: float) -> Observation:
        """How they are while the replay sends `rate` events a second. Raises CallFailedError."""


class MapRun(Protocol):
    """The Distributed Map of the execution."""

    def state(self) -> str | None:
        """RUNNING, SUCCEEDED, FAILED or ABORTED; None when it has not begun. Raises CallFailedError."""


def _ignore(_: object) -> None:
    return


@dataclass
class GovernorLoop:
    """`execution`: the name of the one it governs, as long as control.json says that this one may send.

    `elapsed`: seconds since the execution began. `changed` and `blind` are told of what happened, for the logs.
    """

    policy: Policy
    execution: str
    documents: ReplayDocuments
    target: TargetHealth
    map_run: MapRun
    memory: Memory
    deadline: Deadline
    elapsed: float
    changed: Callable[[Control], None] = _ignore
    blind: Callable[[CallFailedError], None] = _ignore
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _blind_looks: int = field(init=False, default=0)
    _after_this_look: Memory = field(init=False)

    def run(self) -> bool:
        """True when there is nothing left to govern, False when the next invocation shall go on."""
        began = self.clock()
        while self.deadline.allows(LOOK_SECONDS):
            control = self.documents.control()
            if not self._governs(control) or self._ended(self.elapsed + self.clock() - began):
                return True
            self._look(control)
            self.sleep(LOOK_SECONDS)
        return False

    def _governs(self, control: Control) -> bool:
        return control.state == RUNNING and control.execution == self.execution

    def _ended(self, elapsed: float) -> bool:
        state = self.map_run.state()
        return elapsed > SECONDS_WITHOUT_MAP_RUN if state is None else state != "RUNNING"

    def _look(self, control: Control) -> None:
        try:
            seen = self.target.look(control.rate)
        except CallFailedError as error:
            self._blind_looks += 1
            self.blind(error)
            if self._blind_looks >= BLIND_LOOKS:
                reason = f"target-unseen: {error.code} for {BLIND_LOOKS * LOOK_SECONDS:.0f} s"
                self._change(lambda now: replace(now, state=PAUSED, reason=reason))
            return
        self._blind_looks = 0
        self._change(lambda now: self._governed(now, seen))

    def _governed(self, control: Control, seen: Observation) -> Control:
        # Asked again when somebody else wrote control.json meanwhile; then the last answer's memory is the one to keep.
        wanted, self._after_this_look = govern(self.policy, control, self.memory, seen)
        return wanted

    def _change(self, change: Callable[[Control], Control]) -> None:
        self._after_this_look = self.memory
        written: list[Control] = []

        def changed(now: Control) -> Control | None:
            # Looked at anew in each attempt: what an operator has written meanwhile stays.
            wanted = change(now) if self._governs(now) else now
            written[:] = [] if wanted == now else [wanted]
            return next(iter(written), None)

        after = self.documents.change_control(changed, changed_by=GOVERNOR)
        self.memory = self._after_this_look
        if written:
            self.changed(after)
