"""The short run: a few hundred seeds. `make simulate` runs as many as are asked for."""

import pytest

from tests.simulation.runs import WORLDS, run, shrunk

pytestmark = pytest.mark.slow

_AT_ONCE = 20
SEEDS = {"forwarding": 60, "queue": 120, "archive": 60}


@pytest.mark.parametrize(
    ("world", "first"),
    [(world, first) for world, seeds in SEEDS.items() for first in range(0, seeds, _AT_ONCE)],
)
def test_no_run_violates_an_invariant(world: str, first: int) -> None:
    for seed in range(first, first + _AT_ONCE):
        found = run(world, seed)
        if found.violated:
            smallest = shrunk(found)
            troubles = "\n    ".join(smallest.troubles.values())
            pytest.fail(f"{world}, seed {seed}: {smallest.seen}\nwith these troubles:\n    {troubles}")


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_seed_is_the_same_run(world: str) -> None:
    assert run(world, 7) == run(world, 7)
