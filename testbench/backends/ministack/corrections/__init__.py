"""Corrections of the pinned MiniStack, each in its own module, applied before the emulator starts."""


def apply() -> None:
    """Apply every correction."""
