"""What survives: restarts, kill -9, and that nothing is lost on the way. Notes 2 (at-least-once), 8."""

import asyncio
import contextlib
import gzip
import json
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from firehose.harness import DOMAIN, ROLE, Harness, StreamUnderTest, eventually, processing, processor

from local_firehose.client import FirehoseControl
from local_firehose.fakes.aws import FakeAws
from local_firehose.fakes.opensearch import FakeOpenSearch
from local_firehose.fakes.server import RunningFirehose
from local_firehose.records import Record
from local_firehose.settings import Settings
from local_firehose.store import SqliteStore, StateError

FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:"
PROJECT = Path(__file__).resolve().parents[2]


def settings(aws: FakeAws, state: Path, opensearch: FakeOpenSearch | None = None) -> Settings:
    """A durable server at the fast clock."""
    return Settings(
        aws.endpoint,
        opensearch=opensearch.endpoint if opensearch else "",
        state=state,
        check_roles=False,
        check_kms=False,
        enforce_quotas=False,
        clock_speed=300,
    )


# --- restarts -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("8", "bench")
def test_streams_and_undelivered_records_are_there_after_a_restart(tmp_path: Path) -> None:
    with FakeAws() as aws:
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.s3_stream(
                request={"Tags": [{"Key": "a", "Value": "b"}]},
                BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 900},
            )
            stream.update(Prefix="kept/")
            harness.client.start_delivery_stream_encryption(DeliveryStreamName=stream.name)
            eventually(lambda: stream.describe()["DeliveryStreamEncryptionConfiguration"]["Status"] == "ENABLED")
            described = stream.describe()
            harness.control.clock(speed=0)
            stream.put(b"one", b"two")
        assert not aws.objects(stream.bucket), "stopping does not deliver: the state folder keeps the records"
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            again = StreamUnderTest(harness, stream.name, stream.bucket)
            assert again.describe() == described
            tags = harness.client.list_tags_for_delivery_stream(DeliveryStreamName=stream.name)["Tags"]
            assert tags == [{"Key": "a", "Value": "b"}]
            assert harness.control.health()["undelivered_records"] == 2
            assert again.body() == b"onetwo"
            assert again.objects()[0].key.startswith("kept/")
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            assert FirehoseControl(firehose.endpoint).health()["undelivered_records"] == 0, (
                "delivered once is forgotten"
            )


@pytest.mark.behaviour("8", "bench")
def test_a_state_change_under_way_goes_on_after_a_restart(tmp_path: Path) -> None:
    with FakeAws() as aws:
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.s3_stream()
            harness.control.clock(speed=0)
            creating = harness.name()
            harness.client.create_delivery_stream(
                DeliveryStreamName=creating, ExtendedS3DestinationConfiguration=harness.s3_configuration("b")
            )
            harness.client.delete_delivery_stream(DeliveryStreamName=stream.name)
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            eventually(lambda: harness.client.list_delivery_streams()["DeliveryStreamNames"] == [creating])
            harness.active(creating, "b")


@pytest.mark.behaviour("5", "documented")
def test_document_ids_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        with RunningFirehose(settings(aws, tmp_path, opensearch)) as firehose:
            harness = Harness(aws, opensearch, firehose)
            stream = harness.opensearch_stream()
            harness.control.arm("opensearch-duplicate")  # every request is made and counts as failed
            stream.put(b'{"n": 1}', b'{"n": 2}')
            eventually(lambda: opensearch.documents(stream.name))
        with RunningFirehose(settings(aws, tmp_path, opensearch)) as firehose:
            FirehoseControl(firehose.endpoint).wait_until_delivered(stream.name)
        assert opensearch.documents(stream.name) == [{"n": 1}, {"n": 2}]


def test_records_come_back_as_they_were_stored(tmp_path: Path) -> None:
    async def write() -> None:
        store = SqliteStore(tmp_path)
        made = [Record(n, n * 10, bytes([n]) * n, kinesis={"shardId": "s"} if n == 3 else None) for n in range(1, 6)]
        await store.append("a", made[:3])
        await store.append("b", made[3:])
        for stream in "ab":
            await store.save_stream(stream, {})
        store.forget([2])
        await store.close()

    async def read() -> None:
        store = SqliteStore(tmp_path)
        found = store.records("a")
        assert [(r.sequence, r.arrival_ms, r.data, r.kinesis) for r in found] == [
            (1, 10, b"\1", None),
            (3, 30, b"\3\3\3", {"shardId": "s"}),
        ]
        assert store.last_sequence() == 5
        await store.delete_stream("b")
        assert store.records("b") == []
        await store.close()

    asyncio.run(write())
    asyncio.run(read())


# --- the disk -----------------------------------------------------------------------------------------------------


def fill_the_disk(firehose: RunningFirehose, *, full: bool) -> None:
    """Let the state file grow no further, or again."""
    store = firehose.server.tools.store
    assert isinstance(store, SqliteStore)
    database = store._database
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages if full else pages + 1_000_000}")


@pytest.mark.behaviour("8", "bench")
def test_records_that_a_full_disk_cannot_keep_are_answered_as_failed(tmp_path: Path) -> None:
    with FakeAws() as aws:
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.s3_stream(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 900})
            harness.control.clock(speed=0)
            stream.put(b"kept")
            fill_the_disk(firehose, full=True)
            for _ in range(3):  # a transaction that failed must not be in the way of the next
                with pytest.raises(ClientError, match=r"InternalFailure.*full"):
                    stream.put(*[b"x" * 1_000_000] * 4)
            large = harness.s3_configuration("b", Prefix="p" * 400, ErrorOutputPrefix="e" * 400)
            large["ProcessingConfiguration"] = processing(processor("Lambda", LambdaArn=f"{FUNCTION}{'f' * 4000}"))
            with pytest.raises(ClientError, match=r"InternalFailure.*full"):
                harness.client.create_delivery_stream(
                    DeliveryStreamName="half-made", ExtendedS3DestinationConfiguration=large
                )
            assert harness.client.list_delivery_streams()["DeliveryStreamNames"] == [stream.name]
            described = stream.describe()
            del large["RoleARN"], large["BucketARN"]
            with pytest.raises(ClientError, match=r"InternalFailure.*full"):
                stream.update(**large)
            assert stream.describe() == described, "what cannot be saved is not changed"
            assert harness.control.health()["undelivered_records"] == 1
            fill_the_disk(firehose, full=False)
            stream.put(b" and ", b"kept too")
            assert harness.control.health()["memory"]["used_bytes"] < 10_000, "refused records hold no memory"
        with RunningFirehose(settings(aws, tmp_path)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            assert StreamUnderTest(harness, stream.name, stream.bucket).body() == b"kept and kept too"


def test_finished_records_that_cannot_be_deleted_now_are_deleted_later(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        await store.save_stream("a", {})
        await store.append("a", [Record(n, 0, b"x") for n in range(1, 4)])
        store._database.execute("PRAGMA query_only = ON")
        store.forget([1])
        await asyncio.wrap_future(store._thread.submit(lambda: None))
        store._database.execute("PRAGMA query_only = OFF")
        store.forget([3])
        await store.close()
        again = SqliteStore(tmp_path)
        assert [record.sequence for record in again.records("a")] == [2]
        await again.close()

    asyncio.run(work())


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_a_log_that_ends_in_the_middle_of_a_commit_is_read_up_to_the_commit_before(tmp_path: Path, damage: str) -> None:
    async def write() -> bytes:
        store = SqliteStore(tmp_path / "whole")
        await store.save_stream("a", {})
        await store.append("a", [Record(1, 0, b"first" * 100)])
        before = (tmp_path / "whole" / "firehose.sqlite-wal").stat().st_size
        await store.append("a", [Record(2, 0, b"second" * 10_000)])
        log = (tmp_path / "whole" / "firehose.sqlite-wal").read_bytes()
        database = (tmp_path / "whole" / "firehose.sqlite").read_bytes()
        await store.close()
        (tmp_path / "torn").mkdir()
        (tmp_path / "torn" / "firehose.sqlite").write_bytes(database)
        middle = before + (len(log) - before) // 2
        return log[:middle] + (b"" if damage == "cut" else b"\xff" * (len(log) - middle))

    (tmp_path / "torn-log").write_bytes(asyncio.run(write()))
    (tmp_path / "torn-log").rename(tmp_path / "torn" / "firehose.sqlite-wal")

    async def read() -> None:
        store = SqliteStore(tmp_path / "torn")
        assert [record.sequence for record in store.records("a")] == [1]
        await store.append("a", [Record(3, 0, b"third")])
        assert [record.sequence for record in store.records("a")] == [1, 3]
        await store.close()

    asyncio.run(read())


@pytest.mark.parametrize("offset", [0, 5000])
def test_a_damaged_state_file_is_said_so(tmp_path: Path, offset: int) -> None:
    async def write() -> None:
        store = SqliteStore(tmp_path)
        await store.save_stream("a", {"x": "y" * 10_000})
        await store.close()

    async def read() -> None:
        store = SqliteStore(tmp_path)
        try:
            store.streams()
        finally:
            await store.close()

    asyncio.run(write())
    file = tmp_path / "firehose.sqlite"
    content = file.read_bytes()
    file.write_bytes(content[:offset] + b"\xff" * (len(content) - offset))
    with pytest.raises(StateError, match=r"firehose\.sqlite is damaged"):
        asyncio.run(read())


def test_records_of_a_stream_that_is_gone_do_not_stay(tmp_path: Path) -> None:
    async def work() -> None:
        store = SqliteStore(tmp_path)
        await store.save_stream("a_b", {})
        await store.save_fact("a_b/shard", "1")
        await store.save_fact("axb/shard", "2")
        await store.append("gone", [Record(1, 0, b"x")])
        await store.delete_stream("a_b")
        assert (store.fact("a_b/shard"), store.fact("axb/shard")) == ("", "2")
        await store.close()
        again = SqliteStore(tmp_path)
        assert again.records("gone") == []
        await again.close()

    asyncio.run(work())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of four megabytes."""
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"only root can make a small disk: {mounted.stderr.decode().strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def accepted(stream: StreamUnderTest, *data: bytes) -> bool:
    """Put, and whether there was room on the disk."""
    try:
        stream.put(*data)
    except ClientError as error:
        if re.search("InternalFailure.*full", str(error)):
            return False
        raise
    return True


def fill(disk: Path) -> None:
    """Something else takes all the room that is left."""
    with (disk / "other").open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.behaviour("8", "bench")
@pytest.mark.parametrize("filled_by", ["records", "others"])
def test_a_full_disk_recovers_by_deliveries_and_nothing_is_delivered_again(small_disk: Path, filled_by: str) -> None:
    with FakeAws() as aws:
        state = small_disk / "state"
        with RunningFirehose(settings(aws, state)) as firehose:
            harness = Harness(aws, None, firehose)  # type: ignore[arg-type]
            stream = harness.s3_stream(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 900})
            harness.control.clock(speed=0)
            stream.put(*[b"%-1000d" % n for n in range(400)])
            if filled_by == "others":
                fill(small_disk)
            put = 400
            while accepted(stream, *[b"%-1000d" % n for n in range(put, put + 50)]):
                put += 50
            assert put < 4000
            stream.delivered()
            stream.put(*[b"%-1000d" % n for n in range(put, put + 50)])
            stream.delivered()
        with RunningFirehose(settings(aws, state)) as firehose:
            assert FirehoseControl(firehose.endpoint).health()["undelivered_records"] == 0
        delivered = b"".join(stored.body for stored in aws.objects(stream.bucket)).split()
        assert sorted(map(int, delivered)) == list(range(put + 50))


# --- kill -9 ------------------------------------------------------------------------------------------------------


@contextmanager
def process(aws: FakeAws, state: Path, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server process: its endpoint and itself; killed at the end when it still runs."""
    command = [sys.executable, "-m", "local_firehose", "--aws-endpoint", aws.endpoint, "--state", str(state)]
    command += ["--no-role-check", "--no-quotas", "--transition-seconds", "0", "--log-level", "WARNING", *options]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=PROJECT, text=True)
    try:
        assert started.stdout is not None
        yield json.loads(started.stdout.readline())["endpoint"], started
    finally:
        if started.poll() is None:
            started.kill()
        started.wait(60)
        started.stdout.close() if started.stdout else None


def client(endpoint: str) -> Any:
    """A boto3 client of a server process."""
    session: Any = boto3.session.Session()
    return session.client(
        "firehose",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def put_until_it_dies(endpoint: str, start: int, accepted: set[int]) -> int:
    """Put numbered records until a call fails; numbers of answered ones go into ``accepted``. The next number."""
    firehose, number = client(endpoint), start
    while True:
        numbers = range(number, number + 50)
        records = [{"Data": b'{"id":%d}\n' % n} for n in numbers]
        number += 50
        try:
            answer = firehose.put_record_batch(DeliveryStreamName="s", Records=records)
        except (BotoCoreError, ClientError):
            return number  # not answered: these may or may not be there
        for n, entry in zip(numbers, answer["RequestResponses"], strict=True):
            if "RecordId" in entry:
                accepted.add(n)


@pytest.mark.slow
@pytest.mark.behaviour("8", "bench")
def test_kill_9_in_the_middle_of_puts_and_deliveries_loses_no_answered_record(tmp_path: Path) -> None:
    accepted: set[int] = set()
    number = 0
    with FakeAws() as aws:
        aws.create_bucket("b")
        for life in range(4):
            # Buffers of 60 s at speed 600 are delivered all the time, so kills meet deliveries too.
            with process(aws, tmp_path, "--clock-speed", "600") as (endpoint, server):
                if life == 0:
                    client(endpoint).create_delivery_stream(
                        DeliveryStreamName="s",
                        ExtendedS3DestinationConfiguration={
                            "RoleARN": ROLE,
                            "BucketARN": "arn:aws:s3:::b",
                            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                            "CompressionFormat": "GZIP",
                        },
                    )
                    eventually(
                        lambda: (
                            client(endpoint).describe_delivery_stream(DeliveryStreamName="s")[
                                "DeliveryStreamDescription"
                            ]["DeliveryStreamStatus"]
                            == "ACTIVE"
                        )
                    )
                killer = threading.Timer(0.5 + 0.17 * life, server.send_signal, [signal.SIGKILL])
                killer.start()
                number = put_until_it_dies(endpoint, number, accepted)
                assert server.wait(60) == -signal.SIGKILL
        with process(aws, tmp_path) as (endpoint, _):
            FirehoseControl(endpoint).wait_until_delivered("s")
        found = Counter(
            json.loads(line)["id"] for o in aws.objects("b") for line in gzip.decompress(o.body).splitlines()
        )
    assert len(accepted) > 200, "the test must have put something"
    assert accepted - set(found) == set(), "answered and lost"
    assert set(found) <= set(range(number)), "nothing else is there"


@pytest.mark.slow
@pytest.mark.behaviour("8", "bench")
def test_kill_9_while_a_domain_is_down_costs_neither_documents_nor_duplicates(tmp_path: Path) -> None:
    with FakeAws() as aws, FakeOpenSearch() as opensearch:
        aws.create_bucket("b")
        with process(aws, tmp_path, "--opensearch", opensearch.endpoint, "--clock-speed", "300") as (endpoint, server):
            firehose = client(endpoint)
            firehose.create_delivery_stream(
                DeliveryStreamName="s",
                AmazonopensearchserviceDestinationConfiguration={
                    "RoleARN": ROLE,
                    "DomainARN": DOMAIN,
                    "IndexName": "i",
                    "IndexRotationPeriod": "NoRotation",
                    "RetryOptions": {"DurationInSeconds": 7200},
                    "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
                    "S3Configuration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
                },
            )
            control = FirehoseControl(endpoint)
            control.arm("opensearch-duplicate")
            eventually(lambda: control.streams("s")[0]["status"] == "ACTIVE")
            for start in range(0, 300, 100):
                records = [{"Data": b'{"id":%d}' % n} for n in range(start, start + 100)]
                assert firehose.put_record_batch(DeliveryStreamName="s", Records=records)["FailedPutCount"] == 0
            eventually(lambda: len(opensearch.documents("i")) >= 100)
            server.kill()
        with process(aws, tmp_path, "--opensearch", opensearch.endpoint) as (endpoint, _):
            FirehoseControl(endpoint).wait_until_delivered("s")
        assert sorted(document["id"] for document in opensearch.documents("i")) == list(range(300))


@pytest.mark.slow
def test_a_second_server_on_the_same_state_says_so_and_ends(tmp_path: Path) -> None:
    with FakeAws() as aws, process(aws, tmp_path):
        command = [sys.executable, "-m", "local_firehose", "--aws-endpoint", aws.endpoint, "--state", str(tmp_path)]
        second = subprocess.run(command, capture_output=True, cwd=PROJECT, text=True, timeout=120, check=False)
    assert second.returncode == 1
    assert "does another server work on it?" in second.stderr


@pytest.mark.slow
def test_a_port_in_use_is_an_error_of_one_line() -> None:
    with FakeAws() as aws:
        command = [sys.executable, "-m", "local_firehose", "--aws-endpoint", aws.endpoint, "--port", str(aws.port)]
        taken = subprocess.run(command, capture_output=True, cwd=PROJECT, text=True, timeout=120, check=False)
    assert taken.returncode == 1
    assert "address already in use" in taken.stderr
    assert "Traceback" not in taken.stderr


@pytest.mark.slow
def test_a_delivery_under_way_does_not_hold_the_end_up_and_is_made_after_the_restart(tmp_path: Path) -> None:
    with FakeAws() as aws:
        aws.create_bucket("b")
        with process(aws, tmp_path) as (endpoint, server):
            firehose, control = client(endpoint), FirehoseControl(endpoint)
            firehose.create_delivery_stream(
                DeliveryStreamName="s",
                ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::b"},
            )
            eventually(lambda: control.streams("s")[0]["status"] == "ACTIVE")
            aws.put_delay = 30
            firehose.put_record(DeliveryStreamName="s", Record={"Data": b"x"})
            control.flush()
            eventually(lambda: control.streams("s")[0]["buffers"]["primary"]["delivering"])
            server.terminate()
            assert server.wait(10) == 0
        aws.put_delay = 0
        with process(aws, tmp_path) as (endpoint, _):
            FirehoseControl(endpoint).wait_until_delivered("s")
            assert [stored.body for stored in aws.objects("b")] == [b"x"]


@pytest.mark.slow
def test_the_server_stops_on_sigterm_and_starts_on_the_same_state(tmp_path: Path) -> None:
    with FakeAws() as aws:
        for _ in range(2):
            with process(aws, tmp_path) as (endpoint, server):
                assert FirehoseControl(endpoint).health()["durable"] is True
                server.terminate()
                assert server.wait(60) == 0
