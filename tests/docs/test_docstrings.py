"""Docstrings and comments name files and modules that are there, as the pages' links do; a list of modules is whole."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from testbench.paths import PROJECT
from tests.docs.pages import files

ROOTS = ("lambdas", "cli", "bench", "examples", "tests", "benchmarks", "docs", "requirements")
_PYTHON_ROOTS = (
    "lambdas",
    "cli",
    "bench",
    "examples/ecommerce/functions",
    "examples/custom-pipeline/function",
    "examples/idempotent-consumer/function",
    ".",
)
_PACKAGES = ("event_fork", "event_fork_cli", "testbench", "local_firehose", "tests")
_FILE = re.compile(r"(?<![\w/.:{}<>*$-])(?:\.\./)*[\w-][\w./-]*\.(?:py|md|tf|hcl)\b(?![\w*{<])")
_FOLDER = re.compile(rf"(?<![\w/.:{{}}<>*$-])(?:{'|'.join((*ROOTS, 'modules'))})/[\w./-]*[\w-](?![\w*{{<])")
_MODULE = re.compile(rf"(?<![\w/.:-])(?:{'|'.join(_PACKAGES)})(?!\.zip|\.manifest)(?:\.\w+)+\b(?!/)")
_LISTED = re.compile(r"^ *(\w+) {2,}\S", re.MULTILINE)
_SOURCES = sorted(path for root in ROOTS for path in (PROJECT / root).rglob("*.py") if ".venv" not in path.parts)


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_docstrings_and_comments_name_what_is_there(source: Path) -> None:
    assert unknown(source, source.read_text(encoding="utf-8")) == []


def test_what_is_not_there_is_found() -> None:
    package = PROJECT / "lambdas/event_fork/events/__init__.py"
    good = '"""See events/envelope.py, lines.py, modules/fork, event_fork.errors, ../../README.md"""'
    bad = '"""See no.py, modules/no, event_fork.no, ../README.md.\n\nno  at all\n"""\n# and docs/no.md'

    assert unknown(package, good) == []
    found = unknown(package, bad)
    assert [name for name in found if not name.endswith(" is not listed")] == [
        *("../README.md", "docs/no.md", "event_fork.no", "modules/no", "no", "no.py")
    ]
    assert "envelope is not listed" in found


def unknown(source: Path, text: str) -> list[str]:
    """The files, folders and modules that the docstrings and comments of a source name, and that are not there."""
    said = list(_said(text))
    found = {
        name for each in said for name in (*_FILE.findall(each), *_FOLDER.findall(each)) if not _is_file(source, name)
    }
    found |= {name for each in said for name in _MODULE.findall(each) if not _is_module(name)}
    if source.name == "__init__.py":
        listed = _LISTED.findall(ast.get_docstring(ast.parse(text)) or "")
        found |= {name for name in listed if not _in_folder(source.parent, name)}
        if listed:
            found |= {
                f"{name} is not listed" for name in _modules(source.parent) if not re.search(rf"\b{name}\b", text)
            }
    return sorted(found)


def _said(text: str) -> Iterator[str]:
    """Every docstring, those below an attribute too, and every comment."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.value.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


@cache
def _files() -> frozenset[str]:
    """Every file and folder of the project, from its root."""
    return frozenset(path.relative_to(PROJECT).as_posix() for path in files())


def _is_file(source: Path, name: str) -> bool:
    """From the root, from a folder around the source, or, a bare name, anywhere."""
    if name.startswith("../"):
        return (source.parent / name).exists()
    if "/" not in name:
        return any(path.rpartition("/")[2] == name for path in _files())
    return any((folder / name).exists() for folder in source.parents if folder == PROJECT or PROJECT in folder.parents)


def _is_module(name: str) -> bool:
    """A module, or what one defines or imports."""
    parts = name.split(".")
    for root in _PYTHON_ROOTS:
        folder = PROJECT / root / parts[0]
        if folder.is_dir():
            return _resolves(folder, parts[1:])
    return False


def _resolves(folder: Path, parts: list[str]) -> bool:
    if not parts:
        return True
    if (folder / parts[0]).is_dir():
        return _resolves(folder / parts[0], parts[1:])
    module = folder / f"{parts[0]}.py"
    file, names = (module, parts[1:]) if module.is_file() else (folder / "__init__.py", parts)
    return file.is_file() and all(re.search(rf"\b{name}\b", file.read_text(encoding="utf-8")) for name in names)


def _modules(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}


def _in_folder(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()
