"""An ArchiveStore in memory, with faults where a test wants them."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from event_fork.archive.errors import ConnectionBrokenError, ObjectChangedError, UnreadableObjectError
from event_fork.archive.store import ListedObject


@dataclass
class MemoryReader:
    """See ObjectReader."""

    body: bytes
    etag: str
    version_id: str | None = None
    breaks_after: int | None = None

    def chunks(self) -> Iterator[bytes]:
        """Pieces of 1,000 bytes; breaks where it was told to."""
        for start in range(0, len(self.body), 1000):
            if self.breaks_after is not None and start >= self.breaks_after:
                raise ConnectionBrokenError("the connection to S3 broke: test")
            yield self.body[start : start + 1000]


@dataclass
class MemoryArchive:
    """Objects by key. `breaks`: how many more times reading a key breaks off. `denied`: keys nobody may read."""

    objects: dict[str, bytes] = field(default_factory=dict)
    breaks: dict[str, int] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)

    def __call__(self) -> "MemoryArchive":
        """As the factory of itself."""
        return self

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """See ArchiveStore."""
        self.listed.append(prefix)
        for key in sorted(self.objects):
            if key.startswith(prefix):
                yield ListedObject(key, etag_of(self.objects[key]), len(self.objects[key]))

    def folders(self, prefix: str) -> Iterator[str]:
        """See BrowsableStore."""
        rests = (key.removeprefix(prefix) for key in self.objects if key.startswith(prefix))
        yield from sorted({prefix + rest.partition("/")[0] + "/" for rest in rests if "/" in rest})

    def open(self, key: str, *, etag: str | None = None) -> MemoryReader:
        """See ArchiveStore."""
        self.opened.append(key)
        if key in self.denied:
            raise UnreadableObjectError("AccessDenied: Access Denied")
        body = self.objects.get(key)
        if body is None:
            raise ObjectChangedError("was deleted")
        if etag not in (None, etag_of(body)):
            raise ObjectChangedError("was replaced by another version")
        breaks = self.breaks.get(key, 0)
        self.breaks[key] = breaks - 1
        return MemoryReader(body, etag_of(body), breaks_after=len(body) // 2 if breaks > 0 else None)


def etag_of(body: bytes) -> str:
    """What S3 answers for an object put in one piece."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
