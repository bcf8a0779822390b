"""The API's frame: protocol, constraints of the service model, errors. Notes 1.1, 1.2."""

import base64
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness

from local_firehose.validation.model import service_model

SCOPE = "AWS4-HMAC-SHA256 Credential=test/20261123/eu-west-1/firehose/aws4_request, SignedHeaders=host, Signature=0"


def call(harness: Harness, operation: str, body: bytes, **headers: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """A raw call: status, JSON body, headers."""
    request = urllib.request.Request(
        harness.firehose.endpoint + "/",
        body,
        {"X-Amz-Target": f"Firehose_20150804.{operation}", "Authorization": SCOPE, **headers},
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read()), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), dict(error.headers)


def refused(harness: Harness, code: str, **configuration: Any) -> str:
    """The message with which CreateDeliveryStream refuses an S3 destination."""
    with pytest.raises(ClientError) as caught:
        harness.s3_stream(**configuration)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return str(caught.value.response["Error"]["Message"])


@pytest.mark.behaviour("1.1", "model")
def test_calls_are_aws_json_with_the_operation_in_a_header(harness: Harness) -> None:
    status, body, headers = call(harness, "ListDeliveryStreams", b"{}")
    assert status == 200
    assert set(body) == {"DeliveryStreamNames", "HasMoreDeliveryStreams"}
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-RequestId"]


@pytest.mark.behaviour("1.1", "model")
def test_blobs_are_base64_and_timestamps_epoch_seconds_with_milliseconds(harness: Harness) -> None:
    stream = harness.s3_stream()
    data = base64.b64encode(b"\x00\xff").decode()
    body = json.dumps({"DeliveryStreamName": stream.name, "Record": {"Data": data}}).encode()
    assert call(harness, "PutRecord", body)[0] == 200
    assert stream.body() == b"\x00\xff"
    described = call(harness, "DescribeDeliveryStream", json.dumps({"DeliveryStreamName": stream.name}).encode())[1]
    created = described["DeliveryStreamDescription"]["CreateTimestamp"]
    assert isinstance(created, float)
    assert round(created, 3) == created


@pytest.mark.behaviour("1.1", "model")
def test_there_are_exactly_the_twelve_operations_of_the_model(harness: Harness) -> None:
    assert len(service_model().operation_names) == 12
    for operation in service_model().operation_names:
        status, body, _ = call(harness, operation, b"{}")
        assert body.get("__type") != "UnknownOperationException", operation
        assert status in (200, 400)
    assert call(harness, "PutRecords", b"{}")[1]["__type"] == "UnknownOperationException"


@pytest.mark.behaviour("1.1", "model")
def test_an_error_is_type_and_message_with_status_400(harness: Harness) -> None:
    status, body, _ = call(harness, "DescribeDeliveryStream", b'{"DeliveryStreamName": "no-such-stream"}')
    assert status == 400
    assert body == {
        "__type": "ResourceNotFoundException",
        "message": "Firehose no-such-stream under account 000000000000 not found.",
    }


@pytest.mark.behaviour("1.1", "model")
def test_service_unavailable_exception_is_status_503(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("call", stream=stream.name, times=1)
    body = json.dumps({"DeliveryStreamName": stream.name, "Record": {"Data": "eA=="}}).encode()
    status, answer, _ = call(harness, "PutRecord", body)
    assert (status, answer["__type"]) == (503, "ServiceUnavailableException")


@pytest.mark.behaviour("1.1", "uncertain")
def test_an_error_names_its_code_in_a_header_too(harness: Harness) -> None:
    _, body, headers = call(harness, "DescribeDeliveryStream", b'{"DeliveryStreamName": "no-such-stream"}')
    assert headers["x-amzn-ErrorType"] == body["__type"] == "ResourceNotFoundException"
    assert headers["x-amzn-RequestId"]


@pytest.mark.behaviour("1.1", "uncertain")
def test_a_body_of_more_than_16_mib_is_refused_whole(harness: Harness) -> None:
    largest = json.dumps({"DeliveryStreamName": "none", "Record": {"Data": "A" * (16 * 1024 * 1024 - 1000)}})
    assert call(harness, "PutRecord", largest.encode())[1]["__type"] == "ValidationException"
    status, body, _ = call(harness, "PutRecord", largest.encode() + b" " * 1000)
    assert (status, body["__type"]) == (413, "RequestEntityTooLargeException")


def test_calls_of_one_connection_are_answered_one_after_the_other(harness: Harness) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", harness.firehose.port, timeout=10)
    headers = {"X-Amz-Target": "Firehose_20150804.ListDeliveryStreams", "Authorization": SCOPE}
    seen: set[str | None] = set()
    for body, status in ((b"{}", 200), (b"[]", 400), (b"{}", 200)):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
        assert answer.getheader("Access-Control-Allow-Origin") is None
        seen.add(answer.getheader("x-amzn-RequestId"))
    assert len(seen) == 3
    connection.close()


@pytest.mark.behaviour("1.1", "observed", "floci 3375")
def test_a_bad_enum_value_is_a_validation_exception_that_lists_the_values(harness: Harness) -> None:
    assert refused(harness, "ValidationException", CompressionFormat="gzip") == (
        "1 validation error detected: Value at 'extendedS3DestinationConfiguration.compressionFormat' failed to "
        "satisfy constraint: Member must satisfy enum value set: [ZIP, HADOOP_SNAPPY, Snappy, GZIP, UNCOMPRESSED]"
    )


@pytest.mark.behaviour("1.1", "observed", "floci 3375")
def test_all_violations_are_reported_at_once(harness: Harness) -> None:
    message = refused(
        harness,
        "ValidationException",
        RoleARN="nobody",
        BucketARN=None,
        BufferingHints={"SizeInMBs": 129, "IntervalInSeconds": -1},
    )
    assert message.startswith("4 validation errors detected: ")
    path = "Value at 'extendedS3DestinationConfiguration."
    assert f"{path}roleARN' failed to satisfy constraint: Member must satisfy regular expression pattern: " in message
    assert f"{path}bucketARN' failed to satisfy constraint: Member must not be null" in message
    assert f"{path}bufferingHints.sizeInMBs' failed to satisfy constraint: Member must have value less" in message
    assert f"{path}bufferingHints.intervalInSeconds' failed to satisfy constraint: Member must have value" in message


@pytest.mark.behaviour("1.1", "observed", "preflight")
def test_a_rule_beyond_the_model_is_an_invalid_argument_exception(harness: Harness) -> None:
    refused(harness, "InvalidArgumentException", Prefix="!{timestamp:yyyy}/")


@pytest.mark.behaviour("1.1", "uncertain")
@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("ListDeliveryStreams", b"not json"),
        ("ListDeliveryStreams", b"[]"),
        ("ListDeliveryStreams", b'{"Limit": ' + b"[" * 100_000),
        ("ListDeliveryStreams", b"\xff"),
        ("ListDeliveryStreams", b'{"Limit": "ten"}'),
        ("ListDeliveryStreams", b'{"Limit": true}'),
        ("DescribeDeliveryStream", b'{"DeliveryStreamName": 7}'),
        ("PutRecord", b'{"DeliveryStreamName": "x", "Record": {"Data": "%%%"}}'),
        ("PutRecord", b'{"DeliveryStreamName": "x", "Record": "Data"}'),
        ("PutRecordBatch", b'{"DeliveryStreamName": "x", "Records": {}}'),
        ("DeleteDeliveryStream", b'{"DeliveryStreamName": "x", "AllowForceDelete": "yes"}'),
    ],
)
def test_a_value_of_the_wrong_json_type_is_a_serialization_exception(
    harness: Harness, operation: str, body: bytes
) -> None:
    status, answer, _ = call(harness, operation, body)
    assert (status, answer["__type"]) == (400, "SerializationException")


@pytest.mark.behaviour("1.1", "uncertain")
def test_a_call_without_a_signature_scope_is_refused(harness: Harness) -> None:
    status, answer, _ = call(harness, "ListDeliveryStreams", b"{}", Authorization="")
    assert (status, answer["__type"]) == (403, "MissingAuthenticationTokenException")


@pytest.mark.behaviour("1.2", "model")
@pytest.mark.parametrize("name", ["", "a" * 65, "with space", "ünïcode", "slash/"])
def test_stream_names_are_1_to_64_letters_digits_and_some_marks(harness: Harness, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        harness.client.describe_delivery_stream(DeliveryStreamName=name)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert "deliveryStreamName" in caught.value.response["Error"]["Message"]


@pytest.mark.behaviour("1.2", "model")
def test_the_arn_names_partition_region_account_and_stream(harness: Harness) -> None:
    for region, partition in (
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("eu-future-9", "aws"),
    ):
        client = harness.firehose.client(region=region, access_key="123456789012")
        name = harness.name()
        answer = client.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration=harness.s3_configuration(harness.bucket()),
        )
        assert answer["DeliveryStreamARN"] == f"arn:{partition}:firehose:{region}:123456789012:deliverystream/{name}"


@pytest.mark.behaviour("1.2", "observed", "stackd")
def test_the_version_starts_at_1_and_the_destination_id_is_always_the_same(harness: Harness) -> None:
    description = harness.s3_stream().describe()
    assert description["VersionId"] == "1"
    assert [one["DestinationId"] for one in description["Destinations"]] == ["destinationId-000000000001"]


@pytest.mark.behaviour("1.2", "model")
@pytest.mark.parametrize(
    "wrong",
    [
        {"RoleARN": "arn:aws:iam::1:role/x"},
        {"RoleARN": f"{ROLE}/{'x' * 500}"},
        {"BucketARN": "arn:aws:s3:::"},
        {"BucketARN": "arn:aws:s3:::with/slash"},
        {"Prefix": "p" * 1025},
        {"ErrorOutputPrefix": "p" * 1025},
        {"FileExtension": "json"},
        {"FileExtension": ".JSON"},
        {"FileExtension": "." + "x" * 128},
        {"CustomTimeZone": "Etc/GMT+1"},
        {"CustomTimeZone": "x" * 51},
        {"BufferingHints": {"SizeInMBs": 0, "IntervalInSeconds": 60}},
        {"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 901}},
        {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": "alias/aws/s3"}}},
        {"CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": "g", "LogStreamName": "with:colon"}},
        {"ProcessingConfiguration": {"Processors": [{"Type": "Nothing"}]}},
        {"ProcessingConfiguration": {"Processors": [{"Parameters": []}]}},
    ],
)
def test_a_value_outside_the_constraints_of_the_model_is_refused(harness: Harness, wrong: dict[str, Any]) -> None:
    (member,) = wrong
    assert f"extendedS3DestinationConfiguration.{member[0].lower()}{member[1:]}" in refused(
        harness, "ValidationException", **wrong
    )


@pytest.mark.behaviour("1.2", "model")
def test_processor_parameter_values_must_not_be_blank(harness: Harness) -> None:
    parameters = [{"ParameterName": "LambdaArn", "ParameterValue": "  "}]
    message = refused(
        harness,
        "ValidationException",
        ProcessingConfiguration={"Enabled": True, "Processors": [{"Type": "Lambda", "Parameters": parameters}]},
    )
    assert "processingConfiguration.processors.1.member.parameters.1.member.parameterValue" in message


@pytest.mark.behaviour("1.2", "model")
@pytest.mark.parametrize(
    "wrong",
    [
        {"DomainARN": "arn:aws:es:eu-west-1:000000000000:domain/UPPER"},
        {"IndexName": ""},
        {"IndexName": "x" * 81},
        {"TypeName": "x" * 101},
        {"RetryOptions": {"DurationInSeconds": 7201}},
        {"RetryOptions": {"DurationInSeconds": -1}},
        {"BufferingHints": {"SizeInMBs": 101, "IntervalInSeconds": 60}},
        {"IndexRotationPeriod": "OneYear"},
    ],
)
def test_an_opensearch_value_outside_the_constraints_is_refused(harness: Harness, wrong: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        harness.opensearch_stream(**wrong)


@pytest.mark.behaviour("1.2", "model")
def test_a_cluster_endpoint_must_be_https(harness: Harness) -> None:
    with pytest.raises(ClientError, match=r"clusterEndpoint.*https:"):
        harness.opensearch_stream(DomainARN=None, ClusterEndpoint="http://127.0.0.1:9200")


@pytest.mark.behaviour("1.2", "observed", "preflight")
@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"DomainARN": None}, "Provide either the Elasticsearch cluster endpoint or domain arn."),
        (
            {"ClusterEndpoint": "https://search.example.com"},
            "Cannot provide both Elasticsearch cluster endpoint and domain ARN. Provide either the cluster endpoint or "
            "domain arn. Must specify cluster endpoint for cross account elasticsearch cluster.",
        ),
    ],
)
def test_exactly_one_of_domain_arn_and_cluster_endpoint_is_needed(
    harness: Harness, targets: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError) as caught:
        harness.opensearch_stream(**targets)
    assert caught.value.response["Error"]["Message"] == message


@pytest.mark.behaviour("1.2", "observed", "preflight")
def test_a_source_of_another_kind_is_ignored_for_direct_put(harness: Harness) -> None:
    source = {"KinesisStreamARN": "arn:aws:kinesis:eu-west-1:000000000000:stream/none", "RoleARN": ROLE}
    stream = harness.s3_stream(request={"KinesisStreamSourceConfiguration": source})
    assert "Source" not in stream.describe()


@pytest.mark.behaviour("1.2", "observed", "preflight")
@pytest.mark.parametrize("part", ["destination", "backup"])
def test_a_key_for_objects_is_of_the_streams_region(harness: Harness, part: str) -> None:
    key = "arn:aws:kms:us-east-1:000000000000:key/k"
    encryption = {"EncryptionConfiguration": {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}}
    backup = {"S3BackupMode": "Enabled", "S3BackupConfiguration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"}}
    if part == "backup":
        backup["S3BackupConfiguration"] |= encryption  # type: ignore[operator]
    assert refused(harness, "InvalidArgumentException", **(backup if part == "backup" else encryption)) == (
        f"KMS Key {key} does not exist in the same region as the S3 bucket. "
        "KMS Key region: us-east-1. S3 Bucket Region: eu-west-1"
    )


@pytest.mark.behaviour("1.2", "observed", "preflight")
def test_enabled_logging_needs_its_names(harness: Harness) -> None:
    assert refused(harness, "InvalidArgumentException", CloudWatchLoggingOptions={"Enabled": True}) == (
        "CloudWatch Log Group Name is required if CloudWatch Logging is enabled"
    )


@pytest.mark.behaviour("1.2", "model")
@pytest.mark.parametrize(
    "tags",
    [
        [],
        [{"Key": f"k{n}", "Value": "v"} for n in range(51)],
        [{"Key": "aws:x", "Value": "v"}],
        [{"Key": "k" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}],
        [{"Key": "semi;colon", "Value": "v"}],
    ],
)
def test_tags_are_at_most_50_of_limited_length_and_not_aws(harness: Harness, tags: list[dict[str, str]]) -> None:
    stream = harness.s3_stream()
    with pytest.raises(ClientError, match="ValidationException"):
        harness.client.tag_delivery_stream(DeliveryStreamName=stream.name, Tags=tags)


@pytest.mark.behaviour("1.2", "model")
def test_tags_may_be_written_in_any_script(harness: Harness) -> None:
    stream = harness.s3_stream()
    tags = [{"Key": "größe", "Value": "大"}, {"Key": "team", "Value": ""}]
    harness.client.tag_delivery_stream(DeliveryStreamName=stream.name, Tags=tags)
    found = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name)
    assert sorted(found["Tags"], key=lambda tag: tag["Key"]) == tags


@pytest.mark.behaviour("1.2", "model")
def test_streams_are_listed_alphabetically_ten_at_a_time_by_default(harness: Harness) -> None:
    client = harness.firehose.client(access_key="111122223333")
    names = [f"s-{n:02d}" for n in range(12)]
    for name in reversed(names):
        client.create_delivery_stream(
            DeliveryStreamName=name, ExtendedS3DestinationConfiguration=harness.s3_configuration("b")
        )
    first = client.list_delivery_streams()
    assert (first["DeliveryStreamNames"], first["HasMoreDeliveryStreams"]) == (names[:10], True)
    rest = client.list_delivery_streams(ExclusiveStartDeliveryStreamName=names[9])
    assert (rest["DeliveryStreamNames"], rest["HasMoreDeliveryStreams"]) == (names[10:], False)
    assert client.list_delivery_streams(Limit=3)["DeliveryStreamNames"] == names[:3]
    assert client.list_delivery_streams(DeliveryStreamType="KinesisStreamAsSource")["DeliveryStreamNames"] == []


@pytest.mark.behaviour("1.2", "model")
@pytest.mark.parametrize("limit", [0, 10_001])
def test_the_limit_of_a_listing_is_1_to_10000(harness: Harness, limit: int) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        harness.client.list_delivery_streams(Limit=limit)


@pytest.mark.behaviour("1.2", "model")
def test_tags_are_listed_in_pages(harness: Harness) -> None:
    stream = harness.s3_stream(request={"Tags": [{"Key": f"k{n}", "Value": str(n)} for n in range(5)]})
    first = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name, Limit=3)
    assert [tag["Key"] for tag in first["Tags"]] == ["k0", "k1", "k2"]
    assert first["HasMoreTags"] is True
    rest = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name, ExclusiveStartTagKey="k2")
    assert [tag["Key"] for tag in rest["Tags"]] == ["k3", "k4"]
    assert rest["HasMoreTags"] is False


@pytest.mark.behaviour("1.2", "documented")
def test_tagging_replaces_values_and_untagging_an_absent_key_is_no_error(harness: Harness) -> None:
    stream = harness.s3_stream(request={"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]})
    harness.client.tag_delivery_stream(DeliveryStreamName=stream.name, Tags=[{"Key": "a", "Value": "3"}])
    harness.client.untag_delivery_stream(DeliveryStreamName=stream.name, TagKeys=["b", "never"])
    found = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name)
    assert found["Tags"] == [{"Key": "a", "Value": "3"}]


@pytest.mark.behaviour("1.2", "documented")
def test_more_than_50_tags_in_all_exceed_the_limit(harness: Harness) -> None:
    stream = harness.s3_stream(request={"Tags": [{"Key": f"k{n}"} for n in range(50)]})
    with pytest.raises(ClientError, match="LimitExceededException"):
        harness.client.tag_delivery_stream(DeliveryStreamName=stream.name, Tags=[{"Key": "one-more"}])


@pytest.mark.behaviour("1.2", "observed", "preflight")
@pytest.mark.parametrize("count", [0, 2])
def test_a_stream_has_exactly_one_destination(harness: Harness, count: int) -> None:
    names = ("ExtendedS3DestinationConfiguration", "S3DestinationConfiguration")[:count]
    with pytest.raises(ClientError) as caught:
        harness.client.create_delivery_stream(
            DeliveryStreamName=harness.name(), **{name: harness.s3_configuration("b") for name in names}
        )
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgumentException",
        "Message": "Exactly one destination configuration is supported for a Firehose",
    }


def test_a_destination_that_is_not_delivered_to_is_refused_by_name(harness: Harness) -> None:
    http = {
        "EndpointConfiguration": {"Url": "https://example.com"},
        "S3Configuration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
    }
    with pytest.raises(
        ClientError, match="HttpEndpointDestinationConfiguration is not supported by this local Firehose"
    ):
        harness.client.create_delivery_stream(
            DeliveryStreamName=harness.name(), HttpEndpointDestinationConfiguration=http
        )


def test_a_source_that_is_not_read_from_is_refused_by_name(harness: Harness) -> None:
    with pytest.raises(ClientError, match="DeliveryStreamType MSKAsSource is not supported by this local Firehose"):
        harness.s3_stream(request={"DeliveryStreamType": "MSKAsSource"})


def test_streams_of_other_accounts_and_regions_are_apart(harness: Harness) -> None:
    stream = harness.s3_stream()
    for client in (harness.firehose.client(region="us-east-1"), harness.firehose.client(access_key="210987654321")):
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            client.describe_delivery_stream(DeliveryStreamName=stream.name)
