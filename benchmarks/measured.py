"""The committed measurements: what docs/scale.md shows and the simulation is fitted on. Seconds of one machine."""

import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
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


def circumstances() -> dict[str, Any]:
    """When, on what, and beside how much other work: to be asked before the measurement."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {os.cpu_count()} processors",
        "load before": round(os.getloadavg()[0], 1),
    }


def heading(found: Mapping[str, Any]) -> str:
    """The circumstances of a measurement, in a line."""
    return f"on the bench: {found['machine']}, load {found['load before']} before; {found['date']}"
