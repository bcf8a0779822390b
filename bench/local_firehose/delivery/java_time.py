"""Java's DateTimeFormatter patterns, as ``!{timestamp:...}`` uses them, on the proleptic ISO calendar and US English.

Source: java.time.format.DateTimeFormatter of Java 16 and later: the letters that AWS accepted and refused when all 52
were tried in 2026 (badmintoncryer/cdk-preflight) are exactly its letters.
Week fields follow the US rule (weeks start on Sunday, week 1 holds
1 January), which is what a JVM in the en_US locale does; which locale Firehose runs in is not documented.
"""

import calendar
import functools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

_TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)


class PatternError(ValueError):
    """The pattern is not one DateTimeFormatter takes."""


def us_week(day: date) -> tuple[int, int]:
    """(week-based year, week) by the US rule: Sunday to Saturday, week 1 is the one with the first Saturday."""
    saturday = day + timedelta(days=(5 - day.weekday()) % 7)  # the last day of this week decides its year
    return saturday.year, (saturday.timetuple().tm_yday - 1) // 7 + 1


def format_instant(pattern: str, instant: datetime) -> str:
    """``instant`` (aware) in the given pattern; PatternError when the pattern is invalid."""
    return "".join(part if isinstance(part, str) else part(instant) for part in _compile(pattern))


def check_pattern(pattern: str) -> None:
    """Raise PatternError when DateTimeFormatter.ofPattern would refuse the pattern."""
    _compile(pattern)


@functools.lru_cache(maxsize=512)
def _compile(pattern: str) -> tuple[str | Callable[[datetime], str], ...]:
    parts: list[str | Callable[[datetime], str]] = []
    depth = pad = 0
    for match in _TOKEN.finditer(pattern):
        text, quoted, letter = match.group(0), match.group(1), match.group(2)
        if pad and letter in (None, "p"):
            raise PatternError(f"Pad letter 'p' must be followed by valid pad pattern: {pattern}")
        if letter == "p":
            pad = len(text)
        elif pad:
            parts.append(_padded(_field(letter, len(text)), pad))
            pad = 0
        elif quoted is not None:
            parts.append(quoted.replace("''", "'") or "'")
        elif letter:
            parts.append(_field(letter, len(text)))
        elif text == "'":
            raise PatternError(f"Pattern ends with an incomplete string literal: {pattern}")
        elif text in "{}#":
            raise PatternError(f"Pattern includes reserved character: '{text}'")
        elif text == "[":
            depth += 1
        elif text == "]":
            depth -= 1
            if depth < 0:
                raise PatternError("Pattern invalid as it contains ] without previous [")
        else:
            parts.append(text)
    if pad:
        raise PatternError(f"Pad letter 'p' must be followed by valid pad pattern: {pattern}")
    return tuple(parts)


# Each field is as wide in one of them as it ever is: a Tuesday in December, a Wednesday in September.
_WIDEST = (datetime(2024, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2026, 9, 30, 23, 59, 59, 999_999, UTC))


def _padded(field: Callable[[datetime], str], width: int) -> Callable[[datetime], str]:
    """Java fails when it prints a value that is wider. A prefix must not: what can be wider is refused at once."""
    if any(len(field(instant)) > width for instant in _WIDEST):
        raise PatternError(f"Cannot print as output of more characters exceeds pad width of {width}")
    return lambda instant: field(instant).rjust(width)


def _number(value: Callable[[datetime], int], count: int, most: int) -> Callable[[datetime], str]:
    if count > most:
        raise PatternError(f"Too many pattern letters: at most {most}")
    return lambda instant: f"{value(instant):0{count}d}"


def _year(value: Callable[[datetime], int], count: int) -> Callable[[datetime], str]:
    if count == 2:
        return lambda instant: f"{value(instant) % 100:02d}"
    if count > 19:
        raise PatternError("Too many pattern letters: y")
    return lambda instant: f"{value(instant):0{count}d}"


def _text(count: int, forms: dict[int, Callable[[datetime], str]]) -> Callable[[datetime], str]:
    if count not in forms:
        raise PatternError("Too many pattern letters")
    return forms[count]


def _offset(instant: datetime, *, colon: bool, minutes: str, zero: str, seconds: bool = False) -> str:
    total = int((instant.utcoffset() or timedelta()).total_seconds())
    if total == 0 and zero:
        return zero
    sign = "-" if total < 0 else "+"
    hour, rest = divmod(abs(total), 3600)
    minute, second = divmod(rest, 60)
    text = f"{sign}{hour:02d}"
    between = ":" if colon else ""
    if minutes == "always" or minute or second:
        text += f"{between}{minute:02d}"
    if seconds and second:
        text += f"{between}{second:02d}"
    return text


def _zone_offset(letter: str, count: int) -> Callable[[datetime], str]:
    zero = "Z" if letter == "X" else ""
    forms: dict[int, Callable[[datetime], str]] = {
        1: lambda i: _offset(i, colon=False, minutes="needed", zero=zero),
        2: lambda i: _offset(i, colon=False, minutes="always", zero=zero),
        3: lambda i: _offset(i, colon=True, minutes="always", zero=zero),
        4: lambda i: _offset(i, colon=False, minutes="always", zero=zero, seconds=True),
        5: lambda i: _offset(i, colon=True, minutes="always", zero=zero, seconds=True),
    }
    return _text(count, forms)


def _gmt(instant: datetime, *, full: bool) -> str:
    total = int((instant.utcoffset() or timedelta()).total_seconds())
    if total == 0:
        return "GMT"
    sign = "-" if total < 0 else "+"
    hour, rest = divmod(abs(total), 3600)
    minute = rest // 60
    if full:
        return f"GMT{sign}{hour:02d}:{minute:02d}"
    return f"GMT{sign}{hour}" + (f":{minute:02d}" if minute else "")


def _zone_id(instant: datetime) -> str:
    return str(getattr(instant.tzinfo, "key", "Z"))


def _zone_name(instant: datetime) -> str:
    """Of other zones than UTC Java knows long names; here they stay short."""
    return "Coordinated Universal Time" if _zone_id(instant) == "Z" else instant.tzname() or "UTC"


def _sunday_first(instant: datetime) -> int:
    return (instant.weekday() + 1) % 7 + 1


def _week_of_month(instant: datetime) -> int:
    first = instant.replace(day=1)
    return (instant.day + _sunday_first(first) - 2) // 7 + 1


def _nanos(instant: datetime) -> int:
    return instant.microsecond * 1000


def _seconds_of_day(instant: datetime) -> int:
    return instant.hour * 3600 + instant.minute * 60 + instant.second


def _quarter(instant: datetime) -> int:
    return (instant.month - 1) // 3 + 1


def _day_period(instant: datetime) -> str:
    if instant.hour < 6 or instant.hour >= 21:
        return "midnight" if (instant.hour, instant.minute) == (0, 0) else "at night"
    if instant.hour < 12:
        return "in the morning"
    if instant.hour < 18:
        return "noon" if (instant.hour, instant.minute) == (12, 0) else "in the afternoon"
    return "in the evening"


_MODIFIED_JULIAN_DAY_0 = date(1858, 11, 17).toordinal()
_DAYS = list(calendar.day_name)
_MONTHS = list(calendar.month_name)
_NARROW = {"midnight": "mi", "noon": "n"}
_ORDINALS = ["1st", "2nd", "3rd", "4th"]


def _field(letter: str, count: int) -> Callable[[datetime], str]:
    numbers: dict[str, tuple[Callable[[datetime], int], int]] = {
        "d": (lambda i: i.day, 2),
        "D": (lambda i: i.timetuple().tm_yday, 3),
        "F": (lambda i: (i.day - 1) // 7 + 1, 1),
        "W": (_week_of_month, 1),
        "w": (lambda i: us_week(i.date())[1], 2),
        "H": (lambda i: i.hour, 2),
        "k": (lambda i: i.hour or 24, 2),
        "K": (lambda i: i.hour % 12, 2),
        "h": (lambda i: i.hour % 12 or 12, 2),
        "m": (lambda i: i.minute, 2),
        "s": (lambda i: i.second, 2),
        "A": (lambda i: _seconds_of_day(i) * 1000 + i.microsecond // 1000, 19),
        "n": (_nanos, 19),
        "N": (lambda i: _seconds_of_day(i) * 10**9 + _nanos(i), 19),
    }
    if letter in numbers:
        value, most = numbers[letter]
        return _number(value, count, most)
    if letter in "uy":
        return _year(lambda i: i.year, count)
    if letter == "Y":
        return _year(lambda i: us_week(i.date())[0], count)
    if letter == "S":
        if count > 9:
            raise PatternError("Too many pattern letters: S")
        return lambda i: f"{_nanos(i):09d}"[:count]
    if letter in "ML":
        return _text(
            count,
            {
                1: lambda i: str(i.month),
                2: lambda i: f"{i.month:02d}",
                3: lambda i: _MONTHS[i.month][:3],
                4: lambda i: _MONTHS[i.month],
                5: lambda i: _MONTHS[i.month][0],
            },
        )
    if letter in "Qq":
        return _text(
            count,
            {
                1: lambda i: str(_quarter(i)),
                2: lambda i: f"{_quarter(i):02d}",
                3: lambda i: f"Q{_quarter(i)}",
                4: lambda i: f"{_ORDINALS[_quarter(i) - 1]} quarter",
                5: lambda i: str(_quarter(i)),
            },
        )
    if letter in "Eec":
        return _weekday(letter, count)
    if letter == "g":
        return lambda i: f"{i.toordinal() - _MODIFIED_JULIAN_DAY_0:0{count}d}"
    if letter == "B":
        return _text(count, {1: _day_period, 4: _day_period, 5: lambda i: _NARROW.get(_day_period(i), _day_period(i))})
    if letter == "G":
        if count > 5:
            raise PatternError("Too many pattern letters: G")
        return lambda _: {4: "Anno Domini", 5: "A"}.get(count, "AD")
    if letter == "a":
        return _text(count, {1: lambda i: "AM" if i.hour < 12 else "PM"})
    if letter == "V":
        return _text(count, {2: _zone_id})
    if letter in "zv":
        if count > 4 or (letter == "v" and count in (2, 3)):
            raise PatternError(f"Too many pattern letters: {letter}")
        return _zone_name if count == 4 else lambda i: i.tzname() or "UTC"
    if letter == "O":
        return _text(count, {1: lambda i: _gmt(i, full=False), 4: lambda i: _gmt(i, full=True)})
    if letter == "Z":
        forms = dict.fromkeys((1, 2, 3), _zone_offset("x", 2))
        return _text(count, {**forms, 4: lambda i: _gmt(i, full=True), 5: _zone_offset("X", 5)})
    if letter in "Xx":
        return _zone_offset(letter, count)
    raise PatternError(f"Unknown pattern letter: {letter}")


def _weekday(letter: str, count: int) -> Callable[[datetime], str]:
    names: dict[int, Callable[[datetime], str]] = {
        3: lambda i: _DAYS[i.weekday()][:3],
        4: lambda i: _DAYS[i.weekday()],
        5: lambda i: _DAYS[i.weekday()][0],
    }
    if letter == "E":
        return _text(count, {1: names[3], 2: names[3], **names})
    numbers: dict[int, Callable[[datetime], str]] = {1: lambda i: str(_sunday_first(i))}
    if letter == "e":
        numbers[2] = lambda i: f"{_sunday_first(i):02d}"
    return _text(count, {**numbers, **names})
