"""One bad client or stream never stops another: a test for each thing that all of them share. Notes 8."""

import asyncio
import base64
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from firehose.harness import Harness, StreamUnderTest, eventually, processing, processor

from local_firehose.api import uploads
from local_firehose.destinations.opensearch import BulkRequestError, OpenSearchDomain
from local_firehose.destinations.settings import OpenSearchSettings
from local_firehose.fakes.aws import FakeAws, StoredObject
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.settings import Settings

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:"
LIMIT = 1_000_000


class SlowAws(FakeAws):
    """Buckets and log groups of ``slow`` do not answer until it is emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.slow: set[str] = set()

    async def _store(self, stored: StoredObject) -> None:
        await self._wait(stored.bucket)
        await super()._store(stored)

    async def _json_call(self, operation: str, given: dict[str, Any]) -> Any:
        await self._wait(given.get("logGroupName", ""))
        return await super()._json_call(operation, given)

    async def _wait(self, name: str) -> None:
        while name in self.slow:
            await asyncio.sleep(0.01)


@pytest.fixture
def own() -> Iterator[Harness]:
    """A server of its own, with one megabyte for records."""
    with SlowAws() as aws:
        settings = Settings(aws.endpoint, check_roles=False, clock_speed=300, max_buffered_bytes=LIMIT)
        with RunningFirehose(settings) as firehose:
            yield Harness(aws, None, firehose)  # type: ignore[arg-type]


@contextmanager
def responsive(harness: Harness, *, seconds: float = 5.0) -> Iterator[None]:
    """The API answers all the time: no answer takes ``seconds`` of this process's computing, or a minute of waiting.

    Computing is told by CPU time, which a busy machine does not stretch.
    """
    computed, waited, stop = [0.0], [0.0], threading.Event()

    def ask() -> None:
        while not stop.is_set():
            started, spent = time.monotonic(), time.process_time()
            harness.control.health()
            computed.append(time.process_time() - spent)
            waited.append(time.monotonic() - started)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        stop.set()
        asking.join()
    assert max(computed) < seconds
    assert max(waited) < 60


def hang(harness: Harness, connections: ExitStack, *, head: bytes, body: bytes) -> socket.socket:
    """A client that sends so much and then nothing."""
    connection = socket.create_connection(("127.0.0.1", harness.firehose.port))
    connections.enter_context(connection)
    scope = b"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/firehose/aws4_request, Signature=0"
    connection.sendall(
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: Firehose_20150804.ListDeliveryStreams\r\n"
        b"Authorization: " + scope + b"\r\n" + head + body
    )
    return connection


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("members", ['"Records":[', '"Tags":['])
def test_a_request_with_a_million_members_is_refused_before_they_are_read(harness: Harness, members: str) -> None:
    stream = harness.s3_stream()
    body = f'{{"DeliveryStreamName":"{stream.name}",{members}{"{}," * 1_000_000}{{}}]}}'
    target = "Firehose_20150804." + ("PutRecordBatch" if "Records" in members else "TagDeliveryStream")
    scope = "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/firehose/aws4_request, Signature=0"
    headers = {"X-Amz-Target": target, "Authorization": scope}
    with responsive(harness), pytest.raises(HTTPError) as refused:
        urlopen(Request(harness.firehose.endpoint, body.encode(), headers))
    assert refused.value.status == 400
    assert "1 validation error detected" in refused.value.read(1000).decode()


# --- reading ------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"Content-Length: 1000\r\n\r\n", b"{"),
        (b"Content-Length: 16000000\r\n\r\n", b"{"),
        (b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n{"),
        (b"Content-Le", b""),
    ],
)
def test_uploads_that_hang_hold_nobody_up(harness: Harness, head: bytes, body: bytes) -> None:
    stream = harness.s3_stream()
    with ExitStack() as connections:
        for _ in range(100):
            hang(harness, connections, head=head, body=body)
        with responsive(harness):
            stream.put(b"x" * 500_000)
            assert stream.body() == b"x" * 500_000


def test_an_upload_that_hangs_is_ended(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "READ_SECONDS", 0.2)
    with ExitStack() as connections:
        connection = hang(harness, connections, head=b"Content-Length: 1000\r\n\r\n", body=b"{")
        connection.settimeout(30)
        answer = connection.recv(10_000)
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"RequestTimeoutException" in answer


@pytest.mark.behaviour("8", "bench")
def test_who_hangs_gives_way_when_bodies_fill_the_memory(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_BODIES", 2_000_000)
    stream = harness.s3_stream()
    head = b"Content-Length: 1000000\r\n\r\n"
    with ExitStack() as connections:
        used, hanging = harness.firehose.server._uploads, []
        for count in (1, 2, 3):  # one after the other, so that the first is silent for longest
            hanging.append(hang(harness, connections, head=head, body=b" " * 600_000))
            eventually(lambda count=count: used._used == count * 600_000)  # type: ignore[misc]
        stream.put(b"x" * 500_000)
        hanging[0].settimeout(30)
        assert hanging[0].recv(10_000).startswith(b"HTTP/1.1 408"), "it was silent for longest"
    assert stream.body() == b"x" * 500_000
    eventually(lambda: used._used == 0)


# --- computing ----------------------------------------------------------------------------------------------------


def slow_query(harness: Harness) -> tuple[StreamUnderTest, list[bytes]]:
    """One record's jq program runs for ever."""
    query = '{k:(if .k == "slow" then [range(1e9)]|length else .k end)}'
    extraction = processor("MetadataExtraction", MetadataExtractionQuery=query, JsonParsingEngine="JQ-1.6")
    stream = harness.partitioned_stream(ProcessingConfiguration=processing(extraction))
    return stream, [b'{"k":"a"}', b'{"k":"slow"}', b'{"k":"b"}']


def bombs(harness: Harness) -> tuple[StreamUnderTest, list[bytes]]:
    """Small GZIP records that are large."""
    stream = harness.s3_stream(ProcessingConfiguration=processing(processor("Decompression", CompressionFormat="GZIP")))
    return stream, [gzip.compress(b" " * 30_000_000)] * 20


def packed(harness: Harness) -> tuple[StreamUnderTest, list[bytes]]:
    """Records of many objects."""
    stream = harness.partitioned_stream(processor("RecordDeAggregation", SubRecordType="JSON"))
    return stream, [b'{"k":"a"}' * 100_000] * 4


def large_answers(harness: Harness) -> tuple[StreamUnderTest, list[bytes]]:
    """A function that answers as much as it may, of the kind that is slow to read."""
    name = harness.name("function")
    harness.aws.functions[name] = lambda _: b'{"records":[' + b"[]," * 600_000 + b"[]]}"
    stream = harness.s3_stream(
        ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION + name, NumberOfRetries="0"))
    )
    return stream, [b"x" * 1000] * 10


def many_rows(harness: Harness) -> tuple[StreamUnderTest, list[bytes]]:
    """Records that are many rows of a table."""
    columns = [{"Name": f"c{n}", "Type": "string"} for n in range(20)]
    harness.aws.tables["d", "rows"] = {"StorageDescriptor": {"Columns": columns}}
    role = "arn:aws:iam::000000000000:role/firehose"
    conversion = {
        "SchemaConfiguration": {"RoleARN": role, "DatabaseName": "d", "TableName": "rows"},
        "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
        "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {}}},
    }
    hints = {"SizeInMBs": 64, "IntervalInSeconds": 60}
    return harness.s3_stream(BufferingHints=hints, DataFormatConversionConfiguration=conversion), [b"{}" * 50_000] * 4


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("bad", [slow_query, bombs, packed, large_answers, many_rows])
def test_what_a_stream_computes_stops_no_other(
    harness: Harness, bad: Callable[[Harness], tuple[StreamUnderTest, list[bytes]]]
) -> None:
    good = harness.s3_stream()
    stream, records = bad(harness)
    with responsive(harness):
        stream.put(*records)
        good.put(b"good")
        assert good.body() == b"good"
        stream.delivered()


@pytest.mark.behaviour("8", "bench")
def test_memory_that_a_stream_makes_leaves_room_for_others(own: Harness) -> None:
    good = own.s3_stream()
    stream, _ = bombs(own)
    own.control.clock(speed=0)
    stream.put(*[gzip.compress(b" " * LIMIT)] * 20)
    eventually(lambda: own.control.health()["memory"]["used_bytes"] > LIMIT)
    good.put(b"good")
    own.control.flush(good.name)
    assert good.body() == b"good"


@pytest.mark.behaviour("8", "bench")
def test_a_record_that_jq_takes_too_long_for_is_an_error_object_and_the_next_ones_go_on(harness: Harness) -> None:
    stream, records = slow_query(harness)
    stream.put(*records)
    (failed,) = stream.all_objects("errors/processing-failed/")
    line = json.loads(failed.body)
    assert (base64.b64decode(line["rawData"]), line["errorMessage"]) == (
        b'{"k":"slow"}',
        "the jq program took more than 5 s",
    )
    assert {stored.body for stored in stream.all_objects("k=")} == {b'{"k":"a"}', b'{"k":"b"}'}


# --- places and memory --------------------------------------------------------------------------------------------


def delivering(stream: StreamUnderTest, number: int) -> bool:
    return sum(buffer["delivering"] for buffer in stream.buffers().values()) == number


@pytest.mark.behaviour("8", "bench")
def test_objects_that_hang_leave_threads_to_other_streams(own: Harness) -> None:
    assert isinstance(own.aws, SlowAws)
    good, many = own.s3_stream(), [own.partitioned_stream() for _ in range(12)]
    for bad in many:
        own.aws.slow.add(bad.bucket)
        bad.put(*[b'{"k":"%d"}' % n for n in range(30)])
    for bad in many:
        eventually(partial(delivering, bad, 30))
    good.put(b"good")
    assert good.body() == b"good"
    own.aws.slow.clear()
    assert [len(bad.all_objects()) for bad in many] == [30] * 12


@pytest.mark.behaviour("8", "bench")
def test_functions_that_hang_leave_threads_to_other_streams(own: Harness) -> None:
    name, wait = own.name("function"), threading.Event()

    def hanging(event: dict[str, Any]) -> dict[str, Any]:
        wait.wait(60)
        return {"records": [{**record, "result": "Ok"} for record in event["records"]]}

    own.aws.functions[name] = hanging
    good = own.s3_stream()
    bad = own.s3_stream(ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION + name)))
    for _ in range(8):
        bad.put(b"x")
        own.control.flush(bad.name)
    eventually(lambda: own.aws.invocations)
    good.put(b"good")
    assert good.body() == b"good"
    wait.set()
    assert bad.body() == b"x" * 8


@pytest.mark.behaviour("8", "bench")
def test_an_error_log_that_hangs_costs_other_streams_no_event(own: Harness) -> None:
    assert isinstance(own.aws, SlowAws)
    streams = []
    for group in ("slow", "good"):
        options = {"Enabled": True, "LogGroupName": group, "LogStreamName": "s"}
        streams.append(own.partitioned_stream(CloudWatchLoggingOptions=options))
    own.aws.slow.add("slow")
    for n in range(30):
        streams[0].put(b"not JSON %d" % n)
    streams[1].put(b"not JSON")
    eventually(lambda: [group for group, _, _ in own.aws.log_events] == ["good"])
    own.aws.slow.clear()


@pytest.mark.behaviour("8", "bench")
def test_a_backlog_leaves_memory_to_other_streams(own: Harness) -> None:
    good, bad = own.s3_stream(), own.s3_stream()
    own.control.arm("s3", stream=bad.name)
    assert bad.put_batch(*[b"x" * 10_000] * 200)["FailedPutCount"] > 0
    with pytest.raises(ClientError, match="ServiceUnavailableException"):
        bad.put(b"x" * 10_000)
    for n in range(20):
        good.put(b"%02d" % n * 5_000)
        good.delivered()
    assert len(good.body()) == 20 * 10_000
    assert own.control.health()["memory"]["used_bytes"] <= LIMIT


@pytest.mark.behaviour("8", "bench")
def test_domains_that_hang_leave_connections_to_others() -> None:
    configuration = {
        "RoleARN": "",
        "IndexName": "i",
        "IndexRotationPeriod": "NoRotation",
        "RetryOptions": {"DurationInSeconds": 0},
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "CloudWatchLoggingOptions": {"Enabled": False},
    }

    async def work(harness: Harness, good: str) -> list[tuple[int, str]]:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        bad = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        tools, stream = harness.firehose.server.tools, harness.firehose.server.registry.entries()[0].stream
        domain = OpenSearchDomain(tools.aws, harness.firehose.server.faults)

        async def bulk(endpoint: str) -> list[tuple[int, str]]:
            settings = OpenSearchSettings.of({**configuration, "ClusterEndpoint": endpoint})
            return await domain.bulk(stream, settings, [b'{"index":{"_index":"i","_id":"1"}}\n{"a":1}\n'])

        hanging = [asyncio.create_task(bulk(bad)) for _ in range(120)]
        try:
            return await asyncio.wait_for(bulk(good), 20)
        finally:
            for task in hanging:
                task.cancel()
            assert all(
                isinstance(one, asyncio.CancelledError | BulkRequestError)
                for one in await asyncio.gather(*hanging, return_exceptions=True)
            )
            await domain.close()
            server.close()

    with (
        FakeAws() as aws,
        FakeOpenSearch() as opensearch,
        RunningFirehose(Settings(aws.endpoint, check_roles=False, transition_seconds=0)) as firehose,
    ):
        harness = Harness(aws, opensearch, firehose)
        harness.s3_stream()
        assert asyncio.run(work(harness, opensearch.endpoint)) == [(201, "")]
