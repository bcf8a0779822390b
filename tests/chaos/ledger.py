"""What became of every event in every fork, and the table of it. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Seen:
    """Where the events of a fork are: ids and how often each.

    `delivered`: in the archive, the index or the replay's target. `set_aside`: dead letters, and `rejected`: documents
    that the domain refused; each with its reason, "" for none.
    """

    delivered: Counter[str]
    set_aside: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Account:
    """The account of one fork."""

    fork: str
    published: int
    delivered: int
    dead_lettered: int
    rejected: int
    duplicates: int
    lost: list[str]
    without_reason: list[str]
    """Set aside or rejected, nowhere else, and nobody says why."""
    unwanted: list[str]
    """Delivered, and never published for this fork."""

    @property
    def whole(self) -> bool:
        return not (self.lost or self.without_reason or self.unwanted)


def account(fork: str, published: set[str], seen: Seen) -> Account:
    """Every id that was published has to be delivered, or be set aside or rejected with a reason."""
    reasons = {**seen.set_aside, **seen.rejected}
    left = published - seen.delivered.keys()
    return Account(
        fork,
        len(published),
        len(published & seen.delivered.keys()),
        len(seen.set_aside),
        len(seen.rejected),
        sum(seen.delivered.values()) - len(seen.delivered),
        sorted(left - reasons.keys()),
        sorted(name for name in left & reasons.keys() if not reasons[name].strip()),
        sorted((seen.delivered.keys() | reasons.keys()) - published),
    )


def table(accounts: Sequence[Account], injected: Mapping[str, int]) -> str:
    """Both tables of a run."""
    rows: list[tuple[str, ...]] = [
        ("fork", "published", "delivered", "dead-lettered", "rejected", "duplicates", "lost")
    ]
    rows += [
        (
            one.fork,
            *(f"{n:,}" for n in (one.published, one.delivered, one.dead_lettered, one.rejected, one.duplicates)),
            f"{len(one.lost):,}",
        )
        for one in accounts
    ]
    faults = [("fault", "injected"), *((name, f"{times:,}") for name, times in sorted(injected.items()))]
    return "\n\n".join("\n".join(_aligned(part)) for part in (rows, faults))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def complaints(accounts: Sequence[Account], injected: Mapping[str, int], verified: str) -> list[str]:
    """Why the run has failed; [] when it has not. `verified`: what `event-fork verify` found wrong, "" for nothing."""
    found = []
    for one in accounts:
        for ids, wrong in (
            (one.lost, "lost"),
            (one.without_reason, "set aside without a reason"),
            (one.unwanted, "too much"),
        ):
            if ids:
                more = f" and {len(ids) - 5:,} more" if len(ids) > 5 else ""
                found.append(f"{one.fork}: {len(ids):,} {wrong}: {', '.join(ids[:5])}{more}")
    found += [
        f"{name} was injected 0 times, so the run says nothing of it" for name in sorted(injected) if not injected[name]
    ]
    return found + ([f"event-fork verify: {verified}"] if verified else [])
