"""From what a domain says about a document to what is the same for all documents that fail so.

OpenSearch says it as JSON (`{"type": "mapper_parsing_exception", "reason": "failed to parse field [amount] ..."}`) with
the document's id, its value and numbers in it; a proxy or a function says it in words of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from event_fork_cli.repairs.groups import Fingerprint

_MOST = 200
"""Characters of a reason that are looked at for more than a field, and that a group shows."""
_LONGEST = 20_000

# The parts of OpenSearch's texts that name a field, the more telling first. What is in brackets is the publisher's.
_FIELD = re.compile(
    r"(?:failed to parse field|object mapping for|mapper|object mapping|object field|metadata field|"
    r"dynamically added field|field name|Field|field|mapping set to strict, dynamic introduction of)"
    r" \[(?P<brackets>[^\]]{1,1000})\]|[Dd]uplicate field '(?P<quotes>[^']{1,1000})'"
)
_OF_ONE_DOCUMENT = re.compile(r" in document with id '.*|[.;]? ?Preview of field's value: '.*", re.DOTALL)
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]")
_NUMBERS = re.compile(r"\d+")
_EXCEPTION = re.compile(r"\b([a-z_]+_exception|[A-Za-z]+Exception)\b")


def fingerprint_of(kind: str, code: str, message: str) -> Fingerprint:
    """The fingerprint of an error: where it arose, what it is, and the field that it is about."""
    name, reason = _parted(message)
    return Fingerprint(kind, *_told(code, name, reason[:_LONGEST]))


def _told(code: str, name: str, reason: str) -> tuple[str, str]:
    field = _FIELD.search(reason)
    error = " ".join(part for part in (code, name) if part)
    if field is not None:
        return error, field["brackets"] or field["quotes"]
    said = _NUMBERS.sub("N", _VALUES.sub("[...]", _OF_ONE_DOCUMENT.sub("", reason)[:_MOST])).strip()
    return f"{error}: {said}" if said else error, ""


def _parted(message: str) -> tuple[str, str]:
    """The error's type and its reason."""
    try:
        read = json.loads(message)
    except (ValueError, RecursionError):
        read = None
    if isinstance(read, Mapping):
        error: Any = read.get("error", read)
        if isinstance(error, Mapping):
            return _text(error.get("type")), _text(error.get("reason"))
        return "", _text(error)
    found = _EXCEPTION.search(message[:_LONGEST])
    return (found[1] if found else ""), message


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)
