"""One burst of events to the target queue: what was taken, what never will be, what is left."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from event_fork.archive.selection import SelectedEvent
from event_fork.archive_replay.copies import NoCopyError, copy_of, plain_copy_of
from event_fork.errors import short_code
from event_fork.events.messages import OutgoingMessage
from event_fork.replay_plan.order import GroupOf, deduplication_id, group_id
from event_fork.replay_plan.progress import FailedEvent
from event_fork.sending.backoff import Backoff, Leave
from event_fork.sending.copies import REPLAY_ID_ATTRIBUTE, deliver_copies
from event_fork.sending.delivery import OUT_OF_TIME, Delivery
from event_fork.sending.ports import EntryFailure, MessageQueue, Remedy

_LONGEST_ID, _LONGEST_REASON = 300, 1_000
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
    """Sends marked copies to one queue; `body` is raw or envelope (copies.py). `group_of`: for a FIFO queue."""

    target: MessageQueue
    body: str
    replay_id: str
    backoff: Backoff = field(default_factory=lambda: Backoff(attempts=8, cap=20.0))
    group_of: GroupOf | None = None

    def send(self, events: Sequence[SelectedEvent], leave: Leave) -> Burst:
        """Send them all, failed entries again, until nothing more can be done in this invocation."""
        burst = Burst()
        by_key = {str(selected.line): selected for selected in events}
        delivery: Delivery[OutgoingMessage] = Delivery()
        for layer in _layers(self._copies(events, burst)):
            if delivery.returned:  # what waits for it is left for the same reason
                delivery.returned += [(copy, delivery.returned[0][1]) for copy in layer]
                continue
            sent = deliver_copies(
                layer, unmarked=partial(self._plain, by_key), queue=self.target, backoff=self.backoff, deadline=leave
            )
            delivery.add(sent)
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
                yield self._addressed(selected, copy_of(selected, self.body, self.replay_id))
            except NoCopyError as error:
                burst.failed[selected.line] = _failed(selected, str(error))

    def _plain(self, by_key: Mapping[str, SelectedEvent], copy: OutgoingMessage) -> OutgoingMessage:
        selected = by_key[copy.key]
        return self._addressed(selected, plain_copy_of(selected, self.body))

    def _addressed(self, selected: SelectedEvent, copy: OutgoingMessage) -> OutgoingMessage:
        if self.group_of is None:
            return copy
        group = self.group_of(selected.event)
        if group is None:  # the plan has none such
            raise NoCopyError("has no group")
        unique = deduplication_id(self.replay_id, selected.event.message_id)
        return replace(copy, group_id=group_id(group), deduplication_id=unique)


def _layers(copies: Iterable[OutgoingMessage]) -> list[list[OutgoingMessage]]:
    """What may be sent in any order, one layer after the other: of each group of a FIFO queue one message in each.

    A queue may take the later one of two messages of a call and not the earlier one, and of a call that is not answered
    nobody knows what it took. So the next of a group is sent when the queue has said that it has the one before.
    """
    layers: list[list[OutgoingMessage]] = [[]]
    depths: Counter[str] = Counter()
    for copy in copies:
        depth = 0
        if copy.group_id is not None:
            depth = depths[copy.group_id]
            depths[copy.group_id] += 1
        if depth == len(layers):
            layers.append([])
        layers[depth].append(copy)
    return layers


def _failed(selected: SelectedEvent, reason: str) -> FailedEvent:
    """Cut to what an id and the queue's words have room for: a line can say 8 MiB as an id, or nothing."""
    return FailedEvent(
        selected.line, _cut(selected.event.message_id, _LONGEST_ID) or "?", _cut(reason, _LONGEST_REASON)
    )


def _cut(text: str, most: int) -> str:
    """In bytes of JSON, as it is written: 10,000 of them must stay within what a progress object may have."""
    text, size = text[:most], 0
    for place, character in enumerate(text):
        size += len(json.dumps(character)) - 2
        if size > most:
            return text[:place]
    return text
