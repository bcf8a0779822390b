"""SQS: visibility, receive counts, retention, redrive, counts that lag behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import ACCOUNT, REGION, Network, ServiceError
from tests.simulation.scheduler import EPOCH
from tests.simulation.troubles import fraction

MAX_ENTRIES = 10
MAX_ATTRIBUTES = 10
LONGEST_VISIBILITY = 43_200
DEDUPLICATION = 300.0
"""Seconds for which a FIFO queue knows a deduplication id."""


@dataclass(eq=False)
class Message:
    """A message in a queue. `visible_at`: when it can be had (again)."""

    id: str
    body: str
    attributes: dict[str, dict[str, Any]]
    sent_at: float
    visible_at: float
    receives: int = 0
    handle: str = ""
    first_received_at: float = 0.0
    group: str = ""


@dataclass(eq=False)
class Queue:
    """A queue, FIFO by its name. `sent`: told of every message that SendMessageBatch brings into it."""

    name: str
    visibility: float = 30.0
    retention: float = 1_209_600.0
    dead_letters: Queue | None = None
    max_receives: int = 5
    max_bytes: int = 1_048_576
    refuses: Callable[[str], bool] = lambda body: False
    """Whether it refuses a message for its content, by the body."""
    messages: dict[str, Message] = field(default_factory=dict)
    sent: Callable[[Message], None] = lambda message: None
    known: dict[str, Message] = field(default_factory=dict)
    """By deduplication id."""

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self.name}"

    @property
    def arn(self) -> str:
        """Its ARN."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    @property
    def is_fifo(self) -> bool:
        """Whether it wants a group and a deduplication id."""
        return self.name.endswith(".fifo")


class Sqs:
    """One account's queues in one Region. `lag`: for how many seconds counts may be old. `any_order`: of receiving.

    Without it the oldest come first, as they mostly do.
    """

    def __init__(self, network: Network, lag: float = 0.0) -> None:
        self._network = network
        self._ids = 0
        self.lag = lag
        self.any_order = False
        self.queues: dict[str, Queue] = {}
        self._counts: dict[str, list[tuple[float, tuple[int, int]]]] = {}

    def add(self, queue: Queue) -> Queue:
        """A queue that is there."""
        self.queues[queue.name] = queue
        return queue

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the queue's name."""
        return str(params.get("QueueUrl", params.get("QueueName", ""))).rpartition("/")[2]

    @property
    def now(self) -> float:
        """True time."""
        return self._network.scheduler.now

    # -- what happens without boto3 -----------------------------------------------------------------------------------

    def put(
        self, queue: Queue, body: str, attributes: dict[str, Any] | None = None, at: float | None = None
    ) -> Message:
        """A message arrives; from SNS, for example."""
        self._ids += 1
        moment = self.now if at is None else at
        message = Message(f"message-{self._ids}", body, attributes or {}, moment, moment)
        queue.messages[message.id] = message
        return message

    def receive(self, queue: Queue, most: int) -> list[dict[str, Any]]:
        """Up to so many messages, as the records of an event source mapping; what was received too often moves on."""
        found: list[dict[str, Any]] = []
        messages = list(queue.messages.values())
        if self.any_order:
            seed = self._network.troubles.seed
            messages.sort(key=lambda message: fraction(seed, "order", message.id, self.now))
        for message in messages:
            if len(found) == most:
                break
            if message.visible_at > self.now:
                continue
            if self.now - message.sent_at > queue.retention:
                del queue.messages[message.id]
                continue
            if queue.dead_letters is not None and message.receives >= queue.max_receives:
                del queue.messages[message.id]
                queue.dead_letters.messages[message.id] = message
                continue
            message.receives += 1
            message.first_received_at = message.first_received_at or self.now
            message.handle = f"{message.id}#{message.receives}"
            message.visible_at = self.now + queue.visibility
            found.append(_record(queue, message))
        return found

    def delete(self, queue: Queue, handles: Iterable[str]) -> list[Message]:
        """Deletes what was received; with an old handle too, as a standard queue does. The messages deleted."""
        gone = [queue.messages.pop(handle.partition("#")[0], None) for handle in handles]
        return [message for message in gone if message is not None]

    def redrive(self, source: Queue, target: Queue) -> None:
        """StartMessageMoveTask: every message gets a new id and a new time, and keeps body and attributes."""
        for message in list(source.messages.values()):
            del source.messages[message.id]
            self.put(target, message.body, message.attributes)

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def get_queue_url(self, **params: Any) -> Any:
        return {"QueueUrl": self._by_name(params["QueueName"]).url}

    def list_dead_letter_source_queues(self, **params: Any) -> Any:
        own = self._of(params)
        return {"queueUrls": [queue.url for queue in self.queues.values() if queue.dead_letters is own]}

    def list_queue_tags(self, **params: Any) -> Any:
        self._of(params)
        return {}

    def get_queue_attributes(self, **params: Any) -> Any:
        queue = self._of(params)
        visible, hidden = self._seen(queue)
        known = {
            "QueueArn": queue.arn,
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": "0",
            "VisibilityTimeout": str(int(queue.visibility)),
            "MessageRetentionPeriod": str(int(queue.retention)),
            "MaximumMessageSize": str(queue.max_bytes),
        }
        if queue.dead_letters is not None:
            known["RedrivePolicy"] = (
                f'{{"deadLetterTargetArn": "{queue.dead_letters.arn}", "maxReceiveCount": {queue.max_receives}}}'
            )
        wanted = params.get("AttributeNames", [])
        return {"Attributes": {name: text for name, text in known.items() if name in wanted or "All" in wanted}}

    def send_message_batch(self, **params: Any) -> Any:
        queue, entries = self._of(params), params["Entries"]
        if not 1 <= len(entries) <= MAX_ENTRIES:
            raise ServiceError("TooManyEntriesInBatchRequest", f"{len(entries)} entries")
        if len({entry["Id"] for entry in entries}) != len(entries):
            raise ServiceError("BatchEntryIdsNotDistinct", "ids must differ")
        failing = self._network.entries_that_fail(len(entries))
        taken: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for place, entry in enumerate(entries):
            attributes = entry.get("MessageAttributes", {})
            if place in failing:
                failed.append(_failure(entry, "InternalError", sender=False))
            elif (
                len(attributes) > MAX_ATTRIBUTES
                or queue.refuses(entry["MessageBody"])
                or queue.is_fifo != ("MessageDeduplicationId" in entry)
            ):
                failed.append(_failure(entry, "InvalidParameterValue", sender=True))
            else:
                message = self._kept(queue, entry)
                taken.append({"Id": entry["Id"], "MessageId": message.id, "MD5OfMessageBody": ""})
        answer = {"Successful": taken}
        return answer | ({"Failed": failed} if failed else {})

    def _kept(self, queue: Queue, entry: dict[str, Any]) -> Message:
        """The message that is in the queue then: of a FIFO queue the one that it got with that id a moment ago."""
        unique = entry.get("MessageDeduplicationId", "")
        if queue.is_fifo and unique in queue.known and self.now - queue.known[unique].sent_at < DEDUPLICATION:
            return queue.known[unique]
        message = self.put(queue, entry["MessageBody"], entry.get("MessageAttributes", {}))
        message.group = entry.get("MessageGroupId", "")
        if queue.is_fifo:
            queue.known[unique] = message
        queue.sent(message)
        return message

    def change_message_visibility_batch(self, **params: Any) -> Any:
        queue, entries = self._of(params), params["Entries"]
        failing = self._network.entries_that_fail(len(entries))
        done: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        for place, entry in enumerate(entries):
            message = queue.messages.get(entry["ReceiptHandle"].partition("#")[0])
            until = self.now + entry["VisibilityTimeout"]
            if place in failing:
                failed.append(_failure(entry, "InternalError", sender=False))
            elif message is None or message.visible_at <= self.now:
                failed.append(_failure(entry, "MessageNotInflight", sender=True))
            elif until - message.first_received_at > LONGEST_VISIBILITY and message.receives == 1:
                failed.append(_failure(entry, "InvalidParameterValue", sender=True))
            else:
                message.visible_at = until
                done.append({"Id": entry["Id"]})
        return {"Successful": done, "Failed": failed}

    def _seen(self, queue: Queue) -> tuple[int, int]:
        """Visible and hidden, as they were up to `lag` seconds ago."""
        alive = [one for one in queue.messages.values() if self.now - one.sent_at <= queue.retention]
        hidden = sum(1 for one in alive if one.visible_at > self.now)
        history = self._counts.setdefault(queue.name, [])
        history.append((self.now, (len(alive) - hidden, hidden)))
        del history[:-20]
        lag = self.lag * fraction(self._network.troubles.seed, "lag", queue.name, int(self.now))
        return next(counts for at, counts in history if at >= self.now - lag)

    def _by_name(self, name: str) -> Queue:
        if name not in self.queues:
            raise ServiceError(
                "AWS.SimpleQueueService.NonExistentQueue",
                "The specified queue does not exist.",
                400,
                "QueueDoesNotExist",
            )
        return self.queues[name]

    def _of(self, params: dict[str, Any]) -> Queue:
        return self._by_name(params["QueueUrl"].rpartition("/")[2])


def _failure(entry: dict[str, Any], code: str, *, sender: bool) -> dict[str, Any]:
    return {"Id": entry["Id"], "Code": code, "Message": "the simulation says so", "SenderFault": sender}


def _record(queue: Queue, message: Message) -> dict[str, Any]:
    """As Lambda hands it to a function: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    attributes = {
        name: {
            "dataType": value["DataType"],
            **({"stringValue": value["StringValue"]} if "StringValue" in value else {}),
            **({"binaryValue": value["BinaryValue"]} if "BinaryValue" in value else {}),
        }
        for name, value in message.attributes.items()
    }
    return {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(int((EPOCH + message.sent_at) * 1000)),
            "ApproximateFirstReceiveTimestamp": str(int((EPOCH + message.first_received_at) * 1000)),
        },
        "messageAttributes": attributes,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": REGION,
    }
