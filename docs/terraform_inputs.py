"""Inputs and outputs of a Terraform module, read from its files with HCL's own parser (pygohcl)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pygohcl

_OPEN, _CLOSE = "([{", ")]}"
_NO_CODE = re.compile(r'"(?:\\.|[^"\\])*"|(?:#|//).*')
"""Strings and comments, whose brackets and commas open and part nothing."""
_NEEDED = {"variable": ("description", "type"), "output": ("description",)}


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
        raise ValueError(f"a type must stand as `terraform fmt` writes it, `  type = string`; received {block[:80]!r}")
    end = start.end()
    while True:
        end = block.index("\n", end + 1)
        text = _code_of(block)[start.end() : end]
        if all(text.count(left) == text.count(right) for left, right in zip(_OPEN, _CLOSE, strict=True)):
            return block[start.end() : end]


def _default(block: dict[str, Any]) -> str | None:
    return json.dumps(block["default"]) if "default" in block else None


def _blocks(module: Path, kind: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Name, content by pygohcl, and text; ValueError where these differ or something is missing."""
    for file in sorted(module.glob("*.tf")):
        try:
            content = pygohcl.loads(file.read_text()).get(kind, {})
        except pygohcl.HCLParseError as error:
            raise ValueError(f"{file}: {str(error).replace('tmp.hcl:', 'line ')}") from None
        written = blocks_as_written(file, kind)
        for name in content:
            missing = [each for each in _NEEDED[kind] if each not in content[name]]
            if missing:
                raise ValueError(f'{file}: {kind} "{name}" has no {" and no ".join(missing)}')
            if name not in written or _parsed(written[name]) != {kind: {name: content[name]}}:
                raise ValueError(
                    f"{file}: a block must begin and end on lines of its own, as `terraform fmt` has it, for example "
                    f'{kind} "{name}" {{, its arguments below, then }}; received another form of {kind} "{name}"'
                )
        for name, text in written.items():
            yield name, content[name], text


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        parsed: dict[str, Any] = pygohcl.loads(text)
    except pygohcl.HCLParseError:
        return None
    return parsed


def _code_of(text: str) -> str:
    """The text with strings and comments blanked out, every character in its place."""
    return _NO_CODE.sub(lambda found: "_" * len(found[0]), text)


def without_defaults(type_text: str) -> str:
    """`optional(number, 5)` -> `optional(number)`, at any depth."""
    written, place, code = "", 0, _code_of(type_text)
    while place < len(type_text):
        if code.startswith("optional(", place):
            start = place + len("optional(")
            end = _end_of(code, start, ")")
            written += f"optional({without_defaults(type_text[start : _end_of(code, start, ',')])})"
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
