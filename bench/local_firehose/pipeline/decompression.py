"""Decompression and CloudWatchLogProcessing: what CloudWatch Logs puts into a stream by a subscription filter.

Sources: developer guide "Decompress CloudWatch Logs", "Message extraction after decompression"; notes 3.4.
"""

import zlib

from local_firehose.json_text import loads

ERROR_CODE = "Decompression failed."
# A gzip bomb of one record must not take the process down; CloudWatch Logs payloads are far smaller.
MAX_DECOMPRESSED = 64 * 1024 * 1024
_GZIP_WINDOW = 31  # 15 bits of window, +16 for the gzip header and trailer


class DecompressionError(ValueError):
    """The record is not GZIP, or not what CloudWatch Logs sends."""


def unpacked(data: bytes, *, extract: bool) -> bytes | None:
    """The record's content, or the messages in it; None for a control message, which carries none."""
    inflated = decompress(data)
    if not extract:
        return inflated
    messages = log_messages(inflated)
    return b"".join(messages) if messages else None


def decompress(data: bytes) -> bytes:
    """The GZIP record's content."""
    content, rest = _member(data, MAX_DECOMPRESSED)
    while rest.strip(b"\0"):  # further members; zeros are padding
        more, rest = _member(rest, MAX_DECOMPRESSED - len(content))
        content += more
    return content


def _member(data: bytes, most: int) -> tuple[bytes, bytes]:
    """The content of the first GZIP member, and what follows it."""
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    try:
        content = decompressor.decompress(data, most + 1)
    except zlib.error as error:
        raise DecompressionError(f"the record is not GZIP: {error}") from error
    if len(content) > most:
        raise DecompressionError(f"the record holds more than {MAX_DECOMPRESSED} bytes")
    if not decompressor.eof:
        raise DecompressionError("the GZIP data ends too early")
    return content, decompressor.unused_data


def log_messages(data: bytes) -> list[bytes]:
    """The ``message`` of every log event, each ended by a line feed; control messages carry none.

    Message extraction keeps ``logEvents[].message`` and drops owner, logGroup and the rest.
    """
    try:
        envelope = loads(data)
        events = envelope["logEvents"]
        if envelope.get("messageType") == "CONTROL_MESSAGE":
            return []
        return [event["message"].encode() + b"\n" for event in events]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DecompressionError(f"the record is not a CloudWatch Logs envelope: {error!r}") from error
