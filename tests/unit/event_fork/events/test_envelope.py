import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.errors import NotAnEnvelopeError, NotEncodableError
from event_fork.events import envelope
from event_fork.events.envelope import StoredEvent
from tests.support.samples import PUBLISHED, TOPIC, envelope_of

# Any string JSON can say, lone surrogates included.
any_text = st.text(st.characters(exclude_categories=()))
events = st.builds(
    StoredEvent,
    message_id=any_text,
    topic_arn=any_text,
    message=any_text,
    timestamp=any_text,
    subject=st.none() | any_text,
    attributes=st.none()
    | st.dictionaries(any_text, st.fixed_dictionaries({"Type": any_text, "Value": any_text}), max_size=4),
    others=st.none() | st.dictionaries(st.sampled_from(["SequenceNumber", "Later"]), any_text, min_size=1),
)


@given(events)
def test_a_stored_line_reads_back_as_the_same_event(event: StoredEvent) -> None:
    line = event.to_line()

    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert envelope.parse(line.decode()) == event


def test_the_line_has_snss_members_in_snss_order_and_nothing_else() -> None:
    body = envelope_of("hello", Subject="s", MessageAttributes={"n": {"Type": "Number", "Value": "1.10"}})

    line = envelope.parse(json.dumps(body)).to_line()

    assert list(json.loads(line)) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "MessageAttributes",
    ]  # fmt: skip


def test_what_else_sns_writes_is_kept_and_the_sequence_number_stands_where_sns_puts_it() -> None:
    body = envelope_of("hello") | {"Later": {"a": [1]}, "SequenceNumber": "10000000000000028000"}
    signed = {"SignatureVersion": "1", "Signature": "x", "SigningCertURL": "x", "UnsubscribeURL": "x"}

    line = envelope.parse(json.dumps(body | signed)).to_line()

    assert list(json.loads(line).items()) == [
        ("Type", "Notification"),
        ("MessageId", "sns-1"),
        ("SequenceNumber", "10000000000000028000"),
        ("TopicArn", TOPIC),
        ("Message", "hello"),
        ("Timestamp", PUBLISHED),
        ("Later", {"a": [1]}),
    ]


def test_subject_and_attributes_are_left_out_when_the_event_has_none() -> None:
    line = envelope.parse(json.dumps(envelope_of("hello", Subject=None))).to_line()

    assert line == (
        b'{"Type":"Notification","MessageId":"sns-1","TopicArn":"%s","Message":"hello","Timestamp":"%s"}\n'
        % (TOPIC.encode(), PUBLISHED.encode())
    )


def test_text_is_stored_in_utf8_not_in_escapes() -> None:
    assert "Grüße 😀".encode() in envelope.parse(json.dumps(envelope_of("Grüße 😀"))).to_line()


def test_attributes_of_every_type_stay_as_sns_wrote_them() -> None:
    attributes = {
        "text": {"Type": "String", "Value": "é"},
        "amount": {"Type": "Number", "Value": "100.50"},
        "blob": {"Type": "Binary", "Value": "AAEC"},
        "list": {"Type": "String.Array", "Value": '["a",1,true,null]'},
    }

    event = envelope.parse(json.dumps(envelope_of("x", MessageAttributes=attributes)))

    assert event.attributes == attributes
    assert event.attribute("amount") == "100.50"
    assert event.attribute("other") is None


def test_publish_time_is_read_with_its_zone() -> None:
    event = envelope.parse(json.dumps(envelope_of("x")))

    assert event.published_at == datetime(2026, 11, 23, 9, 30, 0, 123000, UTC)


def test_a_publish_time_that_is_none_is_refused() -> None:
    with pytest.raises(NotAnEnvelopeError, match="Timestamp"):
        _ = envelope.parse(json.dumps(envelope_of("x", Timestamp="yesterday"))).published_at


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("secret", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ('["secret"]', "not a JSON object"),
        ('{"secret": 1}', "Type"),
        (json.dumps(envelope_of("secret", Type="SubscriptionConfirmation")), "Type"),
        (json.dumps(envelope_of("secret", MessageId=7)), "MessageId"),
        (json.dumps(envelope_of("secret", Subject=7)), "Subject"),
        (json.dumps(envelope_of("secret", Message={"secret": 1})), "Message"),
        (json.dumps(envelope_of("secret", MessageAttributes=["secret"])), "MessageAttributes"),
        (json.dumps(envelope_of("x", MessageAttributes={"secret": {"Type": "String"}})), "attribute"),
    ],
)
def test_what_is_no_envelope_is_refused_without_quoting_it(body: str, named: str) -> None:
    with pytest.raises(NotAnEnvelopeError, match=named) as refusal:
        envelope.parse(body)

    assert "secret" not in str(refusal.value)


def test_the_raw_line_is_the_message_alone() -> None:
    assert envelope.parse(json.dumps(envelope_of("Grüße"))).to_raw_line() == "Grüße\n".encode()


def test_a_raw_message_without_a_utf8_form_is_refused() -> None:
    with pytest.raises(NotEncodableError):
        envelope.parse(json.dumps(envelope_of("\ud800"))).to_raw_line()


@pytest.mark.parametrize("around", ["{}", " {}", "{}\n", "\t{} ", "\r\n{}\r\n"])
def test_white_space_around_an_envelope_changes_nothing(around: str) -> None:
    text = json.dumps(envelope_of("m"))
    assert envelope.parse(around.replace("{}", text)) == envelope.parse(text)


@pytest.mark.parametrize("around", ["{}x", "\ufeff{}", "{}{}", "{},", "[{}"])
def test_anything_else_around_an_envelope_makes_it_none(around: str) -> None:
    with pytest.raises(NotAnEnvelopeError, match="the body is not JSON"):
        envelope.parse(around.replace("{}", json.dumps(envelope_of("m"))))
