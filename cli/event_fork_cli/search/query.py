"""SQL over the archive by DuckDB, in this process: no index, no database that stands somewhere, nothing to pay for.

The archive is read as everywhere here (folders, compression, damaged lines), each event goes into a temporary file, and
DuckDB reads those. It comes with the extra `sql`; nothing else of the command needs it.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from event_fork.archive.errors import ArchiveError
from event_fork.archive.lines import lines
from event_fork.archive.listing import Reach, needed_objects
from event_fork.archive.raw_lines import ENVELOPES, reader_of
from event_fork.archive.selection import Criteria, UnreadableLine, select
from event_fork.archive.store import BrowsableStore, ListedObject
from event_fork.archive.unpacking import decompress
from event_fork.events.time_window import Window
from event_fork_cli.archive_replay.pool import InlineScan, ParallelScan
from event_fork_cli.errors import BadInputError, RefusedError

COLUMNS = {
    "event_id": "VARCHAR",
    "event_type": "VARCHAR",
    "published_at": "TIMESTAMP",
    "topic_arn": "VARCHAR",
    "subject": "VARCHAR",
    "message": "VARCHAR",
    "attributes": "MAP(VARCHAR, VARCHAR)",
    "object_key": "VARCHAR",
    "line": "BIGINT",
}
"""Of the view `events`: one row for each event, also when the archive has it twice."""
_FLUSH_BYTES = 1024 * 1024
_EXAMPLE = "'SELECT event_type, count(*) FROM events GROUP BY ALL'"


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What a process needs; all of it can be pickled."""

    open_store: Callable[[], BrowsableStore]
    window: Window
    event_type_attribute: str
    spill: Path
    lines: str = ENVELOPES

    def scanner(self) -> Exporter:
        """The one who writes the files."""
        return Exporter(self)


@dataclass(frozen=True, slots=True)
class Exported:
    """Of one object. `unreadable`: what of it is no event."""

    events: int
    unreadable: tuple[str, ...]


class Exporter:
    """Writes each event as one line of JSON. Threads may share it: each has a file of its own."""

    def __init__(self, order: ExportOrder) -> None:
        self._order = order
        self._store = order.open_store()

    def scan(self, index: int, listed: ListedObject) -> Exported:  # noqa: ARG002 ObjectScanner's
        """What one object holds, written into the folder."""
        order = self._order
        bad: list[str] = []
        events = 0
        path = order.spill / f"{os.getpid()}-{threading.get_ident()}.jsonl"
        with path.open("ab", buffering=_FLUSH_BYTES) as file:
            try:
                text = lines(decompress(self._store.open(listed.key, etag=listed.etag).chunks()))
                criteria = Criteria(order.window, event_type_attribute=order.event_type_attribute)
                for found in select(text, criteria, read=reader_of(order.lines, listed.key)):
                    if isinstance(found, UnreadableLine):
                        bad.append(f"{listed.key}, line {found.line}: {found.reason}")
                        continue
                    event = found.event
                    row = {
                        "event_id": event.message_id,
                        "event_type": found.event_type,
                        "published_at": found.timestamp.removesuffix("Z"),
                        "topic_arn": event.topic_arn,
                        "subject": event.subject,
                        "message": event.message,
                        "attributes": {name: value["Value"] for name, value in (event.attributes or {}).items()},
                        "object_key": listed.key,
                        "line": found.line,
                    }
                    file.write(_json(row))
                    events += 1
            except ArchiveError as error:
                bad.append(f"{listed.key}: {error}")
        return Exported(events, tuple(bad))


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query. `events`: lines that were read; `unreadable`: what of the archive is no event."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    events: int
    unreadable: list[str]


def query(
    sql: str, order: Callable[[Path], ExportOrder], reach: Reach, processes: int, show: Callable[[int], None]
) -> Answer:
    """The answer to a query over the events of a window. Raises BadInputError for SQL that DuckDB refuses."""
    duckdb = _duckdb()
    with tempfile.TemporaryDirectory(prefix="event-fork-query-") as folder:
        files = Path(folder) / "events"
        files.mkdir()
        found: list[Exported] = []
        export = order(files)
        with ParallelScan(export, processes) if processes else InlineScan(export) as work:
            for _, done in work.scan(needed_objects(export.open_store(), reach)):
                found += done
                show(sum(one.events for one in found))
        with duckdb.connect(str(Path(folder) / "events.duckdb")) as database:
            _load(database, files, Path(folder))
            try:
                result = database.execute(sql)
                columns = [column[0] for column in (result and result.description) or ()]
                rows = result.fetchall() if columns else []
            except duckdb.Error as error:
                rule = f"must be SQL that DuckDB takes ({' '.join(str(error).split())})"
                raise BadInputError("SQL", rule, example=_EXAMPLE, received=sql) from error
    return Answer(
        columns, rows, sum(one.events for one in found), [reason for one in found for reason in one.unreadable]
    )


def _load(database: Any, files: Path, folder: Path) -> None:
    types = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    if any(files.iterdir()):
        source = f"read_json('{files}/*.jsonl', format='newline_delimited', columns={{{types}}}, "
        source += "maximum_object_size=67108864)"
    else:
        columns = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in COLUMNS.items())
        source = f"(SELECT {columns} WHERE false)"
    database.execute(f"SET temp_directory = '{folder}'")
    # The archive is written at least once: of several copies of an event the first one counts.
    database.execute(
        "CREATE TABLE events AS SELECT DISTINCT ON (event_id) * "  # noqa: S608 nothing of the operator's is in it
        f"FROM {source} ORDER BY event_id, object_key, line"
    )
    # A query sees the events and nothing else of this machine or of the network.
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def _duckdb() -> Any:
    try:
        return importlib.import_module("duckdb")
    except ImportError:
        raise RefusedError(
            "this needs DuckDB, which is an extra: pip install '.[sql]' in a checkout of this repository"
        ) from None


def _json(row: dict[str, Any]) -> bytes:
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode() + b"\n"
    except UnicodeEncodeError:  # a lone surrogate has no UTF-8 form: SQL sees U+FFFD in its place
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode() + b"\n"


def as_objects(answer: Answer) -> list[dict[str, Any]]:
    """The rows with the names of their columns; a name that is there twice has a number behind it."""
    names: list[str] = []
    for column in answer.columns:
        taken, name = 1, column
        while name in names:
            taken += 1
            name = f"{column}_{taken}"
        names.append(name)
    return [dict(zip(names, map(plain, row), strict=True)) for row in answer.rows]


def plain(value: Any) -> Any:
    """A value as JSON has it: times as ISO 8601, what is neither (a blob, NaN) as text."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {str(name): plain(entry) for name, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [plain(entry) for entry in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
