import json

import pytest

from event_fork.errors import NotEncodableError, NotJsonObjectError
from event_fork.events.envelope import StoredEvent
from event_fork.forward.search_document import METADATA, search_document
from tests.support.samples import PUBLISHED, TOPIC

RESERVED = sorted({"@timestamp", "event_id", "event_attributes", "event_type", "event_text", *METADATA})


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


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("ending", ["", ".", ".x"])
def test_a_member_whose_name_is_ours_or_opensearchs_is_kept_as_text_with_the_value_as_published(
    name: str, ending: str
) -> None:
    parsed = json.loads(document(f'{{"a": 1, "{name}{ending}" : {{"$oid": 1.10}}, "b": [2]}}'))

    assert parsed["event_text"] == [f'message.{name}{ending}={{"$oid": 1.10}}']
    assert list(parsed)[-2:] == ["a", "b"]
    assert parsed["event_id"] == "sns-1"


def test_such_members_are_found_however_they_are_spelled() -> None:
    parsed = json.loads(document('{"event_id":1,"event\\u005fid":"E-7","x":3,"@timestamp":null}'))

    assert parsed["event_text"] == ["message.event_id=1", 'message.event_id="E-7"', "message.@timestamp=null"]
    assert (parsed["event_id"], parsed["x"]) == ("sns-1", 3)


def test_all_other_members_keep_their_order_and_every_byte() -> None:
    assert document('{ "z" :1.10, "_id":0 ,"a":[ 1e400 ],"x":"_id" }').endswith(
        b'"event_text":["message._id=0"],"z" :1.10 ,"a":[ 1e400 ],"x":"_id"}\n'
    )


@pytest.mark.parametrize("message", ['{"x":{"event_id":1,"_id":2}}', '{"_ids":1,"event_ids":2,"Event_id":3," _id":4}'])
def test_such_names_deeper_in_the_message_and_names_that_only_look_like_them_stay(message: str) -> None:
    parsed = json.loads(document(message))

    assert json.loads(message).items() <= parsed.items()
    assert "event_text" not in parsed


@pytest.mark.parametrize("message", ["{}", " { \n } "])
def test_an_empty_object_becomes_a_document_of_our_members(message: str) -> None:
    assert list(json.loads(document(message))) == ["@timestamp", "event_id", "event_attributes", "event_type"]


def test_an_attribute_that_is_longer_than_an_index_takes_as_a_field_is_text() -> None:
    parsed = json.loads(document("{}", note="é" * 8_001, short="é" * 8_000))

    assert list(parsed["event_attributes"]) == ["short"]
    assert parsed["event_text"] == ["attributes.note=" + "é" * 8_001]


def test_without_the_template_attributes_are_texts_and_a_type_like_a_date_is_only_there() -> None:
    event = StoredEvent("sns-1", TOPIC, "{}", PUBLISHED, None, {"kind": {"Type": "String", "Value": "2026-11-23"}})

    assert json.loads(search_document(event, "kind", attribute_fields=False)) == {
        "@timestamp": PUBLISHED,
        "event_id": "sns-1",
        "event_type": None,
        "event_text": ["attributes.kind=2026-11-23"],
    }


def test_a_reserved_name_with_a_lone_surrogate_escape_is_kept_too() -> None:
    assert json.loads(document('{"_id.\\ud800":1}'))["event_text"] == ["message._id.\ud800=1"]


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
