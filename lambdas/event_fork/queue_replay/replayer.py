"""Replay of a batch of the 14-day queue: copies go to the regular pipeline's queue.

Under a window what is wanted is forwarded, the rest stays for later. What stays is hidden in the queue for a while and
named in the answer, so that the event source mapping does not delete it; hidden, it is received once in a run and not
again and again.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from event_fork.errors import CallFailedError, RefusedByDestinationError
from event_fork.events.messages import MAX_MESSAGE_BYTES, OutgoingMessage, ReceivedMessage
from event_fork.queue_replay.window import DEFAULT_WORKERS, ReplayWindow, window_of
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import hide_batches
from event_fork.sending.copies import deliver_copies, is_marked, replay_copy, unmarked_copy
from event_fork.sending.dead_letters import DeadLetter, dead_letter
from event_fork.sending.delivery import deliver, unexpected
from event_fork.sending.outcome import Outcome
from event_fork.sending.pacing import Pacer
from event_fork.sending.ports import EntryFailure, HiddenMessages, Hold, MessageQueue, Remedy, TextParameter

RATE_REACHED = "RateReached"
_STEP = 10
"""Seconds; so the report of a batch stays short."""
_NO_ROOM = EntryFailure(RATE_REACHED, "the replay's rate leaves no room in this invocation", Remedy.RETURN)


@dataclass(frozen=True)
class Replayer:
    """Sends a marked copy of each message to the destination; a message the destination refuses is dead-lettered."""

    replay_id: str
    destination: MessageQueue
    dead_letter_queue: MessageQueue
    backoff: Backoff = field(default_factory=Backoff)
    dead_letter_max_bytes: int = MAX_MESSAGE_BYTES

    def run(self, messages: Sequence[ReceivedMessage], deadline: Deadline) -> Outcome:
        """Replay the messages; each counts as delivered only when the destination queue has it."""
        outcome = Outcome(received=len(messages))
        by_id = {message.message_id: message for message in messages}
        copies: list[OutgoingMessage] = []
        for message in messages:
            try:
                copies.append(replay_copy(message, self.replay_id))
            except Exception as error:  # a fault of ours that one message brings out must not hold up the others
                outcome.returned[message.message_id] = unexpected(error)
        delivery = deliver_copies(
            copies,
            unmarked=lambda copy: unmarked_copy(by_id[copy.key]),
            queue=self.destination,
            backoff=self.backoff,
            deadline=deadline,
        )
        outcome.calls, outcome.resent = delivery.calls, delivery.resent
        outcome.delivered = [copy.key for copy in delivery.delivered]
        outcome.marked = sum(is_marked(copy, self.replay_id) for copy in delivery.delivered)
        outcome.unmarked = len(delivery.delivered) - outcome.marked
        outcome.returned |= {copy.key: failure for copy, failure in delivery.returned}
        letters = [
            DeadLetter(by_id[copy.key], RefusedByDestinationError(failure.code)) for copy, failure in delivery.refused
        ]
        dead_letter(letters, self.dead_letter_queue, self.backoff, deadline, outcome, self.dead_letter_max_bytes)
        return outcome


@dataclass
class WindowedReplayer:
    """A replayer that obeys the window, where there is one.

    `wall_clock`: seconds since the epoch.
    """

    replayer: Replayer
    parameter: TextParameter
    queue: HiddenMessages
    retention_seconds: int
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    _pacer: Pacer | None = field(init=False, default=None)

    def run(self, messages: Sequence[ReceivedMessage], deadline: Deadline, run: str | None = None) -> Outcome:
        """Forward what the window wants; `kept` of the outcome has the rest. `run`: see window.window_of.

        Raises CallFailedError and WindowError when it cannot be known what is wanted: all messages stay in the queue.
        """
        window = window_of(run, self.parameter)
        if window is None:
            return self.replayer.run(messages, deadline)
        wanted = [message for message in messages if window.wants(message)]
        outcome = self._replayer(window, deadline).run(wanted, deadline)
        outcome.received = len(messages)
        outcome.waiting = [key for key, failure in outcome.returned.items() if failure.code == RATE_REACHED]
        for key in outcome.waiting:  # no failure: they come back at the visibility timeout, and then it is their turn
            del outcome.returned[key]
        wanted_ids = {message.message_id for message in wanted}
        kept = [message for message in messages if message.message_id not in wanted_ids]
        outcome.kept = [message.message_id for message in kept]
        self._hide(kept, window, deadline, outcome)
        if window.rate is not None and self._pacer is not None:
            # Paid for here, and not by whichever instance comes next: it may be another one, which owes nothing.
            self.sleep(min(self._pacer.wait(), deadline.left()))
        return outcome

    def _hide(
        self, kept: Sequence[ReceivedMessage], window: ReplayWindow, deadline: Deadline, outcome: Outcome
    ) -> None:
        """What could not be hidden comes back at the visibility timeout: it is received more often, nothing else."""
        now = self.wall_clock()
        holds = [
            Hold(message.message_id, message.receipt_handle, window.hold(message, now, self.retention_seconds))
            for message in kept
        ]
        delivery = deliver(
            holds,
            batches=hide_batches,
            send=self.queue.hide,
            backoff=self.replayer.backoff,
            deadline=deadline,
        )
        outcome.not_hidden = {hold.message_id: failure for hold, failure in (*delivery.returned, *delivery.refused)}
        outcome.kept_seconds = Counter(
            0 if hold.message_id in outcome.not_hidden else hold.seconds // _STEP * _STEP for hold in holds
        )

    def _replayer(self, window: ReplayWindow, deadline: Deadline) -> Replayer:
        replayer = replace(self.replayer, replay_id=window.replay_id)
        if window.rate is None:
            return replayer
        rate = window.rate / (window.workers or DEFAULT_WORKERS)
        if self._pacer is None:
            self._pacer = Pacer(rate, self.clock)
        self._pacer.set_rate(rate)
        return replace(replayer, destination=PacedQueue(replayer.destination, self._pacer, deadline, self.sleep))


@dataclass(frozen=True)
class PacedQueue:
    """A queue that is sent to at a rate. What this invocation has no time to pay for is left for another one."""

    queue: MessageQueue
    pacer: Pacer
    deadline: Deadline
    sleep: Callable[[float], None]

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        """See MessageQueue.send."""
        wait = self.pacer.wait()
        payable = int((self.deadline.left() - wait) * self.pacer.rate)
        if payable < 1:
            raise CallFailedError(RATE_REACHED, _NO_ROOM.detail, transient=False)
        self.sleep(wait)
        part = messages[:payable]
        self.pacer.spend(len(part))
        return {**self.queue.send(part), **dict.fromkeys(range(len(part), len(messages)), _NO_ROOM)}
