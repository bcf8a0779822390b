"""The handlers on event files: with moto where the services keep what they get, with the fakes where they fail."""

import base64
import gzip
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from event_fork import redact, replay, search_analytics, storage_backup
from event_fork.errors import SettingError, WholeBatchFailedError
from event_fork.events.envelope import StoredEvent, parse
from event_fork.forward.forwarding import Forwarder
from event_fork.queue_replay.replayer import Replayer
from event_fork.sending.backoff import Backoff
from event_fork.sending.packing import one_each
from tests.functional.event_fork.conftest import FakeContext
from tests.support.fakes import FakeQueue, FakeStream, failing, throttled

LoadEvent = Callable[[str], dict[str, Any]]
Capture = pytest.CaptureFixture[str]
ID_1, ID_2 = ("059f36b4-87a3-44ab-83d2-661975830a7d", "2e1424d4-f796-459a-8184-9c92662be6da")
SERVICE = os.environ["POWERTOOLS_SERVICE_NAME"]
NO_WAIT = Backoff(attempts=2, base=0.0)


@pytest.fixture(autouse=True)
def _fresh_functions() -> Iterator[None]:
    """Handlers keep their parts between invocations; each test is a cold start."""
    yield
    for made in (storage_backup.forwarder, search_analytics.forwarder, replay.replayer, redact.redactor):
        if hasattr(made, "cache_clear"):
            made.cache_clear()


class Aws:
    """Queues, a stream and its bucket in moto."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        self.s3 = boto3.client("s3")
        self.dead_letters = self.sqs.create_queue(QueueName="dlq")["QueueUrl"]
        self.destination = self.sqs.create_queue(QueueName="checkout")["QueueUrl"]
        self.s3.create_bucket(Bucket="backup-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        boto3.client("firehose").create_delivery_stream(
            DeliveryStreamName="backup",
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::000000000000:role/firehose",
                "BucketARN": "arn:aws:s3:::backup-bucket",
            },
        )

    def stored(self) -> list[bytes]:
        keys = [item["Key"] for item in self.s3.list_objects_v2(Bucket="backup-bucket").get("Contents", [])]
        return b"".join(self.s3.get_object(Bucket="backup-bucket", Key=key)["Body"].read() for key in keys).splitlines(
            keepends=True
        )

    def messages(self, url: str) -> list[Any]:
        answer = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        return list(answer.get("Messages", []))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    with mock_aws():
        aws = Aws()
        monkeypatch.setenv("DELIVERY_STREAM_NAME", "backup")
        monkeypatch.setenv("DEAD_LETTER_QUEUE_URL", aws.dead_letters)
        monkeypatch.setenv("DESTINATION_QUEUE_URL", aws.destination)
        monkeypatch.setenv("REPLAY_ID", "november")
        monkeypatch.setenv("REDACT", '[{"path": "$.payment.card"}]')
        yield aws


def emitted(capture: Capture) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """(metrics with the service dimension alone, all metric lines); Powertools prints them as it flushes."""
    lines = [json.loads(line) for line in capture.readouterr().out.splitlines() if line.startswith("{")]
    metrics: dict[str, float] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            assert directive["Namespace"] == "EventForkPipelines"
            if directive["Dimensions"] == [["service"]]:
                assert line["service"] == SERVICE
                metrics |= {metric["Name"]: line[metric["Name"]][0] for metric in directive["Metrics"]}
    return metrics, lines


def filling(event: dict[str, Any], size: int, message: str) -> dict[str, Any]:
    """The event's second record alone, with a message that takes `size` bytes with its envelope."""
    record = event["Records"][1]
    members = {**json.loads(record["body"]), "Message": message % ""}
    record["body"] = json.dumps({**members, "Message": message % ("x" * (size - len(json.dumps(members))))})
    return {"Records": [record]}


@pytest.mark.parametrize(
    ("limit", "message", "reason"), [(262_144, "no JSON %s", "not-json"), (1_048_576, '{"a": "%s"}', "too-large")]
)
@pytest.mark.parametrize("below", [0, 40])
@pytest.mark.parametrize("handler", [storage_backup.handler, search_analytics.handler])
def test_a_message_that_fills_its_queue_is_dead_lettered_with_its_reason(
    aws: Aws,
    load_event: LoadEvent,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    message: str,
    reason: str,
    below: int,
    handler: Callable[[dict[str, Any], Any], Any],
) -> None:
    aws.sqs.set_queue_attributes(QueueUrl=aws.dead_letters, Attributes={"MaximumMessageSize": str(limit)})
    monkeypatch.setenv("DEAD_LETTER_QUEUE_MAX_BYTES", str(limit))
    event = filling(load_event("sqs_sns_notifications"), limit - below, message)

    assert handler(event, context) == {"batchItemFailures": []}

    (letter,) = aws.messages(aws.dead_letters)
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["event-fork-reason"] == reason
    assert len(letter["Body"]) + sum(len(name + "String" + value) for name, value in attributes.items()) <= limit
    assert parse(letter["Body"]) == parse(event["Records"][0]["body"])


def test_backup_stores_envelopes_without_card_data_and_dead_letters_what_is_none(
    aws: Aws, load_event: LoadEvent, context: FakeContext, capsys: Capture, caplog: pytest.LogCaptureFixture
) -> None:
    event = load_event("sqs_sns_notifications")

    assert storage_backup.handler(event, context) == {"batchItemFailures": []}

    first, second = (parse(line.decode()) for line in aws.stored())
    sent = json.loads(event["Records"][0]["body"])
    assert first == StoredEvent(
        sent["MessageId"],
        sent["TopicArn"],
        sent["Message"].replace('"card": "4111111111111111", ', ""),
        sent["Timestamp"],
        "new order",
        sent["MessageAttributes"],
    )
    assert "129.90" in first.message
    assert second.message == '{"order_id": "o-2", "payment": {"amount": 5}}'
    (dead,) = aws.messages(aws.dead_letters)
    assert dead["Body"] == "not an envelope"
    assert {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()} == {
        "note": "sent by hand",
        "event-fork-reason": "not-an-sns-envelope",
        "event-fork-detail": "the body is not JSON",
        "event-fork-original-time": dead["MessageAttributes"]["event-fork-original-time"]["StringValue"],
        "event-fork-original-message-id": event["Records"][2]["messageId"],
    }
    metrics, lines = emitted(capsys)
    assert metrics == {
        "EventsReceived": 3,
        "EventsForwarded": 2,
        "EventsDeadLettered": 1,
        "RecordsPut": 1,
        "RecordBytes": sum(map(len, aws.stored())),
        "Calls": 1,
    }
    by_reason = [line for line in lines if line.get("reason") and "_aws" in line]
    assert [(line["reason"], line["service"], line["EventsDeadLettered"]) for line in by_reason] == [
        ("not-an-sns-envelope", SERVICE, [1.0])
    ]
    assert [(line["rule"], line["RedactionMatches"]) for line in lines if "RedactionMatches" in line] == [
        ("$.payment.card", [1.0])
    ]
    assert "4111111111111111" not in json.dumps(lines) + "".join(str(vars(record)) for record in caplog.records)


def test_raw_unpacked_backup_stores_each_message_alone(
    aws: Aws, load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("RECORD_FORMAT", "raw")
    monkeypatch.setenv("PACK_RECORDS", "false")

    storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert [json.loads(line)["order_id"] for line in aws.stored()] == ["o-1", "o-2"]
    assert emitted(capsys)[0]["RecordsPut"] == 2


def test_packed_backup_keeps_to_the_most_events_a_record_may_have(
    aws: Aws, load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("MAX_EVENTS_PER_RECORD", "1")

    storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert len(aws.stored()) == emitted(capsys)[0]["RecordsPut"] == 2


def test_compressed_backup_is_one_gzip_file_of_the_same_lines_in_one_record(
    aws: Aws, load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("COMPRESS_RECORDS", "true")

    storage_backup.handler(load_event("sqs_sns_notifications"), context)

    record = b"".join(aws.stored())
    assert [json.loads(json.loads(line)["Message"])["order_id"] for line in gzip.decompress(record).splitlines()] == [
        "o-1",
        "o-2",
    ]
    metrics, _ = emitted(capsys)
    assert (metrics["RecordsPut"], metrics["RecordBytes"]) == (1, len(record))


def test_search_sends_one_document_per_record(
    aws: Aws, load_event: LoadEvent, context: FakeContext, capsys: Capture
) -> None:
    search_analytics.handler(load_event("sqs_sns_notifications"), context)

    first, second = (json.loads(line) for line in aws.stored())
    assert first == {
        "@timestamp": "2026-11-23T09:30:00.123Z",
        "event_id": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "event_attributes": {"event_type": "OrderPlaced", "amount": "129.90", "tags": '["new","web"]'},
        "event_type": "OrderPlaced",
        "order_id": "o-1",
        "payment": {"amount": 129.9},
        "items": [{"sku": "A-1", "price": 64.95, "gift": "Grüße"}],
    }
    assert second["event_type"] is None
    assert emitted(capsys)[0]["RecordsPut"] == 2


def test_replay_copies_bodies_and_attributes_of_every_type_and_marks_where_there_is_room(
    aws: Aws, load_event: LoadEvent, context: FakeContext, capsys: Capture
) -> None:
    event = load_event("sqs_raw_attributes")

    assert replay.handler(event, context) == {"batchItemFailures": []}

    copies = {message["Body"]: message for message in aws.messages(aws.destination)}
    assert set(copies) == {record["body"] for record in event["Records"]}
    marked = copies[event["Records"][0]["body"]]["MessageAttributes"]
    assert {name: marked[name] for name in ("event_type", "amount", "tags", "picture", "cents")} == {
        "event_type": {"DataType": "String", "StringValue": "OrderPlaced"},
        "amount": {"DataType": "Number", "StringValue": "129.90"},
        "tags": {"DataType": "String.Array", "StringValue": '["new","web"]'},
        "picture": {"DataType": "Binary.png", "BinaryValue": b"\x89PNG\x00\xff"},
        "cents": {"DataType": "Number.int", "StringValue": "12990"},
    }
    assert {name: value["StringValue"] for name, value in marked.items() if name.startswith("event-fork-")} == {
        "event-fork-replay-id": "november",
        "event-fork-original-message-id": ID_1,
        "event-fork-original-time": "2026-11-23T09:30:00.123Z",
    }
    assert set(copies["plain text"]["MessageAttributes"]) == {f"a{number}" for number in range(10)}
    metrics, _ = emitted(capsys)
    assert (metrics["EventsMarked"], metrics["EventsUnmarked"], metrics["EventsForwarded"]) == (1, 1, 2)


def test_redact_answers_firehose_record_by_record(
    load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setenv("REDACT", '[{"path": "$..card", "action": "mask", "mask": "XXXX"}]')
    event = load_event("firehose_transformation")

    records = redact.handler(event, context)["records"]

    assert [record["recordId"] for record in records] == [record["recordId"] for record in event["records"]]
    assert [record["result"] for record in records] == ["Ok", "Ok", "ProcessingFailed", "ProcessingFailed"]
    assert '"card": "XXXX", "amount": 129.90' in parse(base64.b64decode(records[0]["data"]).decode()).message
    assert b'"card": "XXXX", "amount": 129.90' in base64.b64decode(records[1]["data"])
    assert emitted(capsys)[0] == {"RecordsRedacted": 2, "RecordsFailed": 2}


def use_forwarder(monkeypatch: pytest.MonkeyPatch, stream: FakeStream, dead_letters: FakeQueue) -> None:
    forwarder = Forwarder(StoredEvent.to_line, one_each, stream, dead_letters, NO_WAIT)
    monkeypatch.setattr(storage_backup, "forwarder", lambda: forwarder)


def test_a_partial_failure_answers_with_its_own_messages_and_logs_why(
    load_event: LoadEvent,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_forwarder(monkeypatch, FakeStream(failing(1), failing(0)), FakeQueue())

    answer = storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": ID_2}]}
    metrics, _ = emitted(capsys)
    assert (metrics["EventsForwarded"], metrics["EventsReturned"], metrics["EventsDeadLettered"]) == (1, 1, 1)
    (warning,) = [record for record in caplog.records if record.message == "messages go back to the queue"]
    logged = vars(warning)
    assert (logged["code"], logged["count"], logged["example_message_id"]) == ("ServiceUnavailableException", 1, ID_2)


def test_when_nothing_at_all_was_delivered_the_invocation_fails_and_still_reports(
    load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    use_forwarder(monkeypatch, FakeStream(throttled), FakeQueue(throttled))

    with pytest.raises(WholeBatchFailedError):
        storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert emitted(capsys)[0]["EventsReturned"] == 3


def test_without_time_left_nothing_is_sent_and_all_goes_back(
    load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, dead_letters = FakeStream(), FakeQueue()
    use_forwarder(monkeypatch, stream, dead_letters)
    context.remaining_ms = 0

    with pytest.raises(WholeBatchFailedError):
        storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert stream.calls == dead_letters.calls == []  # type: ignore[comparison-overlap]


def test_replay_sends_to_the_region_of_the_destination(
    aws: Aws, load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = boto3.client("sqs", region_name="us-east-1")
    url = elsewhere.create_queue(QueueName="checkout")["QueueUrl"]
    monkeypatch.setenv("DESTINATION_QUEUE_URL", url)
    monkeypatch.setenv("DESTINATION_QUEUE_REGION", "us-east-1")
    event = load_event("sqs_raw_attributes")

    assert replay.handler(event, context) == {"batchItemFailures": []}

    attributes = elsewhere.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    assert attributes["Attributes"]["ApproximateNumberOfMessages"] == str(len(event["Records"]))
    assert aws.messages(aws.destination) == []


def test_a_replay_that_fails_in_part_returns_what_was_not_copied(
    load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    destination = FakeQueue(failing(0), failing(0))
    replayer = Replayer("r", destination, FakeQueue(), NO_WAIT)
    monkeypatch.setattr(replay, "replayer", lambda: lambda messages, deadline, _run: replayer.run(messages, deadline))

    answer = replay.handler(load_event("sqs_raw_attributes"), context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": ID_1}]}
    assert destination.ids() == [ID_2]
    assert destination.taken[0].group_id == "tenant-7"
    metrics, _ = emitted(capsys)
    assert ("EventsMarked" in metrics, metrics["EventsUnmarked"], metrics["EventsReturned"]) == (False, 1, 1)


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.parametrize(
    ("module", "variable"),
    [(storage_backup, "DELIVERY_STREAM_NAME"), (search_analytics, "DELIVERY_STREAM_NAME"), (replay, "REPLAY_ID")],
)
def test_a_missing_variable_fails_the_first_invocation_by_name_not_the_import(
    aws: Aws, module: Any, variable: str, load_event: LoadEvent, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(variable)

    with pytest.raises(SettingError, match=variable):
        module.handler(load_event("sqs_sns_notifications"), context)


def test_parts_are_made_once_and_kept(aws: Aws, load_event: LoadEvent, context: FakeContext) -> None:
    storage_backup.handler(load_event("sqs_sns_notifications"), context)
    first = storage_backup.forwarder()
    storage_backup.handler(load_event("sqs_sns_notifications"), context)

    assert storage_backup.forwarder() is first
