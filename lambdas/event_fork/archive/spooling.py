"""All bytes first, then pieces: for readers that are slow on purpose.

A worker that sends ten events a second takes minutes from one piece of an object to the next. S3 closes connections
that are idle for so long, so the worker fetches the object (as it is stored, compressed) before it begins.
"""

import tempfile
from collections.abc import Iterable, Iterator

from event_fork.archive.store import CHUNK_BYTES

_IN_MEMORY = 16 * 1024 * 1024
"""Larger objects go through a temporary file. A Firehose buffer has at most 128 MiB, before compression."""


def spooled(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes; the first is given when the last has arrived."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        for chunk in chunks:
            spool.write(chunk)
        spool.seek(0)
        while piece := spool.read(CHUNK_BYTES):
            yield piece
