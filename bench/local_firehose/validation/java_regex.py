"""The service model's patterns are Java's; Python's ``re`` lacks ``\\p{L}`` and friends, so they are spelt out."""

import functools
import re
import sys
import unicodedata

_CATEGORY = re.compile(r"\\p\{([A-Z][a-z]?)\}")


@functools.cache
def _ranges(category: str) -> str:
    """All characters of a Unicode category (``L``, ``Lu``, ...) as the inside of a character class."""
    parts: list[str] = []
    start: int | None = None
    for point in range(sys.maxunicode + 2):
        inside = point <= sys.maxunicode and unicodedata.category(chr(point)).startswith(category)
        if inside and start is None:
            start = point
        elif not inside and start is not None:
            first, last = re.escape(chr(start)), re.escape(chr(point - 1))
            parts.append(first if start == point - 1 else f"{first}-{last}")
            start = None
    return "".join(parts)


@functools.cache
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of the model for ``fullmatch``; ``\\w`` and ``\\d`` are ASCII as in Java."""
    return re.compile(_CATEGORY.sub(lambda match: _ranges(match.group(1)), pattern), re.ASCII)
