"""An archive as objects of JSON lines, GZIP, which the worker of a replay reads: out of Parquet, or what else is read.

Parquet is what `format = "parquet"` of modules/storage-backup makes: a column for each member of SNS's envelope, its
name in lower case. pyarrow reads it, the command's extra `parquet`; the worker has no such library.
"""

from __future__ import annotations

import gzip
import importlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

from event_fork.archive.errors import ArchiveError, UnreadableObjectError
from event_fork.archive.layout import Layout
from event_fork.archive.lines import lines
from event_fork.archive.listing import day_folders
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.archive.unpacking import PARQUET_MAGIC, decompress
from event_fork.events.envelope import compact_json
from event_fork.events.time_window import EVER
from event_fork_cli.errors import RefusedError

ENDING = ".jsonl.gz"
_IN_MEMORY = 16 * 1024 * 1024
_ROWS = 500
_MOST_COLUMN_BYTES = 2**30
"""Of a column in a row group, unpacked, as the file says. Firehose's row groups have 256 MiB in all."""
_MEMBERS = {
    name.lower(): name
    for name in (
        "Type",
        "MessageId",
        "SequenceNumber",
        "MessageGroupId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "MessageAttributes",
    )
}


@dataclass(frozen=True, slots=True)
class Converted:
    """What became of an object: `lines` in the new one, None where it was there already; or why it cannot be read."""

    key: str
    new_key: str
    lines: int | None
    trouble: str = ""


def convert(
    store: BrowsableStore, prefix: str, layout: Layout, new_prefix: str, there: frozenset[str], put: Callable[..., None]
) -> Iterator[Converted]:
    """Each object in the folders of times, as one of lines under the new prefix. `put`: writes a file to a key.

    What is there already is left, so a conversion that broke off goes on where it was.
    """
    for found in _objects(store, prefix, layout):
        new_key = new_prefix + found.key.removeprefix(prefix) + ENDING  # whole: a.gz and a.parquet are two objects
        if new_key in there:
            yield Converted(found.key, new_key, None)
            continue
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            try:
                number = _write(file, _lines(store, found))
            except ArchiveError as error:
                yield Converted(found.key, new_key, 0, str(error))
                continue
            file.seek(0)
            put(file, new_key)
        yield Converted(found.key, new_key, number)


def _objects(store: BrowsableStore, prefix: str, layout: Layout) -> Iterator[ListedObject]:
    folders = [prefix]
    if layout.folders:
        by_day = day_folders(store, prefix, layout, EVER.start, EVER.end)
        folders = [root + day for day, roots in by_day.items() for root in roots]
    for found in chain.from_iterable(map(store.list, folders)):
        if found.size and not found.key.endswith("/"):
            yield found


def _write(file: IO[bytes], found: Iterator[bytes]) -> int:
    number = 0
    with gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        for line in found:
            packed.write(line + b"\n")
            number += 1
    return number


def _lines(store: BrowsableStore, found: ListedObject) -> Iterator[bytes]:
    chunks = store.open(found.key, etag=found.etag).chunks()
    head = next(chunks, b"")
    if not head.startswith(PARQUET_MAGIC):
        yield from lines(decompress(chain([head], chunks)))
        return
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for chunk in chain([head], chunks):
            file.write(chunk)
        file.seek(0)
        yield from _rows(file)


def _rows(file: IO[bytes]) -> Iterator[bytes]:
    parquet = _parquet()
    try:
        table = parquet.ParquetFile(file)
        _refuse_large(table.metadata)
        for batch in table.iter_batches(batch_size=_ROWS):
            yield from (compact_json(_members(row)) for row in batch.to_pylist(maps_as_pydicts="lossy"))
    except UnreadableObjectError:
        raise
    except Exception as error:  # pyarrow raises errors of its own and of Python on a damaged file
        raise UnreadableObjectError(f"damaged Parquet: {type(error).__name__}: {error}") from error


def _refuse_large(metadata: Any) -> None:
    """A file says how large its columns are, before anything of them is read."""
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(metadata.num_columns)):
            if column.total_uncompressed_size > _MOST_COLUMN_BYTES:
                raise UnreadableObjectError(
                    f"is Parquet with a column of {column.total_uncompressed_size:,} bytes in a row group, "
                    f"at most {_MOST_COLUMN_BYTES:,} are read"
                )


def _members(row: dict[str, Any]) -> dict[str, Any]:
    """The envelope of a row. What is null was not there."""
    found = {_MEMBERS.get(name.lower(), name): value for name, value in row.items() if value is not None}
    attributes = found.get("MessageAttributes")
    if isinstance(attributes, dict):
        found["MessageAttributes"] = {
            name: {part.capitalize(): text for part, text in (value or {}).items()}
            for name, value in attributes.items()
        }
    try:
        json.dumps(found)
    except TypeError as error:
        raise UnreadableObjectError(f"is Parquet with columns that no JSON has ({error})") from error
    return found


def _parquet() -> Any:
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise RefusedError("Parquet is read by pyarrow: pip install '.[parquet]'") from None
