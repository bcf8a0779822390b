"""What a comparison found: counts of all, and some of what differs in full."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from event_fork_cli.comparing.values import Flat


class What(StrEnum):
    """How a key differs."""

    CHANGED = "changed"
    NEW = "new"
    """Only the shadow has it."""
    GONE = "gone"
    """Only the live side has it."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value that differs; "" on the side that has none."""

    path: str
    live: str
    shadow: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One key that differs, and where."""

    key: str
    what: What
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`live`, `shadow`: their names; `unit`: items or objects. `in_live`, `in_shadow`: how many each has.

    `would_change`: those that differ and those that are new; with `from_copy` also those that are gone.
    """

    live: str
    shadow: str
    unit: str
    in_live: int
    in_shadow: int
    same: int
    changed: int
    new: int
    gone: int
    would_change: int
    samples: tuple[Sample, ...]

    @property
    def sentence(self) -> str:
        """All in one line."""
        return f"{self.would_change:,} of {self.in_live:,} {self.unit} of {self.live} would change"

    def rows(self) -> list[dict[str, str]]:
        """The samples, one line for each value, as CSV has them."""
        return [
            {"key": sample.key, "what": sample.what.value, "path": one.path, "live": one.live, "shadow": one.shadow}
            for sample in self.samples
            for one in sample.fields or (Field("", "", ""),)
        ]


@dataclass(slots=True)
class Tally:
    """Counts while they are made. `named`: the first keys that differ, at most `most`."""

    most: int
    same: int = 0
    changed: int = 0
    new: int = 0
    gone: int = 0
    named: list[tuple[What, str]] = field(default_factory=list)

    def add(self, key: str, live: bytes | None, shadow: bytes | None) -> None:
        """A key with what stands for its values; None: that side has none."""
        if live == shadow:
            self.same += 1
            return
        what = What.NEW if live is None else What.GONE if shadow is None else What.CHANGED
        setattr(self, what, getattr(self, what) + 1)
        # What changed says more than what is new, and that more than what is not there.
        self.named.append((what, key))
        if len(self.named) > 2 * self.most:
            self.cut()

    def cut(self) -> list[tuple[What, str]]:
        """The keys to show: changed ones first."""
        order = list(What)
        self.named.sort(key=lambda entry: (order.index(entry[0]), entry[1]))
        del self.named[self.most :]
        return self.named

    def comparison(
        self, live: str, shadow: str, unit: str, samples: tuple[Sample, ...], *, from_copy: bool
    ) -> Comparison:
        """All of it."""
        return Comparison(
            live,
            shadow,
            unit,
            in_live=self.same + self.changed + self.gone,
            in_shadow=self.same + self.changed + self.new,
            same=self.same,
            changed=self.changed,
            new=self.new,
            gone=self.gone,
            would_change=self.changed + self.new + (self.gone if from_copy else 0),
            samples=samples,
        )


def fields_that_differ(live: Flat, shadow: Flat) -> tuple[Field, ...]:
    """Path by path."""
    paths = sorted(live.keys() | shadow.keys())
    found = (Field(path, live.get(path, ""), shadow.get(path, "")) for path in paths)
    return tuple(one for one in found if one.live != one.shadow)
