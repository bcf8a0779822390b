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
    """A variable block. `type` is HCL in one line; `default` is JSON, None where the input is required."""

    name: str
    description: str
    type: str
    default: str | None


@dataclass(frozen=True)
class Output:
    """An output block."""

    name: str
    description: str


def inputs(module: Path) -> list[Input]:
    """The variables of a module in the order of their files, variables.tf first."""
    return [
        Input(
            name,
            block["description"].strip(),
            block["type"],
            _default(block),
        )
        for name, block in _blocks(module, "variable")
    ]


def outputs(module: Path) -> list[Output]:
    """The outputs of a module in the order of their files, outputs.tf first."""
    return [Output(name, block["description"].strip()) for name, block in _blocks(module, "output")]


def module_calls(module: Path) -> dict[str, dict[str, Any]]:
    """Module call -> its arguments, expressions as text."""
    return dict(_blocks(module, "module"))


def _default(block: dict[str, Any]) -> str | None:
    return json.dumps(block["default"]) if "default" in block else None


def _blocks(module: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    usual = f"{kind}s.tf"
    for file in sorted(module.glob("*.tf"), key=lambda file: (file.name != usual, file.name)):
        text = file.read_text()
        order = re.findall(rf'^{kind} "([^"]+)"', text, re.MULTILINE)
        blocks = pygohcl.loads(text).get(kind, {})
        yield from sorted(blocks.items(), key=lambda item: order.index(item[0]))


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
