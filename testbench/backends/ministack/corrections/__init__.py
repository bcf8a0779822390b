"""Corrections of the pinned MiniStack, each in its own module, applied before the emulator starts."""

from testbench.backends.ministack.corrections import step_functions


def apply() -> None:
    """Apply every correction."""
    step_functions.apply()
