"""ArchiveStore on S3.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from event_fork.archive.errors import ConnectionBrokenError, ObjectChangedError, UnreadableObjectError
from event_fork.archive.store import CHUNK_BYTES, ListedObject

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

_GONE = {"NoSuchKey", "NoSuchVersion", "404"}
_REPLACED = {"PreconditionFailed", "412"}
# What is the object's own fault. Anything else (expired credentials, no such bucket, throttling after all retries)
# would be the same for the next object, so it is raised as it is and stops the whole run.
_OF_THE_OBJECT = {
    "AccessDenied",
    "403",
    "InvalidObjectState",
    "KMS.DisabledException",
    "KMS.NotFoundException",
    "MethodNotAllowed",
}


class S3ArchiveStore:
    """One bucket, read with a boto3 client; an ArchiveStore and a BrowsableStore. Safe to share between threads."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """See ArchiveStore."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                yield ListedObject(key=entry["Key"], etag=entry["ETag"].strip('"'), size=entry["Size"])

    def folders(self, prefix: str) -> Iterator[str]:
        """See BrowsableStore."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/"):
            for entry in page.get("CommonPrefixes", ()):
                yield entry["Prefix"]

    def open(self, key: str, *, etag: str | None = None) -> S3ObjectReader:
        """See ArchiveStore."""
        condition: dict[str, Any] = {} if etag is None else {"IfMatch": f'"{etag}"'}
        try:
            response = self._client.get_object(Bucket=self._bucket, Key=key, **condition)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            if code in _GONE:
                raise ObjectChangedError("was deleted") from error
            if code in _REPLACED:
                raise ObjectChangedError("was replaced by another version") from error
            if code in _OF_THE_OBJECT:
                raise UnreadableObjectError(f"{code}: {error.response['Error'].get('Message', '')}") from error
            raise
        return S3ObjectReader(response["Body"], response["ETag"].strip('"'), _version(response.get("VersionId")))


class S3ObjectReader:
    """See ObjectReader."""

    def __init__(self, body: StreamingBody, etag: str, version_id: str | None) -> None:
        self._body = body
        self.etag = etag
        self.version_id = version_id

    def chunks(self) -> Iterator[bytes]:
        """See ObjectReader."""
        try:
            while chunk := self._body.read(CHUNK_BYTES):
                yield chunk
        except (BotoCoreError, HTTPError, OSError) as error:
            raise ConnectionBrokenError(f"the connection to S3 broke: {type(error).__name__}: {error}") from error
        finally:
            self._body.close()


def _version(version_id: str | None) -> str | None:
    # A bucket whose versioning is suspended answers with the id "null": it is no version that stays.
    return None if version_id in (None, "null") else version_id
