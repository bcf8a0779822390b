"""The emulator does not look at the Host, so a page can reach it by DNS rebinding (testbench/backends/web_pages.py)."""

from testbench.backends.web_pages import apply

__all__ = ["apply"]
