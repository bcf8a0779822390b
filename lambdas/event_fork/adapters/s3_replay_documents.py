"""ReplayDocuments on S3.

control.json is written with If-Match, so that no writer undoes another's change unseen.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import ClientError

from event_fork.adapters.aws_calls import RETRYING_CONFIG, as_call_failed
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import VersionedControl
from event_fork.replay_plan.plan import Plan, read_plan
from event_fork.replay_plan.progress import Progress
from event_fork.replay_plan.work_area import WorkArea

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_JSON = "application/json"
# 409: another conditional write of the same object was under way.
_SOMEBODY_WAS_FASTER = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_NOT_THERE = frozenset({"NoSuchKey", "404"})


class S3ReplayDocuments:
    """The work area of one replay."""

    def __init__(self, bucket: str, work_area: WorkArea, client: "S3Client | None" = None) -> None:
        self._bucket = bucket
        self._area = work_area
        self._client = client or boto3.client("s3", config=RETRYING_CONFIG)

    def plan(self) -> Plan:
        """See ReplayDocuments."""
        return read_plan(self._get(self._area.plan)[0])

    def control(self) -> VersionedControl:
        """See ReplayDocuments."""
        content, etag = self._get(self._area.control)
        return VersionedControl(Control.from_json(content), etag)

    def replace_control(self, control: Control, etag: str) -> bool:
        """See ReplayDocuments."""
        with as_call_failed():
            try:
                self._client.put_object(
                    Bucket=self._bucket,
                    Key=self._area.control,
                    Body=control.to_json(),
                    ContentType=_JSON,
                    IfMatch=etag,
                )
            except ClientError as error:
                if error.response["Error"].get("Code", "") in _SOMEBODY_WAS_FASTER:
                    return False
                raise
        return True

    def progress(self, item_id: str) -> Progress | None:
        """See ReplayDocuments."""
        with as_call_failed():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._area.progress(item_id))
            except ClientError as error:
                if error.response["Error"].get("Code", "") in _NOT_THERE:
                    return None
                raise
            content = answer["Body"].read()
        return Progress.from_json(content)

    def put_progress(self, progress: Progress) -> None:
        """See ReplayDocuments."""
        with as_call_failed():
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._area.progress(progress.item),
                Body=progress.to_json(),
                ContentType=_JSON,
            )

    def _get(self, key: str) -> tuple[bytes, str]:
        with as_call_failed():
            answer = self._client.get_object(Bucket=self._bucket, Key=key)
            return answer["Body"].read(), answer["ETag"]
