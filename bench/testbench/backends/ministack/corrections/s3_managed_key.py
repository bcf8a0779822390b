"""SSE-KMS without a key: AWS takes its managed key aws/s3, MiniStack 1.5.33 refuses or names none.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

import uuid
from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

ALGORITHM = "x-amz-server-side-encryption"
KEY = "x-amz-server-side-encryption-aws-kms-key-id"


def managed_key_arn(region: str, account: str) -> str:
    """ARN of the account's AWS managed key for S3: always the same one for an account in a Region."""
    return f"arn:aws:kms:{region}:{account}:key/{uuid.uuid5(uuid.NAMESPACE_URL, f'aws/s3/{region}/{account}')}"


def apply() -> None:
    """Fill in the managed key where a write asks for SSE-KMS and names none."""
    storage, responses = hooks.service("s3"), hooks.core("responses")

    def with_key(headers: dict[str, str]) -> dict[str, str]:
        if headers.get(ALGORITHM) == "aws:kms" and not headers.get(KEY):
            return {**headers, KEY: managed_key_arn(responses.get_region(), responses.get_account_id())}
        return headers

    def write(original: Callable[..., Any], headers: dict[str, str], bucket_name: str) -> Any:
        return original(with_key(headers), bucket_name)

    def default(original: Callable[..., Any], bucket_name: str) -> dict[str, str]:
        return with_key(original(bucket_name))

    hooks.expected(responses, "get_region")
    hooks.expected(responses, "get_account_id")
    hooks.wrap(storage, "_resolve_sse_write_headers", ("headers", "bucket_name"), write)
    hooks.wrap(storage, "_bucket_default_sse_headers", ("bucket_name",), default)
