"""CloudWatch metrics and error-log events. Notes 6."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from firehose.harness import ROLE, Harness, StreamUnderTest, eventually, processing, processor

from local_firehose.fakes.aws import AwsError, FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings

LOGGING = {"Enabled": True, "LogGroupName": "/aws/kinesisfirehose/s", "LogStreamName": "DestinationDelivery"}
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f"


@pytest.fixture
def own() -> Iterator[Harness]:
    """A server whose metrics and logs belong to one test."""
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        settings = Settings(
            aws.endpoint, opensearch=opensearch.endpoint, check_roles=False, check_kms=False, clock_speed=300
        )
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, opensearch, firehose)


def metrics(harness: Harness, stream: StreamUnderTest) -> dict[str, dict[str, float]]:
    """Sum, count and maximum of the stream's metrics once all is delivered and published."""
    stream.delivered()
    harness.firehose.run(harness.firehose.server.tools.metrics.flush())
    found: dict[str, dict[str, float]] = {}
    for datum in list(harness.aws.metrics):
        if {"Name": "DeliveryStreamName", "Value": stream.name} in datum.get("Dimensions", []):
            values = datum["StatisticValues"]
            into = found.setdefault(datum["MetricName"], {"Sum": 0.0, "SampleCount": 0.0, "Maximum": 0.0})
            into["Sum"] += values["Sum"]
            into["SampleCount"] += values["SampleCount"]
            into["Maximum"] = max(into["Maximum"], values["Maximum"])
    return found


def sums(harness: Harness, stream: StreamUnderTest, *names: str) -> list[float]:
    """Sums of some metrics; 0 when a metric was not put."""
    found = metrics(harness, stream)
    return [found.get(name, {"Sum": 0.0})["Sum"] for name in names]


def events(harness: Harness) -> list[dict[str, Any]]:
    """The error events, once there is one."""
    eventually(lambda: harness.aws.log_events, what="an error event")
    return [event for _, _, event in list(harness.aws.log_events)]


# --- metrics ------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("6", "documented")
def test_metrics_are_in_aws_firehose_by_stream_once_a_minute(own: Harness) -> None:
    stream = own.s3_stream()
    own.control.clock(speed=0)
    own.control.clock(advance_seconds=60)  # whatever was gathered before
    eventually(lambda: own.aws.metrics)
    seen = len(own.aws.metrics)
    stream.put(b"x")
    own.control.clock(advance_seconds=59)
    stream.describe()
    assert len(own.aws.metrics) == seen
    own.control.clock(advance_seconds=1)
    data = eventually(lambda: own.aws.metrics[seen:])
    assert {datum["Namespace"] for datum in data} == {"AWS/Firehose"}
    assert {"Name": "DeliveryStreamName", "Value": stream.name} in data[0]["Dimensions"]


@pytest.mark.behaviour("6", "documented")
def test_ingestion_is_counted_in_records_bytes_and_requests(own: Harness) -> None:
    stream = own.s3_stream()
    stream.put(b"12345", b"123")
    own.client.put_record(DeliveryStreamName=stream.name, Record={"Data": b"12"})
    names = ("IncomingRecords", "IncomingBytes", "IncomingPutRequests", "ThrottledRecords")
    assert sums(own, stream, *names) == [3, 10, 2, 0]


@pytest.mark.behaviour("6", "documented")
def test_the_limits_of_the_stream_are_shown_even_when_idle(own: Harness) -> None:
    stream = own.s3_stream()
    limits = eventually(
        lambda: (
            found
            if "BytesPerSecondLimit" in (found := metrics(own, stream)) and "PutRequestsPerSecondLimit" in found
            else None
        )
    )
    assert limits is not None
    assert limits["BytesPerSecondLimit"]["Maximum"] == 5 * 1024 * 1024
    assert limits["RecordsPerSecondLimit"]["Maximum"] == 500_000
    assert limits["PutRequestsPerSecondLimit"]["Maximum"] == 2_000


@pytest.mark.behaviour("6", "documented")
def test_calls_of_the_api_are_counted(own: Harness) -> None:
    stream = own.s3_stream()
    stream.put(b"12345", b"123")
    own.client.put_record(DeliveryStreamName=stream.name, Record={"Data": b"12"})
    stream.update(Prefix="x/")
    own.client.list_delivery_streams()
    found = metrics(own, stream)
    assert found["PutRecordBatch.Requests"]["Sum"] == 1
    assert found["PutRecordBatch.Records"]["Sum"] == 2
    assert 8 <= found["PutRecordBatch.Bytes"]["Sum"] <= 12
    assert found["PutRecord.Requests"]["Sum"] == 1
    assert found["PutRecord.Latency"]["Sum"] > 0
    assert found["DescribeDeliveryStream.Requests"]["Sum"] >= 1
    assert found["UpdateDeliveryStream.Requests"]["Sum"] == 1
    assert [datum for datum in own.aws.metrics if datum["MetricName"] == "ListDeliveryStreams.Requests"]


@pytest.mark.behaviour("6", "documented")
def test_s3_delivery_is_counted_and_its_success_is_1_or_0_per_put(own: Harness) -> None:
    stream = own.s3_stream()
    own.aws.refuse_puts.append(AwsError(503, "SlowDown"))
    stream.put(b"12345", b"123")
    found = metrics(own, stream)
    assert found["DeliveryToS3.Records"]["Sum"] == 2
    assert found["DeliveryToS3.Bytes"]["Sum"] == 8
    assert found["DeliveryToS3.Success"] == {"Sum": 1, "SampleCount": 2, "Maximum": 1}
    assert found["DeliveryToS3.DataFreshness"]["Maximum"] > 0
    assert "BackupToS3.Success" not in found


@pytest.mark.behaviour("6", "observed", "stackd")
def test_transformation_counts_source_bytes_and_only_ok_succeeds(own: Harness) -> None:
    results = {51: "Ok", 53: "Dropped", 54: "ProcessingFailed"}
    own.aws.functions["f"] = lambda event: {
        "records": [
            {"recordId": r["recordId"], "result": results[len(base64.b64decode(r["data"]))], "data": "eA=="}
            for r in event["records"]
        ]
    }
    bucket = own.bucket()
    stream = own.s3_stream(
        ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION)),
        S3BackupMode="Enabled",
        S3BackupConfiguration={"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"},
    )
    stream.put(b"o" * 51, b"d" * 53, b"f" * 54)
    # As captured on AWS: a dropped record is in the backup only, a failed one counts as delivered.
    assert sums(own, stream, "DeliveryToS3.Records", "DeliveryToS3.Bytes") == [2, 51 + 54]
    assert sums(own, stream, "BackupToS3.Records", "BackupToS3.Bytes") == [3, 51 + 53 + 54]
    assert sums(own, stream, "SucceedProcessing.Records", "SucceedProcessing.Bytes") == [1, 51]
    found = metrics(own, stream)
    assert found["ExecuteProcessing.Success"]["Sum"] == 1
    assert found["ExecuteProcessing.Duration"]["Sum"] > 0
    assert not [name for name in found if name.startswith("FailedProcessing")]


@pytest.mark.behaviour("6", "documented")
def test_a_failed_invocation_is_a_zero_of_execute_processing(own: Harness) -> None:
    stream = own.s3_stream(
        ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION, NumberOfRetries="1"))
    )
    stream.put(b"x")
    assert metrics(own, stream)["ExecuteProcessing.Success"] == {"Sum": 0, "SampleCount": 2, "Maximum": 0}


@pytest.mark.behaviour("6", "documented")
def test_opensearch_delivery_is_counted(own: Harness) -> None:
    stream = own.opensearch_stream()
    own.control.arm("opensearch", status=403, times=1)
    own.control.arm("opensearch-item", status=429, times=1)
    stream.put(b'{"n": 1}', b'{"n": 2}', b"bad")
    found = metrics(own, stream)
    name = "DeliveryToAmazonOpenSearchService"
    assert found[f"{name}.Records"]["Sum"] == 2
    assert found[f"{name}.Bytes"]["Sum"] == 16
    assert found[f"{name}.AuthFailure"]["Sum"] == 1
    assert found[f"{name}.DeliveryRejected"]["Sum"] == 1
    assert found[f"{name}.Success"]["Sum"] == 2
    assert found[f"{name}.Success"]["SampleCount"] == 5
    assert found[f"{name}.DataFreshness"]["Maximum"] > 0


@pytest.mark.behaviour("6", "documented")
def test_of_the_s3_side_of_opensearch_only_success_is_shown_unless_all_documents_are_kept(own: Harness) -> None:
    failed_only = own.opensearch_stream()
    failed_only.put(b"bad")
    found = metrics(own, failed_only)
    assert found["DeliveryToS3.Success"]["Sum"] == 1
    assert "DeliveryToS3.Records" not in found
    everything = own.opensearch_stream(S3BackupMode="AllDocuments")
    everything.put(b'{"n": 1}')
    found = metrics(own, everything)
    assert (found["DeliveryToS3.Records"]["Sum"], found["DeliveryToS3.Bytes"]["Sum"]) == (1, 8)


@pytest.mark.behaviour("6", "documented")
def test_partitions_are_counted(own: Harness) -> None:
    stream = own.partitioned_stream()
    stream.put(b'{"k":"a"}', b'{"k":"b"}')
    found = metrics(own, stream)
    assert found["PartitionCount"]["Maximum"] == 2
    assert found["DeliveryToS3.ObjectCount"]["Sum"] == 2
    assert found["JQProcessing.Duration"]["SampleCount"] == 2
    assert found["PerPartitionThroughput"]["Sum"] > 0
    eventually(lambda: metrics(own, stream).get("ActivePartitionsLimit", {}).get("Maximum") == 500)


@pytest.mark.behaviour("6", "documented")
def test_conversion_and_decompression_are_counted(own: Harness) -> None:
    import gzip

    own.aws.tables["d", "t"] = {"StorageDescriptor": {"Columns": [{"Name": "id", "Type": "string"}]}}
    stream = own.s3_stream(
        BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60},
        DataFormatConversionConfiguration={
            "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
            "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
            "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        },
        ProcessingConfiguration=processing(processor("Decompression", CompressionFormat="GZIP")),
    )
    stream.put(gzip.compress(b'{"id":"a"}'), gzip.compress(b"no"), gzip.compress(b"x")[:-9])
    found = metrics(own, stream)
    assert (found["SucceedConversion.Records"]["Sum"], found["SucceedConversion.Bytes"]["Sum"]) == (1, 10)
    assert (found["FailedConversion.Records"]["Sum"], found["FailedConversion.Bytes"]["Sum"]) == (1, 2)
    assert found["OutputDecompressedRecords.Success"]["Sum"] == 2
    assert found["OutputDecompressedRecords.Failed"]["Sum"] == 1


@pytest.mark.behaviour("6", "documented")
def test_data_freshness_is_not_put_when_idle(own: Harness) -> None:
    stream = own.s3_stream()
    eventually(lambda: "BytesPerSecondLimit" in metrics(own, stream))
    assert "DeliveryToS3.DataFreshness" not in metrics(own, stream)


def test_a_cloudwatch_that_does_not_answer_holds_nothing_up() -> None:
    with FakeAws() as aws:
        settings = Settings("http://127.0.0.1:1", check_roles=False, clock_speed=300)
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            harness.s3_stream()
            harness.firehose.run(firehose.server.tools.metrics.flush())


# --- error events -------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("6", "observed", "stackd")
def test_an_s3_error_is_an_event_with_the_version_as_text(own: Harness) -> None:
    stream = own.s3_stream(CloudWatchLoggingOptions=LOGGING)
    own.control.arm("s3", times=1, code="NoSuchBucket", message="The specified bucket does not exist")
    stream.put(b"x")
    stream.delivered()
    (event,) = events(own)
    assert event == {
        "deliveryStreamARN": stream.describe()["DeliveryStreamARN"],
        "destination": f"arn:aws:s3:::{stream.bucket}",
        "deliveryStreamVersionId": "1",
        "message": "The specified bucket does not exist",
        "errorCode": "S3.NoSuchBucket",
    }
    group, log_stream, _ = own.aws.log_events[0]
    assert (group, log_stream) == ("/aws/kinesisfirehose/s", "DestinationDelivery")


@pytest.mark.behaviour("6", "observed", "stackd")
def test_a_function_error_is_an_event_with_the_function_as_processor(own: Harness) -> None:
    stream = own.s3_stream(
        CloudWatchLoggingOptions=LOGGING,
        ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION, NumberOfRetries="0")),
    )
    stream.put(b"x", b"y")
    stream.delivered()
    (event,) = events(own)
    assert event["processor"] == FUNCTION
    assert event["errorCode"] == "Lambda.ResourceNotFound"
    assert event["deliveryStreamVersionId"] == 1


@pytest.mark.behaviour("6", "documented")
def test_errors_of_opensearch_are_events_as_the_domain_returned_them(own: Harness) -> None:
    stream = own.opensearch_stream(CloudWatchLoggingOptions=LOGGING)
    own.opensearch.judge = lambda *_: (400, {"type": "mapper_parsing_exception", "reason": "failed"})
    stream.put(b'{"n": 1}')
    stream.delivered()
    (event,) = events(own)
    assert event["errorCode"] == "400"
    assert event["message"] == '{"type":"mapper_parsing_exception","reason":"failed"}'
    assert event["destination"] == "arn:aws:es:eu-west-1:000000000000:domain/bench"


@pytest.mark.behaviour("6", "documented")
def test_without_logging_there_are_no_events(own: Harness) -> None:
    stream = own.s3_stream(CloudWatchLoggingOptions={**LOGGING, "Enabled": False})
    own.control.arm("s3", times=1)
    stream.put(b"x")
    stream.delivered()
    assert not own.aws.log_events


@pytest.mark.behaviour("6", "documented")
def test_events_are_sampled_at_a_high_rate_of_failures(own: Harness) -> None:
    stream = own.opensearch_stream(CloudWatchLoggingOptions=LOGGING)
    own.opensearch.judge = lambda *_: (400, {"type": "mapper_parsing_exception", "reason": "failed"})
    own.control.clock(speed=0)
    stream.put(*[b'{"n": 1}'] * 300)
    own.control.flush(stream.name)
    eventually(lambda: stream.buffers().get("errors/AmazonOpenSearchService-failed", {}).get("items") == 300)
    assert 1 <= len(events(own)) <= 20


@pytest.mark.behaviour("6", "documented")
def test_an_unusable_encryption_key_is_counted() -> None:
    key = "arn:aws:kms:eu-west-1:000000000000:key/k"
    with FakeAws() as aws, RunningFirehose(Settings(aws.endpoint, check_roles=False, clock_speed=300)) as firehose:
        harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
        aws.keys[key] = {}
        wanted = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": key}
        stream = harness.s3_stream(request={"DeliveryStreamEncryptionConfigurationInput": wanted})
        for state, metric in (
            ({"KeyState": "Disabled"}, "KMSKeyDisabled"),
            ({"KeyState": "PendingDeletion"}, "KMSKeyInvalidState"),
            (None, "KMSKeyNotFound"),
        ):
            if state is None:
                del aws.keys[key]
            else:
                aws.keys[key] = state
            harness.control.clock(advance_seconds=60)
            with pytest.raises(harness.client.exceptions.InvalidKMSResourceException):
                stream.put(b"x")
            assert sums(harness, stream, metric) == [1]
