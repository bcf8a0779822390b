"""Lines that are messages alone, as `record_format = "raw"` and the original suite write them: an envelope for each.

What no line says is made up, the same each time: the id from the content, the time from the name of the object, which
is that of its oldest record. So two events with the same text are one event here, and all events of an object have one
time. There are no topic, subject and attributes.
"""

import hashlib
import uuid
from collections.abc import Callable

from event_fork.archive.errors import UnreadableObjectError
from event_fork.archive.listing import begun_at
from event_fork.events.envelope import StoredEvent, parse
from event_fork.events.time_window import timestamp_text

ENVELOPES, RAW_LINES = "envelope", "raw"

ReadLine = Callable[[str], StoredEvent]


def reader_of(lines: str, key: str) -> ReadLine:
    """How the lines of an object are read. Raises UnreadableObjectError for raw ones when its name tells no time."""
    if lines == ENVELOPES:
        return parse
    begun = begun_at(key)
    if begun is None:
        raise UnreadableObjectError("its name tells no time, and raw lines have no other")
    timestamp = timestamp_text(begun)
    return lambda line: StoredEvent(id_of(line), "", line, timestamp)


def id_of(line: str) -> str:
    """A UUID from the content."""
    return str(uuid.UUID(bytes=hashlib.sha256(line.encode()).digest()[:16], version=5))
