"""When a buffer is delivered. Notes 2."""

import gzip

import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, eventually, processing, processor

MIB = 1024 * 1024
FUNCTION = "arn:aws:lambda:eu-west-1:000000000000:function:%s"


@pytest.mark.behaviour("2", "documented")
def test_the_interval_alone_triggers_a_delivery(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 300})
    harness.control.clock(speed=0)
    stream.put(b"x")
    harness.control.clock(advance_seconds=299)
    assert stream.buffers()["primary"] == {"items": 1, "bytes": 1, "delivering": 0}
    harness.control.clock(advance_seconds=1)
    assert stream.objects()[0].body == b"x"


@pytest.mark.behaviour("2", "documented")
def test_the_size_alone_triggers_a_delivery(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 2, "IntervalInSeconds": 900})
    harness.control.clock(speed=0)
    stream.put(b"x" * 700_000, b"x" * 700_000)
    assert stream.buffers()["primary"]["items"] == 2
    stream.put(b"x" * 700_000)
    assert len(stream.objects()[0].body) == 2_100_000


@pytest.mark.behaviour("2", "documented")
def test_the_size_counts_bytes_before_compression(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900}, CompressionFormat="GZIP")
    harness.control.clock(speed=0)
    stream.put(*[b"0" * 100_000] * 11)
    (stored,) = stream.objects()
    assert len(stored.body) < 10_000
    assert len(gzip.decompress(stored.body)) == 1_100_000


@pytest.mark.behaviour("2", "documented")
def test_the_size_counts_bytes_after_transformation(harness: Harness) -> None:
    name = harness.name("function")

    def shrink(event: dict[str, list[dict[str, str]]]) -> dict[str, list[dict[str, str]]]:
        return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": "eA=="} for r in event["records"]]}

    harness.aws.functions[name] = shrink
    stream = harness.s3_stream(
        BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900},
        ProcessingConfiguration=processing(processor("Lambda", LambdaArn=FUNCTION % name)),
    )
    harness.control.clock(speed=0)
    stream.put(*[b"0" * 500_000] * 3)  # the Lambda buffer of 1 MiB is full, the S3 buffer is not
    eventually(lambda: stream.buffers().get("primary", {}).get("items"))
    assert stream.buffers()["primary"]["bytes"] <= 3


@pytest.mark.behaviour("2", "uncertain")
def test_the_interval_runs_from_the_first_record_in_the_empty_buffer(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 100})
    harness.control.clock(speed=0)
    harness.control.clock(advance_seconds=90)  # an idle stream's clock does not matter
    stream.put(b"a")
    harness.control.clock(advance_seconds=60)
    stream.put(b"b")
    assert not harness.aws.objects(stream.bucket)
    harness.control.clock(advance_seconds=40)
    assert stream.objects()[0].body == b"ab"


@pytest.mark.behaviour("2", "documented")
def test_the_size_is_raised_when_delivery_falls_behind(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60})
    harness.control.arm("s3", stream=stream.name, times=1)
    harness.control.clock(speed=0)
    stream.put(*[b"x" * 700_000] * 2)
    eventually(lambda: stream.buffers()["primary"]["delivering"] == 2)
    for _ in range(3):
        stream.put(*[b"y" * 700_000] * 3)
    harness.control.clock(speed=300)
    sizes = sorted(len(stored.body) for stored in stream.all_objects())
    assert sizes == [1_400_000, 6_300_000], "the backlog of 6 MiB is one object, not six"


@pytest.mark.behaviour("2", "documented")
def test_without_a_backlog_objects_are_about_as_large_as_the_hint(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 60})
    stream.put(*[b"x" * 300_000] * 13)
    sizes = sorted(len(stored.body) for stored in stream.all_objects())
    assert sizes == [300_000, 1_200_000, 1_200_000, 1_200_000]


@pytest.mark.behaviour("2", "documented")
def test_zero_buffering_delivers_within_seconds(harness: Harness) -> None:
    stream = harness.s3_stream(BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 0})
    harness.control.clock(speed=0)
    stream.put(b"x")
    harness.control.clock(advance_seconds=2)
    stream.objects()


@pytest.mark.behaviour("2", "documented")
@pytest.mark.parametrize(("interval", "parts"), [(59, 1), (60, 0)])
def test_below_60_seconds_objects_are_multipart_uploads(harness: Harness, interval: int, parts: int) -> None:
    key = "arn:aws:kms:eu-west-1:000000000000:key/k"
    stream = harness.s3_stream(
        BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": interval},
        EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": key}},
        CompressionFormat="GZIP",
    )
    stream.put(b"x")
    (stored,) = stream.objects()
    assert stored.parts == parts
    assert stored.headers["x-amz-server-side-encryption-aws-kms-key-id"] == key
    assert stored.headers["content-encoding"] == "gzip"


@pytest.mark.behaviour("2", "observed", "stackd")
def test_the_backup_interval_is_at_least_60(harness: Harness) -> None:
    backup = {
        "RoleARN": ROLE,
        "BucketARN": "arn:aws:s3:::b",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 59},
    }
    with pytest.raises(ClientError, match=r"InvalidArgumentException.*at least 60"):
        harness.s3_stream(S3BackupMode="Enabled", S3BackupConfiguration=backup)
    with pytest.raises(ClientError, match=r"InvalidArgumentException.*at least 60"):
        harness.opensearch_stream(s3={"BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 0}})


@pytest.mark.behaviour("2", "observed", "stackd")
def test_primary_error_and_backup_outputs_have_buffers_of_their_own(harness: Harness) -> None:
    name = harness.name("function")
    harness.aws.functions[name] = lambda event: {
        "records": [
            {"recordId": r["recordId"], "result": ("Ok", "ProcessingFailed")[n % 2], "data": r["data"]}
            for n, r in enumerate(event["records"])
        ]
    }
    bucket = harness.bucket()
    backup = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 300},
    }
    stream = harness.s3_stream(
        BufferingHints={"SizeInMBs": 5, "IntervalInSeconds": 120},
        ProcessingConfiguration=processing(
            processor("Lambda", LambdaArn=FUNCTION % name, BufferSizeInMBs="1", BufferIntervalInSeconds="10")
        ),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    harness.control.clock(speed=0)
    stream.put(b"a", b"b")
    harness.control.clock(advance_seconds=10)
    eventually(lambda: stream.buffers().get("errors/processing-failed"))
    assert {n: b["items"] for n, b in stream.buffers().items()} == {
        "lambda": 0,
        "backup": 2,
        "primary": 1,
        "errors/processing-failed": 1,
    }
    harness.control.clock(advance_seconds=120)
    assert len(stream.objects(count=2)) == 2
    assert not harness.aws.objects(bucket), "the backup has its own interval"
    harness.control.clock(advance_seconds=180)
    assert eventually(lambda: harness.aws.objects(bucket))[0].body == b"ab"


@pytest.mark.behaviour("2", "documented")
def test_opensearch_buffers_by_its_own_hints(harness: Harness) -> None:
    stream = harness.opensearch_stream(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 200})
    harness.control.clock(speed=0)
    stream.put(b'{"a": 1}')
    harness.control.clock(advance_seconds=199)
    assert not harness.opensearch.documents(stream.name)
    harness.control.clock(advance_seconds=1)
    eventually(lambda: harness.opensearch.documents(stream.name))
    stream.put(*[b'{"text": "%s"}' % (b"x" * 300_000)] * 4)
    eventually(lambda: len(harness.opensearch.documents(stream.name)) == 5)
