"""The emulator's own modules, by name: it is not installed where the bench's code is checked."""

import importlib
from collections.abc import Callable
from typing import Any

from testbench.errors import CorrectionError


def module(name: str) -> Any:
    """`ministack.<name>`."""
    return importlib.import_module(f"ministack.{name}")


def step_functions() -> Any:
    """The emulator's Step Functions."""
    return module("services.stepfunctions")


def replace(owner: Any, name: str, new: Any) -> Any:
    """Put `new` in the place of `owner.name` and return what was there. Raises `CorrectionError` when nothing was."""
    old = getattr(owner, name, None)
    if old is None:
        raise CorrectionError(
            f"{getattr(owner, '__name__', owner)} has no {name} any more; it was there in the pinned version"
        )
    setattr(owner, name, new)
    return old


def wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    """Have `owner.name` call `wrapper(what was there, *arguments)`."""
    original = replace(owner, name, None)

    def wrapped(*given: Any, **named: Any) -> Any:
        return wrapper(original, *given, **named)

    setattr(owner, name, wrapped)


def failure(error: str, cause: str) -> Exception:
    """The exception by which the emulator ends a state with an error name."""
    made: Exception = step_functions()._ExecutionError(error, cause)
    return made
