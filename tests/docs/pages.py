"""The project's own pages: headings as GitHub names them, links, and the commands in their code blocks."""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from testbench.paths import PROJECT

_NOT_OURS = {".venv", ".bench", ".git", "build", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}
_FENCE = re.compile(r"^(?P<fence>```+)(?P<language>\w*)[^\n]*\n(?P<code>.*?)^(?P=fence)\s*$", re.DOTALL | re.MULTILINE)
_INDENTED = re.compile(r"(?:\A|\n)[ \t]*\n(?P<code>(?: {4}[^\n]*\n)+)")
_HEADING = re.compile(r"^#{1,6} +(?P<text>.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^()\s]+)\)")
_INLINE_CODE = re.compile(r"`[^`\n]*`")
_SHELL = {"", "sh", "bash", "shell"}


def files() -> Iterator[Path]:
    """Every file and folder of the project, whatever git knows of it yet.

    What is made is not gone into: a bench that runs makes and removes files all the time.
    """
    for folder, folders, names in os.walk(PROJECT):
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        yield from (Path(folder, name) for name in (*folders, *names))


def pages() -> list[Path]:
    """Every Markdown page of the project."""
    return sorted(file for file in files() if file.suffix == ".md")


def name_of(page: Path) -> str:
    """For test ids: the path from the project's folder."""
    return str(page.relative_to(PROJECT))


def anchors(text: str) -> set[str]:
    """The anchors GitHub makes of the headings: small letters, no punctuation, `-` for a space, -1 for the second."""
    found: set[str] = set()
    for heading in _HEADING.finditer(_FENCE.sub("", text)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading["text"]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        number = 0
        while (f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def links(text: str) -> list[str]:
    """The targets of the page's links; what only looks like one inside code is none."""
    return [found["target"] for found in _LINK.finditer(_INLINE_CODE.sub("", _FENCE.sub("", text)))]


def fenced(text: str, language: str) -> list[str]:
    """The code of the fenced blocks of a language."""
    return [found["code"] for found in _FENCE.finditer(text) if found["language"] == language]


@dataclass(frozen=True)
class Command:
    """One command of a shell block."""

    page: Path
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{name_of(self.page)}: {shlex.join(self.words)}"


def commands(page: Path, program: str) -> Iterator[Command]:
    """The commands on the page that begin with this word (`python -m testbench` counts as `testbench`)."""
    text = page.read_text(encoding="utf-8")
    blocks = [found["code"] for found in _FENCE.finditer(text) if found["language"] in _SHELL]
    blocks += [found["code"] for found in _INDENTED.finditer(_FENCE.sub("\n", text))]
    for block in blocks:
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            for words in _simple_commands(line):
                if words[0] == program:
                    yield Command(page, tuple(words))


def _simple_commands(line: str) -> Iterator[list[str]]:
    """The commands of a line: `a | b && c` are three, and `$(d)` is one more."""
    inner = re.findall(r"\$\(([^()]*)\)", line)
    outer = re.sub(r"\$\([^()]*\)", "SUBSTITUTED", line)
    for part in [outer, *inner]:
        lexer = shlex.shlex(part.strip(), posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        try:
            tokens = list(lexer)  # comments are dropped
        except ValueError:
            continue  # a quotation that goes over several lines: the JSON of a request, no command of ours
        words: list[str] = []
        for token in [*tokens, ";"]:
            if set(token) <= set("|&;"):
                if words:
                    yield words
                words = []
            elif words or not re.fullmatch(r"[A-Za-z_]\w*=.*", token):  # variables before a command are not its name
                if token.startswith(("python", ".venv/bin/python")) and not words:
                    continue
                if token == "-m" and not words:
                    continue
                words.append(token)


def prose(text: str) -> str:
    """The page without code blocks and generated tables; links are their words, code is its text."""
    text = re.sub(r"<!-- tables of.*?: begin.*?: end -->", "", _FENCE.sub("\n", text), flags=re.DOTALL)
    text = _INDENTED.sub("\n\n", text)
    return re.sub(r"\[([^\]]*)\]\([^()\s]+\)", r"\1", text).replace("`", "")


def sentences(text: str) -> list[str]:
    """The sentences of the prose. Items of lists, cells of tables and headings are never joined with others."""
    blocks: list[str] = []
    for line in prose(text).splitlines():
        if line.lstrip().startswith("|"):
            blocks += ["", *(cell for part in line.strip(" |").split(" | ") for cell in (part, ""))]
        elif not line.strip() or line.startswith("#"):
            blocks.append("")
        elif re.match(r"\s*(?:[-*]|\d+\.) ", line):
            blocks += ["", re.sub(r"^\s*(?:[-*]|\d+\.) ", "", line)]
        elif blocks and blocks[-1]:
            blocks[-1] += " " + line.strip()
        else:
            blocks.append(line.strip())
    found = (part.strip() for block in blocks for part in re.split(r"(?<=[.!?])\s+", block))
    return [part for part in found if part and not set(part) <= set("-|: ")]
