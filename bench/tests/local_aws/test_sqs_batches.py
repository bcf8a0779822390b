"""How the emulator's corrected poller fills a batch, with a clock of the test's own."""

import itertools
from typing import Any

from testbench.backends.ministack.corrections.sqs_batches import PAYLOAD_LIMIT, Batches

Message = dict[str, Any]


class Queue:
    """As the emulator's: received messages are invisible for `visibility` seconds."""

    def __init__(self, visibility: float = 30) -> None:
        self.now = 1_000.0
        self.messages: list[Message] = []
        self._visibility = visibility
        self._handles = itertools.count()

    def send(self, count: int, body: str = "x") -> None:
        for _ in range(count):
            self.messages.append({"body": body, "visible_at": 0.0, "receive_count": 0, "receipt_handle": None})

    def collect(self, room: int) -> list[Message]:
        received = [message for message in self.messages if message["visible_at"] <= self.now][:room]
        for message in received:
            message["visible_at"] = self.now + self._visibility
            message["receive_count"] += 1
            message["receipt_handle"] = f"handle-{next(self._handles)}"
        return received


class Poller:
    """The corrected receiving of one mapping."""

    def __init__(self, queue: Queue, batch_size: int, window: int) -> None:
        self.wakes: list[float] = []
        self.batches = Batches(self.wakes.append, clock=lambda: queue.now)
        self._queue = queue
        self._mapping = {"UUID": "m", "BatchSize": batch_size, "MaximumBatchingWindowInSeconds": window}

    def poll(self) -> int:
        return len(self.batches.receive(self._mapping, self._queue.collect))


def test_a_full_batch_goes_at_once_and_the_rest_waits() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=1000, window=5)
    queue.send(1200)
    assert poller.poll() == 1000
    assert poller.poll() == 0


def test_the_window_opens_with_the_first_message_and_ends_the_waiting() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=1000, window=5)
    assert poller.poll() == 0
    queue.now += 60  # time without messages is not part of the window
    queue.send(1)
    assert poller.poll() == 0
    queue.now += 4.9
    queue.send(2)
    assert poller.poll() == 0
    queue.now += 0.1
    assert poller.poll() == 3


def test_the_poller_is_woken_when_the_window_ends() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=1000, window=5)
    queue.send(1)
    poller.poll()
    queue.now += 2
    poller.poll()
    assert poller.wakes == [5, 3]


def test_without_a_window_what_is_there_goes_at_once() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=10, window=0)
    queue.send(3)
    assert poller.poll() == 3


def test_an_event_never_grows_over_six_megabytes() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=10_000, window=300)
    queue.send(30, body="x" * 250_000)
    went = poller.poll()
    assert 0 < went < 30
    assert went * 250_000 < PAYLOAD_LIMIT < (went + 2) * 250_000


def test_a_message_that_did_not_fit_was_not_received() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=10_000, window=300)
    queue.send(30, body="x" * 250_000)
    went = poller.poll()
    left = queue.messages[went:]
    assert {message["receive_count"] for message in left} == {0}
    assert len(queue.collect(30)) == len(left)


def test_a_message_larger_than_the_event_still_goes_alone() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=10_000, window=0)
    queue.send(1, body="x" * (PAYLOAD_LIMIT + 1))
    queue.send(1)
    assert poller.poll() == 1


def test_a_message_whose_visibility_ran_out_in_the_window_is_not_given_twice() -> None:
    queue = Queue(visibility=2)
    poller = Poller(queue, batch_size=1000, window=5)
    queue.send(1)
    poller.poll()
    queue.now += 3
    [stolen] = queue.collect(1)
    queue.now += 1.5
    assert poller.poll() == 0
    queue.now += 1  # the other receiver's visibility is over: it comes back as a new receive, with a new window
    assert poller.poll() == 0
    assert stolen["receive_count"] == 3


def test_a_deleted_mapping_keeps_nothing() -> None:
    queue = Queue()
    poller = Poller(queue, batch_size=1000, window=5)
    queue.send(1)
    poller.poll()
    poller.batches.forget("m")
    queue.now += 5
    assert poller.poll() == 0
