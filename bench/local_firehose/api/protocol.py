"""AWS JSON 1.1: who calls (from the SigV4 credential scope), which operation, which body.

The signature itself is not checked: there are no secrets on a local bench. The scope is, because account and region
come from it.
"""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import UnknownRegionError

from local_firehose.api.errors import MissingAuthenticationError, SerializationError, UnknownOperationError
from local_firehose.json_text import loads

CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET_PREFIX = "Firehose_20150804."
_SCOPE = re.compile(r"AWS4-HMAC-SHA256\s+.*?Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]+)/firehose/aws4_request")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose streams a call is about."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The ARN partition of the region."""
        return _partition(self.region)


@functools.cache
def _partition(region: str) -> str:
    try:
        return str(botocore.session.get_session().get_partition_for_region(region))
    except UnknownRegionError:
        return "aws"


def caller(headers: Mapping[str, str], default_account: str) -> Caller:
    """Account and region of the request. An access key of twelve digits names its account, as other emulators do."""
    match = _SCOPE.search(headers.get("Authorization", ""))
    if match is None:
        raise MissingAuthenticationError("Missing Authentication Token")
    access_key, _, region = match.groups()
    account = access_key if re.fullmatch(r"\d{12}", access_key) else default_account
    return Caller(account, region)


def operation(headers: Mapping[str, str]) -> str:
    """The operation's name in X-Amz-Target."""
    target = headers.get("X-Amz-Target", "")
    if not target.startswith(TARGET_PREFIX):
        raise UnknownOperationError(f"Unknown operation: {target or '(no X-Amz-Target)'}")
    return target.removeprefix(TARGET_PREFIX)


def decode(body: bytes) -> dict[str, Any]:
    """The request's JSON object; an empty body counts as ``{}``."""
    try:
        value = loads(body) if body.strip() else {}
    except ValueError as error:
        raise SerializationError(f"Could not parse the request body into json: {error}") from error
    if not isinstance(value, dict):
        raise SerializationError("Start of structure or map found where not expected.")
    return value


def encode(value: Mapping[str, Any]) -> bytes:
    """The answer's bytes."""
    return json.dumps(value, separators=(",", ":")).encode()
