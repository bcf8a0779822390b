"""A window that was found complete, as a JSON document that a later run can check."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from event_fork.events.time_window import Window, timestamp_of
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.json_values import from_json, json_object, parse_json
from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.verification.reading import SightedObject
from event_fork_cli.verification.witness import period_for, whole_periods

FORMAT = "event-fork-certificate-1"


@dataclass(frozen=True, slots=True)
class CertifiedIndex:
    """Of a search fork: events that belong into its index, and those that are in it. `checksum`: of their ids."""

    fork: str
    wanted: int
    indexed: int
    dead_letters: int
    rejected: int
    checksum: str


@dataclass(frozen=True, slots=True)
class CertifiedObject:
    """An object of the archive, and how many events of the window and its margins it holds."""

    key: str
    etag: str
    events: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """`published`: by SNS's count, in the whole minutes of the window. `sha256`: of all the rest.

    `routed_to`: other indices that were looked into.
    """

    format: str
    made_at: str
    forks: tuple[str, ...]
    topic_arn: str
    archive: str
    start: str
    end: str
    archived: int
    set_aside: int
    checksum: str
    published: int | None
    indices: tuple[CertifiedIndex, ...]
    objects: tuple[CertifiedObject, ...]
    routed_to: tuple[str, ...] = ()
    sha256: str = ""

    def sealed(self) -> Certificate:
        """The same with its hash."""
        return Certificate(**{**self._members(), "sha256": self._hash()})

    def to_bytes(self) -> bytes:
        """The document."""
        return json.dumps(asdict(self), indent=1).encode() + b"\n"

    def _members(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def _hash(self) -> str:
        content = asdict(self) | {"sha256": ""}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def is_whole(self) -> bool:
        """Whether it has the hash of its content."""
        return self.sha256 == self._hash()


def read_certificate(path: Path) -> Certificate:
    """The certificate of a file. Raises BadInputError for what is none, RefusedError for one that was changed."""
    try:
        found = from_json(Certificate, json_object(parse_json(path.read_bytes(), str(path)), str(path)), str(path))
        _counted(found)
    except (OSError, ValueError, DocumentError) as error:
        rule = f"must be a file that `verify --certificate` has written ({error})"
        raise BadInputError("--certificate", rule, example="--certificate day.json", received=str(path)) from error
    if found.format != FORMAT or not found.is_whole:
        raise RefusedError(f"the certificate {path} is not as it was written: its hash does not fit its content")
    return found


def certified_objects(objects: Sequence[SightedObject]) -> tuple[CertifiedObject, ...]:
    """The objects that hold events of the window."""
    return tuple(CertifiedObject(one.key, one.etag, one.events) for one in objects if one.events)


def _counted(certificate: Certificate) -> tuple[str, str] | None:
    """From when to when SNS's counts are: CloudWatch soon has whole hours only, which may be less than the window."""
    window = Window(timestamp_of(certificate.start), timestamp_of(certificate.end))
    seconds = period_for(window, timestamp_of(certificate.made_at))
    return None if seconds is None else whole_periods(window, seconds)


def changes(before: Certificate, now: Certificate) -> list[str]:
    """What is not as it was, in sentences. Dead letters that were healed since are no change for the worse."""
    counts = [("events in the archive", before.archived, now.archived)]
    if before.published is not None and now.published is not None and _counted(before) == _counted(now):
        counts.append(("events that SNS counted", before.published, now.published))
    found = [f"{label} was {was:,} and is {is_now:,}" for label, was, is_now in counts if was != is_now]
    if before.archived == now.archived and before.checksum != now.checksum:
        found.append("the archive holds other events than it did, though as many")
    etags = {one.key: one for one in now.objects}
    gone = [one.key for one in before.objects if one.key not in etags]
    changed = [one.key for one in before.objects if one.key in etags and etags[one.key] != one]
    for what, keys in (("is gone", gone), ("has changed", changed)):
        if keys:
            more = f" and {len(keys) - 1:,} more" if len(keys) > 1 else ""
            found.append(f"the object {keys[0]}{more} {what}")
    by_fork = {one.fork: one for one in now.indices}
    for index in before.indices:
        other = by_fork.get(index.fork)
        if other is None:
            found.append(f"{index.fork} was not looked at")
        elif index.indexed == other.indexed and index.checksum != other.checksum:
            found.append(f"{index.fork}: the index holds other events than it did, though as many")
        elif other.indexed < index.indexed:
            found.append(f"{index.fork}: events in the index were {index.indexed:,} and are {other.indexed:,}")
    return found
