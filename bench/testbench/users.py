"""Who uses a bench: one file per process, named by its PID, holding its start time.

A process that died without leaving counts as gone, because its PID is free or has another start time.
"""

import os
from pathlib import Path

import psutil

from testbench import processes


class Users:
    """The users of the bench in that state folder. Callers hold the folder's lock."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "users"

    def enter(self) -> None:
        """Note this process."""
        self._folder.mkdir(exist_ok=True)
        file = self._file(os.getpid())
        entries = file.read_text().splitlines() if file.exists() else []
        file.write_text("\n".join([*entries, repr(psutil.Process().create_time())]))

    def leave(self) -> None:
        """Forget this process, once for each time it entered."""
        file = self._file(os.getpid())
        entries = file.read_text().splitlines() if file.exists() else []
        if len(entries) > 1:
            file.write_text("\n".join(entries[:-1]))
        else:
            file.unlink(missing_ok=True)

    def present(self) -> list[int]:
        """PIDs of the users that still run; the others' files are removed."""
        found = []
        for file in sorted(self._folder.glob("*")):
            if self._runs(file):
                found.append(int(file.name))
            else:
                file.unlink()
        return found

    def _file(self, pid: int) -> Path:
        return self._folder / str(pid)

    @staticmethod
    def _runs(file: Path) -> bool:
        entries = file.read_text().splitlines()  # none when it was killed while it wrote the file
        return bool(entries) and processes.still_running(int(file.name), float(entries[0])) is not None
