"""A line of an error object: what Firehose could not deliver, and why, in every form that it writes.

    OpenSearch         attemptsMade, arrivalTimestamp, errorCode, errorMessage, attemptEndingTimestamp, esDocumentId,
                       esIndexName, esTypeName, rawData; of a serverless collection osDocumentId, osIndexName
    transformation     rawData, errorCode, errorMessage, attemptsMade, arrivalTimestamp, attemptEndingTimestamp,
                       lambdaARN
    format conversion  lastErrorCode and lastErrorMessage in their place, sequenceNumber, dataCatalogTable
    HTTP endpoint      as the transformation, with subsequenceNumber

Sources: https://docs.aws.amazon.com/firehose/latest/dev/retry.html and data-transformation-failure-handling.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from event_fork.events.envelope import compact_json
from event_fork.events.time_window import NotATimeError, canonical_timestamp, timestamp_text
from event_fork.forward.search_document import ID, TYPE
from event_fork_cli.rejected.fingerprints import fingerprint_of
from event_fork_cli.repairs.groups import Fingerprint

_CODES, _MESSAGES = ("errorCode", "lastErrorCode"), ("errorMessage", "lastErrorMessage")
_INDICES, _DOCUMENT_IDS = ("esIndexName", "osIndexName"), ("esDocumentId", "osDocumentId")
FIXES = "eventForkFixes"
"""Our own member: how often a fix was tried and refused."""


class NotAFailureError(ValueError):
    """A line is no failed record; the text says what is wrong and quotes nothing of it."""


@dataclass(frozen=True)
class Failure:
    """A failed record. `kind`: the error output type in the object's key."""

    kind: str
    members: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The error's code, as the destination gave it."""
        return _text(self.members, _CODES)

    @property
    def reason(self) -> str:
        """What the destination said."""
        return _text(self.members, _MESSAGES)

    @cached_property
    def fingerprint(self) -> Fingerprint:
        """Why it failed."""
        return fingerprint_of(self.kind, self.code, self.reason)

    @property
    def index(self) -> str | None:
        """The index it was meant for; None outside OpenSearch."""
        return _text(self.members, _INDICES) or None

    @property
    def document_id(self) -> str | None:
        """The document's id that Firehose has made."""
        return _text(self.members, _DOCUMENT_IDS) or None

    @cached_property
    def at(self) -> str:
        """When Firehose got it; "" for what is no time."""
        value = self.members.get("arrivalTimestamp")
        try:
            if isinstance(value, str) and not value.isdecimal():
                return canonical_timestamp(value)
            return timestamp_text(datetime.fromtimestamp(int(value or "") / 1000, UTC))
        except (ValueError, TypeError, OverflowError, OSError, NotATimeError):
            return ""

    @property
    def fixes(self) -> int:
        """How often a fix has tried it."""
        value = self.members.get(FIXES)
        return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0

    @property
    def size(self) -> int:
        """Bytes of the record."""
        return len(self.members["rawData"]) * 3 // 4

    @cached_property
    def raw(self) -> bytes:
        """The record. Raises NotAFailureError."""
        try:
            return base64.b64decode(self.members["rawData"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise NotAFailureError("rawData is not base64") from error

    @cached_property
    def document(self) -> Any:
        """The record as JSON, or its first line: an archive's record has many. None for what is none.

        Numbers may be rounded: it is for looking.
        """
        for text in (self.raw, self.raw.partition(b"\n")[0]):
            try:
                return json.loads(text)
            except (ValueError, RecursionError):
                continue
        return None

    @property
    def event_id(self) -> str | None:
        """SNS's id of the event: in a search document, or in the envelope that an archive's record is."""
        return _member(self.document, ID) or _member(self.document, "MessageId")

    @property
    def id(self) -> str:
        """The event's id, or what else stands for the record."""
        return self.event_id or self.document_id or ""

    @property
    def event_type(self) -> str | None:
        """The event's type, in a search document or an envelope with the usual attribute."""
        attributes = self.document.get("MessageAttributes") if isinstance(self.document, dict) else None
        named = attributes.get("event_type") if isinstance(attributes, dict) else None
        return _member(self.document, TYPE) or _member(named, "Value")

    def refused_again(self, code: str, reason: str, now: datetime) -> bytes:
        """The line to keep in its place after a fix that the domain refused: with the new reason.

        The record stays as it was: another recipe may do better.
        """
        changed = dict(self.members)
        for names, value in ((_CODES, code), (_MESSAGES, reason)):
            changed[next((name for name in names if name in changed), names[0])] = value
        attempts = changed.get("attemptsMade")
        changed["attemptsMade"] = attempts + 1 if isinstance(attempts, int) else 1
        changed["attemptEndingTimestamp"] = int(now.timestamp() * 1000)
        changed[FIXES] = self.fixes + 1
        return compact_json(changed)


def parse_failure(line: bytes, kind: str) -> Failure:
    """The failed record in a line. Raises NotAFailureError."""
    try:
        members = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise NotAFailureError("is not JSON") from error
    if not isinstance(members, dict):
        raise NotAFailureError("is no JSON object")
    if not isinstance(members.get("rawData"), str):
        raise NotAFailureError("has no rawData")
    return Failure(kind, members)


def _text(members: Mapping[str, Any], names: tuple[str, ...]) -> str:
    value = next((members[name] for name in names if members.get(name) is not None), "")
    return value if isinstance(value, str) else json.dumps(value)


def _member(value: Any, name: str) -> str | None:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) and found else None
