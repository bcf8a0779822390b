"""What narrows a replay further: a set of ids, values in the messages, a share of the ids.

All of it must hold, beside window, types and filter policy. The ids themselves may be a million, so they lie in a file
of their own beside the plan, one a line; the plan holds the file's hash.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from event_fork.archive.selection import Matcher
from event_fork.errors import JsonPathError
from event_fork.events.envelope import StoredEvent
from event_fork.events.json_path import JsonPath, begin_path, parse_path
from event_fork.events.json_select import selected
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.json_values import AtLeast, AtMost, Matches

MAX_IDS = 1_000_000
MIB_OF_A_WORKER = 120
"""Without ids."""
MIB_PER_MIB_OF_IDS = 5.5
"""As measured: 1,000,000 ids of 36 characters are 35 MiB in the file and 190 MiB in a worker."""
MAX_ID_LENGTH = 100
"""In bytes."""
_HASH_BYTES = 8
_EQUALS = re.compile(r"\s*=\s*(?P<value>.*)", re.DOTALL)
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class IdSet:
    """The file of ids that belongs to a plan: how many, and the SHA-256 of its bytes."""

    count: Annotated[int, AtLeast(1), AtMost(MAX_IDS)]
    sha256: Annotated[str, Matches(r"[0-9a-f]{64}", "a SHA-256 in hex")]

    def read(self, content: bytes) -> frozenset[str]:
        """The ids of the file. Raises DocumentError when it is not the one that the plan was made with."""
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise DocumentError(
                f"the ids are not those of the plan: their sha256 is {found}, the plan has {self.sha256}"
            )
        ids = frozenset(content.decode(errors="replace").split())
        if len(ids) != self.count:
            raise DocumentError(f"the plan says {self.count} ids, and its file has {len(ids)}")
        return ids


def mib_for(ids_file: bytes) -> int:
    """The memory that a worker needs to hold the ids of a file."""
    return math.ceil(MIB_OF_A_WORKER + MIB_PER_MIB_OF_IDS * len(ids_file) / 2**20)


def seal_ids(ids: Iterable[str]) -> tuple[IdSet, bytes]:
    """What a plan holds of a set of ids, and the file that goes with it. Raises ValueError, whose text is the rule."""
    wanted = sorted(set(ids))
    if not 1 <= len(wanted) <= MAX_IDS:
        raise ValueError(f"must be 1 to {MAX_IDS:,} ids")
    for one in wanted:
        if not (1 <= len(one.encode(errors="replace")) <= MAX_ID_LENGTH and one.isprintable() and one.split() == [one]):
            shown = repr(one if len(one) <= MAX_ID_LENGTH else f"{one[:MAX_ID_LENGTH]}...")
            raise ValueError(f"must be ids of 1 to {MAX_ID_LENGTH} bytes without blanks, and {shown} is none")
    content = "".join(f"{one}\n" for one in wanted).encode()
    return IdSet(len(wanted), hashlib.sha256(content).hexdigest()), content


@dataclass(frozen=True, slots=True)
class Condition:
    """A value that the message has where the path leads, in one place at least.

    `value` is the text as it was given: o-17 is a text, and 17, true and null are also what they are in JSON.
    """

    path: str
    value: str

    def __post_init__(self) -> None:
        try:
            parse_path(self.path)
        except JsonPathError as error:
            raise ValueError(f"path: {error}") from error

    @classmethod
    def read(cls, text: str) -> "Condition":
        """`$.order_id=o-17`. Raises ValueError, whose text is the rule."""
        try:
            _, end = begin_path(text)
        except JsonPathError as error:
            raise ValueError(str(error)) from error
        match = _EQUALS.fullmatch(text, end)
        if match is None:
            raise ValueError("must be a path into the message, = and a value")
        return cls(text[:end], match["value"])


@dataclass(frozen=True, slots=True)
class Narrowing:
    """All that is given must hold. `sample_percent`: of the ids, told by a hash of each: always the same ones."""

    ids: IdSet | None = None
    where: tuple[Condition, ...] = ()
    sample_percent: Annotated[float, AtMost(100)] | None = None

    def __post_init__(self) -> None:
        if self.sample_percent == 0:
            raise ValueError("sample_percent must be above 0, got 0")

    def matchers(self, ids: frozenset[str] | None) -> Iterator[Matcher]:
        """What an event must pass, the cheapest first. `ids`: what the file holds that `self.ids` stands for."""
        if (ids is None) != (self.ids is None):
            raise ValueError("the ids of the plan must be given, and no others")
        if ids is not None:
            yield partial(_is_one_of, ids)
        if self.sample_percent is not None:
            yield partial(_is_sampled, self.sample_percent / 100 * 256**_HASH_BYTES)
        if self.where:
            yield partial(_holds, [(parse_path(one.path), *_meant(one.value)) for one in self.where])


def _is_one_of(ids: frozenset[str], event: StoredEvent) -> bool:
    return event.message_id in ids


def _is_sampled(bound: float, event: StoredEvent) -> bool:
    identity = event.message_id.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(identity).digest()[:_HASH_BYTES]) < bound


def _holds(conditions: Sequence[tuple[JsonPath, str, object]], event: StoredEvent) -> bool:
    try:
        message = json.loads(event.message)
    except ValueError:
        return False
    return all(
        any(found == text if isinstance(found, str) else _is_same(found, meant) for found in selected(message, path))
        for path, text, meant in conditions
    )


def _meant(value: str) -> tuple[str, object]:
    """The value as a text, and as what else JSON takes it for (`_NOTHING`: for nothing else)."""
    try:
        meant = json.loads(value, parse_constant=lambda _: _NOTHING)
    except (ValueError, RecursionError):
        return value, _NOTHING
    if isinstance(meant, str):
        return meant, _NOTHING
    return value, _NOTHING if isinstance(meant, dict | list) else meant


def _is_same(found: object, meant: object) -> bool:
    return found == meant and isinstance(found, bool) == isinstance(meant, bool)
