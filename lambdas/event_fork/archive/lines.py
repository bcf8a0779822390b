"""Plain bytes -> numbered lines: the coordinates a plan speaks in ("lines 10,000 to 19,999 of this object").

A line is one envelope. Envelopes that somebody joined without a newline (`}{`, or with blanks between) are lines of
their own, so that every event has its own number. Plan and worker number with this one function.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from event_fork.archive.errors import ArchiveError, UnreadableObjectError

# SNS and SQS take 1 MiB; as JSON in an envelope in JSON that is 6 MiB at most. An object with a longer "line" is not an
# archive of events, and must not fill a worker's memory.
MAX_LINE_BYTES = 8 * 1024 * 1024
_SPLIT_BYTES = 1024 * 1024
"""What is kept of text without a newline before it is looked through for joints."""

_GATHERED_BYTES = 256 * 1024
"""Smaller pieces are put together: of single bytes, each would copy all that waits for its newline."""

# Inside a JSON string a quote is written \" and after its closing quote no letter follows, so `}{"Letter` is always the
# end of one object and the start of the next. Between members or elements there is a comma, so `} {` is one too.
_JOINT = re.compile(rb'\}([ \t\r]*+)(?=\{"[A-Za-z@_])')

_HEAD_BYTES = 64
_ARRAY = re.compile(rb"(?:\xef\xbb\xbf)?\s*\[\s*\{")
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in order, without their newline; the n-th one (from 0) is line n. Empty lines count.

    Raises UnreadableObjectError for a line above MAX_LINE_BYTES, for UTF-16 and for one JSON array of all events.
    """
    rest = b""
    for chunk in _gathered(_json_lines_only(chunks)):
        data = rest + chunk
        *whole, rest = data.split(b"\n")
        if _JOINT.search(data):
            for line in whole:
                yield from _parted(line)
            if len(rest) > _SPLIT_BYTES:
                *joined, rest = _parted(rest)
                yield from joined
        else:
            yield from whole
        if len(rest) > MAX_LINE_BYTES:
            raise UnreadableObjectError(
                f"has a line of more than {MAX_LINE_BYTES // (1024 * 1024)} MiB: not JSON lines"
            )
    if rest:
        yield from _parted(rest)


def _parted(line: bytes) -> Iterator[bytes]:
    """What was joined in a line."""
    begin = 0
    for joint in _JOINT.finditer(line):
        yield line[begin : joint.start(1)]
        begin = joint.end(1)
    yield line[begin:]


def _gathered(chunks: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    try:
        for chunk in chunks:
            held += chunk
            if len(held) >= _GATHERED_BYTES:
                yield bytes(held)
                held.clear()
    except ArchiveError:  # what came before the damage is right
        yield bytes(held)
        raise
    yield bytes(held)


def _json_lines_only(chunks: Iterable[bytes]) -> Iterator[bytes]:
    head, rest = b"", iter(chunks)
    while len(head) < _HEAD_BYTES and (chunk := next(rest, b"")):
        head += chunk
    if head.startswith(_UTF16):
        raise UnreadableObjectError("is UTF-16; a replay reads JSON lines in UTF-8")
    if _ARRAY.match(head):
        raise UnreadableObjectError("is one JSON array; a replay reads JSON lines, one event a line")
    return chain([head], rest)
