"""What the corrections change of MiniStack: its modules, and the texts of programs that it starts."""

import importlib
from typing import Any

from testbench.backends import hooks
from testbench.backends.hooks import expected, replace, set_constant, wrap
from testbench.errors import CorrectionError

__all__ = [
    "application",
    "check_version",
    "core",
    "expected",
    "replace",
    "replace_in_script",
    "service",
    "set_constant",
    "wrap",
]

VERSION = "1.5.33"
"""The MiniStack that the corrections were written for and are tested with (requirements/ministack.in)."""


def check_version() -> None:
    """Raise `CorrectionError` when another MiniStack is installed."""
    hooks.check_version("MiniStack", "ministack", VERSION, __name__)


def application() -> Any:
    """The emulator's main module. It is untyped, and not installed where this code is checked, as the two below."""
    return importlib.import_module("ministack.app")


def service(name: str) -> Any:
    """The emulator's module of that service."""
    return importlib.import_module(f"ministack.services.{name}")


def core(name: str) -> Any:
    """A module of the emulator's core."""
    return importlib.import_module(f"ministack.core.{name}")


def replace_in_script(owner: Any, name: str, old: str, new: str) -> None:
    """Change `old`, which must be there once, in the text `owner.name` of a program that the emulator starts."""
    script = getattr(owner, name, "")
    if script.count(old) != 1:
        raise CorrectionError(f"{owner.__name__}.{name} has {old.strip()!r} {script.count(old)} times, not once")
    setattr(owner, name, script.replace(old, new))
