"""DocumentStore on S3.

Documents that several write are put under a condition, so that no writer undoes another's change unseen.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed
from event_fork.replay_plan.documents import StoredDocument, refuse_too_large

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# 409: another conditional write of the same object was under way.
_SOMEBODY_WAS_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_NOT_THERE = frozenset({"NoSuchKey", "404"})


class S3DocumentStore:
    """One bucket. Safe to share between threads."""

    def __init__(self, bucket: str, client: "S3Client | None" = None) -> None:
        self._bucket = bucket
        self._client = client or boto3.client("s3", config=RETRYING_CONFIG)

    def get(self, key: str, most: int) -> StoredDocument | None:
        """See DocumentStore."""
        with as_call_failed():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"].get("Code", "") in _NOT_THERE:
                    return None
                raise
            refuse_too_large(key, answer["ContentLength"], most)
            return StoredDocument(answer["Body"].read(), answer["ETag"])

    def put(self, key: str, content: bytes) -> None:
        """See DocumentStore."""
        self._put(key, content)

    def create(self, key: str, content: bytes) -> str | None:
        """See DocumentStore."""
        return self._put(key, content, IfNoneMatch="*")

    def replace(self, key: str, content: bytes, etag: str) -> str | None:
        """See DocumentStore."""
        return self._put(key, content, IfMatch=etag)

    def etags(self, prefix: str) -> dict[str, str]:
        """See DocumentStore."""
        return {
            entry["Key"]: entry["ETag"] for page in self._pages(Prefix=prefix) for entry in page.get("Contents", ())
        }

    def folders(self, prefix: str) -> Iterator[str]:
        """See DocumentStore."""
        for page in self._pages(Prefix=prefix, Delimiter="/"):
            yield from (entry["Prefix"] for entry in page.get("CommonPrefixes", ()))

    def _put(self, key: str, content: bytes, **condition: Any) -> str | None:
        with as_call_failed():
            try:
                answer = self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, ContentType="application/json", **condition
                )
            except ClientError as error:
                if condition and error.response["Error"].get("Code", "") in _SOMEBODY_WAS_FASTER:
                    return None
                raise
        return answer["ETag"]

    def _pages(self, **which: Any) -> Iterator[Any]:
        with as_call_failed():
            yield from self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, **which)
