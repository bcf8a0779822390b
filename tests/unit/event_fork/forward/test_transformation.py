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


ATTRIBUTES = {"card": {"Type": "String", "Value": "1"}}
BESIDE = Redactor(parse_rules('[{"attribute": "card"}, {"subject": true}]'))
WHOLE = json.dumps({**ENVELOPE, "Subject": "secret", "MessageAttributes": ATTRIBUTES})


@pytest.mark.parametrize("before", ["\ufeff", "\x1e", "\0", "x ", ",", "[", "{", "\u00a0", '"', "\\", "null "])
def test_an_envelope_behind_a_text_does_not_pass_rules_on_subject_and_attributes(before: str) -> None:
    escaped = WHOLE.replace("TopicArn", "\\u0054opicArn")
    texts = (before + WHOLE, before + escaped, f"{before}{WHOLE}\n" * 2, json.dumps(before + WHOLE))
    for text in (*texts, json.dumps({"a": [before + WHOLE]}), json.dumps({"a": json.dumps(before + escaped)})):
        assert transformed(text.encode(), redactor=BESIDE) == [("ProcessingFailed", b"")]


def renamed(names: Any) -> dict[str, Any]:
    return {names(name): value for name, value in ENVELOPE.items()}


SQS = {"messageId": "1", "body": ORDER}
OTHER_WRAPPINGS = {
    "a record of SQS without handle": {**SQS, "eventSource": "aws:sqs"},
    "a list of EventBridge Pipes": [{**SQS, "eventSourceARN": "arn"}],
    "the least of a record of SQS": SQS,
    "a list of records with bodies": {"Records": [{"body": ORDER}]},
    "attributes of a record": {"body": "text", "messageAttributes": ATTRIBUTES},
    "a received message without handle": {"Messages": [{"MessageId": "1", "Body": ORDER}]},
    "a received message with its digest": {"Messages": [{"MD5OfBody": "1", "Body": "text"}]},
    "an SNS record without source": {"Records": [{"Sns": {"Message": ORDER}}]},
    "an envelope in small letters": renamed(str.lower),
    "an envelope with small first letters": renamed(lambda name: name[0].lower() + name[1:]),
    "an envelope in snake case": {"topic_arn": "arn", "message": ORDER},
    "a record of SQS in snake case": {"message_id": "1", "body": ORDER},
    "an envelope without Type": {name: value for name, value in ENVELOPE.items() if name != "Type"},
    "an envelope without topic and Type": {"MessageId": "1", "Message": ORDER},
    "a body that is a bare number": {"messageId": "1", "body": "4111111111111111"},
    "a body behind a byte order mark": {"messageId": "1", "body": "\ufeff" + ORDER},
}


@pytest.mark.parametrize("wrapping", OTHER_WRAPPINGS.values(), ids=OTHER_WRAPPINGS)
@pytest.mark.parametrize("inside", [False, True])
def test_shapes_that_carry_a_message_in_a_string_fail_where_the_rules_do_not_reach(wrapping: Any, inside: bool) -> None:
    text = json.dumps({"a": [json.dumps(wrapping)]} if inside else wrapping)

    assert transformed(text.encode(), redactor=Redactor(parse_rules('[{"path": "$.card"}]'))) == [
        ("ProcessingFailed", b"")
    ]


@pytest.mark.parametrize(
    ("rules", "wrapping", "expected"),
    [
        ([{"path": "$..card", "embedded": True}], SQS, {"messageId": "1", "body": '{"amount":1.10}'}),
        ([{"path": "$.body.card", "embedded": True}], SQS, {"messageId": "1", "body": '{"amount":1.10}'}),
        ([{"path": "$.body"}], SQS, {"messageId": "1"}),
        ([{"path": "$[*].body", "action": "mask"}], [SQS], [{"messageId": "1", "body": "***"}]),
        ([{"path": "$.body"}, {"path": "$.card"}], SQS, None),
        ([{"path": "$.card.body", "embedded": True}], SQS, None),
        ([{"path": "$.card", "action": "audit"}], SQS, SQS),
        ([{"path": "$.card"}], {"messageId": "1", "body": "hello", "card": 1}, {"messageId": "1", "body": "hello"}),
        ([{"detect": "email"}], SQS, SQS),
    ],
)
def test_an_event_of_such_a_shape_passes_where_all_rules_on_paths_reach_its_message(
    rules: list[dict[str, Any]], wrapping: Any, expected: Any
) -> None:
    ((result, data),) = transformed(json.dumps(wrapping).encode(), redactor=Redactor(parse_rules(json.dumps(rules))))

    assert (result, json.loads(data or "null")) == ("ProcessingFailed" if expected is None else "Ok", expected)


@pytest.mark.parametrize("depth", [500, 900, 9_000, 100_000])
@pytest.mark.parametrize("opening", ['{"note":"caf\\u00e9","a":', '{"note":"\\"TopicArn\\" \\"Message\\"","a":'])
def test_a_record_nested_deeply_fails_alone(opening: str, depth: int) -> None:
    deep = (opening + "[" * depth + '"\\u0041"' + "]" * depth + "}").encode()
    envelope_with_it = (json.dumps(ENVELOPE)[:-1] + ',"x":' + "[" * depth + "]" * depth + "}").encode()

    assert transformed(ORDER.encode(), deep, envelope_with_it)[:2] == [
        ("Ok", b'{"amount":1.10}'),
        ("ProcessingFailed", b""),
    ]


def test_a_fault_that_one_record_brings_out_fails_that_record_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = Redactor.text

    def text(self: Redactor, message: str, matches: Matches) -> str:
        if "bad" in message:
            raise ZeroDivisionError(message)
        return whole(self, message, matches)

    monkeypatch.setattr(Redactor, "text", text)

    assert transformed(b'{"bad":1}', ORDER.encode()) == [("ProcessingFailed", b""), ("Ok", b'{"amount":1.10}')]
    assert "ZeroDivisionError" in caplog.text
    assert "bad" not in caplog.text
