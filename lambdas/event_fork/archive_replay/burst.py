"""One burst of events to the target queue: what was taken, what never will be, what is left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from event_fork.archive.selection import SelectedEvent
from event_fork.archive_replay.copies import NoCopyError, copy_of, plain_copy_of
from event_fork.errors import short_code
from event_fork.events.messages import OutgoingMessage
from event_fork.replay_plan.progress import FailedEvent
from event_fork.sending.backoff import Backoff, Leave
from event_fork.sending.copies import REPLAY_ID_ATTRIBUTE, deliver_copies
from event_fork.sending.delivery import OUT_OF_TIME
from event_fork.sending.ports import EntryFailure, MessageQueue, Remedy

_LONGEST_ID, _LONGEST_REASON = 100, 1_000
_TARGET_GONE = frozenset({"QueueDoesNotExist", "NonExistentQueue"})


@dataclass(slots=True)
class Burst:
    """What became of a burst. `taken` and `failed` hold line numbers; `left` is in the order of the lines."""

    taken: dict[int, bool] = field(default_factory=dict)
    """Line -> whether the copy carries the replay's mark."""
    failed: dict[int, FailedEvent] = field(default_factory=dict)
    left: list[tuple[int, EntryFailure]] = field(default_factory=list)
    calls: int = 0
    resent: int = 0

    @property
    def first_left(self) -> int | None:
        """The first line that is left; None when nothing is. Lines after it may have been taken nevertheless."""
        return self.left[0][0] if self.left else None

    @property
    def target_gone(self) -> bool:
        """Whether the queue is not there (any more)."""
        return any(short_code(failure.code) in _TARGET_GONE for _, failure in self.left)

    @property
    def out_of_time(self) -> bool:
        """Whether the invocation's time ended before all could be tried."""
        return any(failure is OUT_OF_TIME for _, failure in self.left)

    @property
    def refused(self) -> EntryFailure | None:
        """Why the target refuses the calls themselves, if that is why something is left."""
        reasons = (f for _, f in self.left if f.remedy is Remedy.RETURN and f is not OUT_OF_TIME)
        return next(reasons, None)


@dataclass(frozen=True)
class BurstSender:
    """Sends marked copies to one queue; `body` is raw or envelope (copies.py)."""

    target: MessageQueue
    body: str
    replay_id: str
    backoff: Backoff = field(default_factory=lambda: Backoff(attempts=8, cap=20.0))

    def send(self, events: Sequence[SelectedEvent], leave: Leave) -> Burst:
        """Send them all, failed entries again, until nothing more can be done in this invocation."""
        burst = Burst()
        by_key = {str(selected.line): selected for selected in events}
        copies = list(self._copies(events, burst))
        delivery = deliver_copies(
            copies,
            unmarked=lambda copy: plain_copy_of(by_key[copy.key], self.body),
            queue=self.target,
            backoff=self.backoff,
            deadline=leave,
        )
        burst.calls, burst.resent = delivery.calls, delivery.resent
        for message in delivery.delivered:
            burst.taken[int(message.key)] = REPLAY_ID_ATTRIBUTE in message.attributes
        for message, failure in delivery.refused:
            selected = by_key[message.key]
            reason = f"{failure.code}: {failure.detail}"
            burst.failed[selected.line] = _failed(selected, reason)
        left = ((int(message.key), failure) for message, failure in delivery.returned)
        burst.left = sorted(left, key=lambda entry: entry[0])
        return burst

    def _copies(self, events: Sequence[SelectedEvent], burst: Burst) -> Iterator[OutgoingMessage]:
        for selected in events:
            try:
                yield copy_of(selected, self.body, self.replay_id)
            except NoCopyError as error:
                burst.failed[selected.line] = _failed(selected, str(error))


def _failed(selected: SelectedEvent, reason: str) -> FailedEvent:
    """Cut to what an id and the queue's words have room for: a line can say 8 MiB as an id, or nothing."""
    return FailedEvent(selected.line, selected.event.message_id[:_LONGEST_ID] or "?", reason[:_LONGEST_REASON])
