from datetime import UTC, datetime, timedelta

import pytest

from event_fork.errors import TooLargeError
from event_fork.events.envelope import parse
from event_fork.events.messages import MAX_MESSAGE_BYTES, MessageAttribute
from event_fork.queue_replay.window import ReplayWindow
from event_fork.sending.copies import replay_copy, unmarked_copy
from event_fork.sending.dead_letters import DeadLetter, dead_letter
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import Remedy
from tests.support.fakes import Clock, FakeQueue, failing, forbidden, throttled
from tests.support.samples import notification, received

ERROR = TooLargeError("the event takes 9 bytes")


def fillers(count: int) -> dict[str, MessageAttribute]:
    return {f"a{number}": MessageAttribute("Binary", b"\x00") for number in range(count)}


def send(queue: FakeQueue, *letters: DeadLetter) -> Outcome:
    clock = Clock()
    outcome = Outcome(received=len(letters))
    dead_letter(letters, queue, clock.backoff(), clock.deadline(), outcome)
    return outcome


def test_the_message_keeps_body_group_and_attributes_and_gets_reason_detail_time_and_id() -> None:
    queue = FakeQueue()
    message = received("bödy", "m-1", fillers(2), group_id="g", sent_ms=1_795_426_200_123)

    outcome = send(queue, DeadLetter(message, ERROR))

    assert outcome.dead_lettered == {"m-1": "too-large"}
    (sent,) = queue.taken
    assert (sent.body, sent.group_id) == ("bödy", "g")
    assert sent.attributes == fillers(2) | {
        "event-fork-reason": MessageAttribute("String", "too-large"),
        "event-fork-detail": MessageAttribute("String", "the event takes 9 bytes"),
        "event-fork-original-time": MessageAttribute("String", "2026-11-23T09:30:00.123Z"),
        "event-fork-original-message-id": MessageAttribute("String", "m-1"),
    }


def test_an_envelope_says_itself_when_it_was_published_and_which_event_it_is() -> None:
    labelled = DeadLetter(notification("x"), ERROR).labelled()

    assert list(labelled.attributes) == ["event-fork-reason", "event-fork-detail"]


@pytest.mark.parametrize(
    ("others", "labels"),
    [
        (6, ["reason", "original-time", "original-message-id", "detail"]),
        (7, ["reason", "original-time", "original-message-id"]),
        (8, ["reason", "original-time"]),
        (9, ["reason"]),
        (10, []),
    ],
)
def test_labels_are_put_on_while_there_is_room_the_most_needed_first(others: int, labels: list[str]) -> None:
    labelled = DeadLetter(received("x", attributes=fillers(others), sent_ms=1_000), ERROR).labelled()

    assert list(labelled.attributes)[others:] == [f"event-fork-{label}" for label in labels]


@pytest.mark.parametrize("others", range(10))
def test_a_dead_letter_that_is_sent_back_is_replayed_as_what_it_was(others: int) -> None:
    """The dead-letter queue's redrive gives it a new id and a new time, and leaves the attributes."""
    published = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    message = received("x", "first", fillers(others), sent_ms=int(published.timestamp() * 1000))
    labels = DeadLetter(message, ERROR).labelled().attributes
    redriven = received("x", "second", dict(labels), sent_ms=int((published + timedelta(days=1)).timestamp() * 1000))

    copy = replay_copy(redriven, "r1")

    assert {name: value for name, value in copy.attributes.items() if not name.startswith("event-fork-")} == fillers(
        others
    )
    marks = {name.removeprefix("event-fork-"): value.value for name, value in copy.attributes.items()}
    assert marks["replay-id"] == "r1"
    assert not {"reason", "detail"} & marks.keys()
    if others <= 8:
        assert marks["original-time"] == "2026-11-23T09:30:00.000Z"
        assert ReplayWindow(published + timedelta(hours=1), "r1").wants(redriven), "it is wanted as before"
    if others <= 7:
        assert marks["original-message-id"] == "first"
    assert unmarked_copy(redriven).attributes.keys() & {"event-fork-reason", "event-fork-detail"} == set()


def test_with_room_for_one_label_the_reason_is_put_on() -> None:
    labelled = DeadLetter(received("x", attributes=fillers(9)), ERROR).labelled()

    assert labelled.attributes == fillers(9) | {"event-fork-reason": MessageAttribute("String", "too-large")}


def test_without_room_the_message_is_sent_as_it_is_and_counted() -> None:
    queue = FakeQueue()

    outcome = send(queue, DeadLetter(received("x", "m-1", fillers(10)), ERROR))

    assert queue.taken[0].attributes == fillers(10)
    assert outcome.unlabelled == ["m-1"]
    assert outcome.dead_lettered == {"m-1": "too-large"}


def test_labels_give_way_when_a_body_takes_the_whole_mib() -> None:
    all_labels = DeadLetter(received(""), ERROR).labelled().size()
    reason_only = len("event-fork-reason" + "String" + "too-large")
    reason_and_id = reason_only + len("event-fork-original-message-id" + "String" + "m-1")

    def attributes_beside(body_bytes: int) -> list[str]:
        return list(DeadLetter(received("x" * body_bytes), ERROR).labelled().attributes)

    every = ["event-fork-reason", "event-fork-original-message-id", "event-fork-detail"]
    assert attributes_beside(MAX_MESSAGE_BYTES - all_labels) == every
    assert attributes_beside(MAX_MESSAGE_BYTES - all_labels + 1) == every[:2]
    assert attributes_beside(MAX_MESSAGE_BYTES - reason_and_id + 1) == every[:1]
    assert attributes_beside(MAX_MESSAGE_BYTES - reason_only) == ["event-fork-reason"]
    assert attributes_beside(MAX_MESSAGE_BYTES - reason_only + 1) == []


@pytest.mark.parametrize("limit", [1024, 262_144, MAX_MESSAGE_BYTES])
@pytest.mark.parametrize("below", [0, 1, 31, 32, 33, 60, 400])
def test_an_envelope_at_the_limit_of_its_queue_fits_the_dead_letter_queue_with_its_reason(
    limit: int, below: int
) -> None:
    size = limit - below
    message = notification("x" * (size - len(notification("").body)))
    assert len(message.body) == size

    labelled = DeadLetter(message, ERROR).labelled(limit)

    assert labelled.size() <= limit
    assert labelled.attributes["event-fork-reason"].value == "too-large"
    assert labelled.body == message.body or size + len("event-fork-reasonStringtoo-large") > limit
    assert parse(labelled.body) == message.event


def test_labels_of_an_earlier_failure_are_replaced() -> None:
    old = fillers(6) | {
        "event-fork-reason": MessageAttribute("String", "not-json"),
        "event-fork-detail": MessageAttribute("String", "old"),
    }

    labelled = DeadLetter(received("x", attributes=old), ERROR).labelled()

    assert labelled.attributes["event-fork-reason"].value == "too-large"
    assert labelled.attributes["event-fork-detail"].value == "the event takes 9 bytes"


def test_what_the_dead_letter_queue_does_not_take_goes_back_to_the_forks_queue() -> None:
    letters = [DeadLetter(received("x", message_id), ERROR) for message_id in ("m-1", "m-2")]

    for fault in (throttled, forbidden):
        outcome = send(FakeQueue(fault), *letters)
        assert outcome.returned.keys() == {"m-1", "m-2"}
        assert outcome.dead_lettered == {}

    outcome = send(FakeQueue(failing(1, code="InvalidMessageContents", remedy=Remedy.DEAD_LETTER)), *letters)
    assert outcome.returned.keys() == {"m-2"}
    assert outcome.dead_lettered == {"m-1": "too-large"}


def test_no_letters_make_no_call() -> None:
    queue = FakeQueue()

    send(queue)

    assert queue.calls == []
