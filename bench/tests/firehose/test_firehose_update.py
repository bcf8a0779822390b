"""UpdateDestination: versions, merge rules, what cannot be changed. Notes 1.5."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, StreamUnderTest, processing, processor

from local_firehose.validation.model import RequestReader

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:f:$LATEST"
LAMBDA = processor("Lambda", LambdaArn=FUNCTION)
OPENSEARCH = "AmazonopensearchserviceDestinationUpdate"


def refused(stream: StreamUnderTest, **request: Any) -> tuple[str, str]:
    """Code and message of an UpdateDestination that must fail."""
    arguments = {
        "DeliveryStreamName": stream.name,
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        **request,
    }
    with pytest.raises(ClientError) as caught:
        stream.harness.client.update_destination(**{k: v for k, v in arguments.items() if v is not None})
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_a_stale_version_is_a_concurrent_modification(harness: Harness) -> None:
    stream = harness.s3_stream()
    update = {"ExtendedS3DestinationUpdate": {"Prefix": "x/"}}
    assert refused(stream, CurrentDeliveryStreamVersionId="2", **update) == (
        "ConcurrentModificationException",
        f"Cannot update firehose: {stream.name} since the current version id: 1 and specified version id: 2 "
        "do not match",
    )


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_a_wrong_destination_id_is_not_found(harness: Harness) -> None:
    stream = harness.s3_stream()
    assert refused(stream, DestinationId="destinationId-2", ExtendedS3DestinationUpdate={"Prefix": "x/"}) == (
        "InvalidArgumentException",
        "Destination Id destinationId-2 not found",
    )


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_an_update_without_a_body_is_refused(harness: Harness) -> None:
    assert refused(harness.s3_stream()) == (
        "InvalidArgumentException",
        "At least one destination or source configuration update must be provided",
    )


@pytest.mark.behaviour("1.5", "documented")
def test_the_version_is_needed(harness: Harness) -> None:
    code, message = refused(
        harness.s3_stream(), CurrentDeliveryStreamVersionId=None, ExtendedS3DestinationUpdate={"Prefix": "x/"}
    )
    assert code == "ValidationException"
    assert "currentDeliveryStreamVersionId" in message


@pytest.mark.behaviour("1.5", "documented")
def test_members_that_are_absent_are_kept(harness: Harness) -> None:
    key = {"KMSEncryptionConfig": {"AWSKMSKeyARN": "arn:aws:kms:eu-west-1:000000000000:key/k"}}
    stream = harness.s3_stream(Prefix="before/", CompressionFormat="GZIP", EncryptionConfiguration=key)
    before = stream.destination()
    stream.update(BufferingHints={"SizeInMBs": 2, "IntervalInSeconds": 120})
    assert stream.destination() == {**before, "BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 120}}


@pytest.mark.behaviour("1.5", "observed", "floci 3375")
def test_the_processing_configuration_is_replaced_whole(harness: Harness) -> None:
    stream = harness.s3_stream(ProcessingConfiguration=processing(LAMBDA, processor("AppendDelimiterToRecord")))
    stream.update(ProcessingConfiguration=processing(processor("AppendDelimiterToRecord")))
    found = stream.destination()["ProcessingConfiguration"]
    assert found == {"Enabled": True, "Processors": [{"Type": "AppendDelimiterToRecord", "Parameters": []}]}
    stream.update(ProcessingConfiguration={"Enabled": False, "Processors": []})
    assert stream.destination()["ProcessingConfiguration"] == {"Enabled": False, "Processors": []}


@pytest.mark.behaviour("1.5", "observed", "floci 3236")
def test_format_conversion_merges_and_an_omitted_enabled_means_true(harness: Harness) -> None:
    conversion = {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
        "Enabled": False,
    }
    stream = harness.s3_stream(
        DataFormatConversionConfiguration=conversion, BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60}
    )
    serializer = {"Serializer": {"ParquetSerDe": {"Compression": "GZIP"}}}
    stream.update(DataFormatConversionConfiguration={"OutputFormatConfiguration": serializer})
    assert stream.destination()["DataFormatConversionConfiguration"] == {
        **conversion,
        "OutputFormatConfiguration": serializer,
        "Enabled": True,
    }


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_an_update_without_a_change_bumps_neither_version_nor_timestamp(harness: Harness) -> None:
    stream = harness.s3_stream(Prefix="same/")
    stream.update(Prefix="same/", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60})
    description = stream.describe()
    assert description["VersionId"] == "1"
    assert "LastUpdateTimestamp" not in description


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_a_change_bumps_the_version_by_one(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.update(Prefix="a/")
    stream.update(Prefix="b/")
    description = stream.describe()
    assert description["VersionId"] == "3"
    assert description["LastUpdateTimestamp"] >= description["CreateTimestamp"]


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_buffered_records_are_delivered_by_the_configuration_in_force_then(harness: Harness) -> None:
    stream = harness.s3_stream(Prefix="before/")
    harness.control.clock(speed=0)
    stream.put(b"x")
    stream.update(Prefix="after/")
    assert not harness.aws.objects(stream.bucket), "an update does not flush"
    harness.control.clock(speed=300)
    (stored,) = stream.objects()
    assert stored.key.startswith("after/")
    assert f"/{stream.name}-2-" in stored.key, "the version at delivery is in the name"


@pytest.mark.behaviour("1.5", "documented")
def test_a_new_buffering_hint_applies_to_what_already_waits(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 900})
    harness.control.clock(speed=0)
    stream.put(b"x")
    harness.control.clock(advance_seconds=100)
    stream.update(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 60})
    harness.control.clock(advance_seconds=1)
    stream.objects()


@pytest.mark.behaviour("1.5", "documented")
def test_opensearch_and_s3_cannot_be_switched(harness: Harness) -> None:
    index = {"IndexName": "other"}
    code, _ = refused(harness.s3_stream(), **{OPENSEARCH: index})
    assert code == "InvalidArgumentException"
    code, _ = refused(harness.opensearch_stream(), ExtendedS3DestinationUpdate={"Prefix": "x/"})
    assert code == "InvalidArgumentException"


@pytest.mark.behaviour("1.5", "documented")
def test_an_s3_backup_can_be_enabled_and_not_disabled_again(harness: Harness) -> None:
    stream = harness.s3_stream()
    backup = {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::raw", "Prefix": "raw/"}
    stream.update(S3BackupMode="Enabled", S3BackupUpdate=backup)
    assert stream.destination()["S3BackupDescription"]["BucketARN"] == "arn:aws:s3:::raw"
    assert refused(
        stream, CurrentDeliveryStreamVersionId="2", ExtendedS3DestinationUpdate={"S3BackupMode": "Disabled"}
    ) == ("InvalidArgumentException", "Disabling S3 backup is not currently supported.")


@pytest.mark.behaviour("1.5", "model")
def test_the_backup_mode_and_vpc_of_opensearch_have_no_update_members() -> None:
    body = {
        "DeliveryStreamName": "any",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        OPENSEARCH: {"S3BackupMode": "AllDocuments", "VpcConfiguration": {"SubnetIds": ["s"]}, "IndexName": "kept"},
    }
    assert RequestReader().read("UpdateDestination", body)[OPENSEARCH] == {"IndexName": "kept"}


@pytest.mark.behaviour("1.5", "documented")
def test_an_opensearch_update_merges_its_s3_side_too(harness: Harness) -> None:
    stream = harness.opensearch_stream(s3={"CompressionFormat": "GZIP"})
    stream.update(member=OPENSEARCH, IndexName="renamed", S3Update={"Prefix": "rejected/"})
    found = stream.destination()
    assert found["IndexName"] == "renamed"
    assert found["S3DestinationDescription"]["Prefix"] == "rejected/"
    assert found["S3DestinationDescription"]["CompressionFormat"] == "GZIP"


@pytest.mark.behaviour("1.5", "observed", "stackd")
@pytest.mark.parametrize("count", [0, 6])
def test_enabled_processing_needs_one_to_five_processors(harness: Harness, count: int) -> None:
    update = {"ProcessingConfiguration": processing(*[LAMBDA] * count)}
    assert refused(harness.s3_stream(), ExtendedS3DestinationUpdate=update) == (
        "InvalidArgumentException",
        "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.",
    )


@pytest.mark.behaviour("1.5", "observed", "stackd")
def test_there_is_at_most_one_lambda_processor(harness: Harness) -> None:
    update = {"ProcessingConfiguration": processing(LAMBDA, LAMBDA)}
    assert refused(harness.s3_stream(), ExtendedS3DestinationUpdate=update) == (
        "InvalidArgumentException",
        "Cannot have more than 1 Lambda processor.",
    )


@pytest.mark.behaviour("1.5", "observed", "preflight")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"NumberOfRetries": "3"}, "LambdaArn is required when Lambda processor is used."),
        ({"LambdaArn": FUNCTION, "NumberOfRetries": "301"}, "Number of retries for lambda must be between 0 and 300."),
        (
            {"LambdaArn": FUNCTION, "BufferSizeInMBs": "0.1", "BufferIntervalInSeconds": "60"},
            "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
        ),
        (
            {"LambdaArn": FUNCTION, "BufferSizeInMBs": "4", "BufferIntervalInSeconds": "60"},
            "BufferSizeInMBs for lambda processor must be between 0.2 and 3.",
        ),
        (
            {"LambdaArn": FUNCTION, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "901"},
            "BufferIntervalInSeconds for lambda processor must be between 0 and 900.",
        ),
        (
            {"LambdaArn": FUNCTION, "BufferSizeInMBs": "2"},
            "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda "
            "processor.",
        ),
    ],
)
def test_a_lambda_processor_with_a_wrong_parameter_is_refused(
    harness: Harness, given: dict[str, str], message: str
) -> None:
    update = {"ProcessingConfiguration": processing(processor("Lambda", **given))}
    assert refused(harness.s3_stream(), ExtendedS3DestinationUpdate=update) == ("InvalidArgumentException", message)


@pytest.mark.parametrize(
    "given",
    [
        {"LambdaArn": "arn:aws:sns:eu-west-1:000000000000:topic"},
        {"LambdaArn": FUNCTION, "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "soon"},
        {"LambdaArn": FUNCTION, "Delimiter": "x"},
    ],
)
def test_a_lambda_parameter_that_makes_no_sense_is_refused(harness: Harness, given: dict[str, str]) -> None:
    update = {"ProcessingConfiguration": processing(processor("Lambda", **given))}
    assert refused(harness.s3_stream(), ExtendedS3DestinationUpdate=update)[0] == "InvalidArgumentException"


@pytest.mark.behaviour("2", "documented")
@pytest.mark.parametrize("hints", [{"SizeInMBs": 2}, {"IntervalInSeconds": 90}])
def test_buffering_hints_come_both_or_not_at_all(harness: Harness, hints: dict[str, int]) -> None:
    code, message = refused(harness.s3_stream(), ExtendedS3DestinationUpdate={"BufferingHints": hints})
    assert code == "InvalidArgumentException"
    assert "BufferingHints" in message
