"""The copy of a stored event: body and attributes exact, marks where there is room."""

import base64
import json
from typing import Any

import pytest

from event_fork.archive.selection import SelectedEvent
from event_fork.archive_replay.copies import NoCopyError, copy_of
from event_fork.events.envelope import StoredEvent
from event_fork.events.messages import MAX_MESSAGE_BYTES, MessageAttribute

TIME = "2026-11-23T12:00:00.000Z"
MARKS = {"event-fork-replay-id", "event-fork-original-message-id", "event-fork-original-time"}


def selected(message: str, attributes: dict[str, dict[str, str]] | None = None, **fields: Any) -> SelectedEvent:
    event = StoredEvent("id-1", "arn:aws:sns:eu-west-1:000000000000:orders", message, TIME, None, attributes)
    return SelectedEvent(7, event, None, TIME, event.to_line().rstrip(b"\n"))


def test_raw_is_the_message_with_attributes_of_the_same_types() -> None:
    attributes = {
        "kind": {"Type": "String", "Value": "order"},
        "count": {"Type": "Number", "Value": "1.50"},
        "tags": {"Type": "String.Array", "Value": '["a",null,1]'},
        "blob": {"Type": "Binary", "Value": base64.b64encode(b"\x00\xff").decode()},
    }

    copy = copy_of(selected('{"é": 1}\n', attributes), "raw", "replay-1")

    assert (copy.key, copy.body) == ("7", '{"é": 1}\n')
    assert {name: value for name, value in copy.attributes.items() if name not in MARKS} == {
        "kind": MessageAttribute("String", "order"),
        "count": MessageAttribute("Number", "1.50"),
        "tags": MessageAttribute("String.Array", '["a",null,1]'),
        "blob": MessageAttribute("Binary", b"\x00\xff"),
    }
    assert {name: copy.attributes[name].value for name in MARKS} == {
        "event-fork-replay-id": "replay-1",
        "event-fork-original-message-id": "id-1",
        "event-fork-original-time": TIME,
    }


@pytest.mark.parametrize(
    ("message", "attributes", "reason"),
    [
        ("\ud800", None, "lone surrogate"),
        ("x", {"a": {"Type": "String", "Value": "\ud800"}}, "lone surrogate"),
        ("x", {"a": {"Type": "String.\ud800", "Value": "x"}}, "lone surrogate"),
        ("x", {"\ud800": {"Type": "String", "Value": "x"}}, "lone surrogate"),
        ("x", {"a": {"Type": "Binary", "Value": "é"}}, "not base64"),
        ("x", {"a": {"Type": "Binary", "Value": "!"}}, "not base64"),
    ],
)
def test_what_no_queue_can_take_is_said_and_ends_nothing_else(
    message: str, attributes: dict[str, dict[str, str]] | None, reason: str
) -> None:
    with pytest.raises(NoCopyError, match=reason):
        copy_of(selected(message, attributes), "raw", "replay-1")


def test_envelope_is_the_stored_line_with_the_mark_beside_it() -> None:
    event = selected("x", {"kind": {"Type": "String", "Value": "order"}})

    copy = copy_of(event, "envelope", "replay-1")

    assert copy.body.encode() == event.raw
    assert json.loads(copy.body)["MessageAttributes"] == {"kind": {"Type": "String", "Value": "order"}}
    assert dict(copy.attributes) == {"event-fork-replay-id": MessageAttribute("String", "replay-1")}


@pytest.mark.parametrize(("own", "marks"), [(7, 3), (8, 2), (9, 1), (10, 0)])
def test_marks_take_only_the_room_that_is_left(own: int, marks: int) -> None:
    attributes = {f"a{number}": {"Type": "String", "Value": "x"} for number in range(own)}

    copy = copy_of(selected("x", attributes), "raw", "replay-1")

    assert len(copy.attributes) == own + marks
    assert ("event-fork-replay-id" in copy.attributes) == (marks > 0)


def test_a_message_of_the_largest_size_goes_unmarked() -> None:
    copy = copy_of(selected("x" * MAX_MESSAGE_BYTES), "raw", "replay-1")

    assert dict(copy.attributes) == {}


def test_what_no_queue_takes_is_refused_with_a_reason_that_quotes_nothing() -> None:
    too_many = {f"secret{number}": {"Type": "String", "Value": "secret"} for number in range(11)}
    not_base64 = {"blob": {"Type": "Binary", "Value": "!secret!"}}

    with pytest.raises(NoCopyError, match="11 attributes") as first:
        copy_of(selected("secret", too_many), "raw", "replay-1")
    with pytest.raises(NoCopyError, match="1048577 bytes"):
        copy_of(selected("x" * (MAX_MESSAGE_BYTES + 1)), "raw", "replay-1")
    with pytest.raises(NoCopyError, match="blob") as third:
        copy_of(selected("secret", not_base64), "raw", "replay-1")
    assert "secret" not in str(first.value) + str(third.value)


def test_eleven_attributes_are_no_problem_inside_an_envelope() -> None:
    attributes = {f"a{number}": {"Type": "String", "Value": "x"} for number in range(11)}

    copy = copy_of(selected("x", attributes), "envelope", "replay-1")

    assert len(json.loads(copy.body)["MessageAttributes"]) == 11
    assert "event-fork-replay-id" in copy.attributes
