"""What goes wrong, chosen by the seed: at every port call one trouble or none, and times at which a service is ill.

Each choice hangs on the seed, the process and the number of its call, and on nothing else. So a trouble can be taken
away and the others stay where they are: that is how a failing run is cut down to the few troubles that matter.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b


def fraction(*parts: object) -> float:
    """A number in [0, 1) that is the same for the same parts."""
    digest = blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


class Kind(StrEnum):
    """One trouble of one call."""

    THROTTLED = "throttled"
    BROKEN = "server error, nothing done"
    BROKEN_AFTER = "server error, but done"
    LOST = "done, and the answer is lost"
    TIMED_OUT = "timed out, nothing done"
    UNREACHABLE = "no connection"
    REFUSED = "access denied"
    PARTLY = "some entries fail"
    SLOW = "slow"
    CRASH_BEFORE = "the process dies before the call"
    CRASH_AFTER = "the process dies after the call"
    CLOCK = "the machine's clock jumps"


Key = tuple[str, int]
"""What a trouble is told by from run to run: the process and the number of its call, or a name and a number."""
UNKNOWN_OUTCOME = frozenset({Kind.BROKEN_AFTER, Kind.LOST, Kind.CRASH_AFTER})
"""The service has done it and the caller cannot know."""


@dataclass(frozen=True)
class Illness:
    """A service, or one resource of it, fails in one way from `start` on for `seconds` (of virtual time)."""

    start: float
    seconds: float
    service: str
    kind: Kind
    resource: str = ""
    operation: str = ""
    process: str = ""
    """Whom it strikes: processes whose names begin so."""

    def __str__(self) -> str:
        what = f"{self.service} {self.resource} {self.operation}".rstrip()
        return f"from {self.start:.1f} s on for {self.seconds:.1f} s, {what}: {self.kind}"

    def strikes(self, now: float, process: str, service: str, operation: str, resource: str) -> bool:
        """Whether a call made now meets it."""
        return (
            self.service == service
            and process.startswith(self.process)
            and self.start <= now < self.start + self.seconds
            and self.resource in resource
            and self.operation in operation
        )


@dataclass
class Troubles:
    """The troubles of one run.

    `shares`: kind -> how many of the calls meet it. `spared`: names of processes that meet none. `only`: the troubles,
    illnesses and acts that may still happen (None: all). `happened` is filled while the run goes on.
    """

    seed: object
    shares: dict[Kind, float] = field(default_factory=dict)
    illnesses: list[Illness] = field(default_factory=list)
    only: Collection[Key] | None = None
    spared: tuple[str, ...] = ()
    deaths: Collection[Key] = ()
    """Calls after which their process dies."""
    slowest: float = 0.06
    """The longest an untroubled call takes, in seconds."""
    happened: dict[Key, str] = field(default_factory=dict)

    def happens(self, key: Key, text: str) -> bool:
        """Whether this may happen; it is noted."""
        if self.only is not None and key not in self.only:
            return False
        self.happened.setdefault(key, text)
        return True

    def of(self, process: str, number: int, now: float, service: str, operation: str, resource: str) -> Kind | None:
        """What this call meets."""
        if (process, number) in self.deaths:
            return Kind.CRASH_AFTER
        for place, illness in enumerate(self.illnesses):
            if illness.strikes(now, process, service, operation, resource) and self.happens(
                ("illness", place), str(illness)
            ):
                return illness.kind
        if not self.shares or process.startswith(self.spared or ("\0",)):
            return None
        drawn = fraction(self.seed, "trouble", process, number)
        for kind, share in self.shares.items():
            if drawn < share:
                text = f"{process}, call {number} ({service}.{operation} {resource}): {kind}"
                return kind if self.happens((process, number), text) else None
            drawn -= share
        return None

    def length(self, process: str, number: int) -> float:
        """How long the call takes, in seconds."""
        return self.slowest * (0.1 + 0.9 * fraction(self.seed, "length", process, number) ** 2)
