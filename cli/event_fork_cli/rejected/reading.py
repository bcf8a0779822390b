"""Everything below a stream's error folder, line by line: memory does not grow with it, whatever an object holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from event_fork.archive.errors import ArchiveError, UnreadableObjectError
from event_fork.archive.lines import lines
from event_fork.archive.spooling import spooled
from event_fork.archive.store import ArchiveStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork_cli.rejected.failures import Failure, NotAFailureError, parse_failure
from event_fork_cli.repairs.forks import ErrorFolder

_AROUND = b" \t\r"
_MOST_BYTES = 2 * 1024**3
"""Plain bytes of an object: Firehose buffers 128 MiB at most, which base64 and the reasons make more of."""
_MOST_NAMED = 100


@dataclass(slots=True)
class Unread:
    """What could not be read: `objects` with the reason, `lines` counted by object and reason (the first hundred)."""

    objects: dict[str, str] = field(default_factory=dict)
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    more: int = 0

    def add_object(self, key: str, reason: str) -> None:
        """An object that is not whole; what was read before counts."""
        if len(self.objects) < _MOST_NAMED:
            self.objects[key] = reason
        else:
            self.more += 1

    def add_line(self, key: str, reason: str) -> None:
        """A line that is no failed record."""
        if (key, reason) in self.lines or len(self.lines) < _MOST_NAMED:
            self.lines[key, reason] += 1
        else:
            self.more += 1

    def sentences(self) -> Iterator[str]:
        """For the operator: what is left out, and why."""
        for key, reason in self.objects.items():
            yield f"{key} {reason}: left as it is"
        for (key, reason), count in self.lines.items():
            yield f"{count:,} lines of {key} are no failed records ({reason}): left as they are"
        if self.more:
            yield f"{self.more:,} more cannot be read"


def error_objects(store: ArchiveStore, folder: ErrorFolder) -> Iterator[tuple[ListedObject, str]]:
    """The objects of a stream's errors, in the order of their keys, each with its error output type."""
    for found in store.list(folder.root):
        if found.size and not found.key.endswith("/") and (kind := folder.kind(found.key)) is not None:
            yield found, kind


def failures(
    store: ArchiveStore, objects: Iterable[tuple[ListedObject, str]], unread: Unread
) -> Iterator[tuple[str, str, int, Failure]]:
    """Key, ETag, number of the line (from 0) and failed record of all objects."""
    for found, kind in objects:
        try:
            reader = store.open(found.key)
            for number, line in enumerate(plain_lines(reader.chunks())):
                if not line.strip(_AROUND):
                    continue
                try:
                    yield found.key, reader.etag, number, parse_failure(line, kind)
                except NotAFailureError as error:
                    unread.add_line(found.key, str(error))
        except ArchiveError as error:
            unread.add_object(found.key, str(error))


def plain_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines of an error object. Raises UnreadableObjectError."""
    return lines(_bounded(decompress(spooled(chunks))))


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > _MOST_BYTES:
            raise UnreadableObjectError(f"holds more than {_MOST_BYTES // 1024**3} GiB: no error object of Firehose")
        yield chunk
