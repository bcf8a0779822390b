"""The state machine's definition, read from modules/archive-replay: what Terraform would hand to Step Functions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pygohcl

_PATH = re.compile(r"(?:local|var)(?:\.\w+)+")
_SUM = re.compile(r"((?:local|var)(?:\.\w+)+) \+ (\d+)")
_FUNCTION = re.compile(r'(?:aws_lambda_function\.this|module\.function)\["(\w+)"\]\.arn')
_HANDLER = re.compile(r'handler += "event_fork\.([^"]+)\.handler"')


@cache
def _locals(module: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for file in sorted(module.glob("*.tf")):
        blocks = pygohcl.loads(file.read_text()).get("locals", {})
        for block in blocks if isinstance(blocks, list) else [blocks]:
            found |= block
    return found


def definition(module: Path, functions: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The definition. `functions`: role -> ARN; `inputs`: values of the module's variables that it refers to."""
    values = {"local": _locals(module), "var": inputs}

    def looked_up(path: str) -> Any:
        value: Any = values
        for step in path.split("."):
            value = value[step]
        return resolved(value)

    def resolved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: resolved(each) for name, each in value.items()}
        if isinstance(value, list):
            return [resolved(each) for each in value]
        if not isinstance(value, str):
            return value
        if _PATH.fullmatch(value):
            return looked_up(value)
        if match := _SUM.fullmatch(value):
            return looked_up(match[1]) + int(match[2])
        if match := _FUNCTION.fullmatch(value):
            return functions[match[1]]
        return value

    found: dict[str, Any] = resolved(values["local"]["definition"])
    return found


def handler(module: Path, role: str = "") -> str:
    """The Python module, within event_fork, of the handler that a Terraform module names."""
    for file in sorted(module.glob("*.tf")):
        if match := _HANDLER.search(file.read_text()):
            return match[1].replace("${each.key}", role)
    raise ValueError(f"{module} names no handler")
