"""The rule by which memory is called flat. Pure."""

from collections.abc import Sequence
from statistics import median

TOLERANCE, SPARE = 0.10, 16 * 2**20
"""Growth that is still flat, and bytes that a part may always grow by: what a garbage collector leaves for later."""
BYTES_AN_EVENT = 16 * 1024
"""The emulator keeps the account in memory: objects, logs, metrics. What it may grow by for each event."""


def growth(samples: Sequence[int]) -> int:
    """Bytes between the medians of the second and the last third; the first third is for warming up."""
    third = len(samples) // 3
    if third < 3:
        raise ValueError(f"nine samples are needed to see a growth, not {len(samples)}")
    return int(median(samples[-third:]) - median(samples[third : 2 * third]))


def flat(samples: Sequence[int], allowed: int = 0) -> bool:
    """Whether it grew by no more than a tenth, or 16 MiB, beside what it is `allowed` to."""
    third = len(samples) // 3
    return growth(samples) <= max(SPARE, TOLERANCE * median(samples[third : 2 * third])) + allowed
