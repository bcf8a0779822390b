"""Corrections of the pinned MiniStack, each in its own module, applied before the emulator starts."""

from testbench.backends.ministack.corrections import api_gateway, step_functions


def apply() -> None:
    """Apply every correction."""
    api_gateway.apply()
    step_functions.apply()
