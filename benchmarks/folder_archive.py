"""An archive in a folder, for what is measured without a network."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from event_fork.archive.store import CHUNK_BYTES, ListedObject


@dataclass(frozen=True)
class FileReader:
    """An ObjectReader of a file."""

    path: Path
    etag: str = "e"
    version_id: str | None = None

    def chunks(self) -> Iterator[bytes]:
        """See ObjectReader."""
        with self.path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


@dataclass(frozen=True)
class FolderArchive:
    """A BrowsableStore of the `.gz` files of a folder; `objects`: of the first so many. It keeps what was opened."""

    folder: Path
    objects: int | None = None
    opened: list[str] = field(default_factory=list)

    def __call__(self) -> "FolderArchive":
        """As the factory of itself."""
        return self

    def list(self, prefix: str) -> Iterator[ListedObject]:
        """See ArchiveStore."""
        below = sorted((self.folder / prefix.rpartition("/")[0]).rglob("*.gz"))
        keys = [(path, path.relative_to(self.folder).as_posix()) for path in below]
        for path, key in [pair for pair in keys if pair[1].startswith(prefix)][: self.objects]:
            yield ListedObject(key, "e", path.stat().st_size)

    def folders(self, prefix: str) -> Iterator[str]:
        """See BrowsableStore."""
        yield from sorted(f"{path.relative_to(self.folder)}/" for path in self.folder.glob(f"{prefix}*/"))

    def open(self, key: str, *, etag: str | None = None) -> FileReader:  # noqa: ARG002 nobody replaces a file
        """See ArchiveStore."""
        self.opened.append(key)
        return FileReader(self.folder / key)
