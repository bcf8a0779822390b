"""Write the tables of inputs and outputs into the READMEs of the modules, between their markers.

python -m docs.generate_module_tables            write them
python -m docs.generate_module_tables --check    exit 1 and name the files that are not current
"""

import argparse
import os
import re
import sys
from pathlib import Path

from docs.terraform_inputs import inputs, outputs

PROJECT = Path(__file__).resolve().parents[1]
BEGIN = "<!-- tables of {module}: begin (made by `make docs`) -->"
END = "<!-- tables of {module}: end -->"
_LINK = re.compile(r"\]\((?P<path>(?!https:)[^)#]+)")
"""A link in a description: relative to the module, where the Registry shows it."""
_BETWEEN = re.compile(r"<!-- tables of (?P<module>[\w-]+): begin .*?<!-- tables of (?P=module): end -->", re.DOTALL)


def documents() -> list[Path]:
    """Every page that may have tables: READMEs of root and modules, and docs/."""
    return [PROJECT / "README.md", *sorted(PROJECT.glob("modules/*/README.md")), *sorted(PROJECT.glob("docs/*.md"))]


def with_current_tables(page: Path) -> str:
    """The page's text with the tables written anew; pages without markers stay as they are."""
    return _BETWEEN.sub(lambda found: between_markers(found["module"], page.parent), page.read_text())


def between_markers(module: str, seen_from: Path) -> str:
    """Both tables of a module ("root" is the root module), markers included, for a page in the folder `seen_from`."""
    folder = PROJECT if module == "root" else PROJECT / "modules" / module
    up = Path(os.path.relpath(folder, seen_from))

    def cell(text: str) -> str:
        text = _LINK.sub(lambda found: f"]({(up / found['path']).as_posix()}", text)
        return text.replace("|", "\\|").replace("\n", "<br>")

    lines = [
        BEGIN.format(module=module),
        "",
        "## Inputs",
        "",
        "| name | description | type | default |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{each.name}` | {cell(each.description)} | `{short_type(each.type)}` | {_default(each.default)} |"
        for each in sorted(inputs(folder), key=lambda each: each.default is not None)  # required ones first
    ]
    lines += ["", "## Outputs", "", "| name | description |", "|---|---|"]
    lines += [f"| `{each.name}` | {cell(each.description)} |" for each in outputs(folder)]
    return "\n".join([*lines, "", END.format(module=module)])


def short_type(type_text: str) -> str:
    """`object` for the type of an object: what it holds is in the description."""
    return re.sub(r"object\(\{.*\}\)", "object", type_text)


def _default(default: str | None) -> str:
    return "required" if default is None else f"`{default}`"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, only say what is not current")
    check = parser.parse_args(arguments).check
    stale = [page for page in documents() if page.exists() and page.read_text() != with_current_tables(page)]
    for page in stale:
        print(f"{page.relative_to(PROJECT)}: {'not current, run `make docs`' if check else 'written'}")
        if not check:
            page.write_text(with_current_tables(page))
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
