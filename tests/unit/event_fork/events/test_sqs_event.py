from typing import Any

import pytest

from event_fork.errors import InvocationShapeError, WholeBatchFailedError
from event_fork.events.messages import MessageAttribute, ReceivedMessage
from event_fork.events.sqs_event import batch_response, received_messages


def record(message_id: str = "m-1", **members: Any) -> dict[str, Any]:
    return {"messageId": message_id, "body": "x", "attributes": {}, "messageAttributes": {}, **members}


def test_a_record_is_read_with_its_attributes_send_time_and_group() -> None:
    event = {
        "Records": [
            record(
                attributes={"SentTimestamp": "1795426200123", "MessageGroupId": "g"},
                messageAttributes={
                    "s": {"stringValue": "v", "dataType": "String.Array"},
                    "b": {"binaryValue": "AP8=", "dataType": "Binary.png"},
                },
            )
        ]
    }

    assert received_messages(event) == [
        ReceivedMessage(
            "m-1",
            "x",
            {"s": MessageAttribute("String.Array", "v"), "b": MessageAttribute("Binary.png", b"\x00\xff")},
            1_795_426_200_123,
            "g",
        )
    ]


def test_a_record_without_attributes_is_read_too() -> None:
    assert received_messages({"Records": [{"messageId": "m-1", "body": "x"}]}) == [ReceivedMessage("m-1", "x")]


def test_a_message_that_comes_twice_in_one_batch_is_taken_once() -> None:
    assert [m.message_id for m in received_messages({"Records": [record("a"), record("b"), record("a")]})] == ["a", "b"]


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        {"Records": {}},
        {"Records": [{}]},
        {"Records": ["x"]},
        {"Records": [{"Sns": {"Message": "x"}}]},
        {"Records": [record(messageAttributes={"b": {"dataType": "Binary", "binaryValue": "?"}})]},
        {"Records": [record(attributes={"SentTimestamp": "now"})]},
    ],
)
def test_what_did_not_come_from_sqs_is_refused(event: Any) -> None:
    with pytest.raises(InvocationShapeError):
        received_messages(event)


def test_the_answer_names_exactly_the_returned_messages() -> None:
    assert batch_response(3, ["b", "c"]) == {"batchItemFailures": [{"itemIdentifier": "b"}, {"itemIdentifier": "c"}]}
    assert batch_response(3, []) == {"batchItemFailures": []}
    assert batch_response(0, []) == {"batchItemFailures": []}


def test_the_answer_names_kept_messages_too_or_the_mapping_would_delete_them() -> None:
    answer = batch_response(3, ["m-1"], ["m-3"])

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}, {"itemIdentifier": "m-3"}]}


def test_a_batch_of_which_nothing_was_delivered_fails_the_invocation() -> None:
    with pytest.raises(WholeBatchFailedError, match="none of 2"):
        batch_response(2, ["a", "b"])


def test_a_fifo_queue_is_refused_because_its_order_would_break() -> None:
    source = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"

    with pytest.raises(InvocationShapeError, match="FIFO queue"):
        received_messages({"Records": [record(eventSourceARN=source)]})
