"""Dates and timestamps in JSON: Joda patterns, java.sql.Timestamp::valueOf, and what the OpenX SerDe reads.

Sources: API reference HiveJsonSerDe.TimestampFormats, the page of Joda's DateTimeFormat; Hive's TimestampParser, which
takes a value by the first pattern that reads all of it (30 February is then an error) and else by valueOf; Joda, whose
instants have milliseconds and whose offsets are hh, hhmm, hh:mm and so on to seconds. What OpenX reads, and how large
numbers wrap, was probed on AWS in September 2026 (github.com/floci-io/floci issue 3235, and its page on Firehose). AWS
was seen to refuse patterns with a letter out of CIJPRTUVbfijloprt (cdk-preflight, pf-firehose-hive-timestamp-formats):
all but Joda's C are none of Joda's letters either.
"""

import calendar
import decimal
import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

MILLIS = "millis"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 10**12  # whole numbers from here on are milliseconds
_DATE = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_VALUE_OF = re.compile(_DATE + r" (\d+):(\d+):(\d+)(?:\.(\d{1,9}))?")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:?\d\d)?")
_PART = re.compile(r"([A-Za-z])\1*|'((?:[^']|'')*)'?|(.)", re.DOTALL)
_ZONES = {"UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
_OFFSET = r"Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d){0,2}"
_RANGES = {"h": (1, 12), "K": (0, 11), "k": (1, 24), "e": (1, 7)}
_MONTHS = {name[:size].lower(): n for n, name in enumerate(calendar.month_name) for size in (3, 9) if n}
_DAYS = {name[:size].lower(): n for n, name in enumerate(calendar.day_name, 1) for size in (3, 9)}


class PatternError(ValueError):
    """Joda refuses the pattern."""


def hive(text: str, patterns: tuple[str, ...]) -> datetime:
    """The instant of a text under the Hive SerDe; ValueError when no pattern and not valueOf reads it."""
    try:
        found = next(filter(None, (_by_pattern(pattern, text) for pattern in patterns)), None)
    except (ValueError, OverflowError) as error:
        raise ValueError(f'Cannot parse "{text}": {error}') from error
    return found or value_of(text)


def value_of(text: str) -> datetime:
    """java.sql.Timestamp::valueOf: hours, days and so on beyond their end go on into the next."""
    match = _VALUE_OF.fullmatch(text.strip())
    if match is None or not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        raise ValueError("Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff]")
    hours, minutes, seconds = (int(match[part]) for part in (4, 5, 6))
    start = datetime(int(match[1]), int(match[2]), 1, tzinfo=UTC)
    return start + timedelta(int(match[3]) - 1, seconds, _micros(match[7]), hours=hours, minutes=minutes)


def openx(text: str) -> datetime:
    """ISO 8601 with T as it is written, SQL with a blank leniently, or an epoch number."""
    if match := _ISO.fullmatch(text):
        start, end = match.span(1)  # nine digits of fraction are allowed; Python's reader takes six
        parsed = datetime.fromisoformat(f"{text[:start]}{_micros(match[1]):06d}{text[end:]}" if match[1] else text)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    if re.match(_DATE, text):
        return value_of(text)
    return from_epoch(decimal.Decimal(text))


def from_epoch(number: decimal.Decimal) -> datetime:
    """Seconds, or milliseconds from 10^12 on. What 64 bits of nanoseconds do not hold wraps."""
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    nanoseconds = (int(seconds * 10**9) + 2**63) % 2**64 - 2**63
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def sql_date(text: str) -> date:
    """A date with months and days of one or two digits."""
    match = re.fullmatch(_DATE, text)
    if match is None:
        raise ValueError("a date is yyyy-mm-dd")
    return date(int(match[1]), int(match[2]), int(match[3]))


def _micros(fraction: str | None) -> int:
    return int((fraction or "0").ljust(6, "0")[:6])


# --- Joda ---------------------------------------------------------------------------------------------------------


def check_pattern(pattern: str) -> None:
    """PatternError when the pattern is none of Joda's."""
    _compile(pattern)


def _by_pattern(pattern: str, text: str) -> datetime | None:
    expression, letters = _compile(pattern)
    match = expression.fullmatch(text)
    if match is None:
        return None
    if pattern == MILLIS:
        return _EPOCH + timedelta(milliseconds=int(match[1]))
    return _instant(dict(zip(letters, match.groups(), strict=True)))


@functools.lru_cache(maxsize=256)
def _compile(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """The expression that reads a text as Joda does, and the letter of each of its groups."""
    if pattern == MILLIS:
        return re.compile(r"(-?\d+)(?:\.\d+)?"), (MILLIS,)
    parts = list(_PART.finditer(pattern))
    expression, letters = "", []
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        letter, size = part[1], len(part[0])
        if not letter:
            expression += re.escape(part[3] or part[2].replace("''", "'") or "'")
            continue
        numeric_next = following is not None and _is_number(following[1] or "", len(following[0]))
        expression += f"({_digits(letter, size, numeric_next=numeric_next)})"
        letters.append(part[0] if letter in "xyY" and size == 2 else letter)
    return re.compile(expression, re.IGNORECASE | re.ASCII), tuple(letters)


def _is_number(letter: str, size: int) -> bool:
    return letter in set("xyYwedDHkKhmsS") or (letter == "M" and size < 3)


def _digits(letter: str, size: int, *, numeric_next: bool) -> str:
    """The expression of one field; digits are taken without giving back, as Joda takes them."""
    if letter in "xyY" and size == 2 and numeric_next:
        return r"\d\d"
    if letter in "xyY":
        return rf"[+-]?\d{{1,{size if numeric_next else 9}}}+"
    if letter == "M" and size >= 3:
        return "|".join(sorted(_MONTHS, key=len, reverse=True))
    if letter in "dHkKhmswM":
        return r"\d{1,2}+"
    fixed = {
        "D": r"\d{1,3}+",
        "e": r"\d",
        "S": rf"\d{{1,{size}}}+",
        "E": "|".join(sorted(_DAYS, key=len, reverse=True)),
        "a": "AM|PM",
        "z": "|".join(_ZONES),
        "G": "AD|BC|CE|BCE",
        "Z": _OFFSET if size < 3 else rf"UTC|[A-Za-z]+/[A-Za-z_/]+|{_OFFSET}",
    }
    if letter not in fixed:
        raise PatternError(f"Illegal pattern component: {letter * size}")
    return fixed[letter]


def _instant(found: dict[str, str]) -> datetime:
    """From 1970-01-01T00:00:00Z on, what is found."""
    for letter, (least, most) in _RANGES.items():
        if not least <= int(found.get(letter, least)) <= most:
            raise ValueError(f"{letter} is not from {least} to {most}")
    year = _year(found)
    weekday = _DAYS.get(found.get("E", "").lower()) or int(found.get("e", 4))  # 1970 began on a Thursday
    if {"x", "xx", "w"} & found.keys() or ({"e", "E"} & found.keys() and not {"d", "D"} & found.keys()):
        day = date.fromisocalendar(year, int(found.get("w", 1)), weekday)
    elif "D" in found:
        day = date(year, 1, 1) + timedelta(int(found["D"]) - 1)
        if day.year != year:
            raise ValueError(f"{year} has no day {found['D']}")
    else:
        month = found.get("M", "1")
        day = date(year, _MONTHS.get(month.lower()) or int(month), int(found.get("d", 1)))
    moment = datetime(day.year, day.month, day.day, _hour(found), int(found.get("m", 0)), int(found.get("s", 0)))
    return (
        (moment + timedelta(milliseconds=_micros(found.get("S")) // 1000)).replace(tzinfo=_zone(found)).astimezone(UTC)
    )


def _year(found: dict[str, str]) -> int:
    text = next((found[letter] for letter in ("x", "y", "Y") if letter in found), "1970")
    short = next((found[letters] for letters in ("xx", "yy", "YY") if letters in found), "")
    if short:  # of the century around thirty years ago, as Joda has it
        least = datetime.now(UTC).year - 80
        text = str(least + (int(short) - least) % 100) if re.fullmatch(r"\d\d", short) else short
    return -int(text) + 1 if found.get("G", "AD").upper().startswith("B") else int(text)


def _hour(found: dict[str, str]) -> int:
    read: dict[str, Callable[[int], int]] = {
        "H": lambda n: n,
        "k": lambda n: n % 24,
        "K": lambda n: n + _noon(found),
        "h": lambda n: n % 12 + _noon(found),
    }
    return next((take(int(found[letter])) for letter, take in read.items() if letter in found), _noon(found))


def _noon(found: dict[str, str]) -> int:
    return 12 if found.get("a", "").upper() == "PM" else 0


def _zone(found: dict[str, str]) -> tzinfo:
    text = found.get("z") or found.get("Z") or "Z"
    if "/" in text:
        try:
            return ZoneInfo(text)
        except (KeyError, OSError) as error:
            raise ValueError(f"no time zone {text!r}") from error
    text = text.upper()
    if text in _ZONES:
        return timezone(timedelta(hours=_ZONES[text]))
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(6, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:]))
    return timezone(-offset if text[0] == "-" else offset)
