"""Virtualenvs of the bench's own, from hash-pinned requirement files, on the interpreter that Lambda's runtime has."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from testbench.installing import run
from testbench.once import once
from testbench.paths import CACHE, home
from testbench.progress import Say

LAMBDA_PYTHON = (3, 13)
"""The functions' runtime is python3.13, so the emulator (whose interpreter runs them) should be that too."""


Version = tuple[int, int]


def lambda_interpreter() -> Path:
    """A Python of `LAMBDA_PYTHON` on this machine; where there is none, the one that runs now."""
    return interpreter(LAMBDA_PYTHON) or Path(sys.executable)


@cache
def interpreter(version: Version) -> Path | None:
    """A Python of that version on this machine, None when there is none.

    pyenv puts commands on PATH that refuse to run unless their version is selected, so a candidate counts only when it
    really answers, and the folders of pyenv's and uv's versions are looked into as well.
    """
    return next((candidate for candidate in _candidates(version) if _version(candidate) == version), None)


def _candidates(version: Version) -> Iterator[Path]:
    name = f"python{version[0]}.{version[1]}"
    yield Path(sys.executable)
    if on_path := shutil.which(name):
        yield Path(on_path)
    for root in _pyenv_roots():
        yield from sorted((root / "versions").glob(f"{version[0]}.{version[1]}.*/bin/{name}"))
    yield from sorted(_uv_pythons().glob(f"cpython-{version[0]}.{version[1]}.*/bin/{name}"))


def _pyenv_roots() -> list[Path]:
    roots = [Path(os.environ["PYENV_ROOT"])] if "PYENV_ROOT" in os.environ else []
    if pyenv := shutil.which("pyenv"):
        answer = subprocess.run([pyenv, "root"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            roots.append(Path(answer.stdout.strip()))
    return roots


def _uv_pythons() -> Path:
    given = os.environ.get("UV_PYTHON_INSTALL_DIR")
    return (
        Path(given) if given else Path(os.environ.get("XDG_DATA_HOME", home() / ".local" / "share")) / "uv" / "python"
    )


def _version(python: Path) -> Version | None:
    script = "import sys, venv, ensurepip; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if answer.returncode:
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def fingerprint(*parts: str | bytes) -> str:
    """A short name for a cache entry that changes with what it was made from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def virtualenv(name: str, requirements: Path, say: Say, base: Path | None = None) -> Path:
    """The interpreter of a virtualenv with exactly these requirements, made when it is not there.

    Lies in .bench/<name>/<fingerprint>/; several processes may ask at once. Raises `PrerequisiteError` with the
    words of pip. `base` is the Python to make it of, by default the one of the functions' runtime.
    """
    base = base or lambda_interpreter()
    home = CACHE / name / fingerprint(requirements.read_bytes(), str(base), str(_version(base)))
    python = home / "bin" / "python"

    def make() -> None:
        version = ".".join(str(number) for number in _version(base) or ())
        say(name, f"installing its virtualenv on Python {version} (once)")
        run([base, "-m", "venv", "--clear", home], f"cannot make a virtualenv with {base}")
        pip_install(python, requirements)

    once(home, make)
    return python


def pip_install(python: Path, requirements: Path, *options: str) -> None:
    """Hash-checked `pip install -r requirements` with that interpreter. Raises `PrerequisiteError` with pip's words."""
    flags = ["--quiet", "--disable-pip-version-check", "--no-input", "--require-hashes", "--only-binary=:all:"]
    run(
        [python, "-m", "pip", "install", *flags, *options, "-r", requirements],
        f"cannot install {requirements.name} (the first start needs PyPI, or the index that pip's settings name)",
    )
