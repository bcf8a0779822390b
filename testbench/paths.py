"""Where the bench keeps things, all inside the project's folder."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = PROJECT / "requirements"
CACHE = PROJECT / ".bench"
"""Installed parts (virtualenvs, jars, layers), shared by every bench of this checkout."""
DEFAULT_STATE = CACHE / "run" / "default"
"""State of the bench that `python -m testbench up` starts: PID files, logs, endpoints.json."""
BUILD = PROJECT / "build" / "bench"
"""Copies of Terraform configurations that tests apply."""
