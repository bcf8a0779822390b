"""What failed for one reason is one group: its fingerprint, how much of it there is, since when, an example."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

MOST_GROUPS = 1_000
"""Publishers choose names of fields, so there can be as many groups as events. What comes later is told by less."""
_MOST_TYPES = 50
MANY = "(many)"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Why something failed: reason, kind of error, and the field that it is about ("": none)."""

    reason: str
    error: str
    field: str = ""

    @property
    def id(self) -> str:
        """What an operator calls the group by: the same in every run; "" of what is no group."""
        if self.error == MANY:
            return ""
        return hashlib.sha256("\0".join((self.reason, self.error, self.field)).encode("utf-8", "replace")).hexdigest()[
            :8
        ]


class Entry(Protocol):
    """One thing that failed: a dead letter, or a rejected document."""

    @property
    def fingerprint(self) -> Fingerprint:
        """Why it failed."""

    @property
    def id(self) -> str:
        """The event's, or what stands for it."""

    @property
    def at(self) -> str:
        """When: in SNS's way to write a time, or ""."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def event_type(self) -> str | None:
        """The event's type."""

    @property
    def document(self) -> Any:
        """What was published, as JSON; None for what is none."""


@dataclass(slots=True)
class Group:
    """All of one fingerprint. `first` and `last`: times, "" when unknown; `example`: the id of one of them."""

    id: str
    reason: str
    error: str
    field: str
    count: int = 0
    bytes: int = 0
    first: str = ""
    last: str = ""
    example: str = ""
    types: Counter[str] = dataclasses.field(default_factory=Counter)

    def add(self, entry: Entry) -> None:
        """One more."""
        self.count += 1
        self.bytes += entry.size
        self.example = self.example or entry.id
        kind = entry.event_type
        if kind is not None and (kind in self.types or len(self.types) < _MOST_TYPES):
            self.types[kind] += 1
        if at := entry.at:
            self.first = min(self.first or at, at)
            self.last = max(self.last, at)


class Grouping:
    """Groups of a stream of entries, in memory that does not grow with it."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._groups: dict[Fingerprint, Group] = {}
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Counts an entry."""
        fingerprint = entry.fingerprint
        group = self._groups.get(fingerprint)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                fingerprint = Fingerprint(fingerprint.reason, MANY)
                group = self._groups.get(fingerprint)
            if group is None:
                group = Group(fingerprint.id, fingerprint.reason, fingerprint.error, fingerprint.field)
                self._groups[fingerprint] = group
        group.add(entry)

    def __len__(self) -> int:
        return sum(group.count for group in self._groups.values())

    def largest_first(self) -> list[Group]:
        """The groups."""
        return sorted(self._groups.values(), key=lambda group: (-group.count, group.id))
