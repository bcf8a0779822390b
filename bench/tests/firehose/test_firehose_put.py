"""PutRecord and PutRecordBatch. Notes 1.3."""

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness, eventually

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.server import RunningFirehose
from local_firehose.quotas import LARGE, SMALL, quota
from local_firehose.settings import Settings

KIB = 1024


@pytest.mark.behaviour("1.3", "model")
def test_a_record_holds_up_to_1000_kib_before_base64(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.put(b"x" * 1000 * KIB)
    with pytest.raises(ClientError) as caught:
        stream.put(b"x" * (1000 * KIB + 1))
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "1 validation error detected: Value at 'records.1.member.data' failed to satisfy constraint: "
        "Member must have length less than or equal to 1024000",
    }


@pytest.mark.behaviour("1.3", "observed", "stackd")
def test_empty_data_is_accepted(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.put(b"", b"a", b"")
    assert stream.body() == b"a"


@pytest.mark.behaviour("1.3", "model")
@pytest.mark.parametrize("count", [0, 501])
def test_a_batch_has_1_to_500_records(harness: Harness, count: int) -> None:
    stream = harness.s3_stream()
    with pytest.raises(ClientError, match=r"ValidationException.*'records'"):
        stream.put(*[b"x"] * count)


@pytest.mark.behaviour("1.3", "observed", "stackd")
def test_a_batch_above_4_mib_is_refused_whole(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.put(*[b"x" * 1000 * KIB] * 4, b"x" * 96 * KIB)  # exactly 4 MiB
    with pytest.raises(ClientError, match="exceeds the maximum allowed size of 4194304 bytes") as caught:
        stream.put(*[b"x" * 1000 * KIB] * 4, b"x" * (96 * KIB + 1))
    assert caught.value.response["Error"]["Code"] == "InvalidArgumentException"
    assert len(stream.body()) == 4 * KIB * KIB


@pytest.mark.behaviour("1.3", "documented")
def test_put_record_answers_a_record_id_and_whether_it_is_encrypted(harness: Harness) -> None:
    stream = harness.s3_stream()
    answer = harness.client.put_record(DeliveryStreamName=stream.name, Record={"Data": b"one"})
    assert answer["RecordId"]
    assert answer["Encrypted"] is False
    assert stream.body() == b"one"


@pytest.mark.behaviour("1.3", "documented")
def test_put_record_batch_answers_every_record_in_order_with_an_id_of_its_own(harness: Harness) -> None:
    stream = harness.s3_stream()
    answer = stream.put_batch(*[b"%d" % n for n in range(500)])
    assert (answer["FailedPutCount"], answer["Encrypted"]) == (0, False)
    assert len({entry["RecordId"] for entry in answer["RequestResponses"]}) == 500


@pytest.mark.behaviour("1.3", "documented")
def test_a_partial_failure_is_status_200_and_names_each_failed_entry(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("put-entry", stream=stream.name, times=1)
    harness.control.arm("put-entry", stream=stream.name, times=1, code="InternalFailure", message="Internal failure.")
    answer = stream.put_batch(b"a", b"b", b"c")
    assert answer["FailedPutCount"] == 2
    assert answer["RequestResponses"][0] == {"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}
    assert answer["RequestResponses"][1] == {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal failure."}
    assert set(answer["RequestResponses"][2]) == {"RecordId"}
    assert stream.body() == b"c"


@pytest.mark.behaviour("1.3", "documented")
def test_encrypted_is_true_only_while_encryption_is_enabled(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)

    def status() -> str:
        return str(stream.describe()["DeliveryStreamEncryptionConfiguration"]["Status"])

    eventually(lambda: status() == "ENABLED")
    assert stream.put_batch(b"x")["Encrypted"] is True
    harness.client.stop_delivery_stream_encryption(DeliveryStreamName=stream.name)
    eventually(lambda: status() == "DISABLED")
    assert stream.put_batch(b"x")["Encrypted"] is False


@pytest.mark.behaviour("1.3", "uncertain")
def test_a_throttled_call_is_service_unavailable_with_slow_down(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("call", stream=stream.name, times=1)
    with pytest.raises(ClientError) as caught:
        stream.put(b"x")
    assert caught.value.response["Error"] == {"Code": "ServiceUnavailableException", "Message": "Slow down."}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    stream.put(b"y")
    assert stream.body() == b"y"


@pytest.mark.behaviour("1.3", "documented")
def test_direct_put_quotas_depend_on_the_region() -> None:
    assert quota("eu-west-1") == quota("us-east-1") == quota("us-west-2") == LARGE
    assert quota("eu-central-1") == SMALL
    assert (LARGE.records, LARGE.requests, LARGE.bytes) == (500_000, 2_000, 5 * KIB * KIB)
    assert (SMALL.records, SMALL.requests, SMALL.bytes) == (100_000, 1_000, KIB * KIB)


@pytest.mark.behaviour("1.3", "uncertain")
def test_beyond_the_quota_of_bytes_the_rest_of_a_batch_and_then_whole_calls_are_throttled() -> None:
    with FakeAws() as aws:
        # Clock frozen: the second in which the quota holds does not pass.
        settings = Settings(aws_endpoint=aws.endpoint, check_roles=False, transition_seconds=0.0, drain_seconds=0.0)
        with RunningFirehose(settings) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            harness.client = firehose.client(region="eu-central-1")
            stream = harness.s3_stream()
            harness.control.clock(speed=0)
            answer = stream.put_batch(*[b"x" * 500 * KIB] * 4)
            assert [set(entry) for entry in answer["RequestResponses"]] == [{"RecordId"}] * 3 + [
                {"ErrorCode", "ErrorMessage"}
            ]
            with pytest.raises(ClientError, match="ServiceUnavailableException"):
                stream.put(b"x")
            harness.control.clock(advance_seconds=2)
            stream.put(b"x")


@pytest.mark.behaviour("1.3", "documented")
def test_the_number_of_streams_of_a_region_is_limited() -> None:
    with FakeAws() as aws:
        settings = Settings(aws_endpoint=aws.endpoint, check_roles=False, max_streams=2)
        with RunningFirehose(settings) as firehose:
            client = firehose.client()
            configuration = Harness(aws, None, firehose).s3_configuration("b")  # type: ignore[arg-type]
            for name in ("one", "two"):
                client.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=configuration)
            with pytest.raises(ClientError, match="LimitExceededException"):
                client.create_delivery_stream(
                    DeliveryStreamName="three", ExtendedS3DestinationConfiguration=configuration
                )
