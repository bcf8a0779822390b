"""Every message of a queue once, and all that are not taken visible again at the end, whatever ends it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from event_fork.adapters.sqs import SqsHiddenMessages
from event_fork.sending.backoff import Always, Backoff
from event_fork.sending.batching import SEND_MAX_MESSAGES, hide_batches
from event_fork.sending.delivery import deliver
from event_fork.sending.ports import Hold
from event_fork_cli.dead_letters.letters import Letter, letter
from event_fork_cli.errors import FailedError
from event_fork_cli.queue_replay.pipelines import Backlog

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MOST = 100_000
"""All that are looked at are hidden, of which MAX_IN_FLIGHT is the most: other consumers need some too."""
_WAIT_SECONDS = 1
_MOST_EMPTY, _MOST_SEEN, _MOST_BEYOND = 3, 50, 10
"""Answers in a row without a message while there should be some, and with known ones or newcomers only: then it is
over."""
_LOOKS_A_SECOND = 100
_LEAST_HOLD, _MOST_HOLD = 120, 43_200
_MOST_THREADS, _FOR_A_THREAD = 8, 500


@dataclass(frozen=True)
class DeadLetterQueue:
    """The queue."""

    url: str
    arn: str
    sqs: SQSClient

    @property
    def name(self) -> str:
        """The queue's name."""
        return self.arn.rpartition(":")[2]

    def backlog(self) -> Backlog:
        """What is in it, as SQS estimates."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return Backlog(*(int(found[name]) for name in names))

    def own_dead_letters(self) -> str | None:
        """The queue that SQS moves messages of this one to after too many receptions; usually there is none."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["RedrivePolicy"])
        return found.get("Attributes", {}).get("RedrivePolicy")

    def receptions(self, default: int) -> int:
        """After so many receptions SQS moves a message to the queue's own dead letters. `default`: it has none."""
        return int(json.loads(self.own_dead_letters() or "{}").get("maxReceiveCount", default))

    def retention_seconds(self) -> int:
        """For how long a message is kept."""
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["MessageRetentionPeriod"])
        return int(found["Attributes"]["MessageRetentionPeriod"])

    def receive(self, hold: int) -> list[Letter]:
        """Up to ten messages, hidden from others for so many seconds."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=SEND_MAX_MESSAGES,
            VisibilityTimeout=hold,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        return [letter(message) for message in answer.get("Messages", [])]

    def delete(self, letters: Sequence[Letter]) -> dict[str, str]:
        """Deletes up to ten; those that are still there, by the message's id, with the reason."""
        answer = self.sqs.delete_message_batch(
            QueueUrl=self.url,
            Entries=[
                {"Id": str(place), "ReceiptHandle": one.message.receipt_handle} for place, one in enumerate(letters)
            ],
        )
        return {letters[int(failed["Id"])].message.message_id: failed["Code"] for failed in answer.get("Failed", [])}


def hold_seconds(messages: int, seconds: float = 0.0) -> int:
    """For how long to hide what is looked at: no message is seen twice before all were, and what is done is done."""
    return int(min(_MOST_HOLD, max(_LEAST_HOLD, 2 * (messages / _LOOKS_A_SECOND + seconds))))


def refuse_too_many(queue: DeadLetterQueue, backlog: Backlog) -> None:
    """Raises FailedError when there is too much to be looked at."""
    if backlog.all > MOST:
        raise FailedError(
            f"{queue.name} has {backlog.all:,} messages, and SQS lets nobody look at more than {MOST:,} at a time"
        )


class Looking:
    """In its `with` block messages are received; at the end those that were not deleted are visible again.

    `seen`: how many messages were received. `hidden`: after the end, how many could not be given back; they become
    visible when their time is over, as all do when the process is killed.
    """

    def __init__(self, queue: DeadLetterQueue, hold: int, threads: int = 1) -> None:
        self._queue = queue
        self._hold = hold
        self._threads = threads
        self._handles: dict[str, str] = {}
        self._done: set[str] = set()
        self.seen = self.hidden = 0

    @classmethod
    def at_all(cls, queue: DeadLetterQueue, backlog: Backlog) -> Looking:
        """As fast as it can be."""
        threads = min(_MOST_THREADS, 1 + backlog.visible // _FOR_A_THREAD)
        return cls(queue, hold_seconds(backlog.all), threads)

    def __enter__(self) -> Looking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        holds = [Hold(message_id, handle, 0) for message_id, handle in self._handles.items()]
        hide = SqsHiddenMessages(self._queue.url, self._queue.sqs).hide
        parts = [holds[first :: self._threads] for first in range(self._threads)]

        def give_back(part: list[Hold]) -> int:
            done = deliver(part, batches=hide_batches, send=hide, backoff=Backoff(), deadline=Always())
            return len(done.returned) + len(done.refused)

        with ThreadPoolExecutor(self._threads) as threads:
            self.hidden = sum(threads.map(give_back, parts))
        self._handles.clear()

    def letters(self, *, newcomers: bool = True) -> Iterator[list[Letter]]:
        """Messages in batches, each once, until there are no more that are visible; at most MOST of them.

        `newcomers`: False for a queue that is sent to all the time, where there are always more: then it ends some
        answers after as many have come as were visible when it began.
        """
        empty = known = beyond = 0
        most = self.seen + MOST
        enough = most if newcomers else self.seen + self._queue.backlog().visible
        with ThreadPoolExecutor(self._threads) as threads:
            while self.seen < most and empty < _MOST_EMPTY and known < _MOST_SEEN and beyond < _MOST_BEYOND:
                calls = [threads.submit(self._queue.receive, self._hold) for _ in range(self._threads)]
                received = [one for call in calls for one in call.result()]
                if not received:
                    empty += 1
                    if not self._queue.backlog().visible:
                        return
                    continue
                new = [one for one in received if self._is_new(one)]
                empty, known = 0, 0 if new else known + 1
                beyond += self.seen >= enough
                if new:
                    yield new

    def delete(self, letters: Sequence[Letter], *, remember: bool = True) -> dict[str, str]:
        """Deletes them from the queue; those that are still there, by the message's id, with the reason.

        `remember`: should SQS hand out a deleted one again, it is not given again.
        """
        kept: dict[str, str] = {}
        for first in range(0, len(letters), SEND_MAX_MESSAGES):
            batch = letters[first : first + SEND_MAX_MESSAGES]
            kept |= self._queue.delete(batch)
            gone = {one.message.message_id for one in batch} - kept.keys()
            for message_id in gone:
                self._handles.pop(message_id, None)
            if remember:
                self._done |= gone
        return kept

    def _is_new(self, one: Letter) -> bool:
        message_id = one.message.message_id
        if message_id in self._done:
            return False
        is_new = message_id not in self._handles
        self._handles[message_id] = one.message.receipt_handle
        self.seen += is_new
        return is_new
