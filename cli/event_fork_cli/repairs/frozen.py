"""The frozen set: a file that lists what a repair may touch, made before anything is done.

    {"version": 1, "action": "redrive", "fork": "orders-search", "source": "arn:...", "made_at": "...", "entries": 2}
    {"id": "..."}
    {"id": "..."}

What arrives later is not in it. A repair that was stopped goes on with the same file: what was done is not found again.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from event_fork.events.time_window import timestamp_text
from event_fork_cli.errors import BadInputError, FailedError, RefusedError

_VERSION = 1
_MOST_BYTES_OF_A_LINE = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Head:
    """The first line. `source`: the queue's ARN or the folder's address."""

    action: str
    fork: str
    source: str
    made_at: str
    entries: int
    version: int = _VERSION


def default_path(action: str, fork: str, now: datetime) -> Path:
    """Where a set goes that has no name: in the folder one is in."""
    return Path(f"{action}-{fork}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}.jsonl")


def freeze(path: Path, action: str, fork: str, source: str, now: datetime, entries: list[dict[str, Any]]) -> Head:
    """Writes a set into a new file that only its owner may read. Raises FailedError when there is one of that name."""
    head = Head(action, fork, source, timestamp_text(now), len(entries))
    with new_file(path) as file:
        print(json.dumps(asdict(head)), file=file)
        for entry in entries:
            print(json.dumps(entry), file=file)
    return head


@contextmanager
def new_file(path: Path) -> Iterator[IO[str]]:
    """A new file that only its owner may read; at the end all of it is on the disk."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        file: IO[str] = os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise FailedError(f"{path} cannot be made: {error.strerror}; nothing was done") from error
    with file:
        yield file
        to_disk(file)


def to_disk(file: IO[str]) -> None:
    """What was written is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def thaw(path: Path, action: str, fork: str, source: str) -> list[dict[str, Any]]:
    """The entries of a set that was made for this. Raises BadInputError, RefusedError."""
    try:
        with path.open("rb") as file:
            lines = [_line(line, number) for number, line in enumerate(_bounded(file), 1)]
    except (OSError, ValueError, RecursionError) as error:
        rule = "must be a file that a dry run has saved"
        raise BadInputError("--set", f"{rule} ({error})", example="--set redrive.jsonl", received=str(path)) from None
    head = lines[0] if lines else {}
    for name, wanted in {"version": _VERSION, "action": action, "fork": fork, "source": source}.items():
        if head.get(name) != wanted:
            raise RefusedError(f"the set {path} is not for this: its {name} is {head.get(name)!r} and not {wanted!r}")
    if head.get("entries") != len(lines) - 1:
        raise RefusedError(f"the set {path} is not whole: it has {len(lines) - 1:,} of {head.get('entries')} entries")
    return lines[1:]


def _bounded(file: IO[bytes]) -> Iterable[bytes]:
    while line := file.readline(_MOST_BYTES_OF_A_LINE):
        yield line


def _line(line: bytes, number: int) -> dict[str, Any]:
    found = json.loads(line)
    if not isinstance(found, dict):
        raise ValueError(f"line {number} is no JSON object")
    return found
