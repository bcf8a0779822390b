"""ArchiveStore on S3: listing, exact versions, and whose fault an error is."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, IncompleteReadError
from moto import mock_aws

from event_fork.adapters.s3_archive import S3ArchiveStore, S3ObjectReader
from event_fork.archive.errors import ConnectionBrokenError, ObjectChangedError, UnreadableObjectError
from event_fork.archive.store import CHUNK_BYTES, ListedObject

BUCKET = "orders-backup-20261123101500123400000001"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def etag(s3: Any, key: str) -> str:
    found: str = s3.head_object(Bucket=BUCKET, Key=key)["ETag"]
    return found.strip('"')


def test_a_listing_has_all_keys_of_a_prefix_over_all_pages(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "4")
    for number in range(10):
        s3.put_object(Bucket=BUCKET, Key=f"a/{number:04d}", Body=b"12")
    s3.put_object(Bucket=BUCKET, Key="b", Body=b"1")

    found = list(S3ArchiveStore(s3, BUCKET).list("a/"))

    assert [entry.key for entry in found] == [f"a/{number:04d}" for number in range(10)]
    assert found[0] == ListedObject("a/0000", etag(s3, "a/0000"), 2)


def test_folders_are_the_beginnings_up_to_the_next_slash(s3: Any) -> None:
    for key in ("x/event_type=a/date=1/k", "x/event_type=b/date=1/k", "x/date=1/k", "x/k", "y/k"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"1")

    assert list(S3ArchiveStore(s3, BUCKET).folders("x/")) == ["x/date=1/", "x/event_type=a/", "x/event_type=b/"]


def test_an_object_is_read_in_pieces_with_its_etag_and_version(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=BUCKET, Key="k", Body=b"x" * (CHUNK_BYTES + 1))["VersionId"]

    reader = S3ArchiveStore(s3, BUCKET).open("k")

    assert (reader.etag, reader.version_id) == (etag(s3, "k"), version)
    assert [len(chunk) for chunk in reader.chunks()] == [CHUNK_BYTES, 1]


def test_a_bucket_without_versions_has_none(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"x")

    assert S3ArchiveStore(s3, BUCKET).open("k").version_id is None


def test_another_content_than_planned_is_refused_though_the_planned_version_is_still_there(s3: Any) -> None:
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"planned")
    planned = etag(s3, "k")
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"newer")

    with pytest.raises(ObjectChangedError, match="was replaced"):
        S3ArchiveStore(s3, BUCKET).open("k", etag=planned)


def test_a_deleted_object_is_named_so(s3: Any) -> None:
    with pytest.raises(ObjectChangedError, match="was deleted"):
        S3ArchiveStore(s3, BUCKET).open("k")


class Refusing:
    """A client that refuses every object for one reason."""

    def __init__(self, code: str) -> None:
        self._code = code

    def get_object(self, **_: Any) -> None:
        answer: Any = {"Error": {"Code": self._code, "Message": "no"}, "ResponseMetadata": {}}
        raise ClientError(answer, "GetObject")


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidObjectState", "KMS.DisabledException"])
def test_what_is_the_objects_own_fault_makes_it_unreadable(code: str) -> None:
    with pytest.raises(UnreadableObjectError, match=f"{code}: no"):
        S3ArchiveStore(Refusing(code), BUCKET).open("k")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["ExpiredToken", "NoSuchBucket", "SlowDown", "InternalError"])
def test_what_every_object_would_meet_stops_the_run(code: str) -> None:
    with pytest.raises(ClientError, match=code):
        S3ArchiveStore(Refusing(code), BUCKET).open("k")  # type: ignore[arg-type]


class Breaking:
    """A body that breaks off after its first piece."""

    closed = False

    def __init__(self, error: Exception) -> None:
        self._pieces = iter([b"first"])
        self._error = error

    def read(self, _: int) -> bytes:
        try:
            return next(self._pieces)
        except StopIteration:
            raise self._error from None

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    "error",
    [IncompleteReadError(actual_bytes=5, expected_bytes=9), ConnectionResetError("reset")],
    ids=["short", "reset"],
)
def test_a_connection_that_breaks_is_told_apart_from_a_damaged_object_and_closed(error: Exception) -> None:
    body = Breaking(error)
    chunks = S3ObjectReader(body, "e", None).chunks()  # type: ignore[arg-type]

    assert next(chunks) == b"first"
    with pytest.raises(ConnectionBrokenError, match=json.dumps(type(error).__name__)[1:-1]):
        next(chunks)
    assert body.closed
