"""The adapters against botocore's own stubs (shape-checked answers and errors) and, for a round trip, against moto."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws

from event_fork.adapters.aws_calls import CLIENT_CONFIG
from event_fork.adapters.firehose import FirehoseStreams
from event_fork.adapters.sqs import SqsQueue
from event_fork.adapters.ssm_window import SsmParameter
from event_fork.errors import CallFailedError
from event_fork.events.messages import MessageAttribute, OutgoingMessage
from event_fork.sending.backoff import RESERVE_SECONDS
from event_fork.sending.packing import Record
from event_fork.sending.ports import EntryFailure, Remedy

if TYPE_CHECKING:
    from mypy_boto3_firehose.client import FirehoseClient
    from mypy_boto3_sqs.client import SQSClient

RECORDS = [Record(b"a\n", ("1",)), Record(b"b\n", ("2",)), Record(b"c\n", ("3",))]
MESSAGES = [OutgoingMessage("1", "a"), OutgoingMessage("2", "b")]
PUT = "put_record_batch"
SEND = "send_message_batch"
URL = "https://sqs.eu-west-1.amazonaws.com/000000000000/q"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "t",
        "AWS_SECRET_ACCESS_KEY": "t",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


@pytest.fixture
def firehose() -> "FirehoseClient":
    return boto3.client("firehose", config=CLIENT_CONFIG)


@pytest.fixture
def sqs() -> "SQSClient":
    return boto3.client("sqs", config=CLIENT_CONFIG)


def test_a_put_sends_the_bytes_of_each_record(firehose: "FirehoseClient") -> None:
    answer = {"FailedPutCount": 0, "RequestResponses": [{"RecordId": str(number)} for number in range(3)]}
    expected = {"DeliveryStreamName": "backup", "Records": [{"Data": record.data} for record in RECORDS]}
    with Stubber(firehose) as stub:
        stub.add_response(PUT, answer, expected)

        assert FirehoseStreams(["backup"], firehose).put(RECORDS) == {}


def test_several_streams_take_the_calls_in_turn_and_each_function_begins_with_another(
    firehose: "FirehoseClient",
) -> None:
    called: list[str] = []
    firehose.meta.events.register(
        "provide-client-params.firehose.PutRecordBatch", lambda params, **_: called.append(params["DeliveryStreamName"])
    )
    names = ["backup", "backup-stream-2", "backup-stream-3"]
    begun = set()
    for _ in range(50):
        called.clear()
        streams = FirehoseStreams(names, firehose)
        with Stubber(firehose) as stub:
            for _ in range(6):
                stub.add_response(PUT, {"FailedPutCount": 0, "RequestResponses": [{"RecordId": "1"}] * 3})
                streams.put(RECORDS)
        begun.add(called[0])
        assert sorted(called[:3]) == names
        assert called[3:] == called[:3]
    assert begun == {*names}


def test_failed_records_are_named_by_their_place(firehose: "FirehoseClient") -> None:
    answer = {
        "FailedPutCount": 2,
        "RequestResponses": [
            {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."},
            {"RecordId": "x"},
            {"ErrorCode": "InternalFailure", "ErrorMessage": "?"},
        ],
    }
    with Stubber(firehose) as stub:
        stub.add_response(PUT, answer)

        assert FirehoseStreams(["backup"], firehose).put(RECORDS) == {
            0: EntryFailure("ServiceUnavailableException", "Slow down.", Remedy.RESEND),
            2: EntryFailure("InternalFailure", "?", Remedy.RESEND),
        }


def test_an_answer_about_other_records_counts_as_a_failed_call(firehose: "FirehoseClient") -> None:
    with Stubber(firehose) as stub:
        stub.add_response(PUT, {"FailedPutCount": 1, "RequestResponses": [{"ErrorCode": "InternalFailure"}]})

        with pytest.raises(CallFailedError, match="MalformedResponse"):
            FirehoseStreams(["backup"], firehose).put(RECORDS)


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("ServiceUnavailableException", 503, True),
        ("ThrottlingException", 400, True),
        ("LimitExceededException", 400, True),
        ("SomethingNew", 500, True),
        ("SomethingNew", 429, True),
        ("ResourceNotFoundException", 400, False),
        ("InvalidArgumentException", 400, False),
        ("InvalidKMSResourceException", 400, False),
        ("AccessDeniedException", 403, False),
        ("ExpiredTokenException", 400, False),
    ],
)
def test_a_failed_call_says_whether_trying_again_can_help(
    firehose: "FirehoseClient", code: str, status: int, transient: bool
) -> None:
    with Stubber(firehose) as stub:
        stub.add_client_error(PUT, code, "why", status)

        with pytest.raises(CallFailedError) as failure:
            FirehoseStreams(["backup"], firehose).put(RECORDS)

    assert (failure.value.code, failure.value.detail, failure.value.transient) == (code, "why", transient)


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ReadTimeoutError(endpoint_url="https://firehose"), True),
        (EndpointConnectionError(endpoint_url="https://firehose"), True),
        (NoCredentialsError(), False),
    ],
)
def test_errors_without_an_answer_are_judged_too(firehose: "FirehoseClient", error: Exception, transient: bool) -> None:
    attempts = 0

    def fail(request: AWSPreparedRequest, **_: Any) -> None:
        nonlocal attempts
        attempts += 1
        raise error

    firehose.meta.events.register("before-send.firehose", fail)

    with pytest.raises(CallFailedError) as failure:
        FirehoseStreams(["backup"], firehose).put(RECORDS)

    assert (failure.value.code, failure.value.transient) == (type(error).__name__, transient)
    assert attempts == 1  # the SDK does not try again behind the domain's back


class AnsweredParameters:
    """Parameter Store: what it answers next; an error is raised."""

    def __init__(self, *answers: str | Exception) -> None:
        self._answers = list(answers)

    def get_parameter(self, **_: str) -> dict[str, Any]:
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"Parameter": {"Value": answer}}


def test_a_window_is_read_anew_after_5_seconds_and_obeyed_for_a_minute_while_it_cannot_be_read() -> None:
    throttled = ClientError({"Error": {"Code": "ThrottlingException", "Message": ""}}, "GetParameter")
    now = [0.0]
    client: Any = AnsweredParameters("first", "second", throttled, throttled)
    parameter = SsmParameter("/window", client, clock=lambda: now[0])

    seen = []
    for now[0] in (0.0, 4.9, 5.1, 60.0):
        seen.append(parameter.text())
    now[0] = 66.0
    with pytest.raises(CallFailedError):
        parameter.text()

    assert seen == ["first", "first", "second", "second"]


def test_parameters_refused_before_sending_are_not_quoted(sqs: "SQSClient") -> None:
    message = OutgoingMessage("m", 4111)  # type: ignore[arg-type]

    with pytest.raises(CallFailedError, match="ParamValidationError") as failure:
        SqsQueue(URL, sqs).send([message])

    assert "4111" not in str(failure.value)


@pytest.mark.parametrize(
    ("code", "about_content"),
    [("AWS.SimpleQueueService.BatchRequestTooLong", True), ("InvalidMessageContents", True), ("AccessDenied", False)],
)
def test_a_refused_send_says_whether_it_is_about_one_message(sqs: "SQSClient", code: str, about_content: bool) -> None:
    with Stubber(sqs) as stub:
        stub.add_client_error(SEND, code, "why", 400)

        with pytest.raises(CallFailedError) as failure:
            SqsQueue(URL, sqs).send(MESSAGES)

    assert (failure.value.about_content, failure.value.transient) == (about_content, False)


def test_one_call_cannot_outlast_the_reserve_of_the_deadline() -> None:
    assert CLIENT_CONFIG.connect_timeout + CLIENT_CONFIG.read_timeout < RESERVE_SECONDS  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "sender_fault", "remedy"),
    [
        ("InternalError", False, Remedy.RESEND),
        ("SomethingNew", False, Remedy.RESEND),
        ("RequestThrottled", True, Remedy.RESEND),
        ("AWS.SimpleQueueService.InternalError", True, Remedy.RESEND),
        ("InvalidMessageContents", True, Remedy.DEAD_LETTER),
        ("AWS.SimpleQueueService.InvalidMessageContents", True, Remedy.DEAD_LETTER),
        ("InvalidParameterValue", True, Remedy.DEAD_LETTER),
        ("KmsAccessDenied", True, Remedy.RETURN),
    ],
)
def test_a_failed_message_says_what_can_be_done(
    sqs: "SQSClient", code: str, sender_fault: bool, remedy: Remedy
) -> None:
    answer = {
        "Successful": [{"Id": "0", "MessageId": "x", "MD5OfMessageBody": "0cc175b9c0f1b6a831c399e269772661"}],
        "Failed": [{"Id": "1", "SenderFault": sender_fault, "Code": code, "Message": "why"}],
    }
    with Stubber(sqs) as stub:
        stub.add_response(SEND, answer)

        (failure,) = SqsQueue(URL, sqs).send(MESSAGES).items()

    assert failure == (1, EntryFailure(code.rsplit(".", 1)[-1], "why", remedy))


def test_a_message_the_answer_does_not_name_is_not_taken(sqs: "SQSClient") -> None:
    with Stubber(sqs) as stub:
        stub.add_response(SEND, {"Successful": [], "Failed": []})

        failures = SqsQueue(URL, sqs).send(MESSAGES)

    assert {index: failure.remedy for index, failure in failures.items()} == {0: Remedy.RESEND, 1: Remedy.RESEND}


def test_a_throttled_send_is_a_transient_failure_of_the_call(sqs: "SQSClient") -> None:
    with Stubber(sqs) as stub:
        stub.add_client_error(SEND, "AWS.SimpleQueueService.RequestThrottled", "slow", 403)

        with pytest.raises(CallFailedError) as failure:
            SqsQueue(URL, sqs).send(MESSAGES)

    assert failure.value.transient


@pytest.fixture
def moto_queue() -> Iterator[tuple["SQSClient", str]]:
    with mock_aws():
        client = boto3.client("sqs", config=CLIENT_CONFIG)
        yield client, client.create_queue(QueueName="destination")["QueueUrl"]


def test_a_message_arrives_with_body_and_attributes_of_every_type(moto_queue: tuple["SQSClient", str]) -> None:
    client, url = moto_queue
    attributes = {
        "text": MessageAttribute("String", "é"),
        "amount": MessageAttribute("Number", "1.10"),
        "cents": MessageAttribute("Number.int", "110"),
        "list": MessageAttribute("String.Array", '["a",1]'),
        "blob": MessageAttribute("Binary", b"\x00\xff"),
        "png": MessageAttribute("Binary.png", b"\x89PNG"),
    }

    assert SqsQueue(url, client).send([OutgoingMessage("1", "bödy 😀", attributes)]) == {}

    (message,) = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == "bödy 😀"
    assert {
        name: MessageAttribute(value["DataType"], value.get("StringValue") or value["BinaryValue"])
        for name, value in message["MessageAttributes"].items()
    } == attributes
