"""`make bench`: counts against the committed table, and ratios of CPU against their targets.

    make bench              fails when something that is counted got worse; build/bench/report.json has everything
    make bench WRITE=1      writes the table anew (benchmarks/counted.json), for a change that makes it better

A ratio that misses its target is printed with the reason and fails nothing: machines differ.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from benchmarks import cold_start, event_cpu, forwarding, replay_worker
from benchmarks.measuring import Counts, Ratio, worse

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "benchmarks" / "counted.json"
REPORT = ROOT / "build" / "bench" / "report.json"


def committed() -> Counts:
    """The committed table."""
    table: Counts = json.loads(TABLE.read_text(encoding="utf-8"))
    return table


def counted() -> Counts:
    """What is counted now: seconds."""
    return forwarding.counted() | replay_worker.counted() | cold_start.counted()


def ratios() -> Iterator[Ratio]:
    """What is measured: minutes."""
    yield from event_cpu.ratios()
    yield from replay_worker.ratios()
    yield from cold_start.ratios()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the committed table anew")
    parser.add_argument("--counted", action="store_true", help="only what is counted")
    options = parser.parse_args()
    began = time.monotonic()
    counts = counted()
    if options.write:
        TABLE.write_text(json.dumps(counts, indent=2) + "\n", encoding="utf-8")
    _print_counts(counts)
    measured = []
    for ratio in () if options.counted else ratios():
        _print_ratio(ratio)
        measured.append(ratio)
    complaints = worse(counts, committed())
    report = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load": os.getloadavg()[0],
        "seconds": round(time.monotonic() - began, 1),
        "counted": counts,
        "ratios": [asdict(ratio) | {"met": ratio.met} for ratio in measured],
        "worse": complaints,
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"\n{REPORT.relative_to(ROOT)}: {report['seconds']} s, load {report['load']:.1f}")
    for complaint in complaints:
        print(f"worse: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def _print_counts(counts: Counts) -> None:
    print(f"counted, {forwarding.MESSAGES:,} events a row")
    for row, quantities in counts.items():
        print(f"  {row:48} {', '.join(f'{name} {number:,}' for name, number in quantities.items())}")
    print("\nCPU, as a ratio")


def _print_ratio(ratio: Ratio) -> None:
    target = "" if ratio.target is None else f"{'at least' if ratio.at_least else 'at most'} {ratio.target:g}x"
    met = {True: "met", False: "NOT MET", None: ""}[ratio.met]
    spent = "" if ratio.microseconds is None else f"{ratio.microseconds:,.1f} us"
    print(f"  {ratio.case:48} {ratio.value:6.2f}x  {target:14} {met:8} {spent:>14}", flush=True)
    for line in ratio.why:
        print(f"      {line}")


if __name__ == "__main__":
    sys.exit(main())
