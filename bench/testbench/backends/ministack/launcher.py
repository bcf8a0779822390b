"""Starts MiniStack with the bench's corrections: `python -m testbench.backends.ministack.launcher`.

Runs on the emulator's interpreter, which has none of the bench's dependencies. Everything is set by environment
variables (part.py).
"""

import importlib
import sys

from testbench import lease
from testbench.backends.ministack import corrections
from testbench.errors import CorrectionError


def main() -> None:
    """Correct, then run the emulator in the foreground until it is told to end."""
    lease.watch()
    try:
        corrections.apply()
    except CorrectionError as error:
        sys.exit(f"refusing to start: {error}")
    sys.argv = ["ministack"]
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
