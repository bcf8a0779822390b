"""Write every command's --help into docs/cli.md, between its markers.

python -m docs.generate_cli_page            write it
python -m docs.generate_cli_page --check    exit 1 when the page is not current
"""

import argparse
import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from event_fork_cli.app import run

PAGE = Path(__file__).parent / "cli.md"
BEGIN = "<!-- help of the commands: begin (made by `make docs`) -->"
END = "<!-- help of the commands: end -->"
_COMMANDS = re.compile(r"^Commands:\n(.*)\Z", re.DOTALL | re.MULTILINE)


def help_of(*command: str) -> str:
    """What `event-fork COMMAND --help` prints on a terminal of 80 columns."""
    printed = io.StringIO()
    with mock.patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"}), contextlib.redirect_stdout(printed):
        run([*command, "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def commands(*group: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every command and group under a group, depth first, with its help."""
    text = help_of(*group)
    yield group, text
    listed = _COMMANDS.search(text)
    for name in re.findall(r"^  (\S+)", listed[1], re.MULTILINE) if listed else ():
        yield from commands(*group, name)


def generated() -> str:
    """The generated part of the page, markers included."""
    parts = [f"### {' '.join(('event-fork', *command))}\n\n```text\n{text}\n```\n" for command, text in commands()]
    return f"{BEGIN}\n\n{chr(10).join(parts)}\n{END}"


def current(page: str) -> str:
    """The page with the generated part written anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{generated()}{after}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    wanted = current(page)
    if options.check and page != wanted:
        print(f"docs/{PAGE.name} is not current: run `make docs`", file=sys.stderr)
        return 1
    if not options.check:
        PAGE.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
