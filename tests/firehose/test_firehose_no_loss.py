"""Whatever is put, whatever fails, however often the server restarts: no record is lost.

Every record is in a destination object (or in the index), in an error object, or was answered as failed.
"""

import base64
import gzip
import itertools
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from testbench.firehose.fakes.aws import FakeAws
from testbench.firehose.fakes.opensearch import FakeOpenSearch
from testbench.firehose.fakes.server import RunningFirehose
from testbench.firehose.settings import Settings
from tests.firehose.harness import Harness, StreamUnderTest, processing, processor

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
PIPELINES: dict[str, dict[str, Any]] = {
    "plain": {"CompressionFormat": "GZIP"},
    "function": {"ProcessingConfiguration": processing(FUNCTION)},
    "packed": {**PARTITIONED, "ProcessingConfiguration": processing(UNPACK, FUNCTION, KEYS)},
    "partitions": {**PARTITIONED, "ProcessingConfiguration": processing(KEYS)},
}

puts = st.tuples(st.just("put"), st.integers(1, 30), st.sampled_from([0, 10, 20_000]))
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
            "status": st.sampled_from([400, 403, 429, 503]),
        }
    ),
    st.fixed_dictionaries({"point": st.just("opensearch-duplicate"), "times": st.integers(1, 2)}),
)
steps = st.lists(
    st.one_of(
        puts,
        puts,
        st.tuples(st.just("arm"), faults),
        st.tuples(st.just("flush")),
        st.tuples(st.just("advance"), st.sampled_from([30, 300])),
        st.tuples(st.just("update"), st.sampled_from(["GZIP", "UNCOMPRESSED"])),
        st.tuples(st.just("restart")),
    ),
    min_size=1,
    max_size=9,
)


def judged(event: dict[str, Any]) -> dict[str, Any]:
    """A function that fails every seventh record and changes the others."""
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
    state: Path
    kind: str
    accepted: set[int] = field(default_factory=set)
    numbers: itertools.count = field(default_factory=itertools.count)  # type: ignore[type-arg]
    stream: StreamUnderTest | None = None

    def start(self) -> RunningFirehose:
        """A server on the state folder."""
        return RunningFirehose(
            Settings(
                self.aws.endpoint,
                opensearch=self.opensearch.endpoint,
                state=self.state,
                check_roles=False,
                enforce_quotas=False,
                publish_metrics=False,
                transition_seconds=0.0,
                clock_speed=60.0,
            )
        )

    def run(self, script: list[tuple[Any, ...]]) -> None:
        """All steps; a restart ends one server and starts the next."""
        for restarted, group in itertools.groupby(script, lambda step: step[0] == "restart"):
            if restarted:
                continue
            with self.start() as firehose:
                harness = self._harness(firehose)
                for step in group:
                    getattr(self, step[0])(harness, *step[1:])
        with self.start() as firehose:
            harness = self._harness(firehose)
            harness.control.clock(speed=1000)
            harness.control.wait_until_delivered(seconds=60)

    def _harness(self, firehose: RunningFirehose) -> Harness:
        harness = Harness(self.aws, self.opensearch, firehose)
        if self.stream is None:
            if self.kind == "opensearch":
                self.stream = harness.opensearch_stream(RetryOptions={"DurationInSeconds": 10})
            else:
                self.stream = harness.s3_stream(**PIPELINES[self.kind])
        self.stream.harness = harness
        return harness

    def put(self, harness: Harness, count: int, padding: int) -> None:
        """Put records; two documents each where they are unpacked."""
        assert self.stream is not None
        batch: list[tuple[list[int], bytes]] = []
        for _ in range(count):
            ids = [next(self.numbers) for _ in range(2 if self.kind == "packed" else 1)]
            documents = ({"id": i, "kind": "abc"[i % 3], "pad": "x" * padding} for i in ids)
            batch.append((ids, "".join(json.dumps(one) + "\n" for one in documents).encode()))
        try:
            answer = self.stream.put_batch(*[data for _, data in batch])
        except ClientError:
            return  # answered as failed, all of them
        for (ids, _), entry in zip(batch, answer["RequestResponses"], strict=True):
            if "RecordId" in entry:
                self.accepted.update(ids)

    def arm(self, harness: Harness, fault: dict[str, Any]) -> None:
        harness.control.arm(**fault)

    def flush(self, harness: Harness) -> None:
        harness.control.flush()

    def advance(self, harness: Harness, seconds: float) -> None:
        harness.control.clock(advance_seconds=seconds)

    def update(self, harness: Harness, compression: str) -> None:
        """Change the configuration under way."""
        assert self.stream is not None
        if self.kind == "opensearch":
            s3 = {"CompressionFormat": compression}
            self.stream.update(member="AmazonopensearchserviceDestinationUpdate", S3Update=s3)
        else:
            self.stream.update(CompressionFormat=compression)

    def found(self) -> set[int]:
        """Ids in objects, error objects and the index."""
        assert self.stream is not None
        ids = {document["id"] for document in self.opensearch.documents(self.stream.name)}
        for stored in self.aws.objects(self.stream.bucket):
            body = gzip.decompress(stored.body) if stored.body[:2] == b"\x1f\x8b" else stored.body
            for document in _documents(body):
                if "rawData" in document:
                    ids.update(one["id"] for one in _documents(base64.b64decode(document["rawData"])))
                else:
                    ids.add(document["id"])
        return ids


def _documents(body: bytes) -> list[dict[str, Any]]:
    decoder, text, position, found = json.JSONDecoder(), body.decode(), 0, []
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        document, position = decoder.raw_decode(text, position)
        found.append(document)
    return found


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(kind=st.sampled_from([*PIPELINES, "opensearch"]), script=steps)
def test_no_sequence_of_puts_faults_and_restarts_loses_a_record(kind: str, script: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as state, FakeAws() as aws, FakeOpenSearch() as opensearch:
        aws.functions["f"] = judged
        world = World(aws, opensearch, Path(state), kind)
        world.run(script)
        assert world.accepted - world.found() == set()
