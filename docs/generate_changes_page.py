"""Write the tables of docs/changes.md, between its markers, from the rows that tests/terraform holds to plans.

python -m docs.generate_changes_page            write them
python -m docs.generate_changes_page --check    exit 1 when the page is not current
"""

import argparse
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from tests.terraform.changes import ALL, HARMLESS, ROOT, ROWS, STORES, Row

PAGE = Path(__file__).parent / "changes.md"
BEGIN = "<!-- changes: begin (made by `make docs`) -->"
END = "<!-- changes: end -->"


def generated() -> str:
    """The generated part of the page, markers included."""
    stores = [row for row in ROWS if row.stores() or row.guarded]
    others = [row for row in ROWS if row not in stores]
    parts = [
        BEGIN,
        "### Changes that replace or leave a store",
        "\n".join(_table(stores)),
        "### All other changes",
        "\n".join(_table(others)),
        END,
    ]
    return "\n\n".join(parts)


def _table(rows: Iterable[Row]) -> list[str]:
    """A line for each input and effect, by the name of the input; the modules in which it is so are gathered."""
    modules: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        change = f"`{row.input}`" + (f": {row.which}" if row.which else "")
        modules.setdefault((change, _effect(row)), set()).update(row.modules)
    lines = [f"| {change} | {_names(names)} | {effect} |" for (change, effect), names in sorted(modules.items())]
    return ["| input | modules | what a change does |", "|---|---|---|", *lines]


def _names(modules: Collection[str]) -> str:
    named = sorted(modules, key=[*ALL, ROOT].index)
    return ", ".join(["all four", *named[len(ALL) :]] if named[: len(ALL)] == [*ALL] else named)


def _effect(row: Row) -> str:
    words = STORES | HARMLESS
    done = [
        f"{verb} {', '.join(words[kind] for kind in kinds)}"
        for verb, kinds in (("replaces", row.replaces), ("removes", row.removes))
        if kinds
    ]
    effect = "; ".join(done) or ("nothing in AWS" if row.nothing else "in place")
    guard = "Refused without a new text in `replace_stores`" if row.guarded else ""
    return ". ".join(each for each in (f"**{effect}**" if row.stores() else effect, guard, row.how) if each)


def current(page: str) -> str:
    """The page with the generated part written again."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{generated()}{after}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    page = PAGE.read_text(encoding="utf-8")
    if page == current(page):
        return 0
    if parser.parse_args().check:
        print(f"docs/{PAGE.name} is not current: run `make docs`", file=sys.stderr)
        return 1
    PAGE.write_text(current(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
