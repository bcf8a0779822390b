"""The committed measurements: what docs/scale.md shows and the simulation is fitted on. Seconds of one machine."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("measured.json")


def read() -> dict[str, Any]:
    """By kind: chain, memory, apply."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return found


def write(measured: dict[str, Any]) -> None:
    """Write it anew."""
    FILE.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
