"""The exception by which the emulator ends a state with an error name."""

from testbench.backends.ministack.corrections import hooks


def execution_error(error: str, cause: str) -> Exception:
    """What Retry and Catch see as `error`, with the words of `cause`."""
    made: Exception = hooks.service("stepfunctions")._ExecutionError(error, cause)
    return made
