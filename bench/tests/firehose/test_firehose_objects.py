"""Bytes and headers of objects, S3 failures, raw backup. Notes 4.3, 4.4."""

import gzip
import io
import random
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import cramjam
import pytest
from botocore.exceptions import ClientError
from firehose.harness import ROLE, Harness, eventually, processing, processor
from hypothesis import given
from hypothesis import strategies as st

from local_firehose.delivery.compression import HADOOP_BLOCK, XERIAL_BLOCK, XERIAL_HEADER, blocks, compress
from local_firehose.destinations.s3 import error_code
from local_firehose.fakes.aws import AwsError

KEY = "arn:aws:kms:eu-west-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def read_xerial(data: bytes) -> bytes:
    """What snappy-java's SnappyInputStream reads."""
    assert data.startswith(XERIAL_HEADER)
    position, result = len(XERIAL_HEADER), b""
    while position < len(data):
        (size,) = struct.unpack_from(">i", data, position)
        result += bytes(cramjam.snappy.decompress_raw(data[position + 4 : position + 4 + size]))
        position += 4 + size
    return result


def read_hadoop(data: bytes) -> bytes:
    """What Hadoop's BlockDecompressorStream reads."""
    position, result = 0, b""
    while position < len(data):
        whole, size = struct.unpack_from(">ii", data, position)
        block = bytes(cramjam.snappy.decompress_raw(data[position + 8 : position + 8 + size]))
        assert len(block) == whole
        result += block
        position += 8 + size
    return result


def read_zip(data: bytes) -> bytes:
    """The one entry."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (entry,) = archive.infolist()
        assert entry.compress_type == zipfile.ZIP_DEFLATED
        assert uuid.UUID(entry.filename)
        return archive.read(entry)


READERS: dict[str, Callable[[bytes], bytes]] = {
    "UNCOMPRESSED": bytes,
    "GZIP": gzip.decompress,
    "ZIP": read_zip,
    "Snappy": read_xerial,
    "HADOOP_SNAPPY": read_hadoop,
}
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip", "Snappy": ".snappy", "HADOOP_SNAPPY": ".snappy"}
ENCODINGS = {"GZIP": "gzip", "ZIP": "zip", "Snappy": "snappy-java", "HADOOP_SNAPPY": "hadoop-snappy"}


# --- 4.3 bytes, compression, headers ------------------------------------------------------------------------------


@pytest.mark.behaviour("4.3", "documented")
def test_records_are_concatenated_verbatim_without_a_separator(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.put(b"a\n", b"\x00\xff", b"", b"b")
    assert stream.body() == b"a\n\x00\xffb"


@pytest.mark.behaviour("4.3", "observed", "floci 2328")
@pytest.mark.parametrize("compression", sorted(READERS))
def test_the_whole_object_is_compressed_and_has_the_extension_of_its_format(harness: Harness, compression: str) -> None:
    stream = harness.s3_stream(CompressionFormat=compression)
    records = [b"record %d\n" % n for n in range(500)]
    stream.put(*records)
    (stored,) = stream.objects()
    assert READERS[compression](stored.body) == b"".join(records)
    assert stored.key.endswith(EXTENSIONS[compression])
    assert stored.key[-36 - len(EXTENSIONS[compression]) - 1] == "-", "nothing else after the uuid"
    assert stored.headers["content-type"] == "application/octet-stream"
    assert stored.headers.get("content-encoding") == ENCODINGS.get(compression)


@given(
    chunks=st.lists(st.binary(max_size=3000) | st.builds(lambda n: b"ab" * n, st.integers(0, 200_000)), max_size=12),
    compression=st.sampled_from(sorted(READERS)),
)
def test_whatever_is_compressed_is_read_back(chunks: list[bytes], compression: str) -> None:
    assert READERS[compression](compress(iter(chunks), compression)) == b"".join(chunks)


@pytest.mark.behaviour("4.3", "documented")
def test_snappy_is_the_framing_of_snappy_java_with_blocks_of_32_kib() -> None:
    data = random.Random(1).randbytes(2 * XERIAL_BLOCK + 5)
    framed = compress([data], "Snappy")
    assert framed[:16] == b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
    assert read_xerial(framed) == data


@pytest.mark.behaviour("4.3", "documented")
def test_hadoop_snappy_is_the_block_framing_of_hadoop() -> None:
    data = random.Random(1).randbytes(2 * HADOOP_BLOCK + 5)
    framed = compress([data], "HADOOP_SNAPPY")
    assert struct.unpack_from(">i", framed)[0] == HADOOP_BLOCK
    assert read_hadoop(framed) == data


@given(st.lists(st.binary(max_size=50)), st.integers(1, 60))
def test_blocks_hold_the_same_bytes_in_pieces_of_one_size(chunks: list[bytes], size: int) -> None:
    pieces = list(blocks(chunks, size))
    assert b"".join(pieces) == b"".join(chunks)
    assert all(len(piece) == size for piece in pieces[:-1])


@pytest.mark.behaviour("4.3", "documented")
def test_a_file_extension_replaces_the_default_one_and_not_the_compression(harness: Harness) -> None:
    stream = harness.s3_stream(CompressionFormat="GZIP", FileExtension=".jsonl.gz")
    stream.put(b"x")
    (stored,) = stream.objects()
    assert stored.key.endswith(".jsonl.gz")
    assert gzip.decompress(stored.body) == b"x"


@pytest.mark.behaviour("4.3", "observed", "stackd")
def test_sse_kms_is_asked_for_with_the_key(harness: Harness) -> None:
    stream = harness.s3_stream(EncryptionConfiguration={"KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}})
    stream.put(b"x")
    headers = stream.objects()[0].headers
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == KEY


@pytest.mark.behaviour("4.3", "observed", "stackd")
def test_without_encryption_no_header_is_sent_so_the_bucket_default_applies(harness: Harness) -> None:
    stream = harness.s3_stream(EncryptionConfiguration={"NoEncryptionConfig": "NoEncryption"})
    stream.put(b"x")
    assert not [name for name in stream.objects()[0].headers if "server-side-encryption" in name]


@pytest.mark.behaviour("4.3", "observed", "stackd")
def test_objects_give_the_bucket_owner_full_control(harness: Harness) -> None:
    stream = harness.s3_stream()
    stream.put(b"x")
    assert stream.objects()[0].headers["x-amz-acl"] == "bucket-owner-full-control"


@pytest.mark.behaviour("4.3", "observed", "preflight")
@pytest.mark.parametrize(
    "encryption", [{}, {"NoEncryptionConfig": "NoEncryption", "KMSEncryptionConfig": {"AWSKMSKeyARN": KEY}}]
)
def test_an_encryption_configuration_has_exactly_one_member(harness: Harness, encryption: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified"):
        harness.s3_stream(EncryptionConfiguration=encryption)


# --- 4.4 failure and backup ---------------------------------------------------------------------------------------


@pytest.mark.behaviour("4.4", "documented")
def test_a_refused_object_is_tried_again_until_it_is_written(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.aws.refuse_puts.extend(
        [AwsError(403, "AccessDenied"), AwsError(500, "InternalError"), AwsError(503, "SlowDown")]
    )
    stream.put(b"x")
    (stored,) = stream.objects()
    assert stored.body == b"x"
    assert not harness.aws.refuse_puts


@pytest.mark.behaviour("4.4", "documented")
def test_records_that_cannot_be_written_for_24_hours_are_lost(harness: Harness) -> None:
    stream = harness.s3_stream()
    harness.control.arm("s3", stream=stream.name)
    harness.control.clock(speed=0)
    stream.put(b"x")
    harness.control.clock(advance_seconds=60)
    eventually(lambda: harness.control.armed()[0]["hits"])
    harness.control.clock(advance_seconds=24 * 3600 - 61)
    eventually(lambda: harness.control.armed()[0]["hits"] >= 2)
    assert stream.buffers()["primary"]["delivering"] == 1, "not yet"
    harness.control.clock(advance_seconds=61)
    eventually(lambda: harness.control.streams(stream.name)[0]["undelivered_records"] == 0)
    harness.control.disarm()
    harness.control.clock(speed=300)
    stream.put(b"y")
    assert stream.body() == b"y"


@pytest.mark.behaviour("4.4", "documented")
def test_with_a_backup_every_original_record_goes_there_too(harness: Harness) -> None:
    name, bucket = harness.name("function"), harness.bucket()
    results = {b"ok": "Ok", b"dropped": "Dropped", b"failed": "ProcessingFailed"}

    def judge(event: dict[str, Any]) -> dict[str, Any]:
        import base64

        return {
            "records": [
                {"recordId": r["recordId"], "result": results[base64.b64decode(r["data"])], "data": "T0s="}
                for r in event["records"]
            ]
        }

    harness.aws.functions[name] = judge
    backup = {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "Prefix": "raw/",
        "ErrorOutputPrefix": "ignored/",
        "CompressionFormat": "GZIP",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
    }
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    stream = harness.s3_stream(
        Prefix="data/",
        ProcessingConfiguration=processing(function),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    stream.put(b"ok", b"dropped", b"failed")
    assert [o.body for o in stream.all_objects("data/2")] == [b"OK"]
    (raw,) = harness.aws.objects(bucket)
    assert gzip.decompress(raw.body) == b"okdroppedfailed"
    assert raw.key.startswith("raw/2")
    assert raw.key.endswith(".gz")


@pytest.mark.behaviour("4.2", "documented")
def test_the_error_prefix_of_the_backup_is_ignored(harness: Harness) -> None:
    bucket = harness.bucket()
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}", "ErrorOutputPrefix": "from-backup/"}
    name = harness.name("function")
    harness.aws.functions[name] = lambda _: {"records": []}
    function = processor("Lambda", LambdaArn=f"arn:aws:lambda:eu-west-1:000000000000:function:{name}")
    stream = harness.s3_stream(
        ErrorOutputPrefix="from-destination/",
        ProcessingConfiguration=processing(function),
        S3BackupMode="Enabled",
        S3BackupConfiguration=backup,
    )
    stream.put(b"x")
    assert len(stream.all_objects("from-destination/")) == 1
    assert not harness.aws.objects(bucket, "from-backup/")


@pytest.mark.behaviour("4.4", "uncertain")
def test_a_backup_without_a_transformation_is_accepted(harness: Harness) -> None:
    bucket = harness.bucket()
    backup = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{bucket}"}
    stream = harness.s3_stream(S3BackupMode="Enabled", S3BackupConfiguration=backup)
    stream.put(b"x")
    stream.delivered()
    assert harness.aws.objects(bucket)[0].body == b"x"


@pytest.mark.behaviour("4.4", "observed", "preflight")
def test_an_enabled_backup_needs_its_configuration(harness: Harness) -> None:
    message = "S3 backup destination configuration is required when enabling S3 backup."
    with pytest.raises(ClientError, match=message):
        harness.s3_stream(S3BackupMode="Enabled")


@pytest.mark.behaviour("6", "documented")
@pytest.mark.parametrize(
    ("s3", "firehose"),
    [
        ("AccessDenied", "S3.AccessDenied"),
        ("NoSuchBucket", "S3.NoSuchBucket"),
        ("AccountProblem", "S3.AccountProblem"),
        ("AllAccessDisabled", "S3.AllAccessDisabled"),
        ("InvalidPayer", "S3.InvalidPayer"),
        ("NotSignedUp", "S3.NotSignedUp"),
        ("MethodNotAllowed", "S3.MethodNotAllowed"),
        ("KMS.NotFoundException", "S3.KMS.NotFoundException"),
        ("KMS.RequestLimitExceeded", "S3.KMS.RequestLimitExceeded"),
        ("SlowDown", "InternalError"),
    ],
)
def test_errors_of_s3_have_the_documented_codes(s3: str, firehose: str) -> None:
    assert error_code(s3) == firehose


def test_gzip_members_are_one_not_one_per_record() -> None:
    decompressor = zlib.decompressobj(31)
    assert decompressor.decompress(compress([b"a" * 300_000, b"b" * 300_000], "GZIP"))
    assert decompressor.eof
    assert not decompressor.unused_data
