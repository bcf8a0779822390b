"""Plain bytes -> numbered lines: the coordinates a plan speaks in ("lines 10,000 to 19,999 of this object").

A line is one envelope. Envelopes that somebody joined without a newline (`}{`) are lines of their own, so that every
event has its own number. Plan and worker number with this one function.
"""

import re
from collections.abc import Iterable, Iterator

from event_fork.archive.errors import UnreadableObjectError

# One Firehose record is at most 1,000 KiB, and a stored event is at most one record; an object with a longer "line" is
# not an archive of events, and must not fill a worker's memory.
MAX_LINE_BYTES = 8 * 1024 * 1024

# Inside a JSON string a quote is written \" and after its closing quote no letter follows, so `}{"Letter` is always the
# end of one object and the start of the next.
_JOINED = b'}{"'
_JOINT = re.compile(rb'(?<=\})(?=\{"[A-Za-z@_])')


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines in order, without their newline; the n-th one (from 0) is line n. Empty lines count.

    Raises UnreadableObjectError for a line above MAX_LINE_BYTES.
    """
    rest = b""
    for chunk in chunks:
        whole = (rest + chunk).split(b"\n")
        rest = whole.pop()
        if len(rest) > MAX_LINE_BYTES:
            raise UnreadableObjectError(
                f"has a line of more than {MAX_LINE_BYTES // (1024 * 1024)} MiB: not JSON lines"
            )
        for line in whole:
            if _JOINED in line:
                yield from _JOINT.split(line)
            else:
                yield line
    if rest:
        yield from _JOINT.split(rest)
