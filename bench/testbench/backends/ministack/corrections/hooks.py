"""Putting our functions in the place of the emulator's, or refusing to when the emulator is not the one we know."""

import functools
import importlib
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

from testbench.errors import CorrectionError

VERSION = "1.5.33"
"""The MiniStack that the corrections were written for and are tested with (requirements/ministack.in)."""


def check_version() -> None:
    """Raise `CorrectionError` when another MiniStack is installed."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        raise CorrectionError(
            f"MiniStack {found} is installed, the corrections are for {VERSION}: run bench/tests/local_aws against "
            f"the new version, drop the corrections it no longer needs, then change VERSION in {__name__}"
        )


def application() -> Any:
    """The emulator's main module. It is untyped, and not installed where this code is checked, as the two below."""
    return importlib.import_module("ministack.app")


def service(name: str) -> Any:
    """The emulator's module of that service."""
    return importlib.import_module(f"ministack.services.{name}")


def core(name: str) -> Any:
    """A module of the emulator's core."""
    return importlib.import_module(f"ministack.core.{name}")


def expected(owner: Any, name: str, *parameters: str) -> Any:
    """`owner.name`, a function with exactly these parameters. Raises `CorrectionError` when it is not there."""
    found = getattr(owner, name, None)
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    if not callable(found):
        raise CorrectionError(f"the emulator has no function {where}")
    actual = tuple(inspect.signature(found).parameters)
    if actual != parameters:
        raise CorrectionError(f"{where} takes ({', '.join(actual)}), not ({', '.join(parameters)}) as in {VERSION}")
    return found


def replace(owner: Any, name: str, parameters: tuple[str, ...], new: Callable[..., Any]) -> None:
    """Put `new` in the place of `owner.name`."""
    expected(owner, name, *parameters)
    setattr(owner, name, new)


def wrap(owner: Any, name: str, parameters: tuple[str, ...], wrapper: Callable[..., Any]) -> None:
    """Have every call of `owner.name(...)` become `wrapper(original, ...)`. Several may wrap the same function."""
    original = expected(owner, name, *parameters)

    @functools.wraps(original)  # so that the next one who wraps it finds the emulator's parameters
    def wrapped(*given: Any, **named: Any) -> Any:
        return wrapper(original, *given, **named)

    setattr(owner, name, wrapped)


def replace_in_script(owner: Any, name: str, old: str, new: str) -> None:
    """Change `old`, which must be there once, in the text `owner.name` of a program that the emulator starts."""
    script = getattr(owner, name, "")
    if script.count(old) != 1:
        raise CorrectionError(f"{owner.__name__}.{name} has {old.strip()!r} {script.count(old)} times, not once")
    setattr(owner, name, script.replace(old, new))
