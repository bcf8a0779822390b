"""Background processes of a bench: started, recorded in a PID file, recognised, ended.

A process is only ever touched when the process that now has its PID also has the start time that was written down, so
a PID file left over from before a reboot never ends a stranger.
"""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from testbench import lease
from testbench.errors import BenchError
from testbench.paths import PACKAGES

LOG_TAIL_LINES = 15
SECONDS_TO_STOP = 10.0
_START_TIME_TOLERANCE = 1.0
"""Seconds. Start times are computed from the boot time, which the clock's adjustment can move a little."""


@dataclass(frozen=True)
class Running:
    """One started process, as its PID file holds it. `started` is its start time in seconds since the epoch."""

    part: str
    pid: int
    started: float
    port: int
    argv: tuple[str, ...]

    def process(self) -> psutil.Process | None:
        """The process, or None when it is gone."""
        return still_running(self.pid, self.started)


def still_running(pid: int, started: float) -> psutil.Process | None:
    """The process of that PID and start time, None when it ended (a zombie has) or the PID is another one's now."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) <= _START_TIME_TOLERANCE
    except psutil.NoSuchProcess:
        return None
    return process if same and _runs(process) else None


def pid_file(state: Path, part: str) -> Path:
    """Where the part's process is recorded."""
    return state / f"{part}.pid"


def log_file(state: Path, part: str) -> Path:
    """Where the part's output goes."""
    return state / f"{part}.log"


def log_tail(state: Path, part: str, lines: int = LOG_TAIL_LINES) -> str:
    """The end of the part's log; "" when there is none."""
    try:
        text = log_file(state, part).read_text(errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:])


def recorded(state: Path, part: str) -> Running | None:
    """What the PID file says, None when there is none. Raises `BenchError` when it cannot be understood."""
    file = pid_file(state, part)
    try:
        fields = json.loads(file.read_text())
        return Running(**{**fields, "argv": tuple(fields["argv"])})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise BenchError(
            f"{file} is no PID file of a bench: end the process it meant, if any, and delete it"
        ) from error


def alive(state: Path, part: str) -> psutil.Process | None:
    """The recorded process, None when there is none (any more). Raises `BenchError` as `recorded` does."""
    running = recorded(state, part)
    return running.process() if running else None


class Probation:
    """A started process together with the lease that ends it unless `keep` is called. See bench/testbench/lease.py."""

    def __init__(self, running: Running, popen: "subprocess.Popen[bytes]", lease_end: int) -> None:
        self.running = running
        self._popen = popen
        self._lease_end = lease_end

    def ended(self) -> bool:
        """Whether the process is over; collects it, so that no zombie stays."""
        return self._popen.poll() is not None

    def keep(self) -> None:
        """Let it run on without us."""
        try:
            os.write(self._lease_end, lease.KEEP)
        except BrokenPipeError:
            return  # it ended; whoever looks at its health will say so
        finally:
            os.close(self._lease_end)


def start(part: str, argv: Sequence[str], environment: Mapping[str, str], state: Path, port: int) -> Probation:
    """Start a process in its own session with its output in the part's log, and record it at once."""
    lease_read, lease_write = os.pipe()
    try:
        with log_file(state, part).open("ab") as log:
            popen = subprocess.Popen(
                list(argv),
                env={**environment, lease.VARIABLE: str(lease_read)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(lease_read,),
                start_new_session=True,
                cwd=_own_code(state),  # not by PYTHONPATH, which functions would inherit
            )
    except BaseException:
        os.close(lease_write)
        raise
    finally:
        os.close(lease_read)
    running = Running(part, popen.pid, psutil.Process(popen.pid).create_time(), port, tuple(argv))
    temporary = pid_file(state, part).with_suffix(".pid.new")
    temporary.write_text(json.dumps(asdict(running)))
    temporary.replace(pid_file(state, part))
    return Probation(running, popen, lease_write)


def _own_code(state: Path) -> Path:
    """A folder where `-m` finds this package and `local_firehose`, and none of the packages installed beside them."""
    folder = state / "code"
    folder.mkdir(exist_ok=True)
    for package in ("testbench", "local_firehose"):
        with contextlib.suppress(FileExistsError):
            (folder / package).symlink_to(PACKAGES / package)
    return folder


def stop(state: Path, part: str) -> bool:
    """End the recorded process and what it started, politely first. False when it was not running (any more)."""
    process = alive(state, part)
    if process is None:
        pid_file(state, part).unlink(missing_ok=True)
        return False
    family = [process, *_descendants(process)]
    for member in (process, *family[1:]):
        _send(member, "terminate")
    stubborn = _wait(family, SECONDS_TO_STOP)
    for member in stubborn:
        _send(member, "kill")
    _wait(stubborn, SECONDS_TO_STOP)
    pid_file(state, part).unlink(missing_ok=True)
    return True


def kill(state: Path, part: str) -> None:
    """End the recorded process at once, as `kill -9` does; it stays on record. Raises `BenchError`."""
    process = alive(state, part)
    if process is None:
        raise BenchError(f"{part} cannot be killed: it is not running")
    _send(process, "kill")
    if _wait([process], SECONDS_TO_STOP):
        raise BenchError(f"{part} still runs {SECONDS_TO_STOP:.0f} s after it was killed")


def with_variable(state: Path, part: str, name: str, value: str) -> list[psutil.Process]:
    """The processes that a part started with that environment variable."""
    process = alive(state, part)
    found = []
    for member in _descendants(process) if process else []:
        with contextlib.suppress(psutil.NoSuchProcess):
            if member.environ().get(name) == value:
                found.append(member)
    return found


def memory(process: psutil.Process) -> int:
    """Bytes in use by the process and those it started."""
    total = 0
    for member in [process, *_descendants(process)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += int(member.memory_info().rss)
    return total


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process) -> bool:
    """Whether it still does anything. A zombie does not: it only waits for the process that started it to take note."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(family: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after at most that time."""
    deadline = time.monotonic() + seconds
    while (left := [member for member in family if _runs(member)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def _send(process: psutil.Process, method: str) -> None:
    # psutil checks the start time again before it signals
    try:
        getattr(process, method)()
    except psutil.NoSuchProcess:
        return
    except psutil.AccessDenied as error:
        raise BenchError(f"process {process.pid} of this bench is another user's: {process.username()}") from error


def listens_on(process: psutil.Process, port: int) -> bool:
    """Whether this very process (or one it started) listens on the port: an answer alone could be a stranger's."""
    return any(
        connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        for member in (process, *_descendants(process))
        for connection in member.net_connections("inet")
    )
