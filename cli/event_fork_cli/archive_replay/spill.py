"""Records on disk, in buckets: what would be one large set in memory is many small ones in turn."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

_FLUSH_BYTES = 512 * 1024


class SpillWriter:
    """Appends records to bucket files. Each process writes files of its own; threads of a process share a writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def append(self, records: dict[int, bytearray]) -> None:
        """Adds each bucket's records to its file."""
        with self._lock:
            for bucket, data in records.items():
                with (self._folder / f"{bucket:03d}.{os.getpid()}").open("ab") as file:
                    file.write(data)


class SpillBuffer:
    """Collects the records of one object and hands them on when there are enough."""

    def __init__(self, writer: SpillWriter) -> None:
        self._writer = writer
        self._records: dict[int, bytearray] = {}
        self._bytes = 0

    def add(self, bucket: int, record: bytes) -> None:
        """Adds a record."""
        data = self._records.get(bucket)
        if data is None:
            data = self._records[bucket] = bytearray()
        data += record
        self._bytes += len(record)
        if self._bytes >= _FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes what is collected."""
        self._writer.append(self._records)
        self._records, self._bytes = {}, 0


def bucket_files(folder: Path) -> Iterator[list[Path]]:
    """The files of each bucket that has any."""
    by_bucket: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        by_bucket.setdefault(path.name.partition(".")[0], []).append(path)
    yield from by_bucket.values()
