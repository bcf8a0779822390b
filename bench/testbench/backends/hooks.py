"""Putting our functions in the place of an emulator's, or refusing to when the emulator is not the one we know."""

import functools
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

from testbench.errors import CorrectionError


def check_version(name: str, distribution: str, version: str, where: str) -> None:
    """Raise `CorrectionError` when another version of the emulator is installed. `where` says where VERSION is."""
    found = importlib.metadata.version(distribution)
    if found != version:
        raise CorrectionError(
            f"{name} {found} is installed, the corrections are for {version}: run bench/tests/local_aws against "
            f"the new version, drop the corrections it no longer needs, then change VERSION in {where}"
        )


def expected(owner: Any, name: str, *parameters: str) -> Any:
    """`owner.name`, a function with exactly these parameters. Raises `CorrectionError` when it is not there."""
    found = getattr(owner, name, None)
    where = f"{getattr(owner, '__name__', owner)}.{name}"
    if not callable(found):
        raise CorrectionError(f"the emulator has no function {where}")
    actual = tuple(inspect.signature(found).parameters)
    if actual != parameters:
        raise CorrectionError(f"{where} takes ({', '.join(actual)}), not ({', '.join(parameters)}) as when corrected")
    return found


def replace(owner: Any, name: str, parameters: tuple[str, ...], new: Callable[..., Any]) -> None:
    """Put `new` in the place of `owner.name`."""
    expected(owner, name, *parameters)
    setattr(owner, name, new)


def wrap(
    owner: Any, name: str, parameters: tuple[str, ...], wrapper: Callable[..., Any], table: dict[str, Any] | None = None
) -> None:
    """Have every call of `owner.name(...)` become `wrapper(original, ...)`. Several may wrap the same function.

    `table` is the emulator's table of handlers, where it has one that names the function: it is changed there, too.
    """
    original = expected(owner, name, *parameters)

    @functools.wraps(original)  # so that the next one who wraps it finds the emulator's parameters
    def wrapped(*given: Any, **named: Any) -> Any:
        return wrapper(original, *given, **named)

    setattr(owner, name, wrapped)
    if table is not None:
        actions = [action for action, handler in table.items() if handler is original]
        if not actions:
            raise CorrectionError(f"the emulator's table of handlers does not have {owner.__name__}.{name}")
        table.update(dict.fromkeys(actions, wrapped))


def set_constant(owner: Any, name: str, known: Any, new: Any) -> None:
    """Change the constant `owner.name`. Raises `CorrectionError` when it is not what it is known to be."""
    found = getattr(owner, name, None)
    if found != known:
        raise CorrectionError(f"{owner.__name__}.{name} is {found!r}, not {known!r} as when corrected")
    setattr(owner, name, new)
