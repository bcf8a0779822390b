"""What a line looks like that is no envelope: so that whoever reads the plan knows what wrote it."""

import json

_MOST_BYTES = 1024 * 1024
"""Longer lines are not looked into again."""
_ENVELOPE = '{"Type"'


def shape_of(line: bytes) -> str:
    """In words that quote nothing of the line; "" where nothing is known of it."""
    if line.startswith(b"eyJ"):
        return "base64 of JSON"
    if len(line) > _MOST_BYTES or not line.startswith((b'"', b"{")):
        return ""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if isinstance(found, str):
        return "an envelope in a JSON string" if found.lstrip().startswith(_ENVELOPE) else "a JSON string"
    if isinstance(found.get("Records"), list):
        return "an event of Lambda, which has envelopes in Records"
    if "detail-type" in found:
        return "an event of EventBridge"
    body = found.get("body", found.get("Body"))
    if isinstance(body, str) and body.lstrip().startswith(_ENVELOPE):
        return "a message of SQS, which has the envelope in its body"
    within = (value.lstrip() if isinstance(value, str) else "" for value in found.values())
    return "an envelope in another record" if any(text.startswith(_ENVELOPE) for text in within) else ""
