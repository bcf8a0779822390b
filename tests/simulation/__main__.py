"""`make simulate`: many runs by their seeds, the table of the invariants, and the smallest form of every violation."""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.runs import WORLDS, Run, run, shrunk, table


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("worlds", nargs="*", metavar="WORLD", help=f"of {', '.join(WORLDS)}; default: all")
    parser.add_argument("--seeds", type=_seeds, default=_seeds("0-999"), metavar="FIRST-LAST")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--source", type=Path, help="checkout to simulate; default: this one")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for the smallest form of a violation")
    given = parser.parse_args()
    done: list[Run] = []
    with ProcessPoolExecutor(given.processes, get_context("spawn")) as pool:
        for world in given.worlds or WORLDS:
            done += pool.map(partial(run, world, source=given.source), given.seeds, chunksize=5)
        found = [one for one in done if one.violated]
        smallest = found if given.no_shrink else pool.map(partial(shrunk, source=given.source), found)
        for one in smallest:
            print(f"\n{one.world}, seed {one.seed}: {one.seen[:600]}")
            for text in one.troubles.values():
                print(f"    {text}")
    print()
    print(table(done))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
