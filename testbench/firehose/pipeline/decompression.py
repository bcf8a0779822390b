"""Decompression and CloudWatchLogProcessing: what CloudWatch Logs puts into a stream by a subscription filter.

Sources: developer guide "Decompress CloudWatch Logs", "Message extraction after decompression"; notes 3.4.
"""

import gzip
import json
import zlib

ERROR_CODE = "Decompression failed."
# A gzip bomb of one record must not take the process down; CloudWatch Logs payloads are far smaller.
MAX_DECOMPRESSED = 64 * 1024 * 1024


class DecompressionError(ValueError):
    """The record is not GZIP, or not what CloudWatch Logs sends."""


def decompress(data: bytes) -> bytes:
    """The GZIP record's content."""
    decompressor = zlib.decompressobj(31)
    try:
        content = decompressor.decompress(data, MAX_DECOMPRESSED)
    except zlib.error as error:
        raise DecompressionError(f"the record is not GZIP: {error}") from error
    if decompressor.unconsumed_tail:
        raise DecompressionError(f"the record holds more than {MAX_DECOMPRESSED} bytes")
    if not decompressor.eof:
        raise DecompressionError("the GZIP data ends too early")
    if decompressor.unused_data.strip(b"\0"):  # further gzip members
        return content + gzip.decompress(decompressor.unused_data)
    return content


def log_messages(data: bytes) -> list[bytes]:
    """The ``message`` of every log event, each ended by a line feed; control messages carry none.

    Message extraction keeps ``logEvents[].message`` and drops owner, logGroup and the rest.
    """
    try:
        envelope = json.loads(data)
        events = envelope["logEvents"]
        if envelope.get("messageType") == "CONTROL_MESSAGE":
            return []
        return [event["message"].encode() + b"\n" for event in events]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DecompressionError(f"the record is not a CloudWatch Logs envelope: {error!r}") from error
