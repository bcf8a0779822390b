"""Which functions a release changes: the handlers whose own file differs, or a file that they import at any depth.

python lambdas/changes.py REV                          against a commit or tag, such as v0.1.0
python lambdas/changes.py REV --source DIR             for another folder of functions
"""

import argparse
import ast
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from build import EVENT_FORK, Build

Sources = Mapping[str, bytes]
"""Path, such as event_fork/replay.py -> the file's bytes."""


@dataclass(frozen=True)
class Change:
    """A handler, such as event_fork.replay.handler, and the files behind it that differ or are on one side only."""

    handler: str
    files: tuple[str, ...]


def changed_handlers(before: Sources, after: Sources) -> list[Change]:
    """The handlers of either side that behave, or may behave, in another way, sorted by name."""
    found = []
    for path in sorted({*_handlers(before), *_handlers(after)}):
        behind = _needed(before, path) | _needed(after, path)
        differ = tuple(sorted(file for file in behind if before.get(file) != after.get(file)))
        if differ:
            found.append(Change(f"{path.removesuffix('.py').replace('/', '.')}.handler", differ))
    return found


def sources_at(revision: str, folder: Path) -> Sources:
    """The Python files of a folder of this repository at a commit; none where the commit does not have the folder.

    Raises subprocess.CalledProcessError where there is no such commit.
    """
    root = Path(_git(folder, "rev-parse", "--show-toplevel").decode().strip())
    inside = folder.resolve().relative_to(root.resolve()).as_posix()
    commit = _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    if not _git(root, "ls-tree", "--name-only", commit, inside):
        return {}
    found = {}
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", commit, inside))) as archive:
        for member in archive.getmembers():
            if member.name.endswith(".py") and (file := archive.extractfile(member)):
                found[f"{folder.name}/{Path(member.name).relative_to(inside).as_posix()}"] = file.read()
    return found


def _handlers(sources: Sources) -> list[str]:
    return [path for path, text in sources.items() if _defines_handler(text)]


def _defines_handler(text: bytes) -> bool:
    """`def handler` at the top of a module, or a name given to one."""
    return any(
        (isinstance(node, ast.FunctionDef) and node.name == "handler")
        or (
            isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == "handler" for to in node.targets)
        )
        for node in ast.parse(text).body
    )


def _needed(sources: Sources, path: str) -> set[str]:
    """A file and all that it imports of the sources, however indirectly; nothing where it is not there."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        file = waiting.pop()
        if file in sources and file not in found:
            found.add(file)
            waiting += _imported(sources, file)
    return found


def _imported(sources: Sources, file: str) -> Iterator[str]:
    """The files that a file's imports can mean: modules, and the __init__.py of every package around them."""
    package = file.split("/")[:-1]
    for node in ast.walk(ast.parse(sources[file])):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = [*above, *(node.module or "").split(".")] if node.module else above
            names = [base, *([*base, alias.name] for alias in node.names)]
        else:
            continue
        for name in names:
            for length in range(1, len(name) + 1):
                stem = "/".join(name[:length])
                yield f"{stem}/__init__.py"
                yield f"{stem}.py"


def _git(folder: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, stdout=subprocess.PIPE).stdout


def main(arguments: list[str] | None = None) -> int:
    """0 when done, 2 when there is no such commit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("revision", metavar="REV", help="commit or tag to compare with")
    parser.add_argument("--source", type=Path, default=EVENT_FORK.source, help="folder of Python files")
    options = parser.parse_args(arguments)
    build = Build(options.source.resolve(), EVENT_FORK.zip)
    try:
        before = sources_at(options.revision, build.source)
    except subprocess.CalledProcessError:
        print(f"REV must be a commit or tag, for example v0.1.0; received {options.revision!r}", file=sys.stderr)
        return 2
    changes = changed_handlers(before, build.source_contents())
    for change in changes:
        print(f"{change.handler}: {', '.join(change.files)}")
    if not changes:
        print(f"no function behaves otherwise than at {options.revision}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
