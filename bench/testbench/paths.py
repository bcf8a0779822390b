"""Where the bench keeps things, all inside the project's folder."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT / "requirements"
CACHE = PROJECT / ".bench"
"""Installed parts (virtualenvs, jars, layers), shared by every bench of this checkout."""
RUNS = CACHE / "run"
"""State folders of benches: PID files, logs, endpoints.json, data of the parts."""
DEFAULT_STATE = RUNS / "default"
"""The bench that `python -m testbench up` starts."""
BUILD = PROJECT / "build" / "bench"
"""Copies of Terraform configurations that tests apply."""
