"""Detectors: card numbers, bank accounts and e-mail addresses, wherever they stand in a text or a JSON document.

    card_number  13 to 19 digits that pass Luhn's check, with or without spaces, hyphens or dots between them. Where
                 several such numbers share digits, all of them are one find: any may be the true one.
                 One number in ten of that length passes by chance: try a detector with the action audit first
    iban         an ISO 13616 account number of the length that its country has, whose check digits are right
    email        local@domain with a dot in the domain

Member names, strings and numbers of a JSON document are looked into; a number that is a card number becomes a string,
for a masked number is none. In a text that is JSON itself its parts are replaced, so that it stays JSON.
Sources: ISO/IEC 7812-1 (Luhn, 19 digits at most), ISO 13616 (IBAN; lengths: SWIFT's registry of IBAN formats).
"""

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import accumulate

from event_fork.errors import NotJsonError
from event_fork.events.json_text import embedded_values
from event_fork.events.text_edits import Edit, StringContent

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Detector:
    """`find` gives the places in a plain text, none of which overlap.

    `hint` finds what a text has somewhere if there is anything to find in it, unless characters are escaped as \\uXXXX.
    """

    find: Callable[[str], Iterator[Span]]
    hint: Callable[[str], object]

    def may_be_in(self, text: str) -> bool:
        """Whether there can be anything to find."""
        return "\\u" in text or bool(self.hint(text))


_LEAST_DIGITS, _MOST_DIGITS = 13, 19
_SEPARATOR = (
    r"[\s.\u2024\uff0e\xad\u2010-\u2015\u2043\u2212\ufe58\ufe63\uff0d"
    r"\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff-]"
)
"""White space and line ends, dots, hyphens, and what is not seen at all."""
_SEPARATORS = rf"{_SEPARATOR}{{1,3}}"
_RUN = re.compile(rf"\d+(?:{_SEPARATORS}\d+)*")
_GROUP = re.compile(r"\d+")
_NO_DIGIT = re.compile(r"\D+")
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
"""The sum of the digits of twice a digit (ISO/IEC 7812-1, annex B)."""

_IBAN = re.compile(
    r"[A-Za-z]{2}(?:(?<![A-Za-z0-9][A-Za-z]{2})|(?<=[Ii][Bb][Aa][Nn][A-Za-z]{2}))"
    rf"(?:{_SEPARATORS})?[0-9]{{2}}(?:(?:{_SEPARATORS})?[A-Za-z0-9]){{11,30}}"
)
_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_LENGTHS = {country: length for length, countries in _COUNTRIES.items() for country in countries.split()}

_LOCAL = re.compile(r"[^\s@<>()\[\]\",;:\\/]{1,64}\Z")
# The last label begins with a letter: left-pad@1.3.0 is a package.
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])")

_TOKEN = re.compile(r'"|-?\d[\d.eE+-]*')
"""In valid JSON: where a string begins, or a number."""


def card_numbers(text: str) -> Iterator[Span]:
    """Groups of digits, 13 to 19 digits together, that pass Luhn's check; those that share a group are one."""
    for run in _RUN.finditer(text):
        if run.end() - run.start() < _LEAST_DIGITS:
            continue
        groups = [group.span() for group in _GROUP.finditer(text, run.start(), run.end())]
        before = list(accumulate((end - start for start, end in groups), initial=0))
        if before[-1] >= _LEAST_DIGITS:
            yield from _card_numbers_of(groups, before, _luhn_sums(_NO_DIGIT.sub("", run[0])))


def _card_numbers_of(groups: list[Span], before: list[int], sums: tuple[list[int], list[int]]) -> Iterator[Span]:
    """`before`: how many digits stand before each group, and in all."""
    begun = ended = 0  # the groups of what is found and may still grow
    for first in range(len(groups)):
        start = before[first]
        least = bisect_left(before, start + _LEAST_DIGITS, first)
        most = bisect_right(before, start + _MOST_DIGITS, first) - 1
        for after in range(most, least - 1, -1):
            end = before[after]
            if (sums[end % 2][end] - sums[end % 2][start]) % 10 == 0:
                if first >= ended:
                    if ended:
                        yield groups[begun][0], groups[ended - 1][1]
                    begun = first
                ended = max(ended, after)
                break
    if ended:
        yield groups[begun][0], groups[ended - 1][1]


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """For numbers that end before an even and an odd place: Luhn's sum of all digits before each place.

    So that a check costs the same however many digits it is about: a text may be a megabyte of digits.
    """
    values = [int(digit) for digit in digits]
    doubled = [_DOUBLED[value] for value in values]
    even, odd = values.copy(), values.copy()
    even[::2], odd[1::2] = doubled[::2], doubled[1::2]
    return list(accumulate(even, initial=0)), list(accumulate(odd, initial=0))


def ibans(text: str) -> Iterator[Span]:
    """Account numbers in the printed form (groups of four) or without spaces, in capitals or not."""
    place = 0
    while match := _IBAN.search(text, place):
        place = match.start() + 1
        length = _IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        compact, end = "", match.start()
        while end < match.end() and len(compact) < length:
            compact += text[end] if text[end].isalnum() else ""
            end += 1
        followed = end < len(text) and text[end].isascii() and text[end].isalnum()
        if len(compact) == length and not followed and _has_right_check_digits(compact.upper()):
            yield match.start(), end
            place = end


def _has_right_check_digits(iban: str) -> bool:
    moved = iban[4:] + iban[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1


def email_addresses(text: str) -> Iterator[Span]:
    """Every local part of up to 64 characters before an @ that a domain with a dot follows."""
    place = 0
    while (at := text.find("@", place)) >= 0:
        local = _LOCAL.search(text, max(place, at - 64), at)
        domain = _DOMAIN.match(text, at + 1, at + 256)
        if local and domain:
            yield local.start(), domain.end()
            place = domain.end()
        else:
            place = at + 1


# A pattern that begins with one set is tried where that stands, and one that begins with a branch everywhere.
# White space may be escaped as \t or, in JSON in a string, as \\t.
_MAY_BE_CARD = re.compile(rf"\d(?:[\d\\tnrf{_SEPARATOR[1:-1]}]{{{_LEAST_DIGITS - 1}}}|[eE]\+?\d)").search
_GAP = rf"(?:{_SEPARATOR}|\\+[tnrf]){{0,3}}"
_IS_LIKE_CARD = re.compile(rf"\d(?:(?:{_GAP}\d){{{_LEAST_DIGITS - 1}}}|[eE]\+?\d)").search
_MAY_BE_IBAN = re.compile(
    rf"[0-9](?<=(?:[A-Za-z]|{_SEPARATOR})[0-9])[0-9](?:"
    + "|".join(rf"(?<=[A-Za-z]{_SEPARATOR * gap}[0-9]{{2}})" for gap in range(4))
    + rf")(?:{_GAP}[A-Za-z0-9]){{11}}"
).search
# Most texts are ASCII, and what a digit or white space is there is told in half the time.
_MAY_BE_CARD_IN_ASCII = re.compile(
    rf"[0-9](?:[0-9\\tnrf\s\x1c-\x1f.-]{{{_LEAST_DIGITS - 1}}}|[eE]\+?[0-9])", re.ASCII
).search

DETECTORS: Mapping[str, Detector] = {
    "card_number": Detector(
        card_numbers,
        lambda text: (_MAY_BE_CARD_IN_ASCII if text.isascii() else _MAY_BE_CARD)(text) and _IS_LIKE_CARD(text),
    ),
    "email": Detector(email_addresses, re.compile("@").search),
    "iban": Detector(ibans, _MAY_BE_IBAN),
}


def edits_in_json(text: str, detector: Detector, replacement: Callable[[str], str]) -> list[Edit]:
    """What becomes of everything that the detector finds in a valid JSON text that it `may_be_in`."""
    edits: list[Edit] = []
    place = 0
    while token := _TOKEN.search(text, place):
        if token[0] == '"':
            content = StringContent.at(text, token.start())
            edits += map(content.edit, edits_in_text(content.decoded, detector, replacement))
            place = content.end
        else:
            place = token.end()
            plain = _plain_digits(token[0])
            if any(detector.find(plain)):
                edits.append((token.start(), token.end(), json.dumps(replacement(plain))))
    return edits


def edits_in_text(text: str, detector: Detector, replacement: Callable[[str], str]) -> list[Edit]:
    """What becomes of everything that the detector finds in a text. JSON in it, and lines of JSON, stay JSON."""
    if not detector.may_be_in(text):
        return []
    # Not only where the text itself has a match: what it holds can be escaped or have an exponent.
    if _is_json(text):
        return edits_in_json(text, detector, replacement)
    return [(start, end, replacement(text[start:end])) for start, end in detector.find(text)]


def edits_in_number(text: str, detector: Detector, replacement: Callable[[str], str]) -> list[Edit]:
    """The same for a text that is a number, such as the value of a Number attribute."""
    if "_" not in text and not detector.may_be_in(text):  # Decimal takes _ between digits
        return []
    plain = _plain_digits(text)
    if any(detector.find(plain)):
        return [(0, len(text), replacement(plain))]
    return edits_in_text(text, detector, replacement)


def _is_json(text: str) -> bool:
    try:
        return bool(embedded_values(text))
    except NotJsonError:
        return False  # nested too deeply to be read: then it is a text like any other


def _plain_digits(number: str) -> str:
    """The digits of a number before its point, without sign and exponent: 4.111111111111111e15 is a card number too."""
    try:
        value = Decimal(number)
    except InvalidOperation:
        return ""
    return str(abs(int(value))) if value.is_finite() and 0 <= value.adjusted() < _MOST_DIGITS else ""
