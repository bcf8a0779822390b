"""Looking at JSON as text: is it valid, and where does a value end. The work is done by the C scanner of `json`.

Numbers are not converted: 1e400 and integers of any length are legal JSON and none of our business.
"""

import json
import re
from collections.abc import Sequence
from typing import NoReturn

from event_fork.errors import NotJsonError, NotJsonObjectError

NOT_JSON = "the message is not JSON"

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")
_BEFORE_JSON = re.compile(r"\ufeff?[ \t\n\r]*(?=[\[{\"])")
"""What may stand before JSON in a string; a byte order mark is none of JSON's, but files begin with one."""
_NAME = re.compile(r'("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:[ \t\n\r]*')
_SEPARATOR = re.compile(r"[ \t\n\r]*([,}\]])[ \t\n\r]*")


def _refuse_constant(name: str) -> NoReturn:
    raise NotJsonError(f"{name} is not JSON")


# Hooks for numbers cost a Python call each. Without them Python refuses integers of more than 4,300 digits, so what the
# quick scanner refuses is looked at by the patient one.
_QUICK = json.JSONDecoder(parse_constant=_refuse_constant)
_PATIENT = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse_constant)


def decoded(text: str, decoder: json.JSONDecoder) -> object:
    """What `decoder.decode` gives. It looks for white space around the value first, which most texts do not have."""
    try:
        value, end = decoder.raw_decode(text)
    except ValueError:
        return decoder.decode(text)
    return value if end == len(text) or not text[end:].strip(" \t\n\r") else decoder.decode(text)


def require_json(text: str) -> object:
    """The parsed text; integers of more than 4,300 digits make all its numbers strings.

    Raises NotJsonError (NaN and Infinity are not JSON either).
    """
    try:
        try:
            return decoded(text, _QUICK)
        except ValueError:
            return _PATIENT.decode(text)
    except ValueError as error:
        raise NotJsonError(NOT_JSON) from error
    except RecursionError as error:
        raise NotJsonError("the message is nested too deeply") from error


def require_object(text: str) -> dict[str, object]:
    """The parsed object. Raises NotJsonObjectError when the text is none."""
    try:
        value = require_json(text)
    except NotJsonError as error:
        raise NotJsonObjectError(error.detail) from error
    if not isinstance(value, dict):
        raise NotJsonObjectError("the message is JSON but not an object")
    return value


def embedded_values(text: str) -> Sequence[int]:
    """Where the JSON values begin that a string's text consists of; none where it is a text like any other.

    One object or array, several (JSON lines), or a string that holds such. Raises NotJsonError for what is nested too
    deeply: it may be JSON, and nobody has looked into it.
    """
    before = _BEFORE_JSON.match(text)
    places: list[int] = []
    place = before.end() if before else len(text)
    try:
        while place < len(text):
            places.append(place)
            place = skip_white_space(text, end_of_value(text, place))
    except (ValueError, NotJsonError):
        return ()
    except RecursionError as error:
        raise NotJsonError("the message is nested too deeply") from error
    return places


def skip_white_space(text: str, start: int) -> int:
    """The first place at or after `start` that is no white space."""
    match = _WHITE_SPACE.match(text, start)
    return start if match is None else match.end()


def end_of_value(text: str, start: int) -> int:
    """The place after the value that begins at `start`; the text must be valid JSON."""
    try:
        return _QUICK.raw_decode(text, start)[1]
    except ValueError:
        return _PATIENT.raw_decode(text, start)[1]


def member_name(text: str, start: int) -> tuple[str, int]:
    """The decoded name of the member whose quote is at `start`, and the place where its value begins."""
    match = _NAME.match(text, start)
    if match is None:
        raise NotJsonError(NOT_JSON)
    name = match[1]
    return (str(json.loads(name)) if "\\" in name else name[1:-1]), match.end()


def after_child(text: str, end: int) -> tuple[bool, int]:
    """What follows a member or element that ends at `end`.

    (False, where the next one begins), or (True, the place after the closing bracket) when it was the last.
    """
    match = _SEPARATOR.match(text, end)
    if match is None:
        raise NotJsonError(NOT_JSON)
    return (False, match.end()) if match[1] == "," else (True, match.end(1))
