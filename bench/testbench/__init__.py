"""A local AWS on loopback for tests, examples and trying things out: no Docker, no AWS account.

`Bench` is the whole Python interface; `python -m testbench --help` is the same for people. What is real and what is
emulated: bench/docs/emulation.md.

The exports are loaded on first use, because the emulator's own virtualenv also imports this package (for its launcher)
and has none of the bench's dependencies.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from testbench.bench import Bench
    from testbench.errors import BenchError
    from testbench.terraform import run_terraform, terraform_environment
    from testbench.workspace import Workspace

__all__ = ["Bench", "BenchError", "Workspace", "run_terraform", "terraform_environment"]

_HOMES = {
    "Bench": "testbench.bench",
    "BenchError": "testbench.errors",
    "Workspace": "testbench.workspace",
    "run_terraform": "testbench.terraform",
    "terraform_environment": "testbench.terraform",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
