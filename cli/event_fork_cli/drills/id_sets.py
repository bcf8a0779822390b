"""Ids on disk, in buckets: what was planned against what came. A bucket at a time is in memory, so memory is flat.

P <TAB> id                  planned
O <TAB> id <TAB> message    came with the mark of the replay; `message` is SQS's id, another one for each copy
S <TAB> id <TAB> message    came without it
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from event_fork_cli.archive_replay.spill import SpillBuffer, SpillWriter, bucket_files
from event_fork_cli.verification.sightings import bucket_of, coded, decoded

MOST_NAMED = 1_000
_PLANNED, _OWN, _STRANGE = b"P", b"O", b"S"


@dataclass(slots=True)
class Compared:
    """`came`: of the planned ids. `copies`: messages beyond the first one of an id. `extra`: ids beside the plan.

    `unmarked`: SQS's ids of messages that came without the mark and must be the replay's: theirs alone are planned ids
    that did not come with it. `missing_ids`: the first ones.
    """

    planned: int = 0
    came: int = 0
    copies: int = 0
    extra: int = 0
    missing_ids: list[str] = field(default_factory=list)
    unmarked: set[str] = field(default_factory=set)

    @property
    def missing(self) -> int:
        """Planned ids that did not come."""
        return self.planned - self.came


class IdSets:
    """Notes ids into an empty folder, and compares them. For one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffer = SpillBuffer(SpillWriter(folder))

    def plan(self, event_id: str) -> None:
        """Notes an id of the plan."""
        self._add(_PLANNED, event_id)

    def arrive(self, event_id: str, message_id: str, *, marked: bool) -> None:
        """Notes a message that came."""
        self._add(_OWN if marked else _STRANGE, event_id, message_id)

    def compare(self) -> Compared:
        """What all of them add up to."""
        self._buffer.flush()
        found = Compared()
        for files in bucket_files(self._folder):
            _compare(files, found)
        return found

    def _add(self, kind: bytes, event_id: str, *more: str) -> None:
        code = coded(event_id)
        self._buffer.add(bucket_of(code), b"\t".join([kind, code, *map(coded, more)]) + b"\n")


def _compare(files: list[Path], found: Compared) -> None:
    planned: set[bytes] = set()
    own: dict[bytes, set[bytes]] = {}
    strange: dict[bytes, set[bytes]] = {}
    for path in files:
        with path.open("rb") as lines:
            for line in lines:
                kind, code, *message = line[:-1].split(b"\t")
                if kind == _PLANNED:
                    planned.add(code)
                else:
                    (own if kind == _OWN else strange).setdefault(code, set()).update(message)
    found.planned += len(planned)
    for code in planned:
        messages = own.get(code) or strange.get(code)
        if messages:
            found.came += 1
            found.copies += len(messages) - 1
            if code not in own:
                found.unmarked.update(map(decoded, messages))
        elif len(found.missing_ids) < MOST_NAMED:
            found.missing_ids.append(decoded(code))
    found.extra += len(own.keys() - planned)
