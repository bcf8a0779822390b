"""Partition keys by jq: the MetadataExtraction processor (``JQ-1.6``).

The query is one jq program whose result is an object of at most 50 keys; values become strings. A value that is null
or empty fails the record. Sources: notes 3.4, 4.4; the message is quoted by several users of AWS, and so is the frame
of jq's own errors (thedebonair.co.uk "JQ parsing a JSON stream input, Amazon Firehose").
"""

import asyncio
import functools
import importlib.metadata
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_firehose.jq_worker import frame

MAX_KEYS = 50
JQ_SECONDS = 5.0  # of CPU, for one record
IDLE_SECONDS = 30.0
_KEY = re.compile(r'\s*(?:"([^"\\]+)"|\$?([A-Za-z_]\w*))\s*(?::|$)')
EMPTY_VALUE = "partitionKeys values must not be null or empty"
log = logging.getLogger(__name__)


class QueryError(ValueError):
    """The query is not jq, or the record gives no usable keys; the message says which."""


@functools.lru_cache(maxsize=256)
def check_query(query: str) -> None:
    """QueryError when jq refuses the program. Blocks for the tenth of a second that a process takes."""
    done = subprocess.run(_command(), input=frame(query.encode()), capture_output=True, check=False, env=_environment())
    answer = done.stdout[4:].decode()
    if not answer.startswith("+"):
        raise QueryError(f"JQ Subprocess failed due to: {answer[1:] or _ended(done.returncode)}")
    if warning := newer_jq():
        log.warning("%s. The program is %s", warning, query)


def newer_jq() -> str:
    """In what the installed jq differs from Firehose's; "" for jq 1.5 of PyPI, which holds jq 1.6.

    It has no wheel for Python 3.13 and later.
    """
    try:
        version = importlib.metadata.version("jq")
    except importlib.metadata.PackageNotFoundError:
        return ""  # a stream that needs it is refused
    if tuple(map(int, version.split(".")[:2])) <= (1, 5):
        return ""
    return (
        f"jq {version} of PyPI is newer than the jq 1.6 that AWS runs: programs that AWS refuses pass, and numbers "
        "above 2^53 keep their digits. For jq 1.6 use Python 3.12 or older, and `pip install jq==1.5.0`"
    )


@dataclass(slots=True)
class JqProcess:
    """The process of one stream: a program that runs for long, or aborts, costs nobody else anything."""

    _query: str = ""
    _process: asyncio.subprocess.Process | None = None
    _idle: asyncio.Task[None] | None = None

    async def extract(self, query: str, records: Sequence[bytes]) -> list[dict[str, str] | QueryError]:
        """Partition keys of each record, or why it has none."""
        found: list[dict[str, str] | QueryError] = []
        if self._idle is not None:
            self._idle.cancel()
        try:
            while len(found) < len(records):
                await self._work(query, records, found)
        except BaseException:
            await self._end()  # answers are still to come
            raise
        self._idle = asyncio.create_task(self._end_later())
        return found

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        await self._end()

    async def _end_later(self) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        await self._end()

    async def _end(self, *, kill: bool = True) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if kill and process.returncode is None:
            process.kill()
        await process.communicate()
        return await process.wait()

    async def _work(self, query: str, records: Sequence[bytes], found: list[dict[str, str] | QueryError]) -> None:
        """Go on until all are found, or one of them has ended the process."""
        try:
            process = await self._running(query)
            assert process.stdin is not None
            process.stdin.write(b"".join(map(frame, records[len(found) :])))
            while len(found) < len(records):
                found.append(_keys(await _answer(process)))
        except asyncio.IncompleteReadError:
            # It ends by itself: kill() would take the status from who waits for it.
            found.append(QueryError(_ended(await self._end(kill=False))))

    async def _running(self, query: str) -> asyncio.subprocess.Process:
        if self._process is None or self._query != query:
            await self._end()
            pipe, nowhere = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
            self._process = await asyncio.create_subprocess_exec(
                *_command(), stdin=pipe, stdout=pipe, stderr=nowhere, env=_environment()
            )
            self._query = query
            assert self._process.stdin is not None
            self._process.stdin.write(frame(query.encode()))
            await _answer(self._process)  # if it is refused, so is every record
        return self._process


def _command() -> list[str]:
    return [sys.executable, "-S", "-m", "local_firehose.jq_worker", str(JQ_SECONDS)]


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}


async def _answer(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    size = int.from_bytes(await process.stdout.readexactly(4))
    return (await process.stdout.readexactly(size)).decode()


def _ended(status: int) -> str:
    if status == -signal.SIGPROF:
        return f"the jq program took more than {JQ_SECONDS:g} s"
    return f"the jq program took too much memory, or jq ended by itself (status {status})"


def _keys(answer: str) -> dict[str, str] | QueryError:
    try:
        if answer.startswith("-"):
            raise QueryError(answer[1:])
        results = [json.loads(line) for line in answer[1:].split("\n") if line]
        if len(results) != 1 or not isinstance(results[0], dict):
            raise QueryError("MetadataExtractionQuery must return one JSON object")
        return partition_keys(results[0])
    except QueryError as error:
        return error


def top_level_keys(query: str) -> set[str]:
    """Keys of a query that is one object construction (``{a: .x, "b": .y}``); empty for any other jq.

    jq cannot tell the keys of a program without input, so the outermost braces are read: names before a colon (or
    alone) that lie in no inner bracket or string.
    """
    text = query.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return set()
    return {match.group(1) or match.group(2) for entry in _entries(text[1:-1]) if (match := _KEY.match(entry))}


def _entries(text: str) -> list[str]:
    entries, depth, quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == '"' and text[position - 1 : position] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
        elif character == "," and depth == 0:
            entries.append(text[start:position])
            start = position + 1
    return [*entries, text[start:]]


def partition_keys(found: Mapping[str, Any]) -> dict[str, str]:
    """Keys and values as strings; QueryError when there are too many or one is empty."""
    if len(found) > MAX_KEYS:
        raise QueryError(f"The number of partition keys must not exceed {MAX_KEYS}")
    keys = {name: _text(value) for name, value in found.items()}
    if not keys or any(value == "" for value in keys.values()):
        raise QueryError(EMPTY_VALUE)
    return keys


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: no S3 key can hold it
        raise QueryError(f"a partition key is not Unicode text: {error}") from error
    return text
