"""What DescribeDeliveryStream answers. Sources: notes 1.6, 1.7, 1.8 (what a clean second Terraform plan needs)."""

import copy
from typing import Any

from local_firehose.streams.kinds import EXTENDED_S3, OPENSEARCH
from local_firehose.streams.stream import DESTINATION_ID, DIRECT_PUT, Stream

_RENAMED = {
    "S3Configuration": "S3DestinationDescription",
    "S3BackupConfiguration": "S3BackupDescription",
    "VpcConfiguration": "VpcConfigurationDescription",
}
_S3_MEMBERS = (
    "RoleARN",
    "BucketARN",
    "Prefix",
    "ErrorOutputPrefix",
    "BufferingHints",
    "CompressionFormat",
    "EncryptionConfiguration",
    "CloudWatchLoggingOptions",
)


def describe(stream: Stream) -> dict[str, Any]:
    """The DeliveryStreamDescription; members that are not set are left out."""
    answer: dict[str, Any] = {
        "DeliveryStreamName": stream.name,
        "DeliveryStreamARN": stream.arn,
        "DeliveryStreamStatus": stream.status,
        "DeliveryStreamType": stream.kind,
        "VersionId": str(stream.version),
        "CreateTimestamp": _milliseconds(stream.created),
        "Destinations": [{"DestinationId": DESTINATION_ID, **_destination(stream)}],
        "HasMoreDestinations": False,
    }
    if stream.failure:
        answer["FailureDescription"] = stream.failure
    if stream.updated is not None:
        answer["LastUpdateTimestamp"] = _milliseconds(stream.updated)
    if stream.kind == DIRECT_PUT:
        answer["DeliveryStreamEncryptionConfiguration"] = _encryption(stream)
    if source := _source(stream):
        answer["Source"] = source
    return answer


def _encryption(stream: Stream) -> dict[str, Any]:
    encryption = stream.encryption
    answer: dict[str, Any] = {"Status": encryption.status}
    if encryption.key_type:
        answer["KeyType"] = encryption.key_type
    if encryption.key_arn:
        answer["KeyARN"] = encryption.key_arn
    if encryption.failure:
        answer["FailureDescription"] = encryption.failure
    return answer


def _source(stream: Stream) -> dict[str, Any] | None:
    if stream.source:
        return {"KinesisStreamSourceDescription": stream.source}
    if stream.throughput_hint is not None:
        return {"DirectPutSourceDescription": {"ThroughputHintInMBs": stream.throughput_hint}}
    return None


def _destination(stream: Stream) -> dict[str, Any]:
    description = {_RENAMED.get(name, name): copy.deepcopy(value) for name, value in stream.destination.items()}
    if stream.destination_kind == OPENSEARCH:
        description.get("VpcConfigurationDescription", {}).setdefault("VpcId", "")  # known once the stream is active
        # Alone: Terraform's provider takes the first description that is there.
        return {"AmazonopensearchserviceDestinationDescription": description}
    assert stream.destination_kind == EXTENDED_S3
    return {
        "S3DestinationDescription": {name: description[name] for name in _S3_MEMBERS if name in description},
        "ExtendedS3DestinationDescription": description,
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds, 3)
