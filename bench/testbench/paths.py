"""Where the bench keeps things: in the folder .bench of the project in which it is used, nothing elsewhere."""

import os
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[1]
"""The folder that holds this package and `local_firehose`."""
REQUIREMENTS = Path(__file__).resolve().parent / "requirements"


def _project() -> Path:
    """BENCH_PROJECT; else the checkout around the working directory; else the working directory itself."""
    if given := os.environ.get("BENCH_PROJECT"):
        return Path(given).resolve()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def home() -> Path:
    """The user's home folder; a folder that is not there for a user who has none, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return CACHE / "home"


PROJECT = _project()
CACHE = (PROJECT / ".bench").resolve()
"""Installed parts (virtualenvs, jars, layers), shared by every bench of the project that uses them."""
RUNS = CACHE / "run"
"""State folders of benches: PID files, logs, endpoints.json, data of the parts."""
DEFAULT_STATE = RUNS / "default"
"""The bench that `python -m testbench up` starts."""
WORKSPACES = CACHE / "workspaces"
"""Copies of Terraform configurations that are applied."""
