"""Which lines of an object belong to a replay."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from event_fork.archive.selection import Criteria, SelectedEvent, UnreadableLine, select
from event_fork.events.time_window import Window

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = Window(NOON, NOON + timedelta(hours=1))


def line(number: int, timestamp: str = "2026-11-23T12:00:00.000Z", kind: str | None = "order.placed") -> bytes:
    event: dict[str, Any] = {
        "Type": "Notification",
        "MessageId": f"id-{number}",
        "TopicArn": "arn:aws:sns:eu-west-1:000000000000:orders",
        "Message": json.dumps({"number": number}),
        "Timestamp": timestamp,
    }
    if kind is not None:
        event["MessageAttributes"] = {"event_type": {"Type": "String", "Value": kind}}
    return json.dumps(event).encode()


def chosen(found: list[SelectedEvent | UnreadableLine]) -> list[str]:
    return [entry.event.message_id for entry in found if isinstance(entry, SelectedEvent)]


def test_events_in_the_window_are_selected_with_line_type_time_and_the_stored_bytes() -> None:
    lines = [line(0, "2026-11-23T11:59:59.999Z"), line(1), line(2, "2026-11-23T14:30:00+02:00", kind=None)]

    found = list(select(lines, Criteria(HOUR)))

    assert [(e.line, e.event_type, e.timestamp, e.raw) for e in found if isinstance(e, SelectedEvent)] == [
        (1, "order.placed", "2026-11-23T12:00:00.000Z", lines[1]),
        (2, None, "2026-11-23T12:30:00.000Z", lines[2]),
    ]


def test_only_the_range_is_read() -> None:
    def guarded() -> Any:
        yield from (line(number) for number in range(7))
        raise AssertionError("read past the last line")

    assert chosen(list(select(guarded(), Criteria(HOUR), first_line=4, last_line=6))) == ["id-4", "id-5", "id-6"]


def test_lines_to_skip_are_left_out_and_keep_their_numbers() -> None:
    found = list(select(map(line, range(5)), Criteria(HOUR), first_line=1, skip_lines=[2, 4]))

    assert [entry.line for entry in found] == [1, 3]


def test_event_types_and_the_filter_must_both_agree() -> None:
    lines = [line(0), line(1, kind="order.paid"), line(2, kind="order.paid"), line(3, kind=None)]
    criteria = Criteria(HOUR, frozenset({"order.paid"}), matches=lambda event: event.message_id != "id-1")

    assert chosen(list(select(lines, criteria))) == ["id-2"]


def test_the_attribute_of_the_type_can_be_named() -> None:
    criteria = Criteria(HOUR, frozenset({"order.placed"}), event_type_attribute="kind")

    assert chosen(list(select([line(0)], criteria))) == []


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"Type":"Notification"', "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"order": 1}', "raw message delivery"),
        (line(1, "soon"), "Timestamp"),
        (line(1, "2026-11-23T12:00:00"), "Timestamp"),
        (line(1, "2026-11-23T12:60:00.000Z"), "Timestamp"),
        (line(1, "2026-11-31T12:00:00.000Z"), "Timestamp"),
        (line(1, "0001-01-01T00:00:00+14:00"), "Timestamp"),
        (line(1).replace(b"order", b"\xff"), "not UTF-8"),
        (line(1).replace(b'"id-1"', b"9" * 5000), "not JSON"),
        (b'{"a":' * 100_000, "not JSON"),
        (b"\0" * 10, "not JSON"),
    ],
)
def test_a_line_that_is_no_event_is_named_and_the_others_are_selected(bad: bytes, reason: str) -> None:
    found = list(select([line(0), bad, line(2)], Criteria(HOUR)))

    assert chosen(found) == ["id-0", "id-2"]
    assert isinstance(found[1], UnreadableLine)
    assert found[1].line == 1
    assert reason in found[1].reason


@pytest.mark.parametrize("error", [RecursionError("x"), ValueError("x"), KeyError("x"), MemoryError()])
def test_a_line_on_which_the_filter_fails_is_named_with_the_kind_of_the_failure(error: Exception) -> None:
    def fails(_: object) -> bool:
        raise error

    found = list(select([line(0)], Criteria(HOUR, matches=fails)))

    assert found == [UnreadableLine(0, f"cannot be read ({type(error).__name__})")]


@pytest.mark.parametrize("around", [(b"\xef\xbb\xbf", b"\r"), (b"\x1e", b""), (b"\t ", b" ")])
def test_what_other_writers_put_around_a_line_is_not_sent(around: tuple[bytes, bytes]) -> None:
    before, after = around
    (found,) = select([before + line(0) + after], Criteria(HOUR))

    assert isinstance(found, SelectedEvent)
    assert found.raw == line(0)


def test_empty_lines_are_nothing() -> None:
    assert [entry.line for entry in select([b"", line(1), b" \r", line(3)], Criteria(HOUR))] == [1, 3]
