"""Event source mappings of standard queues: batch size up to 10,000, the batching window, the 6 MB limit.

MiniStack 1.5.33 takes at most 10 messages whatever is asked, and never waits. On AWS a batch is invoked when the window
is over, the batch is full, or the event would grow over 6 MB; the window opens with the batch's first message, and
the messages that wait in it are in flight, with the visibility timeout running.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching

The emulator's poller still makes the event and invokes; only the receiving is ours.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from testbench.backends.ministack.corrections import hooks

PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of one invocation's event."""
ENVELOPE_BYTES = 560
"""What the event adds to a message's body and attributes: ids, receipt handle, system attributes, ARN."""
Message = dict[str, Any]


def size_in_event(message: Message) -> int:
    """Bytes that the message takes in the event."""
    attributes = message.get("message_attributes") or {}
    return len(json.dumps(message["body"])) + len(json.dumps(attributes)) + ENVELOPE_BYTES


class Batch:
    """One mapping's batch that is still being filled."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.opened = 0.0
        self._handles: list[str] = []
        self._bytes = 0

    def room(self, batch_size: int) -> int:
        """How many messages still fit by count."""
        return batch_size - len(self.messages)

    def fits(self, message: Message) -> bool:
        """Whether the event stays within the limit with it; a single message always fits."""
        return not self.messages or self._bytes + size_in_event(message) <= PAYLOAD_LIMIT

    def add(self, message: Message, now: float) -> None:
        """Take a message that was just received; the first one opens the window."""
        if not self.messages:
            self.opened = now
        self.messages.append(message)
        self._handles.append(message["receipt_handle"])
        self._bytes += size_in_event(message)

    def drop_lost(self, now: float) -> None:
        """Forget messages that became visible again meanwhile: another receiver may have them now."""
        held = list(zip(self.messages, self._handles, strict=True))
        self.messages, self._handles, self._bytes = [], [], 0
        for message, handle in held:
            if message["receipt_handle"] == handle and message["visible_at"] > now:
                self.add(message, self.opened)


class Batches:
    """The filling batches of all mappings. Used by the emulator's one polling thread."""

    def __init__(self, wake_at: Callable[[float], None], clock: Callable[[], float] = time.time) -> None:
        self._open: dict[str, Batch] = {}
        self._wake_at = wake_at
        self._clock = clock

    def receive(self, mapping: dict[str, Any], collect: Callable[[int], list[Message]]) -> list[Message]:
        """The messages to invoke now, [] to wait. `collect(n)` receives up to n visible messages, one batch at a time.

        `collect` is given the room by count; what goes over the event's limit is put back for the next batch.
        """
        now = self._clock()
        window = float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
        size = int(mapping.get("BatchSize") or 10)
        batch = self._open.setdefault(mapping["UUID"], Batch())
        batch.drop_lost(now)
        full = self._fill(batch, size, collect, now)
        if not batch.messages:
            return []
        if full or now >= batch.opened + window:
            del self._open[mapping["UUID"]]
            return batch.messages
        self._wake_at(batch.opened + window - now)
        return []

    @staticmethod
    def _fill(batch: Batch, size: int, collect: Callable[[int], list[Message]], now: float) -> bool:
        received = collect(batch.room(size))
        for position, message in enumerate(received):
            if not batch.fits(message):
                for unfit in received[position:]:
                    _put_back(unfit)
                return True
            batch.add(message, now)
        return batch.room(size) == 0

    def forget(self, mapping_id: str) -> None:
        """The mapping is gone; its waiting messages come back at their visibility timeout."""
        self._open.pop(mapping_id, None)


def _put_back(message: Message) -> None:
    """Undo a receive: the message was never handed to anybody."""
    message["visible_at"] = 0.0
    message["receive_count"] -= 1
    message["receipt_handle"] = None
    if message["receive_count"] == 0:
        message["first_receive_at"] = None


class _Polling(threading.local):
    mapping: dict[str, Any] | None = None


def apply() -> None:
    """Replace the receiving side of the emulator's poller."""
    functions, queues = hooks.service("lambda_svc"), hooks.service("sqs")
    wake = hooks.core("concurrency").esm_wake
    polling = _Polling()

    def wake_at(seconds: float) -> None:
        # without this the poller would look again only when a message arrives, or after a second
        timer = threading.Timer(seconds, wake.set)
        timer.daemon = True
        timer.start()

    batches = Batches(wake_at)

    def iterate(original: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]]) -> Iterator[Any]:
        # the receiving function is not told for which mapping it receives
        for account, region, mapping in original():
            polling.mapping = mapping
            yield account, region, mapping
        polling.mapping = None

    def receive(original: Callable[[str, int], list[Message]], queue_url: str, max_number: int) -> list[Message]:
        mapping = polling.mapping
        if mapping is None or queues._get_q(queue_url)["is_fifo"]:
            return original(queue_url, max_number)  # FIFO: no windows and at most 10 on AWS too

        def collect(room: int) -> list[Message]:
            with queues._queues_lock:
                queue = queues._get_q(queue_url)
                queues._expire_retained(queue)
                queues._dlq_sweep(queue)
                visibility = int(queue["attributes"].get("VisibilityTimeout", "30"))
                received: list[Message] = queues._collect_msgs(queue, room, visibility)
                return received

        return batches.receive(mapping, collect)

    def release(original: Callable[[str], None], mapping_id: str) -> None:
        batches.forget(mapping_id)
        original(mapping_id)

    for name, parameters in {
        "_get_q": ("url", "action"),
        "_expire_retained": ("q",),
        "_dlq_sweep": ("q",),
        "_collect_msgs": ("q", "max_n", "vis_timeout"),
    }.items():
        hooks.expected(queues, name, *parameters)
    hooks.wrap(functions, "_iter_all_esms", (), iterate)
    hooks.wrap(queues, "_receive_messages_for_esm", ("queue_url", "max_number"), receive)
    hooks.wrap(functions, "_release_esm_poll_state", ("esm_id",), release)
