"""The port to the bucket: list and read what is in the archive."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 256 * 1024
"""How much of an object is read at once."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """One object as a listing shows it. `etag` without quotes, `size` in bytes as stored (compressed)."""

    key: str
    etag: str
    size: int


class ObjectReader(Protocol):
    """One version of one object, opened: its identity and its bytes, to be read once."""

    @property
    def etag(self) -> str:
        """The version's ETag, without quotes."""

    @property
    def version_id(self) -> str | None:
        """The version's id; None in a bucket without versioning."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes as stored, in pieces of about CHUNK_BYTES.

        Raises ConnectionBrokenError when the connection breaks.
        """


class ArchiveStore(Protocol):
    """The bucket an archive lies in."""

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """All objects under a prefix, in the order of their keys."""

    def open(self, key: str, *, etag: str | None = None) -> ObjectReader:
        """Open what lies there now for reading; with `etag` only what has it.

        Raises ObjectChangedError when that is not there, UnreadableObjectError when the object may not or
        cannot be read (access denied, an archived storage class, no key for its encryption).
        """


class BrowsableStore(ArchiveStore, Protocol):
    """An ArchiveStore whose folders can be looked at: planning needs that, a worker does not."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The distinct beginnings of keys under a prefix up to the next slash, slash included."""
