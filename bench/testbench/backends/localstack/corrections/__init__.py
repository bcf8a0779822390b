"""What the pinned LocalStack lacks without Docker, and where it is wrong: a module each, applied before it starts.

As with MiniStack, where a function of the emulator is gone, takes other arguments, or another version is installed, the
start is refused (`CorrectionError`). What the bench's tests need is corrected; other differences are named on
bench/docs/localstack.md, and the contract tests know them.
"""

from importlib import import_module

from testbench.backends import hooks

VERSION = "2026.3.0"
"""The LocalStack that the corrections were written for and are tested with (requirements/localstack.in)."""
CORRECTIONS = (
    "process_executor",
    "moto_services",
    "gateway_responses",
    "sns_timestamp",
    "web_pages",
    "idle_connections",
)
"""The one list of them: names of modules with a function `apply()`."""


def apply() -> None:
    """Apply every correction. Raises `CorrectionError`."""
    hooks.check_version("LocalStack", "localstack-core", VERSION, __name__)
    for name in CORRECTIONS:
        import_module(f"{__name__}.{name}").apply()
