"""S3: versioned objects, conditional writes, listings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ReadTimeoutError

from tests.simulation.clients import REGION, ServiceError
from tests.simulation.scheduler import EPOCH, Scheduler

_PAGE = 1000


@dataclass(frozen=True)
class Stored:
    """A version of an object; `body` None: a delete marker."""

    version: str
    body: bytes | None
    etag: str
    at: float


@dataclass
class S3:
    """One account's buckets; every bucket has versioning on."""

    scheduler: Scheduler
    buckets: dict[str, dict[str, list[Stored]]] = field(default_factory=dict)
    breaks: Callable[[], bool] = lambda: False
    """Whether the body of the present GetObject breaks off."""
    put: Callable[[str, bytes], None] = lambda key, body: None
    """Told of every object that is put."""
    _versions: int = 0

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the key."""
        return str(params.get("Key", params.get("Prefix", "")))

    def store(self, bucket: str, key: str, body: bytes | None) -> Stored:
        """Write a version, from outside of the simulated code."""
        self._versions += 1
        etag = f'"{hashlib.md5(body or b"", usedforsecurity=False).hexdigest()}"'
        made = Stored(f"v{self._versions}", body, etag, self.scheduler.now)
        self.buckets[bucket].setdefault(key, []).append(made)
        return made

    def current(self, bucket: str, key: str) -> bytes | None:
        """What is there now."""
        versions = self.buckets[bucket].get(key)
        return versions[-1].body if versions else None

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def head_bucket(self, **params: Any) -> Any:
        if params["Bucket"] not in self.buckets:
            raise ServiceError("404", "Not Found", 404)
        return {"BucketRegion": REGION}

    def put_object(self, **params: Any) -> Any:
        bucket, key, body = params["Bucket"], params["Key"], params["Body"]
        found = self._now(bucket, key)
        if {"IfNoneMatch", "IfMatch"} & params.keys() and self.breaks():
            raise ServiceError("ConditionalRequestConflict", "A conflicting operation occurred. Try again.", 409)
        if params.get("IfNoneMatch") == "*" and found is not None:
            raise ServiceError("PreconditionFailed", "At least one of the pre-conditions did not hold", 412)
        if "IfMatch" in params:
            if found is None:
                raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
            if found.etag.strip('"') != params["IfMatch"].strip('"'):
                raise ServiceError("PreconditionFailed", "At least one of the pre-conditions did not hold", 412)
        made = self.store(bucket, key, body if isinstance(body, bytes) else body.encode())
        self.put(key, made.body or b"")
        return {"ETag": made.etag, "VersionId": made.version}

    def get_object(self, **params: Any) -> Any:
        bucket, key = params["Bucket"], params["Key"]
        if "VersionId" in params:
            versions = self.buckets[bucket].get(key, [])
            found = next((one for one in versions if one.version == params["VersionId"]), None)
            if found is None:
                raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
        else:
            found = self._now(bucket, key)
            if found is None:
                raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
        if found.body is None:
            raise ServiceError("MethodNotAllowed", "The specified method is not allowed", 405)
        if "IfMatch" in params and params["IfMatch"].strip('"') != found.etag.strip('"'):
            raise ServiceError("PreconditionFailed", "At least one of the pre-conditions did not hold", 412)
        content = {"Body": Body(found.body, self.breaks()), "ContentLength": len(found.body)}
        return {**content, "ETag": found.etag, "VersionId": found.version}

    def head_object(self, **params: Any) -> Any:
        found = self._now(params["Bucket"], params["Key"])
        if found is None or found.body is None:
            raise ServiceError("404", "Not Found", 404)
        return {"ETag": found.etag, "VersionId": found.version, "ContentLength": len(found.body)}

    def list_objects_v2(self, **params: Any) -> Any:
        prefix, delimiter = params.get("Prefix", ""), params.get("Delimiter")
        after = params.get("ContinuationToken", params.get("StartAfter", ""))
        contents: list[dict[str, Any]] = []
        folders: set[str] = set()
        truncated = False
        for key in sorted(self.buckets[params["Bucket"]]):
            found = self._now(params["Bucket"], key)
            if found is None or found.body is None or not key.startswith(prefix) or key <= after:
                continue
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                continue
            if len(contents) == params.get("MaxKeys", _PAGE):
                truncated = True
                break
            moment = datetime.fromtimestamp(EPOCH + found.at, UTC)
            contents.append({"Key": key, "ETag": found.etag, "Size": len(found.body), "LastModified": moment})
        answer: dict[str, Any] = {"KeyCount": len(contents) + len(folders), "IsTruncated": truncated}
        if contents:
            answer["Contents"] = contents
        if folders:
            answer["CommonPrefixes"] = [{"Prefix": folder} for folder in sorted(folders)]
        if truncated:
            answer["NextContinuationToken"] = contents[-1]["Key"]
        return answer

    def _now(self, bucket: str, key: str) -> Stored | None:
        if bucket not in self.buckets:
            raise ServiceError("NoSuchBucket", "The specified bucket does not exist", 404)
        versions = self.buckets[bucket].get(key)
        return versions[-1] if versions and versions[-1].body is not None else None


class Body:
    """The body of an answer; one that breaks gives half of itself."""

    def __init__(self, content: bytes, breaks: bool) -> None:
        self._content = content
        self._place = 0
        self._end = len(content) // 2 if breaks else None

    def read(self, amount: int | None = None) -> bytes:
        """The next bytes."""
        end = len(self._content) if amount is None else self._place + amount
        if self._end is not None and end > self._end:
            raise ReadTimeoutError(endpoint_url="https://s3")
        part = self._content[self._place : end]
        self._place += len(part)
        return part

    def close(self) -> None:
        """Nothing to do."""
