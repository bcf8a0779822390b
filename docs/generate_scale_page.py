"""Write the tables of docs/scale.md, between its markers, and its picture, from the simulation and the measurements.

python -m docs.generate_scale_page            write them
python -m docs.generate_scale_page --check    exit 1 when one is not current
"""

import argparse
import math
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.measured import read
from benchmarks.scale import RATES, Result, predictions, results

PAGE = Path(__file__).parent / "scale.md"
PICTURE = Path(__file__).parent / "pictures" / "scale.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 50, 190, 20, 40
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd")
DECADES = 2
"""Of the vertical axis, from 1."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    line, *others = (f"| {' | '.join(each)} |" for each in (head, *rows))
    return "\n".join([line, f"|{'---|' * len(head)}", *others])


def _seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def _simulated() -> str:
    head = (
        "events/s",
        "fork",
        "batch, window",
        "invocations at once",
        "in flight",
        "streams (5 MiB/s, 1 MiB/s)",
        "put calls refused",
        "objects or bulk requests/s",
        "p50, p99 to the destination",
        "caught up after",
        "dollars a month",
    )
    return _table(head, map(_simulated_row, results()))


def _simulated_row(each: Result) -> list[str]:
    seen, made = each.seen, each.made
    held = f"{each.seen.caught_up:,.0f} s" if each.held else "**not in 2 minutes**"
    took = f"{_seconds(seen.latency(0.5))} s, {_seconds(seen.latency(0.99))} s" if each.held else "-"
    domain = f" and {each.domain_dollars:,.0f} for {made.writers} processors" if made.writers else ""
    return [
        f"{each.rate:,}",
        each.fork,
        f"{made.batch_messages:,}, {made.window_seconds:g} s",
        f"{seen.most_invocations:,}",
        f"{seen.most_in_flight:,.0f}",
        f"{made.streams}, {each.streams_elsewhere}",
        f"{seen.refused_share:.2%}",
        f"{seen.deliveries / seen.seconds:.2g}",
        took,
        held,
        f"{each.dollars:,.0f}{domain}",
    ]


def _predicted() -> str:
    rows = [
        [each.what, f"{each.predicted:.2f} {each.unit}", f"{each.measured:.2f} {each.unit}", f"{each.off:+.0%}"]
        for each in predictions()
    ]
    return _table(("the fourfold load", "predicted", "measured", "off by"), rows)


def _chain() -> str:
    rows = [
        [way, f"{row['events']:,.0f}", f"{row['events/s']:,.0f}", f"{row['p50']:.2f} s", f"{row['p99']:.2f} s"]
        for way, row in read()["chain"]["rows"].items()
    ]
    return f"{_where('chain')}\n\n{_table(('way, load', 'events', 'events/s', 'p50', 'p99'), rows)}"


def _memory() -> str:
    rows: dict[str, dict[str, float]] = read()["memory"]
    names = list(next(iter(rows.values())))
    cells = ([row, *(f"{each:,.0f}" for each in values.values())] for row, values in rows.items())
    return _table(("function, message", *names), cells)


def _applied() -> str:
    steps: dict[str, Any] = read()["apply"]["steps"]
    rows = []
    for step, took in steps.items():
        kinds = took["kinds"].items()
        slow = ", ".join(f"`{kind}` {each['resources']} x {each['longest']:.0f} s" for kind, each in kinds) or "-"
        rows.append([step, f"{took['seconds']:.0f} s", f"{took['resources']}", f"{took['sum']:.0f} s", slow])
    head = ("step", "takes", "resources", "one after the other", "kinds of more than a second, the longest of each")
    return f"{_where('apply')}\n\n{_table(head, rows)}"


def _where(kind: str) -> str:
    found = read()[kind]
    return f"On the bench, {found['machine']}, {found['date']}; the load before was {found['load before']}."


PARTS: dict[str, Callable[[], str]] = {
    "simulated": _simulated,
    "predicted": _predicted,
    "chain": _chain,
    "memory": _memory,
    "apply": _applied,
}


def current(page: str) -> str:
    """The page with the generated parts written again."""
    for name, made in PARTS.items():
        marked = re.compile(rf"(<!-- {name}: begin[^>]*-->\n\n).*?(\n\n<!-- {name}: end -->)", re.DOTALL)
        text = made()
        page, found = marked.subn(lambda match: f"{match[1]}{text}{match[2]}", page)  # noqa: B023 called here
        if found != 1:
            raise SystemExit(f"docs/{PAGE.name} must have one part {name}, and has {found}")
    return page


def picture() -> str:
    """Both axes in powers of ten: what is needed at each load."""
    held = [each for each in results() if each.held]
    storage = [each for each in held if each.fork == "storage-backup"]
    search = [each for each in held if each.fork == "search-analytics"]
    lines: dict[str, list[float]] = {
        "invocations, storage": [each.seen.most_invocations for each in storage],
        "invocations, search": [each.seen.most_invocations for each in search],
        "streams, storage": [each.made.streams for each in storage],
        "streams, search": [each.made.streams for each in search],
        "domain's processors": [each.made.writers or 1 for each in search],
    }
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    low, high = math.log10(min(RATES)), math.log10(max(RATES))

    def x(rate: float) -> float:
        return LEFT + width * (math.log10(rate) - low) / (high - low)

    def y(count: float) -> float:
        return TOP + height * (1 - math.log10(max(1, count)) / DECADES)

    drawn = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for power in range(DECADES + 1):
        at = y(10**power)
        drawn.append(f'<path d="M{LEFT} {at:.1f}H{LEFT + width}" stroke="#ddd"/>')
        drawn.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    for rate in RATES:
        drawn.append(f'<path d="M{x(rate):.1f} {TOP}V{TOP + height}" stroke="#ddd"/>')
        drawn.append(f'<text x="{x(rate):.1f}" y="{TOP + height + 18}" text-anchor="middle">{rate:,}</text>')
    middle = f'x="{LEFT + width / 2}" y="{HEIGHT - 4}" text-anchor="middle"'
    drawn.append(f"<text {middle}>events a second, 1 KB each</text>")
    for number, ((name, counts), colour) in enumerate(zip(lines.items(), COLOURS, strict=True)):
        points = " ".join(f"{x(rate):.1f},{y(count):.1f}" for rate, count in zip(RATES, counts, strict=True))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        at = TOP + 10 + 20 * number
        drawn.append(f'<path d="M{LEFT + width + 14} {at}h20" stroke="{colour}" stroke-width="2"/>')
        drawn.append(f'<text x="{LEFT + width + 40}" y="{at + 4}">{escape(name)}</text>')
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    inner = "\n".join(drawn)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">\n{inner}\n</svg>\n'


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    wanted = {PAGE: current(PAGE.read_text(encoding="utf-8")), PICTURE: picture()}
    stale = [file for file, text in wanted.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    for file in stale:
        if check:
            print(f"{file.relative_to(PAGE.parents[1])} is not current: run `make docs`", file=sys.stderr)
        else:
            file.write_text(wanted[file], encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
