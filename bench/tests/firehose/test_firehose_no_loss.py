"""Whatever is put, whatever fails, however the server ends: no record is lost, and nothing of it stays behind.

Every record is in a destination object (or in the index), in an error object, or was answered as failed; when all is
delivered no memory is held and the state folder is empty.
"""

import asyncio
import base64
import gzip
import io
import itertools
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from firehose.harness import DOMAIN, ROLE, Harness, StreamUnderTest, eventually, processing, processor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings
from local_firehose.store import SqliteStore

FUNCTION = processor("Lambda", LambdaArn="arn:aws:lambda:eu-west-1:000000000000:function:f", NumberOfRetries="1")
KEYS = processor("MetadataExtraction", MetadataExtractionQuery="{kind:.kind}", JsonParsingEngine="JQ-1.6")
UNPACK = processor("RecordDeAggregation", SubRecordType="JSON")
PARTITIONED = {
    "Prefix": "!{partitionKeyFromQuery:kind}/",
    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
    "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
    "DynamicPartitioningConfiguration": {"Enabled": True},
    "CompressionFormat": "GZIP",
}
IMPATIENT = {"DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 0}}}
COLUMNS = [{"Name": "id", "Type": "bigint"}, {"Name": "kind", "Type": "string"}]
CONVERTED = {
    "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 60},
    "DataFormatConversionConfiguration": {
        "SchemaConfiguration": {"RoleARN": ROLE, "DatabaseName": "d", "TableName": "t"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    },
}
PIPELINES: dict[str, dict[str, Any]] = {
    "plain": {"CompressionFormat": "GZIP"},
    "backup": {
        "S3BackupMode": "Enabled",
        "S3BackupConfiguration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::raw"},
        "ProcessingConfiguration": processing(FUNCTION),
    },
    "packed": {**PARTITIONED, "ProcessingConfiguration": processing(UNPACK, FUNCTION, KEYS)},
    "partitions": {**PARTITIONED, **IMPATIENT, "ProcessingConfiguration": processing(KEYS)},
    "converted": CONVERTED,
}
# A record by its number; all but the first are what some stage or other cannot read.
SHAPES = {
    "good": lambda n, pad: b'{"id": %d, "kind": "%s", "pad": "%s"}\n' % (n, b"abc"[n % 3 : n % 3 + 1], b"x" * pad),
    "without a key": lambda n, pad: b'{"id": %d, "kind": null, "pad": "%s"}' % (n, b"x" * pad),
    "cut": lambda n, pad: b'{"id": %d, "pad": "%s' % (n, b"x" * pad),
    "deep": lambda n, pad: b'{"id": %d, "pad": %s' % (n, b"[" * (pad + 2000)),
    "half a pair": lambda n, pad: b'{"id": %d, "kind": "\\ud800", "pad": "%s"}' % (n, b"x" * pad),
    "binary": lambda n, pad: b'\xff{"id": %d}%s' % (n, b"\0" * pad),
}

puts = st.tuples(
    st.just("put"),
    st.integers(1, 30),
    st.sampled_from([0, 10, 20_000]),
    st.sampled_from([["good"], ["good"], ["good", *SHAPES]]),
)
faults = st.one_of(
    st.fixed_dictionaries({"point": st.just("put-entry"), "rate": st.sampled_from([0.2, 0.9]), "times": st.just(20)}),
    st.fixed_dictionaries({"point": st.sampled_from(["call", "lost-answer"]), "times": st.integers(1, 2)}),
    st.fixed_dictionaries({"point": st.sampled_from(["s3", "s3-duplicate"]), "times": st.integers(1, 3)}),
    st.fixed_dictionaries(
        {
            "point": st.just("lambda"),
            "times": st.integers(1, 3),
            "mode": st.sampled_from(["throttle", "function-error", "malformed", "missing-records"]),
        }
    ),
    st.fixed_dictionaries(
        {
            "point": st.sampled_from(["opensearch", "opensearch-item"]),
            "times": st.integers(1, 40),
            "status": st.sampled_from([400, 403, 413, 429, 503]),
        }
    ),
    st.fixed_dictionaries({"point": st.just("opensearch-duplicate"), "times": st.integers(1, 2)}),
)
steps = st.lists(
    st.one_of(
        puts,
        puts,
        puts,
        st.tuples(st.just("arm"), faults),
        st.tuples(st.just("arm"), faults),
        st.tuples(st.just("flush")),
        st.tuples(st.just("advance"), st.sampled_from([30, 300])),
        st.tuples(st.just("speed"), st.sampled_from([0, 1000])),
        st.tuples(st.just("update"), st.sampled_from(["GZIP", "UNCOMPRESSED"])),
        st.tuples(st.just("disk"), st.booleans()),
        st.tuples(st.just("replace")),
        st.tuples(st.just("stop")),
        st.tuples(st.just("crash")),
    ),
    min_size=1,
    max_size=12,
)


def judged(event: dict[str, Any]) -> dict[str, Any]:
    """A function that fails every seventh record, and answers the others as they came."""
    return {
        "records": [
            {"recordId": r["recordId"], "result": "ProcessingFailed" if n % 7 == 6 else "Ok", "data": r["data"]}
            for n, r in enumerate(event["records"])
        ]
    }


@dataclass
class World:
    """The stand-ins, the state folder, and what became of every record."""

    aws: FakeAws
    opensearch: FakeOpenSearch
    folder: Path
    kind: str
    lives: int = 0
    accepted: set[int] = field(default_factory=set)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self, script: list[tuple[Any, ...]]) -> None:
        """All steps; a stop or a crash ends one server, and the next starts on what it left."""
        ends = ("stop", "crash")
        for ended, group in itertools.groupby(script, lambda step: step[0] in ends):
            crashes = ended and any(step[0] == "crash" for step in group)
            with self._server() as firehose:
                if not ended:
                    for step in group:
                        getattr(self, step[0])(self._stream(firehose), *step[1:])
                if crashes:
                    self._crash(firehose)
        with self._server() as firehose:
            harness = self._stream(firehose).harness
            harness.control.clock(speed=1000)
            harness.control.wait_until_delivered(seconds=60)
            assert harness.control.health()["memory"]["used_bytes"] == 0
        assert self._left() == 0

    def _server(self) -> RunningFirehose:
        return RunningFirehose(
            Settings(
                self.aws.endpoint,
                opensearch=self.opensearch.endpoint,
                state=self.folder / str(self.lives),
                check_roles=False,
                enforce_quotas=False,
                publish_metrics=False,
                transition_seconds=0.0,
                clock_speed=60.0,
            )
        )

    def _stream(self, firehose: RunningFirehose) -> StreamUnderTest:
        """The stream "s", made when it is not there."""
        harness = Harness(self.aws, self.opensearch, firehose)
        if not harness.client.list_delivery_streams()["DeliveryStreamNames"]:
            self._create(harness)
        return harness.active("s", "b")

    def _create(self, harness: Harness) -> None:
        if self.kind != "opensearch":
            configuration = harness.s3_configuration("b", **PIPELINES[self.kind])
            member = {"ExtendedS3DestinationConfiguration": configuration}
        else:
            configuration = {
                "RoleARN": ROLE,
                "DomainARN": DOMAIN,
                "IndexName": "s",
                "IndexRotationPeriod": "NoRotation",
                "RetryOptions": {"DurationInSeconds": 10},
                "S3Configuration": harness.s3_configuration("b"),
            }
            member = {"AmazonopensearchserviceDestinationConfiguration": configuration}
        harness.client.create_delivery_stream(DeliveryStreamName="s", **member)

    def _crash(self, firehose: RunningFirehose) -> None:
        """What kill -9 leaves: the state folder as it is at this moment, between two commits."""
        before, self.lives = self.folder / str(self.lives), self.lives + 1
        store = firehose.server.tools.store
        assert isinstance(store, SqliteStore)
        store._thread.submit(shutil.copytree, before, self.folder / str(self.lives)).result(20)

    def _left(self) -> int:
        async def count() -> int:
            store = SqliteStore(self.folder / str(self.lives))
            (left,) = store._database.execute("SELECT count(*) FROM records").fetchone()
            await store.close()
            return int(left)

        return asyncio.run(count())

    # --- steps --------------------------------------------------------------------------------------------------

    def put(self, stream: StreamUnderTest, count: int, padding: int, shapes: list[str]) -> None:
        """Put records; two documents each where they are unpacked."""
        batch: list[tuple[list[int], bytes]] = []
        for _ in range(count):
            ids = [next(self.numbers) for _ in range(2 if self.kind == "packed" else 1)]
            batch.append((ids, b"".join(SHAPES[shapes[i % len(shapes)]](i, padding) for i in ids)))
        try:
            answer = stream.put_batch(*[data for _, data in batch])
        except ClientError:
            return  # answered as failed, all of them
        for (ids, _), entry in zip(batch, answer["RequestResponses"], strict=True):
            if "RecordId" in entry:
                self.accepted.update(ids)

    def arm(self, stream: StreamUnderTest, fault: dict[str, Any]) -> None:
        stream.harness.control.arm(**fault)

    def flush(self, stream: StreamUnderTest) -> None:
        stream.harness.control.flush()

    def advance(self, stream: StreamUnderTest, seconds: float) -> None:
        stream.harness.control.clock(advance_seconds=seconds)

    def speed(self, stream: StreamUnderTest, speed: float) -> None:
        stream.harness.control.clock(speed=speed)

    def update(self, stream: StreamUnderTest, compression: str) -> None:
        """Change the configuration under way."""
        try:
            if self.kind == "opensearch":
                s3 = {"CompressionFormat": compression}
                stream.update(member="AmazonopensearchserviceDestinationUpdate", S3Update=s3)
            elif self.kind == "converted":
                stream.update(FileExtension=".pq" if compression == "GZIP" else "")
            else:
                stream.update(CompressionFormat=compression)
        except ClientError as error:
            if "InternalFailure" not in str(error):  # a full disk may be in the way
                raise

    def disk(self, stream: StreamUnderTest, full: bool) -> None:
        """The state file can grow no further, or again."""
        store = stream.harness.firehose.server.tools.store
        assert isinstance(store, SqliteStore)
        (pages,) = store._thread.submit(store._read, "PRAGMA page_count").result(20)[0]
        store._thread.submit(store._read, f"PRAGMA max_page_count = {pages if full else 10**9}").result(20)

    def replace(self, stream: StreamUnderTest) -> None:
        """Delete the stream, with what it still has, and make another of that name."""
        self.disk(stream, full=False)
        stream.harness.control.clock(speed=60)
        stream.harness.client.delete_delivery_stream(DeliveryStreamName="s")
        eventually(lambda: not stream.harness.client.list_delivery_streams()["DeliveryStreamNames"])
        self.accepted.clear()
        self._create(stream.harness)

    # --- outcome ------------------------------------------------------------------------------------------------

    def found(self) -> set[int]:
        """Ids in objects, error objects and the index."""
        ids = {document["id"] for document in self.opensearch.documents("s")}
        for stored in self.aws.objects("b"):
            if stored.body.startswith(b"PAR1"):
                ids.update(row["id"] for row in parquet.read_table(io.BytesIO(stored.body)).to_pylist())
                continue
            body = gzip.decompress(stored.body) if stored.body[:2] == b"\x1f\x8b" else stored.body
            ids.update(_ids(body))
            for raw in re.findall(rb'"rawData":"([A-Za-z0-9+/=]*)"', body):
                ids.update(_ids(base64.b64decode(raw)))
        return ids


def _ids(text: bytes) -> set[int]:
    return {int(number) for number in re.findall(rb'"id": (\d+)', text)}


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from([*PIPELINES, "opensearch"]), script=steps)
def test_no_sequence_of_puts_faults_changes_and_ends_loses_a_record(kind: str, script: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as state, FakeAws() as aws, FakeOpenSearch() as opensearch:
        aws.functions["f"] = judged
        aws.tables["d", "t"] = {"VersionId": "1", "StorageDescriptor": {"Columns": COLUMNS}}
        for bucket in ("b", "raw"):
            aws.create_bucket(bucket)
        world = World(aws, opensearch, Path(state), kind)
        world.run(script)
        assert world.accepted - world.found() == set()
