"""`make mutants`: plants every bug of planted.py in a copy of the code and runs the tests that must catch it."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.planted import PLANTED, Bug

PROJECT = Path(__file__).parents[2]
_COPIED = ("lambdas", "cli", "tests")
_NOT_SEEN = (".git", ".venv", ".bench", "build")
_SECONDS = 900


@dataclass(frozen=True)
class Verdict:
    """What became of a planted bug."""

    bug: Bug
    caught_by: str | None
    why_not: str = ""


def plant(bug: Bug, folder: Path) -> str | None:
    """A copy of the checkout with the bug in it; the reason when it cannot be planted."""
    for entry in PROJECT.iterdir():
        if entry.name in _COPIED:
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(entry, folder / entry.name, ignore=ignore, dirs_exist_ok=True)
        elif entry.name not in _NOT_SEEN:
            (folder / entry.name).symlink_to(entry)
    path = folder / bug.file
    text = path.read_text() if path.is_file() else ""
    if text.count(bug.before) != 1:
        return f"{bug.file} has the text {text.count(bug.before)} times that the bug would replace: plant it anew"
    path.write_text(text.replace(bug.before, bug.after))
    return None


def judge(bug: Bug) -> Verdict:
    """Runs the bug's tests until one fails."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name).resolve()
        if reason := plant(bug, folder):
            return Verdict(bug, None, reason)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "-m", ""]
        command += ["--override-ini", "addopts=--import-mode=importlib", *bug.tests]
        command += ["-k", bug.only] if bug.only else []
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Verdict(bug, None, f"the tests did not end within {_SECONDS} s")
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    if done.returncode == 1 and failed:
        return Verdict(bug, failed[0].split(" - ")[0].rpartition("::")[2])
    tail = (done.stdout + done.stderr).strip().splitlines()[-3:]
    return Verdict(bug, None, f"no test failed (exit code {done.returncode}): {' / '.join(tail)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int, metavar="NUMBER", help="bugs to plant; default: all")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    chosen = [bug for number, bug in enumerate(PLANTED, 1) if not given.numbers or number in given.numbers]
    print("| planted bug | in | caught by |\n|---|---|---|")
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(given.processes) as threads:
        for verdict in threads.map(judge, chosen):
            verdicts.append(verdict)
            caught = verdict.caught_by or f"NOT CAUGHT: {verdict.why_not}"
            print(f"| {verdict.bug.what} | {verdict.bug.file} | {caught} |", flush=True)
    survivors = [verdict for verdict in verdicts if verdict.caught_by is None]
    print(f"\n{len(verdicts)} planted, {len(verdicts) - len(survivors)} caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
