import json

import pytest

from event_fork.events.messages import MAX_MESSAGE_BYTES, MessageAttribute
from event_fork.sending.copies import is_marked, replay_copy
from tests.support.samples import PUBLISHED, envelope_of, received

EVERY_TYPE = {
    "text": MessageAttribute("String", "é"),
    "amount": MessageAttribute("Number", "1.10"),
    "blob": MessageAttribute("Binary", b"\x00\xff"),
    "list": MessageAttribute("String.Array", '["a",1,null]'),
    "custom": MessageAttribute("Number.money", "7"),
    "png": MessageAttribute("Binary.png", b"\x89PNG"),
}


def fillers(count: int) -> dict[str, MessageAttribute]:
    return {f"a{number}": MessageAttribute("String", "v") for number in range(count)}


def marks(attributes: dict[str, MessageAttribute]) -> dict[str, str | bytes]:
    return {name: value.value for name, value in attributes.items() if name.startswith("event-fork-")}


def test_body_group_and_attributes_of_every_type_are_unchanged() -> None:
    copy = replay_copy(received("bödy", attributes=EVERY_TYPE, group_id="tenant-1"), "r1")

    assert copy.body == "bödy"
    assert copy.group_id == "tenant-1"
    assert {name: value for name, value in copy.attributes.items() if name in EVERY_TYPE} == EVERY_TYPE


def test_a_raw_copy_is_marked_with_the_id_and_time_of_the_replay_queue() -> None:
    copy = replay_copy(received("body", "m-7", sent_ms=1_795_426_200_123), "r1")

    assert marks(dict(copy.attributes)) == {
        "event-fork-replay-id": "r1",
        "event-fork-original-message-id": "m-7",
        "event-fork-original-time": "2026-11-23T09:30:00.123Z",
    }


def test_an_envelope_copy_is_marked_with_snss_id_and_publish_time() -> None:
    copy = replay_copy(received(json.dumps(envelope_of("x", "sns-9")), "m-7", sent_ms=1), "r1")

    assert marks(dict(copy.attributes)) == {
        "event-fork-replay-id": "r1",
        "event-fork-original-message-id": "sns-9",
        "event-fork-original-time": PUBLISHED,
    }


@pytest.mark.parametrize(
    ("others", "put_on"),
    [
        (7, ["event-fork-replay-id", "event-fork-original-message-id", "event-fork-original-time"]),
        (8, ["event-fork-replay-id", "event-fork-original-message-id"]),
        (9, ["event-fork-replay-id"]),
        (10, []),
    ],
)
def test_marks_are_put_on_while_there_is_room_for_attributes(others: int, put_on: list[str]) -> None:
    message = received("body", attributes=fillers(others), sent_ms=1)

    copy = replay_copy(message, "r1")

    assert list(marks(dict(copy.attributes))) == put_on
    assert is_marked(copy, "r1") is bool(put_on)
    assert fillers(others).items() <= copy.attributes.items()


def test_a_message_as_large_as_a_queue_takes_is_sent_unmarked() -> None:
    copy = replay_copy(received("x" * MAX_MESSAGE_BYTES), "r1")

    assert copy.attributes == {}
    assert copy.size() == MAX_MESSAGE_BYTES


def test_a_copy_of_a_copy_gets_the_new_replay_id_and_keeps_the_first_origin() -> None:
    first = replay_copy(received("body", "m-1", sent_ms=1_000), "r1")

    second = replay_copy(received("body", "m-2", dict(first.attributes), sent_ms=2_000), "r2")

    assert marks(dict(second.attributes)) == marks(dict(first.attributes)) | {"event-fork-replay-id": "r2"}


@pytest.mark.parametrize("wrong", ["", "\x00", "\ud800", "a\ufffeb"])
def test_an_id_that_sqs_would_refuse_is_no_mark_and_the_event_goes_all_the_same(wrong: str) -> None:
    copy = replay_copy(received(json.dumps(envelope_of("x", MessageId=wrong))), "r1")

    assert "event-fork-original-message-id" not in copy.attributes
    assert marks(dict(copy.attributes)) == {"event-fork-replay-id": "r1", "event-fork-original-time": PUBLISHED}
