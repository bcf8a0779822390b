"""Installing in parallel, in a way that an interruption ends at once.

What is made is marked as complete at its end only (once.py), so an installation that was cut off is begun again by the
next start.
"""

import contextlib
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from testbench.errors import PrerequisiteError

_cancelled = threading.Event()
_children: set["subprocess.Popen[str]"] = set()


def in_parallel(jobs: Sequence[Callable[[], object]]) -> None:
    """Run all jobs; the first error is raised after all have ended, an interruption at once."""
    _cancelled.clear()
    pool = ThreadPoolExecutor(max_workers=len(jobs), thread_name_prefix="install")
    try:
        for done in [pool.submit(job) for job in jobs]:
            done.result()
    except Exception:
        pool.shutdown()
        raise
    except BaseException:
        _cancel()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def cancelled() -> bool:
    """Whether an installation was interrupted. Its threads may still wait for a download that nobody needs."""
    return _cancelled.is_set()


def go_on() -> None:
    """Raise `PrerequisiteError` when the installation was interrupted: called before each piece of work."""
    if cancelled():
        raise PrerequisiteError("the installation was interrupted")


def run(argv: Sequence[str | Path], failure: str) -> None:
    """Run an installing command. Raises `PrerequisiteError`: `failure` with the command's first error."""
    go_on()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        _children.add(process)
        try:
            out, err = process.communicate()
        finally:
            _children.discard(process)
    go_on()
    if process.returncode:
        lines = (err or out).strip().splitlines() or [f"exit code {process.returncode}"]
        raise PrerequisiteError(f"{failure}: {next((line for line in lines if line.startswith('ERROR')), lines[-1])}")


def _cancel() -> None:
    _cancelled.set()
    for child in list(_children):
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(child.pid)
            for each in [process, *process.children(recursive=True)]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
