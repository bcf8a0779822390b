"""Times and lengths of time as operators write them."""

import re
from datetime import UTC, datetime, timedelta

from event_fork.events.time_window import FIRST_YEAR, LAST_YEAR
from event_fork_cli.errors import BadInputError

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"(?:\d+[wdhms])+")
_PART = re.compile(r"(\d+)([wdhms])")


LONGEST = timedelta(days=3650)


def length_of_time(text: str, option: str) -> timedelta:
    """A duration of more than nothing and at most ten years."""
    found = duration(text, option)
    if not timedelta(0) < found <= LONGEST:
        raise BadInputError(option, "must be more than 0s and at most 3650d", example=f"{option} 1d12h", received=text)
    return found


def duration(text: str, option: str) -> timedelta:
    """A length of time: `90s`, `2h`, `1d12h`, `2w`."""
    if not _DURATION.fullmatch(text):
        raise BadInputError(
            option, "must be a length of time in w, d, h, m and s", example=f"{option} 1d12h", received=text
        )
    try:
        return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text)), timedelta(0))
    except OverflowError:
        raise BadInputError(option, "must be shorter", example=f"{option} 52w", received=text) from None


def moment(text: str, option: str, now: datetime) -> datetime:
    """A time: ISO 8601 (UTC where it has no offset), a length of time ago (`2h`, `2h ago`), or `now`."""
    if text == "now":
        return now
    try:
        ago = text.removesuffix(" ago")
        given = now - duration(ago, option) if _DURATION.fullmatch(ago) else datetime.fromisoformat(text)
        if not FIRST_YEAR <= given.year <= LAST_YEAR:
            raise ValueError(given)
    except (ValueError, OverflowError):
        raise BadInputError(
            option,
            "must be an ISO 8601 time, a length of time ago or now",
            example=f"{option} 2026-11-23T10:00Z or {option} 2h",
            received=text,
        ) from None
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def shown_duration(length: timedelta) -> str:
    """A length of time for people: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`."""
    seconds = round(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 60:
        return f"{minutes} min" if seconds % 60 == 0 else f"{minutes} min {seconds % 60} s"
    if hours < 24:
        return f"{hours} h" if minutes % 60 == 0 else f"{hours} h {minutes % 60} min"
    return f"{days} d" if hours % 24 == 0 else f"{days} d {hours % 24} h"
