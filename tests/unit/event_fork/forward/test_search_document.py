import json

import pytest

from event_fork.errors import NotEncodableError, NotJsonObjectError
from event_fork.events.envelope import StoredEvent
from event_fork.forward.search_document import search_document
from tests.support.samples import PUBLISHED, TOPIC


def document(message: str, **attributes: str) -> bytes:
    event = StoredEvent(
        "sns-1",
        TOPIC,
        message,
        PUBLISHED,
        None,
        {name: {"Type": "String", "Value": value} for name, value in attributes.items()},
    )
    return search_document(event, "kind")


def test_the_document_is_the_message_plus_our_four_members_on_one_line() -> None:
    line = document('{"order": 7,\n "amount": 1.10}', kind="OrderPlaced", colour="é")

    assert (
        line
        == (
            '{"@timestamp":"2026-11-23T09:30:00.123Z","event_id":"sns-1",'
            '"event_attributes":{"kind":"OrderPlaced","colour":"é"},"event_type":"OrderPlaced",'
            '"order": 7,  "amount": 1.10}\n'
        ).encode()
    )


@pytest.mark.parametrize("number", ["1.10", "1e400", "123456789012345678901234567890", "0.1000000000000000055"])
def test_numbers_stay_as_published(number: str) -> None:
    assert f'"n":{number}}}\n'.encode() in document(f'{{"n":{number}}}')


def test_members_of_our_names_give_way_to_ours_however_they_are_spelled() -> None:
    parsed = json.loads(
        document('{"event_id":1,"event\\u005fid":2,"x":3,"@timestamp":4,"event_attributes":5,"event_type":6}'),
        object_pairs_hook=list,
    )

    assert [name for name, _ in parsed] == ["@timestamp", "event_id", "event_attributes", "event_type", "x"]
    assert dict(parsed)["event_id"] == "sns-1"


def test_our_names_deeper_in_the_message_stay() -> None:
    assert json.loads(document('{"x":{"event_id":1}}'))["x"] == {"event_id": 1}


@pytest.mark.parametrize("message", ["{}", " { \n } ", '{"event_id":1}'])
def test_an_empty_object_becomes_a_document_of_our_members(message: str) -> None:
    assert list(json.loads(document(message))) == ["@timestamp", "event_id", "event_attributes", "event_type"]


def test_an_event_without_the_type_attribute_has_the_type_null() -> None:
    parsed = json.loads(search_document(StoredEvent("sns-1", TOPIC, "{}", PUBLISHED), "kind"))

    assert parsed["event_type"] is None
    assert parsed["event_attributes"] == {}


@pytest.mark.parametrize("message", ["hello", "[1]", '"text"', "1", "null", "", '{"a":NaN}', "[" * 100_000])
def test_what_is_no_json_object_is_refused(message: str) -> None:
    with pytest.raises(NotJsonObjectError):
        document(message)


def test_a_lone_surrogate_escape_in_the_message_is_copied_as_the_escape_it_is() -> None:
    assert b'"x":"\\ud800"' in document('{"x":"\\ud800"}')


def test_a_lone_surrogate_itself_is_refused() -> None:
    with pytest.raises(NotEncodableError):
        document('{"x":"\ud800"}')


def test_line_ends_between_the_tokens_never_reach_the_index() -> None:
    line = document('{\r\n  "a" :\n [\n1,\r2\n]\n}\n', kind="x")

    assert line.count(b"\n") == 1
    assert b"\r" not in line
    assert json.loads(line)["a"] == [1, 2]
