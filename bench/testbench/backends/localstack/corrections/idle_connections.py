"""The emulator closes a connection that waits for the next request (testbench/backends/idle_connections.py)."""

from testbench.backends.idle_connections import apply

__all__ = ["apply"]
