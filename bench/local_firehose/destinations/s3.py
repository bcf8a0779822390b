"""Objects into a bucket. One PutObject per buffer; below 60 s of buffering a multipart upload, as Firehose makes them.

Sources: notes 4.3, 4.4; developer guide "Understand data delivery" and "Buffering hints".
"""

import logging
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.destinations.settings import S3Settings
from local_firehose.faults import Faults
from local_firehose.shares import Places
from local_firehose.streams.stream import Stream

CONTENT_TYPE = "application/octet-stream"
MULTIPART_BELOW_SECONDS = 60
log = logging.getLogger(__name__)


class S3WriteError(Exception):
    """The object is not there. ``code`` is Firehose's error code for logs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class S3Writer:
    """Writes objects for all streams."""

    aws: Aws
    faults: Faults
    places: Places = field(default_factory=lambda: Places(24))

    async def put(self, stream: Stream, settings: S3Settings, key: str, body: bytes, encoding: str) -> None:
        """One object, or S3WriteError."""
        if fault := self.faults.hit("s3", stream.name, bucket=settings.bucket):
            raise S3WriteError(error_code(fault.options["code"]), fault.options["message"])
        client = self.aws.client("s3", stream.account, stream.region, settings.role)
        arguments = object_arguments(settings, key, encoding)
        try:
            async with self.places.of(stream.key):
                if settings.hints.interval < MULTIPART_BELOW_SECONDS:
                    await self.aws.call(_upload_in_parts, client, arguments, body)
                else:
                    await self.aws.call(client.put_object, **arguments, Body=body)
        except ClientError as error:
            details = error.response["Error"]
            raise S3WriteError(error_code(details["Code"]), details.get("Message", "")) from error
        except BotoCoreError as error:
            raise S3WriteError("InternalError", self.aws.trouble("s3:PutObject", error)) from error
        if self.faults.hit("s3-duplicate", stream.name):
            raise S3WriteError("InternalError", "armed fault: the object is written, its answer is lost")


def object_arguments(settings: S3Settings, key: str, encoding: str) -> dict[str, Any]:
    """The members Firehose sends with an object besides its body."""
    arguments: dict[str, Any] = {
        "Bucket": settings.bucket,
        "Key": key,
        "ContentType": CONTENT_TYPE,
        "ACL": "bucket-owner-full-control",
    }
    if encoding:
        arguments["ContentEncoding"] = encoding
    if settings.kms_key:
        arguments["ServerSideEncryption"] = "aws:kms"
        arguments["SSEKMSKeyId"] = settings.kms_key
    return arguments


def error_code(code: str) -> str:
    """Firehose's name of an S3 error. Source: developer guide "Monitor with CloudWatch Logs"."""
    known = {
        "AccessDenied": "S3.AccessDenied",
        "403": "S3.AccessDenied",
        "NoSuchBucket": "S3.NoSuchBucket",
        "404": "S3.NoSuchBucket",
        "AccountProblem": "S3.AccountProblem",
        "AllAccessDisabled": "S3.AllAccessDisabled",
        "InvalidPayer": "S3.InvalidPayer",
        "NotSignedUp": "S3.NotSignedUp",
        "MethodNotAllowed": "S3.MethodNotAllowed",
        "KMS.NotFoundException": "S3.KMS.NotFoundException",
        "KMS.RequestLimitExceeded": "S3.KMS.RequestLimitExceeded",
    }
    return known.get(code, "InternalError")


def _upload_in_parts(client: Any, arguments: dict[str, Any], body: bytes) -> None:
    where = {"Bucket": arguments["Bucket"], "Key": arguments["Key"]}
    upload = client.create_multipart_upload(**arguments)["UploadId"]
    try:
        part = client.upload_part(**where, UploadId=upload, PartNumber=1, Body=body)
        client.complete_multipart_upload(
            **where, UploadId=upload, MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        )
    except (BotoCoreError, ClientError):
        try:
            client.abort_multipart_upload(**where, UploadId=upload)
        except (BotoCoreError, ClientError) as error:
            log.warning("could not abort the multipart upload of %s: %s", arguments["Key"], error)
        raise
