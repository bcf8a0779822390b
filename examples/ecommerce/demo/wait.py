"""Waiting for something that happens later, with a limit."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(look: Callable[[], Found], enough: Callable[[Found], bool], seconds: float, every: float = 1.0) -> Found:
    """What `look` gives as soon as it is `enough`, or what it gives when the time is up: the caller judges that."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if enough(found) or time.monotonic() >= end:
            return found
        time.sleep(every)
