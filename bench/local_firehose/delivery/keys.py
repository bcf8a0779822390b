"""Names of the S3 objects. Source: developer guide "Amazon S3 object name format"; notes "4.1 Object key", "4.2"."""

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from local_firehose.delivery.expressions import expressions, has_timestamp

DEFAULT_TIME_FOLDERS = "!{timestamp:yyyy/MM/dd/HH/}"
MAX_EVALUATED_PREFIX = 512


def arrival(arrival_ms: int, time_zone: str = "") -> datetime:
    """The instant used in names: whole seconds, in the stream's time zone (UTC when none is set)."""
    zone = UTC if time_zone in ("", "UTC") else ZoneInfo(time_zone)
    return datetime.fromtimestamp(arrival_ms // 1000, zone)


def object_prefix(prefix: str, *, append_time_without_timestamp: bool = True) -> str:
    """The prefix as Firehose reads it: without a timestamp expression the default time folders follow, with no slash.

    For a prefix that has other expressions but no timestamp the documentation says the folders are appended, one
    probe saw none (uncertain); ``append_time_without_timestamp`` chooses.
    """
    if has_timestamp(prefix):
        return prefix
    if expressions(prefix) and not append_time_without_timestamp:
        return prefix
    return prefix + DEFAULT_TIME_FOLDERS


def error_prefix(prefix: str, error_output_prefix: str) -> str:
    """Where failed records go: the ErrorOutputPrefix as it is, else ``<Prefix><type>/yyyy/MM/dd/HH/``."""
    if error_output_prefix:
        return error_output_prefix
    return prefix + "!{firehose:error-output-type}/" + DEFAULT_TIME_FOLDERS


def object_name(stream: str, version: int, instant: datetime, extension: str) -> str:
    """``<stream>-<version>-YYYY-MM-dd-HH-mm-ss-<uuid><extension>``."""
    return f"{stream}-{version}-{instant:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}"
