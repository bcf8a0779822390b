"""Addresses in S3, as they are typed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from event_fork.replay_plan.plan import ArchiveLocation
from event_fork_cli.errors import BadInputError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>.*))?")
_EXAMPLE = "s3://orders-backup-20261123101500123400000001/"


def s3_location(s3: S3Client, option: str, text: str, region: str) -> ArchiveLocation:
    """Bucket, prefix and the bucket's Region of `s3://bucket/prefix`. Raises BadInputError naming `option`."""

    def bad(rule: str) -> BadInputError:
        return BadInputError(option, rule, example=f"{option} {_EXAMPLE}", received=text)

    match = _ADDRESS.fullmatch(text)
    if not match:
        raise bad("must be an S3 address")
    bucket, prefix = match["bucket"], match["prefix"] or ""
    try:
        region = s3.head_bucket(Bucket=bucket).get("BucketRegion") or region
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchBucket"}:
            raise bad("must name a bucket that exists") from error
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 301:
            raise
        region = error.response["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", region)
    return ArchiveLocation(bucket, prefix, region)


def archive_location(s3: S3Client, text: str, region: str) -> ArchiveLocation:
    """The same of an archive. The prefix is what stands before `date=` in the keys."""
    found = s3_location(s3, "--archive", text, region)
    if found.prefix[-1:] in {"", "/"} or _has_keys(s3, found.bucket, f"{found.prefix}date="):
        return found
    return folder(s3, found)


def folder(s3: S3Client, place: ArchiveLocation) -> ArchiveLocation:
    """The folder of that name, where there is one: s3://bucket/orders must not mean orders-shadow/ too."""
    if place.prefix and not place.prefix.endswith("/") and _has_keys(s3, place.bucket, f"{place.prefix}/"):
        return replace(place, prefix=f"{place.prefix}/")
    return place


def _has_keys(s3: S3Client, bucket: str, prefix: str) -> bool:
    return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"))
