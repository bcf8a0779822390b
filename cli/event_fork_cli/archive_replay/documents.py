"""Plan, items, control and progress of a replay, in the archive's bucket (event_fork.replay_plan.work_area)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from event_fork.adapters.s3_replay_documents import S3ReplayDocuments
from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import change_control
from event_fork.replay_plan.item import Item, items_to_jsonl
from event_fork.replay_plan.plan import Plan, read_plan
from event_fork.replay_plan.progress import Progress
from event_fork.replay_plan.work_area import ROOT, WorkArea

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_THREADS = 16
_LOST_A_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class ReplayDocuments:
    """The documents of one replay. Progress that did not change is not read again."""

    def __init__(self, s3: S3Client, bucket: str, replay_id: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self.replay_id = replay_id
        self.area = WorkArea.of(replay_id)
        self._shared = S3ReplayDocuments(bucket, self.area, s3)
        self._known: dict[str, tuple[str, Progress]] = {}

    def plan(self) -> Plan | None:
        """The plan as it was applied; None when this replay was never applied."""
        found = self._get(self.area.plan)
        return None if found is None else read_plan(found[0])

    def control(self) -> Control | None:
        """What operator and governor want now."""
        found = self._get(self.area.control)
        return None if found is None else Control.from_json(found[0])

    def write_plan(self, text: bytes) -> None:
        """Puts the plan."""
        self._s3.put_object(Bucket=self._bucket, Key=self.area.plan, Body=text, ContentType="application/json")

    def write_items(self, items: Iterable[Item]) -> None:
        """Puts what the next execution works on."""
        self._s3.put_object(Bucket=self._bucket, Key=self.area.items, Body=items_to_jsonl(items))

    def create_control(self, control: Control) -> bool:
        """Puts the first control.json; False when there is one: somebody else applies this plan or has applied it."""
        try:
            self._s3.put_object(
                Bucket=self._bucket,
                Key=self.area.control,
                Body=control.to_json(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST_A_RACE:
                return False
            raise
        return True

    def change_control(self, change: Callable[[Control], Control | None], caller: str) -> Control:
        """Changes control.json so that no other writer's change is lost, signed and dated; the control it says then."""
        return change_control(self._shared, change, changed_by=caller)

    def progress(self) -> dict[str, Progress]:
        """How far each item got that was begun, by item id."""
        listed = {
            entry["Key"]: entry["ETag"]
            for page in self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self.area.progress_prefix
            )
            for entry in page.get("Contents", ())
        }
        changed = [key for key, etag in listed.items() if self._known.get(key, ("",))[0] != etag]
        with ThreadPoolExecutor(_THREADS) as threads:
            for key, found in zip(changed, threads.map(self._get, changed), strict=True):
                if found is not None:
                    self._known[key] = (found[1], Progress.from_json(found[0]))
        return {progress.item: progress for key, (_, progress) in self._known.items() if key in listed}

    def _get(self, key: str) -> tuple[bytes, str] | None:
        try:
            response = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                return None
            raise
        return response["Body"].read(), response["ETag"]


def replay_ids(s3: S3Client, bucket: str) -> Iterator[str]:
    """The replays that were applied to the archives of a bucket."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=ROOT, Delimiter="/"):
        for entry in page.get("CommonPrefixes", ()):
            yield entry["Prefix"].removeprefix(ROOT).rstrip("/")
