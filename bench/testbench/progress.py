"""Progress lines: `   1.2 s  ministack  ready`. They go to stderr, so that stdout stays for data."""

import sys
import threading
import time
from collections.abc import Callable

Say = Callable[[str, str], None]
"""say(part, message)"""


def quiet(part: str, message: str) -> None:
    """Say nothing: for callers that show their own progress."""


def to_stderr() -> Say:
    """A `say` that prints one line per call with the seconds since its creation; safe for threads."""
    began = time.monotonic()
    lock = threading.Lock()

    def say(part: str, message: str) -> None:
        with lock:
            print(f"{time.monotonic() - began:7.1f} s  {part:<11} {message}", file=sys.stderr, flush=True)

    return say
