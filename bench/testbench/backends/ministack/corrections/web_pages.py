"""The emulator serves every web page and lets it read the answers (testbench/backends/web_pages.py)."""

from testbench.backends.web_pages import apply

__all__ = ["apply"]
