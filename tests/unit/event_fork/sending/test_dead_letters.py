from event_fork.errors import TooLargeError
from event_fork.events.messages import MAX_MESSAGE_BYTES, MessageAttribute
from event_fork.sending.dead_letters import DeadLetter, dead_letter
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import Remedy
from tests.support.fakes import Clock, FakeQueue, failing, forbidden, throttled
from tests.support.samples import received

ERROR = TooLargeError("the event takes 9 bytes")


def fillers(count: int) -> dict[str, MessageAttribute]:
    return {f"a{number}": MessageAttribute("Binary", b"\x00") for number in range(count)}


def send(queue: FakeQueue, *letters: DeadLetter) -> Outcome:
    clock = Clock()
    outcome = Outcome(received=len(letters))
    dead_letter(letters, queue, clock.backoff(), clock.deadline(), outcome)
    return outcome


def test_the_message_keeps_body_group_and_attributes_and_gets_reason_and_detail() -> None:
    queue = FakeQueue()

    outcome = send(queue, DeadLetter(received("bödy", "m-1", fillers(2), group_id="g"), ERROR))

    assert outcome.dead_lettered == {"m-1": "too-large"}
    (sent,) = queue.taken
    assert (sent.body, sent.group_id) == ("bödy", "g")
    assert sent.attributes == fillers(2) | {
        "event-fork-reason": MessageAttribute("String", "too-large"),
        "event-fork-detail": MessageAttribute("String", "the event takes 9 bytes"),
    }


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
    detail = DeadLetter(received(""), ERROR).labelled().size()
    reason_only = len("event-fork-reason" + "String" + "too-large")

    def attributes_beside(body_bytes: int) -> list[str]:
        return list(DeadLetter(received("x" * body_bytes), ERROR).labelled().attributes)

    assert attributes_beside(MAX_MESSAGE_BYTES - detail) == ["event-fork-reason", "event-fork-detail"]
    assert attributes_beside(MAX_MESSAGE_BYTES - detail + 1) == ["event-fork-reason"]
    assert attributes_beside(MAX_MESSAGE_BYTES - reason_only) == ["event-fork-reason"]
    assert attributes_beside(MAX_MESSAGE_BYTES - reason_only + 1) == []


def test_labels_of_an_earlier_failure_are_replaced() -> None:
    old = fillers(8) | {
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
