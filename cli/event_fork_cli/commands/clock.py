"""The time that all commands go by."""

from datetime import UTC, datetime


def now() -> datetime:
    """In UTC and whole milliseconds, as everywhere else."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
