"""The emulator does not close a connection that waits for the next request.

Its server, hypercorn, closes it after 5 s; the SDK in Terraform's provider sends requests on connections of up to 90 s.
One that has just come is served, and its answer is lost: ../../ministack/corrections/idle_connections.py. A second
CreateLogGroup then ends the apply with ResourceAlreadyExistsException.
"""

import importlib

from testbench.backends import hooks

IDLE_SECONDS = 24 * 3600


def apply() -> None:
    """Before the emulator makes its server."""
    hooks.set_constant(importlib.import_module("hypercorn.config").Config, "keep_alive_timeout", 5, IDLE_SECONDS)
