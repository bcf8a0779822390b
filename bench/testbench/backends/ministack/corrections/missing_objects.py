"""GetObject and HeadObject of a key that is not there: 404 only for who may list the bucket, else 403.

MiniStack 1.5.33 always answers 404, so a role without s3:ListBucket seems to work. On AWS the answer does not tell
whether the object exists to one who may not list.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
"""

from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks

NOT_FOUND = 404
FORBIDDEN = 403


def apply() -> None:
    """Look at the emulator's answer before it goes out."""
    storage = hooks.service("s3")

    def get(original: Callable[..., Any], bucket: str, key: str, headers: Mapping[str, str], query: Any = None) -> Any:
        answer = original(bucket, key, headers, query)
        if answer[0] != NOT_FOUND or bucket not in storage._buckets or _may_list(bucket):
            return answer
        return storage._error("AccessDenied", "Access Denied", FORBIDDEN, f"/{bucket}/{key}")

    def head(original: Callable[..., Any], bucket: str, key: str, headers: Any = None, query: Any = None) -> Any:
        status, answer_headers, body = original(bucket, key, headers, query)
        missing = status == NOT_FOUND and bucket in storage._buckets
        return (FORBIDDEN if missing and not _may_list(bucket) else status), answer_headers, body

    def _may_list(bucket: str) -> bool:
        caller = authorisation.caller()
        return caller is None or authorisation.allowed(caller, "s3:ListBucket", f"arn:aws:s3:::{bucket}")

    hooks.expected(storage, "_error", "code", "message", "status", "resource", "extra", "headers")
    parameters = ("bucket_name", "key", "headers", "query_params")
    hooks.wrap(storage, "_get_object", parameters, get)
    hooks.wrap(storage, "_head_object", parameters, head)
