"""What is done to a frozen set of dead letters: sent back, or kept in a file; and deleted only then.

A batch of ten is sent and deleted before the next one is begun. So a process that is killed leaves at most ten messages
that were sent and are still there, and no message is ever in neither place.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import IO

from event_fork.events.messages import OutgoingMessage
from event_fork.sending.backoff import Always, Backoff
from event_fork.sending.batching import SEND_MAX_MESSAGES
from event_fork.sending.copies import deliver_copies, origin, put_marks, unmarked_copy
from event_fork.sending.pacing import Pacer
from event_fork.sending.ports import MessageQueue
from event_fork_cli.dead_letters.letters import Letter
from event_fork_cli.dead_letters.looking import Looking
from event_fork_cli.queue_replay.interruption import Stop
from event_fork_cli.repairs.frozen import to_disk

_LONGEST_SLEEP = 0.5


@dataclass(slots=True)
class Done:
    """What became of a frozen set. `missing`: of it, not met: deleted, expired, or in flight elsewhere.

    `failed`: message id -> why it is still a dead letter; `not_deleted`: sent, and still there: a second redrive would
    send it again.
    """

    wanted: int
    done: int = 0
    missing: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    not_deleted: dict[str, str] = field(default_factory=dict)
    interrupted: bool = False
    still_hidden: int = 0
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """Of the set, what can still be dealt with."""
        return self.wanted - self.done - self.missing


Deed = Callable[[Sequence[Letter], Done], list[Letter]]
"""Does something with up to ten letters, and says which of them may be deleted."""


def do_to(
    looking: Looking,
    ids: Collection[str],
    deed: Deed,
    *,
    pacer: Pacer | None,
    stop: Stop,
    show: Callable[[Done], None] = lambda _: None,
) -> Done:
    """Goes through the queue, and does the deed to what is in the set."""
    began = time.monotonic()
    left = set(ids)
    result = Done(len(left))
    with looking:
        for received in looking.letters():
            wanted = [one for one in received if one.message.message_id in left]
            for batch in _batches(wanted, pacer):
                if stop.asked:
                    break
                wait_for(pacer, len(batch), stop)
                left.difference_update(one.message.message_id for one in batch)
                done = deed(batch, result)
                result.not_deleted |= looking.delete(done)
                result.done += len(done)
                show(result)
            if stop.asked or not left:
                break
    result.interrupted = stop.asked
    result.missing = 0 if stop.asked else len(left)
    result.still_hidden = looking.hidden
    result.seconds = time.monotonic() - began
    return result


class NotEditableError(Exception):
    """What is to be changed in a letter cannot be; the text quotes nothing of it."""


def as_it_is(one: Letter) -> Letter:
    """No change."""
    return one


def sender(queue: MessageQueue, edit: Callable[[Letter], Letter] = as_it_is) -> Deed:
    """Sends letters back as they were before they were dead: without reason and detail, with original id and time.

    `edit` changes them on the way, and raises NotEditableError for those that stay.
    """

    def send(received: Sequence[Letter], result: Done) -> list[Letter]:
        batch = []
        for one in received:
            try:
                batch.append(edit(one))
            except NotEditableError as error:
                result.failed[one.message.message_id] = str(error)
        plain = {one.message.message_id: unmarked_copy(one.message) for one in batch}
        delivery = deliver_copies(
            [back(one) for one in batch],
            unmarked=lambda copy: plain[copy.key],
            queue=queue,
            backoff=Backoff(),
            deadline=Always(),
        )
        for copy, failure in (*delivery.returned, *delivery.refused):
            result.failed[copy.key] = failure.code
        taken = {copy.key for copy in delivery.delivered}
        return [one for one in received if one.message.message_id in taken]

    return send


def back(letter: Letter) -> OutgoingMessage:
    """The message to send. In an SNS envelope id and time stand already."""
    message = letter.message
    return put_marks(unmarked_copy(message), {} if message.event is not None else origin(message))


def keeper(file: IO[str]) -> Deed:
    """Writes letters into a file, whole, so that they may be deleted."""

    def keep(batch: Sequence[Letter], _: Done) -> list[Letter]:
        for one in batch:
            print(json.dumps(one.to_record()), file=file)
        to_disk(file)
        return list(batch)

    return keep


def _batches(letters: Sequence[Letter], pacer: Pacer | None) -> list[Sequence[Letter]]:
    size = SEND_MAX_MESSAGES if pacer is None else min(SEND_MAX_MESSAGES, pacer.burst)
    return [letters[first : first + size] for first in range(0, len(letters), size)]


def wait_for(pacer: Pacer | None, count: int, stop: Stop) -> None:
    """Waits until so many may be sent, or the operator wants to stop."""
    if pacer is None:
        return
    while not stop.asked and (seconds := pacer.wait()) > 0:
        time.sleep(min(seconds, _LONGEST_SLEEP))
    pacer.spend(count)
