"""Whatever configuration is accepted, its records come out somewhere; what is not accepted is refused in words."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import DOMAIN, ROLE, Harness, processor
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from local_firehose.validation.model import service_model

BUCKET = "any"
# What the members of one name may be; all others come from the model's own limits and enums.
TEXTS = {
    "RoleARN": [ROLE],
    "BucketARN": [f"arn:aws:s3:::{BUCKET}"],
    "AmazonopensearchserviceDomainARN": [DOMAIN],
    "AmazonopensearchserviceIndexName": ["any"],
    "AmazonopensearchserviceTypeName": ["", "t"],
    "AWSKMSKeyARN": ["arn:aws:kms:eu-west-1:000000000000:key/k"],
    "Prefix": ["", "p/", "!{timestamp:yyyy}/", "!{partitionKeyFromQuery:k}/", "!{partitionKeyFromLambda:k}/", "!{"],
    "ErrorOutputPrefix": ["", "e/", "e/!{firehose:error-output-type}/"],
    "FileExtension": ["", ".x"],
    "CustomTimeZone": ["", "UTC", "Asia/Tokyo", "No/Where"],
}
LEFT_OUT = {"VpcConfiguration", "ClusterEndpoint"}  # they need a network
RECORDS = [b'{"k": "a", "_id": 1}', b'{"k": "a"}{"k": "b"}\n', b"not JSON", b""]


PROCESSORS = [
    processor("Lambda", LambdaArn="arn:aws:lambda:eu-west-1:000000000000:function:nothing"),
    processor("MetadataExtraction", MetadataExtractionQuery="{k:.k}", JsonParsingEngine="JQ-1.6"),
    processor("RecordDeAggregation", SubRecordType="JSON"),
    processor("RecordDeAggregation", SubRecordType="DELIMITED", Delimiter="fA=="),
    processor("Decompression", CompressionFormat="GZIP"),
    processor("CloudWatchLogProcessing", DataMessageExtraction="true"),
    processor("AppendDelimiterToRecord"),
]


def value(shape: Any) -> st.SearchStrategy[Any]:
    """Anything that the model's shape may hold, what Firehose takes more often than what it refuses."""
    if shape.name == "ProcessorList":
        return st.lists(st.sampled_from(PROCESSORS), max_size=3)
    if shape.name == "BufferingHints":
        return st.sampled_from([{}, {"SizeInMBs": 64, "IntervalInSeconds": 60}, {"SizeInMBs": 1}])
    if shape.type_name == "structure":
        members = {name: value(member) for name, member in shape.members.items() if name not in LEFT_OUT}
        required = {name: members.pop(name) for name in shape.required_members}
        return st.fixed_dictionaries(required, optional=members)
    if shape.type_name == "list":
        return st.lists(value(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(value(shape.key), value(shape.value), max_size=2)
    if shape.type_name == "boolean":
        return st.booleans()
    if shape.type_name in ("integer", "double"):
        least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 1000)
        return st.sampled_from([least, most, min(most, 64)])
    return st.sampled_from(TEXTS.get(shape.name) or shape.enum or ["d", "t"])


def configurations(member: str) -> st.SearchStrategy[dict[str, Any]]:
    """Bodies of a destination of CreateDeliveryStream."""
    shape: Any = service_model().operation_model("CreateDeliveryStream").input_shape
    return st.fixed_dictionaries({member: value(shape.members[member])})


def refused(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    """The code with which a call is refused; empty when it is not."""
    try:
        call(*arguments, **named)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    destination=configurations("ExtendedS3DestinationConfiguration")
    | configurations("AmazonopensearchserviceDestinationConfiguration")
)
def test_what_a_stream_takes_comes_out_or_the_stream_is_refused(harness: Harness, destination: dict[str, Any]) -> None:
    harness.aws.create_bucket(BUCKET)
    harness.control.clock(speed=100_000)
    name = harness.name()
    refusal = refused(harness.client.create_delivery_stream, DeliveryStreamName=name, **destination)
    event(f"{next(iter(destination))}: {refusal or 'taken'}")
    if refusal:
        assert refusal in ("InvalidArgumentException", "ValidationException")
        return
    stream = harness.active(name, BUCKET)
    for record in RECORDS:
        assert refused(stream.put, record) in ("", "InvalidSourceException")
    stream.delivered()
    harness.client.delete_delivery_stream(DeliveryStreamName=name)
