"""Waiting for what an asynchronous system does: look again and again, with a stated limit."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

Found = TypeVar("Found")

PAUSE_SECONDS = 0.25


def eventually(look: Callable[[], Found], accept: Callable[[Found], bool], *, within: float, what: str) -> Found:
    """The first thing `look` gives that `accept` takes. After `within` seconds: AssertionError with the last look."""
    end = time.monotonic() + within
    while True:
        found = look()
        if accept(found):
            return found
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {within:.0f} s; the last look gave {found!r}"[:2000])
        time.sleep(PAUSE_SECONDS)


def wait_until_active(functions: Any, name: str) -> None:
    """Wait until a new function can be invoked, as one has to on AWS. `functions` is a client of Lambda."""
    found = functions.get_function_configuration
    eventually(lambda: found(FunctionName=name)["State"], lambda state: bool(state == "Active"), within=60, what=name)
