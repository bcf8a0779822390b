import base64
import json
from typing import Any

import pytest

from event_fork.errors import InvocationShapeError
from event_fork.events import envelope
from event_fork.events.redaction import Matches, Redactor
from event_fork.events.redaction_rules import parse_rules
from event_fork.forward.transformation import transform
from tests.support.samples import envelope_of

WITHOUT_CARD = Redactor(parse_rules('[{"path": "$..card"}]'))
ORDER = '{"card":"4111", "amount":1.10}'


def event(*datas: bytes) -> dict[str, Any]:
    return {
        "records": [
            {"recordId": str(number), "approximateArrivalTimestamp": 1, "data": base64.b64encode(data).decode()}
            for number, data in enumerate(datas)
        ]
    }


def transformed(*datas: bytes, redactor: Redactor = WITHOUT_CARD) -> list[tuple[str, bytes]]:
    records = transform(event(*datas), redactor, Matches())["records"]
    assert [record["recordId"] for record in records] == [str(number) for number in range(len(datas))]
    return [(record["result"], base64.b64decode(record["data"])) for record in records]


def line_of(message: str) -> bytes:
    return envelope.parse(json.dumps(envelope_of(message))).to_line()


def test_an_envelope_from_sns_becomes_the_line_that_storage_backup_writes() -> None:
    direct = (json.dumps(envelope_of(ORDER)) + "\n").encode()

    assert transformed(direct) == [("Ok", line_of('{"amount":1.10}'))]


def test_a_published_message_is_redacted_in_place() -> None:
    assert transformed(ORDER.encode()) == [("Ok", b'{"amount":1.10}')]
    assert transformed(b'{\n  "card": 1,\n  "amount": 1.10\n}\n') == [("Ok", b'{\n  "amount": 1.10\n}\n')]


def test_each_line_of_a_packed_record_is_redacted() -> None:
    packed = line_of(ORDER) + line_of('{"card":2}') + b"\n" + b'{"card":3,"raw":true}\n'

    assert transformed(packed) == [("Ok", line_of('{"amount":1.10}') + line_of("{}") + b'{"raw":true}\n')]


def test_envelopes_in_lines_do_not_pass_as_one_text_where_no_rule_has_a_path() -> None:
    no_path = Redactor(parse_rules('[{"subject": true}, {"attribute": "card"}, {"detect": "card_number"}]'))
    attributes = {"card": {"Type": "String", "Value": "1"}}
    secret = json.dumps({**envelope_of('{"n":4111111111111111}'), "Subject": "secret", "MessageAttributes": attributes})
    masked = line_of('{"n":"***"}')

    assert transformed(f"{secret}\n\n{secret}".encode(), redactor=no_path) == [("Ok", masked * 2)]
    assert transformed((secret + secret).encode(), redactor=no_path) == [("ProcessingFailed", b"")]
    assert transformed(b"two lines\n\nof text\n", redactor=no_path) == [("Ok", b"two lines\n\nof text\n")]


def test_unicode_line_separators_inside_a_message_do_not_cut_it() -> None:
    lines = line_of('{"text":"a\u2028b\x85c","card":1}') + line_of('{"card":2}')

    assert transformed(lines) == [("Ok", line_of('{"text":"a\u2028b\x85c"}') + line_of("{}"))]


@pytest.mark.parametrize("damage", [{"Timestamp": None}, {"Subject": 1}, {"MessageAttributes": []}])
def test_a_damaged_envelope_is_not_taken_for_a_message_that_the_rules_pass(damage: dict[str, Any]) -> None:
    damaged = json.dumps({**envelope_of(ORDER), **damage}).encode()

    assert transformed(damaged) == [("ProcessingFailed", b"")]


@pytest.mark.parametrize("data", [b"plain text", b"\xff", b"", line_of("plain text"), line_of(ORDER) + b"plain\n"])
def test_what_cannot_be_redacted_fails_alone_and_is_not_in_the_answer(data: bytes) -> None:
    assert transformed(ORDER.encode(), data) == [("Ok", b'{"amount":1.10}'), ("ProcessingFailed", b"")]


def test_without_rules_any_message_passes() -> None:
    assert transformed(b"plain text", redactor=Redactor()) == [("Ok", b"plain text")]


def test_records_that_masks_made_too_long_for_the_answer_fail_alone() -> None:
    redactor = Redactor(parse_rules(json.dumps([{"path": "$.card", "action": "mask", "mask": "x" * 3_000_000}])))

    results = [result for result, _ in transformed(ORDER.encode(), ORDER.encode(), b'{"amount":1}', redactor=redactor)]

    assert results == ["Ok", "ProcessingFailed", "Ok"]
    assert len(json.dumps(transform(event(*[ORDER.encode()] * 3), redactor, Matches()))) < 6_291_456


@pytest.mark.parametrize("wrong", [{}, [], {"records": 1}, {"Records": []}, {"records": [{"data": "e30="}]}])
def test_what_did_not_come_from_firehose_is_refused(wrong: Any) -> None:
    with pytest.raises(InvocationShapeError):
        transform(wrong, WITHOUT_CARD, Matches())


ENVELOPE = envelope_of(ORDER)
WRAPPINGS = {
    "Lambda's SNS event": {"Records": [{"EventSource": "aws:sns", "Sns": ENVELOPE}]},
    "Lambda's SQS event, raw": {"Records": [{"receiptHandle": "r", "body": ORDER, "eventSource": "aws:sqs"}]},
    "a record of it": {"messageId": "1", "receiptHandle": "r", "body": json.dumps(ENVELOPE)},
    "a received message": {"MessageId": "1", "ReceiptHandle": "r", "Body": ORDER},
    "a list of envelopes": [ENVELOPE, ENVELOPE],
    "an envelope in a member": {"detail": {"event": ENVELOPE}},
    "an envelope in a string": {"body": json.dumps(ENVELOPE)},
    "a string that is an envelope": json.dumps(ENVELOPE),
    "a confirmation": {"Type": "SubscriptionConfirmation", "TopicArn": "arn", "Token": "t", "Message": "You have"},
}


@pytest.mark.parametrize("wrapping", WRAPPINGS.values(), ids=WRAPPINGS)
def test_messages_in_wrappings_that_the_rules_do_not_know_fail(wrapping: Any) -> None:
    assert transformed(json.dumps(wrapping).encode()) == [("ProcessingFailed", b"")]


def test_a_wrapping_with_escaped_names_fails() -> None:
    escaped = json.dumps([envelope_of(ORDER)]).replace("TopicArn", "\\u0054opicArn")

    assert transformed(escaped.encode()) == [("ProcessingFailed", b"")]
    assert transformed(json.dumps({"inner": escaped}).encode()) == [("ProcessingFailed", b"")]


def test_subject_and_attributes_of_an_envelope_are_redacted() -> None:
    redactor = Redactor(parse_rules('[{"subject": true}, {"attribute": "card"}, {"detect": "card_number"}]'))
    whole = envelope_of("4111 1111 1111 1111 is no JSON") | {
        "Subject": "s",
        "MessageAttributes": {"card": {"Type": "String", "Value": "1"}},
    }

    ((result, line),) = transformed(json.dumps(whole).encode(), redactor=redactor)

    assert result == "Ok"
    assert json.loads(line) == json.loads(line_of("*** is no JSON"))
