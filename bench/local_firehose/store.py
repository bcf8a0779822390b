"""What survives the process: streams and records that are not delivered yet.

Without ``--state`` nothing does. With it both are in one SQLite file; a put is answered only after its records are
committed, and a record is deleted only after every output of it is settled, so a kill -9 costs duplicates, never loss.

To delete takes room, too. So that a full disk recovers, a file keeps some: it is given up when finished records cannot
be deleted, and made again once they are; without it nothing more is taken in.
"""

import asyncio
import json
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

from local_firehose.records import Record

RESERVE_BYTES = 16 * 1024 * 1024
_CHECKPOINT_BYTES = 4 * 1024 * 1024
_DELETED_AT_ONCE = 1000
_ROW_BYTES = 400  # what deleting a record writes, at most: a quarter of a page, and of its index
log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS streams (key TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS records (
  sequence INTEGER PRIMARY KEY, stream TEXT NOT NULL, arrival_ms INTEGER NOT NULL, kinesis TEXT, data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_stream ON records (stream);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
-- Records put while their stream was being deleted: nothing else takes them away.
DELETE FROM records WHERE stream NOT IN (SELECT key FROM streams);
"""


class StateError(Exception):
    """The state folder cannot be used: another server works on it, it is not writable, or damaged."""


class Store(Protocol):
    """What the server keeps outside its memory."""

    async def append(self, stream: str, records: Sequence[Record]) -> None:
        """Returns when the records are safe."""

    def forget(self, sequences: Sequence[int]) -> None:
        """The records are finished; may happen a little later."""

    async def save_stream(self, key: str, body: dict[str, Any]) -> None:
        """Returns when the stream is safe."""

    async def delete_stream(self, key: str) -> None:
        """The stream and its records are gone."""

    def streams(self) -> list[dict[str, Any]]:
        """All saved streams."""

    def records(self, stream: str) -> list[Record]:
        """Unfinished records of a stream in the order they came."""

    async def save_fact(self, name: str, value: str) -> None:
        """Keep a small text (a place in a shard)."""

    def fact(self, name: str) -> str:
        """The text kept under a name; empty when none."""

    def last_sequence(self) -> int:
        """The highest sequence ever stored and still there; 0 when none."""

    async def close(self) -> None:
        """Write what is pending."""


class NoStore:
    """Nothing survives the process; facts are kept while it runs."""

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}

    async def save_fact(self, name: str, value: str) -> None:
        self._facts[name] = value

    def fact(self, name: str) -> str:
        return self._facts.get(name, "")

    async def append(self, stream: str, records: Sequence[Record]) -> None:
        """Memory only."""

    def forget(self, sequences: Sequence[int]) -> None:
        """Memory only."""

    async def save_stream(self, key: str, body: dict[str, Any]) -> None:
        """Memory only."""

    async def delete_stream(self, key: str) -> None:
        self._facts = {name: value for name, value in self._facts.items() if not name.startswith(f"{key}/")}

    def streams(self) -> list[dict[str, Any]]:
        return []

    def records(self, stream: str) -> list[Record]:  # noqa: ARG002 (the protocol's signature)
        return []

    def last_sequence(self) -> int:
        return 0

    async def close(self) -> None:
        """Nothing to write."""


class SqliteStore:
    """One SQLite file, one thread that uses it.

    Write-ahead log with synchronous=NORMAL: a commit is in the operating system's hands, so it survives kill -9 but
    maybe not a loss of power. A log that ends in the middle of a commit is read up to the commit before it.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = self._file = folder / "firehose.sqlite"
        self._database = sqlite3.connect(file, timeout=1.0, check_same_thread=False, isolation_level=None)
        try:
            # Exclusive: a second server on the folder must fail, not deliver everything twice.
            self._database.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("BEGIN EXCLUSIVE")
            self._database.execute("COMMIT")
            self._database.execute("PRAGMA synchronous=NORMAL")
            self._database.execute("PRAGMA secure_delete=OFF")
            self._database.execute("PRAGMA wal_autocheckpoint=0")  # see _checkpoint()
            self._database.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            self._database.close()
            question = ": does another server work on it?" if "locked" in str(error) else ""
            raise StateError(f"{folder} cannot be used ({error}){question}") from error
        except sqlite3.DatabaseError as error:
            self._database.close()
            raise StateError(f"{file} is damaged ({error}): move it away to start anew") from error
        self._reserve = folder / "reserve"
        self._reserved = self._reserve.exists()
        self._reserve_bytes = min(RESERVE_BYTES, shutil.disk_usage(folder).free // 4)
        self._logged = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._finished: list[int] = []
        self._deleting = False
        self._lock = threading.Lock()

    async def append(self, stream: str, records: Sequence[Record]) -> None:
        rows = [
            (r.sequence, stream, r.arrival_ms, None if r.kinesis is None else json.dumps(dict(r.kinesis)), r.data)
            for r in records
        ]
        await self._run("INSERT INTO records VALUES (?, ?, ?, ?, ?)", rows)

    def forget(self, sequences: Sequence[int]) -> None:
        with self._lock:
            self._finished.extend(sequences)
            if self._deleting:
                return
            self._deleting = True
        self._thread.submit(self._delete_finished)

    async def save_stream(self, key: str, body: dict[str, Any]) -> None:
        await self._run(
            "INSERT INTO streams VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body",
            [(key, json.dumps(body))],
        )

    async def delete_stream(self, key: str) -> None:
        # The stream last: until it is gone a restart goes on deleting.
        await self._run("DELETE FROM records WHERE stream = ?", [(key,)])
        await self._run("DELETE FROM facts WHERE substr(name, 1, length(?1) + 1) = ?1 || '/'", [(key,)])
        await self._run("DELETE FROM streams WHERE key = ?", [(key,)])

    def streams(self) -> list[dict[str, Any]]:
        return [json.loads(body) for (body,) in self._read("SELECT body FROM streams ORDER BY key")]

    def records(self, stream: str) -> list[Record]:
        rows = self._read(
            "SELECT sequence, arrival_ms, data, kinesis FROM records WHERE stream = ? ORDER BY sequence", stream
        )
        return [
            Record(sequence, arrival_ms, data, kinesis=None if kinesis is None else json.loads(kinesis))
            for sequence, arrival_ms, data, kinesis in rows
        ]

    async def save_fact(self, name: str, value: str) -> None:
        await self._run(
            "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [(name, value)]
        )

    def fact(self, name: str) -> str:
        rows = self._read("SELECT value FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def last_sequence(self) -> int:
        ((last,),) = self._read("SELECT coalesce(max(sequence), 0) FROM records")
        return int(last)

    async def close(self) -> None:
        await asyncio.to_thread(self._thread.shutdown, wait=True)
        self._delete_finished()
        self._database.close()

    def _read(self, statement: str, *parameters: str) -> list[tuple[Any, ...]]:
        try:
            return self._database.execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise StateError(f"{self._file} is damaged ({error}): move it away to start anew") from error

    async def _run(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, statement, list(rows))

    def _write(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        try:
            self._commit(statement, rows)
        except sqlite3.OperationalError:
            if statement.startswith("DELETE"):
                self._reserve.unlink(missing_ok=True)
                self._reserved = False
            self._checkpoint("TRUNCATE")  # what failed has made the log longer all the same
            self._commit(statement, rows)

    def _commit(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        if statement.startswith("INSERT"):
            self._keep_reserve()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._database.executemany(statement, rows)
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("ROLLBACK")
            raise
        self._logged += sum(_ROW_BYTES + (len(row[-1]) if len(row) > 1 else 0) for row in rows)
        if self._logged >= min(_CHECKPOINT_BYTES, self._reserve_bytes // 4):
            self._checkpoint("PASSIVE")

    def _checkpoint(self, mode: str) -> None:
        """Move the log into the file. SQLite would do so itself, and a commit after which it fails count as failed."""
        self._logged = 0
        try:
            self._database.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        except sqlite3.Error as error:
            log.warning("the log beside %s stays long: %s", self._file, error)

    def _keep_reserve(self) -> None:
        if self._reserved:
            return
        try:
            with self._reserve.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, max(1, self._reserve_bytes))
                else:
                    file.write(bytes(self._reserve_bytes))
                    os.fsync(file.fileno())
        except OSError as error:
            self._reserve.unlink(missing_ok=True)
            raise sqlite3.OperationalError(f"the disk of {self._file.parent} is full: {error.strerror}") from error
        self._reserved = True

    def _delete_finished(self) -> None:
        with self._lock:
            finished, self._finished = self._finished, []
            self._deleting = False
        try:
            for start in range(0, len(finished), _DELETED_AT_ONCE):
                rows = [(sequence,) for sequence in finished[start : start + _DELETED_AT_ONCE]]
                self._write("DELETE FROM records WHERE sequence = ?", rows)
        except sqlite3.Error as error:
            log.error("finished records cannot be deleted now; a restart would deliver them again: %s", error)
            with self._lock:
                self._finished.extend(finished)  # with the next ones that are finished, or at the end
