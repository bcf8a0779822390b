"""Takes out of a queue what a replay sent there. Messages of others stay, and are visible again at the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from event_fork.sending.copies import ORIGINAL_ID_ATTRIBUTE, REPLAY_ID_ATTRIBUTE
from event_fork_cli.archive_replay.statuses import ENDED, STATE_CANCELLED, STATE_CANCELLING, STATE_PAUSED, Status
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import DeadLetterQueue, Looking
from event_fork_cli.drills.id_sets import Compared, IdSets

_HOLD_SECONDS = 600
_LOOK_SECONDS = 2.0
WAIT_SECONDS = 1.0
_THREADS = 4
QUIET_SECONDS, OBEYED_SECONDS, SETTLED_SECONDS = 60.0, 20.0, 2.0
"""So long nothing may come: before what was sent is given up; after a cancel, for workers look every 5 seconds and a
call takes up to 13; and when everything that was sent has come."""


@dataclass(slots=True)
class Collected:
    """`taken`: messages of the replay, each counted once. `last_ms`: when SQS got the last of them. `strange`: others.

    `not_deleted`: message id -> why it is still there.
    """

    taken: int = 0
    strange: int = 0
    last_ms: int = 0
    not_deleted: dict[str, str] = field(default_factory=dict)


@dataclass
class Collector:
    """One replay and its queue. `status`: where the replay stands; `cancel`: ends it. Clock and wait can be faked."""

    queue: DeadLetterQueue
    replay_id: str
    sets: IdSets
    status: Callable[[], Status]
    cancel: Callable[[str], Status]
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    result: Collected = field(default_factory=Collected)
    _unmarked: dict[str, Letter] = field(default_factory=dict)

    def run(self, seconds: float, stop: Callable[[], bool], show: Callable[[int], None]) -> tuple[Status, Compared]:
        """Collects until the replay has ended and nothing comes any more; then compares.

        After so many `seconds`, or when `stop` says so, the replay is cancelled, and what it sent is still taken away.
        `show`: how many came.
        """
        looking = Looking(self.queue, _HOLD_SECONDS, _THREADS)
        with looking:
            status = self._collect(looking, seconds, stop, show)
            compared = self.sets.compare()
            # A copy without room for the mark: its id is planned, and no other message has brought it.
            own = [one for key, one in self._unmarked.items() if key in compared.unmarked]
            self.result.not_deleted |= looking.delete(own)
            self.result.taken += len(own)
            self.result.strange = len(self._unmarked) - len(own)
        return status, compared

    def _collect(
        self, looking: Looking, seconds: float, stop: Callable[[], bool], show: Callable[[int], None]
    ) -> Status:
        deadline = self.clock() + seconds
        quiet_since = self.clock()
        while True:
            status = self.status()
            if status.state == STATE_PAUSED:
                status = self.cancel(f"paused: {status.reason}")
            elif status.state not in {*ENDED, STATE_CANCELLING}:
                if stop():
                    status = self.cancel("interrupted")
                elif self.clock() >= deadline:
                    status = self.cancel(f"not done after {seconds:g} s")
            if self._take(looking):
                quiet_since = self.clock()
                show(self.result.taken)
                continue
            if status.state in ENDED and self.clock() - quiet_since >= self._patience(status):
                return status
            self.wait(WAIT_SECONDS)

    def _patience(self, status: Status) -> float:
        """So long nothing may have come before it is over."""
        if self.result.taken < status.sent:
            return QUIET_SECONDS
        return OBEYED_SECONDS if status.state == STATE_CANCELLED else SETTLED_SECONDS

    def _take(self, looking: Looking) -> int:
        """Some seconds of receiving; how many messages of the replay came."""
        before, until = self.result.taken, self.clock() + _LOOK_SECONDS
        for letters in looking.letters():
            own = []
            for one in letters:
                is_own = one.labels.get(REPLAY_ID_ATTRIBUTE) == self.replay_id
                self.sets.arrive(event_id_of(one), one.message.message_id, marked=is_own)
                if is_own:
                    own.append(one)
                else:
                    self._unmarked[one.message.message_id] = one
            self.result.not_deleted |= looking.delete(own, remember=False)
            self.result.taken += len(own)
            self.result.last_ms = max(self.result.last_ms, *(one.message.sent_ms or 0 for one in own), 0)
            if self.clock() >= until:  # there may always be more, and somebody must look at the replay
                break
        return self.result.taken - before


def event_id_of(one: Letter) -> str:
    """SNS's id of the event: a raw copy bears it as a label; in an envelope it stands in the body."""
    return one.labels.get(ORIGINAL_ID_ATTRIBUTE) or one.id
