"""Inputs and outputs of a Terraform module, read from its files with HCL's own parser (pygohcl)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pygohcl

_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True)
class Input:
    """A variable block. `type` is HCL in one line, `written_type` as it stands in the file; `default` is JSON, None
    where the input is required."""

    name: str
    description: str
    type: str
    written_type: str
    default: str | None


@dataclass(frozen=True)
class Output:
    """An output block."""

    name: str
    description: str


def inputs(module: Path) -> list[Input]:
    """The variables of a module in the order of its files, by name."""
    return [
        Input(name, block["description"].strip(), block["type"], written_type(written), _default(block))
        for name, block, written in _blocks(module, "variable")
    ]


def outputs(module: Path) -> list[Output]:
    """The outputs of a module in the order of its files, by name."""
    return [Output(name, block["description"].strip()) for name, block, _ in _blocks(module, "output")]


def blocks_as_written(file: Path, kind: str) -> dict[str, str]:
    """Name -> text of the blocks of a kind ("variable", "output"), in the order of the file."""
    found = re.finditer(rf'^{kind} "(?P<name>[^"]+)" \{{\n.*?^\}}\n', file.read_text(), re.MULTILINE | re.DOTALL)
    return {match["name"]: match[0] for match in found}


def written_type(block: str) -> str:
    """The type of a variable block, with the line breaks that it has there."""
    start = re.search(r"^  type\s*= ", block, re.MULTILINE)
    if start is None:
        raise ValueError(f"a variable has no type: {block[:80]}")
    end = start.end()
    while True:
        end = block.index("\n", end + 1)
        text = block[start.end() : end]
        if all(text.count(left) == text.count(right) for left, right in zip(_OPEN, _CLOSE, strict=True)):
            return text


def _default(block: dict[str, Any]) -> str | None:
    return json.dumps(block["default"]) if "default" in block else None


def _blocks(module: Path, kind: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, content by pygohcl, and text."""
    for file in sorted(module.glob("*.tf")):
        try:
            content = pygohcl.loads(file.read_text()).get(kind, {})
        except pygohcl.HCLParseError as error:
            raise ValueError(f"{file}: {str(error).replace('tmp.hcl:', 'line ')}") from None
        for name, text in blocks_as_written(file, kind).items():
            yield name, content[name], text


def without_defaults(type_text: str) -> str:
    """`optional(number, 5)` -> `optional(number)`, at any depth."""
    written, place = "", 0
    while place < len(type_text):
        if type_text.startswith("optional(", place):
            start = place + len("optional(")
            end = _end_of(type_text, start, ")")
            written += f"optional({without_defaults(type_text[start : _end_of(type_text, start, ',')])})"
            place = end + 1
        else:
            written += type_text[place]
            place += 1
    return written


def _end_of(text: str, place: int, stop: str) -> int:
    """Where the expression that begins at `place` ends: at `stop` or at the bracket around it."""
    depth = 0
    while True:
        if depth == 0 and (text[place] == stop or text[place] in _CLOSE):
            return place
        depth += (text[place] in _OPEN) - (text[place] in _CLOSE)
        place += 1
