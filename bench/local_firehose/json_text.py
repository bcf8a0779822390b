"""JSON as callers, functions and domains send it: everything that can be wrong with it is a ValueError.

``json`` raises RecursionError for a text that is nested too deeply, which is no ValueError: one record of a hundred
thousand brackets would stop whatever reads it.
"""

import json
from typing import Any

_DECODER = json.JSONDecoder()


def loads(text: str | bytes) -> Any:
    """The value of the whole text."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def value_at(text: str, position: int, decoder: json.JSONDecoder = _DECODER) -> tuple[Any, int]:
    """The value that starts at ``position``, and where it ends."""
    try:
        return decoder.raw_decode(text, position)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
