"""What DescribeDeliveryStream shows. Notes 1.7, 1.8."""

from typing import Any

import pytest
from firehose.harness import DOMAIN, ROLE, Harness, processing, processor

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST"


def created(harness: Harness, **request: Any) -> dict[str, Any]:
    """The description of a stream made with the given destination member."""
    name = harness.name()
    harness.client.create_delivery_stream(DeliveryStreamName=name, **request)
    return harness.describe(name)


@pytest.mark.behaviour("1.7", "observed", "stackd")
@pytest.mark.parametrize("member", ["ExtendedS3DestinationConfiguration", "S3DestinationConfiguration"])
def test_an_s3_stream_shows_both_descriptions_with_all_defaults(harness: Harness, member: str) -> None:
    description = created(harness, **{member: {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"}})
    s3 = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::b",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
        "CompressionFormat": "UNCOMPRESSED",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }
    assert description["Destinations"] == [
        {
            "DestinationId": "destinationId-000000000001",
            "S3DestinationDescription": s3,
            "ExtendedS3DestinationDescription": {
                **s3,
                "S3BackupMode": "Disabled",
                "DataFormatConversionConfiguration": {"Enabled": False},
            },
        }
    ]
    assert description["DeliveryStreamType"] == "DirectPut"
    assert description["HasMoreDestinations"] is False
    assert "Source" not in description


@pytest.mark.behaviour("1.7", "observed", "stackd")
def test_lambda_parameters_are_shown_in_a_fixed_order_as_strings_with_defaults(harness: Harness) -> None:
    given = processor("Lambda", BufferSizeInMBs="2", LambdaArn=FUNCTION, BufferIntervalInSeconds="90")
    stream = harness.s3_stream(ProcessingConfiguration=processing(given))
    assert stream.destination()["ProcessingConfiguration"]["Processors"] == [
        {
            "Type": "Lambda",
            "Parameters": [
                {"ParameterName": "LambdaArn", "ParameterValue": FUNCTION},
                {"ParameterName": "NumberOfRetries", "ParameterValue": "3"},
                {"ParameterName": "RoleArn", "ParameterValue": ROLE},
                {"ParameterName": "BufferSizeInMBs", "ParameterValue": "2"},
                {"ParameterName": "BufferIntervalInSeconds", "ParameterValue": "90"},
            ],
        }
    ]


@pytest.mark.behaviour("1.7", "model")
def test_a_throughput_hint_is_shown_as_the_direct_put_source(harness: Harness) -> None:
    stream = harness.s3_stream(request={"DirectPutSourceConfiguration": {"ThroughputHintInMBs": 7}})
    assert stream.describe()["Source"] == {"DirectPutSourceDescription": {"ThroughputHintInMBs": 7}}


@pytest.mark.behaviour("1.8", "terraform")
def test_an_opensearch_stream_shows_only_its_own_description_with_all_defaults(harness: Harness) -> None:
    s3 = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"}
    given = {"RoleARN": ROLE, "DomainARN": DOMAIN, "IndexName": "orders", "S3Configuration": s3}
    (destination,) = created(harness, AmazonopensearchserviceDestinationConfiguration=given)["Destinations"]
    assert destination == {
        "DestinationId": "destinationId-000000000001",
        "AmazonopensearchserviceDestinationDescription": {
            "RoleARN": ROLE,
            "DomainARN": DOMAIN,
            "IndexName": "orders",
            "TypeName": "",
            "IndexRotationPeriod": "OneDay",
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
            "RetryOptions": {"DurationInSeconds": 300},
            "S3BackupMode": "FailedDocumentsOnly",
            "CloudWatchLoggingOptions": {"Enabled": False},
            "S3DestinationDescription": {
                **s3,
                "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
                "CompressionFormat": "UNCOMPRESSED",
                "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
                "CloudWatchLoggingOptions": {"Enabled": False},
            },
        },
    }


@pytest.mark.behaviour("1.8", "terraform")
def test_empty_strings_of_the_provider_mean_not_set(harness: Harness) -> None:
    stream = harness.s3_stream(Prefix="", ErrorOutputPrefix="", FileExtension="", CustomTimeZone="UTC")
    stream.put(b"x")
    (stored,) = stream.objects()
    assert stored.key[:4].isdigit(), "the default time folders, no extension"
    assert not stored.key.endswith(".")
    version = stream.describe()["VersionId"]
    stream.update(Prefix="", ErrorOutputPrefix="", FileExtension="", CustomTimeZone="UTC")
    assert stream.describe()["VersionId"] == version


@pytest.mark.behaviour("1.8", "terraform")
def test_time_zone_extension_and_key_are_shown_as_sent(harness: Harness) -> None:
    key = "arn:aws:kms:eu-west-1:000000000000:key/k"
    stream = harness.s3_stream(
        CustomTimeZone="UTC",
        FileExtension=".jsonl",
        EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": key}},
    )
    found = stream.destination()
    assert (found["CustomTimeZone"], found["FileExtension"]) == ("UTC", ".jsonl")
    assert found["EncryptionConfiguration"] == {"KMSEncryptionConfig": {"AWSKMSKeyARN": key}}


@pytest.mark.behaviour("1.8", "terraform")
def test_what_is_not_configured_is_left_out(harness: Harness) -> None:
    absent = {
        "DynamicPartitioningConfiguration",
        "S3BackupDescription",
        "VpcConfigurationDescription",
        "DocumentIdOptions",
    }
    assert not absent & set(harness.s3_stream().destination())
    assert not absent & set(harness.opensearch_stream().destination())


def test_empty_hints_and_retry_options_are_the_defaults_and_records_are_delivered(harness: Harness) -> None:
    stream = harness.opensearch_stream(BufferingHints={}, RetryOptions={}, s3={"BufferingHints": {}})
    assert stream.destination()["RetryOptions"] == {"DurationInSeconds": 300}
    stream.put(b'{"n": 1}', b"bad")
    stream.delivered()
    assert harness.opensearch.documents(stream.name) == [{"n": 1}]
    partitioned = harness.partitioned_stream(DynamicPartitioningConfiguration={"Enabled": True, "RetryOptions": {}})
    partitioned.put(b'{"k": 1}')
    assert len(partitioned.all_objects("k=1/")) == 1


@pytest.mark.behaviour("1.8", "terraform")
def test_dynamic_partitioning_shows_a_retry_duration_of_300_by_default(harness: Harness) -> None:
    stream = harness.partitioned_stream()
    assert stream.destination()["DynamicPartitioningConfiguration"] == {
        "Enabled": True,
        "RetryOptions": {"DurationInSeconds": 300},
    }


@pytest.mark.behaviour("1.8", "terraform")
def test_all_tags_are_listed_in_one_answer(harness: Harness) -> None:
    tags = [{"Key": f"k{n:02d}", "Value": str(n)} for n in range(50)]
    stream = harness.s3_stream(request={"Tags": tags})
    answer = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name)
    assert answer["Tags"] == tags
    assert answer["HasMoreTags"] is False
