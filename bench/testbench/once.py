"""Making what every bench of this checkout shares: once, whoever asks first, however many ask at the same time."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def once(target: Path, make: Callable[[], None]) -> None:
    """Have `make` make the file or folder `target`, unless it is there. Another process that asks meanwhile waits.

    A file is there when it exists, so `make` must put it in its place in one step. A folder is there when it was made
    to the end; what an interrupted `make` left of it is for the next one to clear.
    """
    complete = target / ".complete"
    if target.is_file() or complete.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if target.is_file() or complete.exists():
            return
        make()
        if target.is_dir():
            complete.touch()
