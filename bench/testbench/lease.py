"""Lets a background process end by itself when the command that is starting it dies half-way.

The starter passes the reading end of a pipe as file descriptor `BENCH_LEASE_FD`. As long as nothing is written the
process is on probation: when the pipe closes (the starter was killed) it ends itself. One byte makes it permanent.

Standard library only: it also runs on the emulator's interpreter.
"""

import contextlib
import os
import signal
import sys
import threading
import time

VARIABLE = "BENCH_LEASE_FD"
KEEP = b"k"
SECONDS_TO_END = 5.0


def watch() -> None:
    """Start watching the lease, if there is one. Call it first thing in the process to be started."""
    number = os.environ.pop(VARIABLE, None)
    if number is not None:
        descriptor = int(number)
        os.set_inheritable(descriptor, False)
        threading.Thread(target=_wait, args=(descriptor,), name="bench-lease", daemon=True).start()


def _wait(descriptor: int) -> None:
    said = os.read(descriptor, 1)
    os.close(descriptor)
    if said == KEEP:
        return
    print("the command that was starting this process is gone: ending", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SECONDS_TO_END)
    with contextlib.suppress(ProcessLookupError):
        os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """`python -m testbench.lease MODULE ARGS...`: run a module as `python -m MODULE ARGS...` would, under the lease."""
    import runpy

    watch()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
