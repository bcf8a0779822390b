"""An event seen somewhere, as one line of a file: where, when it was published, and its id.

    A <TAB> time <TAB> number of the object <TAB> one 0 or 1 for each search fork: wanted <TAB> id      in the archive
    I2 <TAB> time <TAB> id         in the index of the second search fork; D: in its dead letters, R: rejected by it,
                                   O: in an index of the operator's, to which a recipe may have routed it
    W0 <TAB> time <TAB> id         waiting in the replay queue

Fork 0 is the storage fork. Ids come from publishers' topics and from whoever can write to an archive, so an id that is
more than letters, digits, _ and - is written as JSON, which has neither tabs nor line ends.
"""

import json
import re
import zlib
from enum import StrEnum

BUCKETS = 256
_PLAIN = re.compile(r"[A-Za-z0-9_-]+").fullmatch


class Place(StrEnum):
    """Where an event can be beside the archive."""

    INDEX = "I"
    DEAD_LETTER = "D"
    REJECTED = "R"
    ROUTED = "O"
    WAITING = "W"


def coded(event_id: str) -> bytes:
    """An id as it stands in a line."""
    return event_id.encode() if _PLAIN(event_id) else json.dumps(event_id).encode()


def decoded(text: bytes) -> str:
    """The id that stands in a line."""
    return str(json.loads(text)) if text.startswith(b'"') else text.decode()


def bucket_of(code: bytes) -> int:
    """The bucket in which all sightings of an id meet."""
    return zlib.crc32(code) & (BUCKETS - 1)


def in_archive(code: bytes, timestamp: str, number: int, wanted: str) -> bytes:
    """The line of an event of the archive."""
    return b"A\t%b\t%d\t%b\t%b\n" % (timestamp.encode(), number, wanted.encode(), code)


def elsewhere(code: bytes, place: Place, fork: int, timestamp: str) -> bytes:
    """The line of an event that is somewhere else."""
    return b"%b%d\t%b\t%b\n" % (place.encode(), fork, timestamp.encode(), code)
