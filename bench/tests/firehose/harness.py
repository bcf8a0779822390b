"""What the Firehose tests are written with: streams under test, and waiting with a limit instead of sleeping."""

import gzip
import itertools
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from local_firehose.client import FirehoseControl
from local_firehose.fakes.aws import FakeAws, StoredObject
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose

T = TypeVar("T")
ROLE = "arn:aws:iam::000000000000:role/firehose"
DOMAIN = "arn:aws:es:eu-west-1:000000000000:domain/bench"
FAST = 300.0  # the shared server's clock: a 300 s buffer takes one second
LIMIT_SECONDS = 60.0
_NUMBERS = itertools.count(1)


def eventually(look: Callable[[], T], *, seconds: float = LIMIT_SECONDS, what: str = "it") -> T:
    """The first truthy result of ``look``; AssertionError when none comes within ``seconds``."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"{what} did not come about within {seconds} s; last seen: {found!r}"
        time.sleep(0.01)


def lines(stored: Iterable[StoredObject]) -> list[dict[str, Any]]:
    """The JSON lines of objects, inflated when they are GZIP."""
    bodies = (gzip.decompress(o.body) if o.body[:2] == b"\x1f\x8b" else o.body for o in stored)
    return [json.loads(line) for body in bodies for line in body.splitlines()]


@dataclass
class StreamUnderTest:
    """One active stream with a bucket of its own."""

    harness: "Harness"
    name: str
    bucket: str

    def put(self, *data: bytes) -> list[str]:
        """PutRecordBatch of all; the RecordIds. Every record must be accepted."""
        answer = self.put_batch(*data)
        assert answer["FailedPutCount"] == 0, answer
        return [entry["RecordId"] for entry in answer["RequestResponses"]]

    def put_batch(self, *data: bytes) -> dict[str, Any]:
        """PutRecordBatch, whatever comes of it."""
        answer: dict[str, Any] = self.harness.client.put_record_batch(
            DeliveryStreamName=self.name, Records=[{"Data": one} for one in data]
        )
        return answer

    def describe(self) -> dict[str, Any]:
        """The DeliveryStreamDescription."""
        return self.harness.describe(self.name)

    def destination(self) -> dict[str, Any]:
        """The description of the destination that is not the deprecated S3 form."""
        (destination,) = self.describe()["Destinations"]
        name = next(n for n in destination if n.endswith("Description") and n != "S3DestinationDescription")
        found: dict[str, Any] = destination[name]
        return found

    def update(self, *, member: str = "ExtendedS3DestinationUpdate", **update: Any) -> None:
        """UpdateDestination with the present version."""
        description = self.describe()
        self.harness.client.update_destination(
            DeliveryStreamName=self.name,
            CurrentDeliveryStreamVersionId=description["VersionId"],
            DestinationId="destinationId-000000000001",
            **{member: update},
        )

    def objects(self, prefix: str = "", count: int = 1) -> list[StoredObject]:
        """Objects below a prefix, once there are at least ``count``."""
        return (
            eventually(
                lambda: found if len(found := self.harness.aws.objects(self.bucket, prefix)) >= count else None,
                what=f"{count} objects below {prefix!r} in {self.bucket}",
            )
            or []
        )

    def all_objects(self, prefix: str = "") -> list[StoredObject]:
        """Objects below a prefix once everything that was put is delivered."""
        self.delivered()
        return self.harness.aws.objects(self.bucket, prefix)

    def body(self, prefix: str = "") -> bytes:
        """The bytes of all objects below a prefix, once everything is delivered."""
        return b"".join(stored.body for stored in self.all_objects(prefix))

    def delivered(self) -> None:
        """Wait until nothing of this stream is undelivered."""
        self.harness.control.wait_until_delivered(self.name)

    def buffers(self) -> dict[str, dict[str, int]]:
        """What waits where."""
        (stream,) = self.harness.control.streams(self.name)
        found: dict[str, dict[str, int]] = stream["buffers"]
        return found


class Harness:
    """A running server with its stand-ins, and the words tests use."""

    def __init__(self, aws: FakeAws, opensearch: FakeOpenSearch, firehose: RunningFirehose) -> None:
        self.aws = aws
        self.opensearch = opensearch
        self.firehose = firehose
        self.control = FirehoseControl(firehose.endpoint)
        self.client = firehose.client()

    def name(self, kind: str = "stream") -> str:
        """A name no other test has."""
        return f"{kind}-{next(_NUMBERS)}-{time.time_ns() % 1_000_000}"

    def bucket(self) -> str:
        """A new bucket."""
        name = self.name("bucket")
        self.aws.create_bucket(name)
        return name

    def s3_configuration(self, bucket: str, **changes: Any) -> dict[str, Any]:
        """The least an S3 destination needs, buffered for 1 MiB or 60 s."""
        return {
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            **changes,
        }

    def s3_stream(self, *, request: dict[str, Any] | None = None, **configuration: Any) -> StreamUnderTest:
        """An active stream to a bucket of its own; ``configuration`` goes into ExtendedS3DestinationConfiguration."""
        name, bucket = self.name(), self.bucket()
        self.client.create_delivery_stream(
            DeliveryStreamName=name,
            ExtendedS3DestinationConfiguration=self.s3_configuration(bucket, **configuration),
            **(request or {}),
        )
        return self.active(name, bucket)

    def opensearch_stream(self, *, s3: dict[str, Any] | None = None, **configuration: Any) -> StreamUnderTest:
        """An active stream to the stand-in domain, index named like the stream."""
        name, bucket = self.name(), self.bucket()
        self.client.create_delivery_stream(
            DeliveryStreamName=name,
            AmazonopensearchserviceDestinationConfiguration={
                "RoleARN": ROLE,
                "DomainARN": DOMAIN,
                "IndexName": name,
                "IndexRotationPeriod": "NoRotation",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                # At the fast clock the default of 300 s is one second: a busy machine would use it up.
                "RetryOptions": {"DurationInSeconds": 7200},
                "S3Configuration": self.s3_configuration(bucket, **(s3 or {})),
                **configuration,
            },
        )
        return self.active(name, bucket)

    def partitioned_stream(self, *processors: dict[str, Any], **configuration: Any) -> StreamUnderTest:
        """An active stream partitioned by ``.k`` below ``k=.../``, errors below ``errors/<type>/``."""
        query = processor("MetadataExtraction", MetadataExtractionQuery="{k:.k}", JsonParsingEngine="JQ-1.6")
        given = {
            "Prefix": "k=!{partitionKeyFromQuery:k}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
            "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
            "DynamicPartitioningConfiguration": {"Enabled": True},
            "ProcessingConfiguration": processing(*processors, query),
            **configuration,
        }
        return self.s3_stream(**given)

    def active(self, name: str, bucket: str) -> StreamUnderTest:
        """Wait until the stream is ACTIVE."""
        eventually(lambda: self.describe(name)["DeliveryStreamStatus"] == "ACTIVE", what=f"{name} ACTIVE")
        return StreamUnderTest(self, name, bucket)

    def describe(self, name: str) -> dict[str, Any]:
        """The DeliveryStreamDescription."""
        answer = self.client.describe_delivery_stream(DeliveryStreamName=name)
        found: dict[str, Any] = answer["DeliveryStreamDescription"]
        return found

    def reset(self) -> None:
        """No faults, the shared speed, nothing scripted: what every test starts with."""
        self.control.disarm()
        self.control.clock(speed=FAST, offset_seconds=0)
        self.aws.refuse_puts.clear()
        self.aws.put_delay = 0.0
        self.opensearch.refuse.clear()
        self.opensearch.judge = lambda *_: None


def processing(*processors: dict[str, Any]) -> dict[str, Any]:
    """An enabled ProcessingConfiguration."""
    return {"Enabled": True, "Processors": list(processors)}


def processor(kind: str, **parameters: str) -> dict[str, Any]:
    """One processor with its parameters."""
    return {
        "Type": kind,
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()],
    }
