"""What ends a command early, and with which exit code.

    CliError
    ├── BadInputError        2   what the operator gave breaks a rule; the sentence has rule, example, value received
    ├── RefusedError         2   a plan that must not be applied (changed, expired, applied before, unknown target)
    ├── NothingMatchedError  3   the archive was read and no event is wanted
    │   └── NothingReadableError   some of it could not be read
    ├── FailedError          1   it should have worked and did not
    └── InterruptedWatchError  1   Ctrl-C while a replay was watched; the replay itself goes on

Everything else that AWS says is told in one sentence with exit code 1 (`app`).
"""

from typing import ClassVar

_MOST_SHOWN = 300
DONE, FAILED, BAD_INPUT, NOTHING_MATCHED = 0, 1, 2, 3


class CliError(Exception):
    """Ends the command; the text is one sentence for the operator."""

    exit_code: ClassVar[int] = FAILED


class FailedError(CliError):
    """The work could not be done."""


class BadInputError(CliError):
    """An option or argument breaks a rule."""

    exit_code: ClassVar[int] = BAD_INPUT

    def __init__(self, name: str, rule: str, *, example: str, received: object) -> None:
        given = repr(received)
        shown = given if len(given) <= _MOST_SHOWN else f"{given[:_MOST_SHOWN]}... ({len(given):,} characters)"
        super().__init__(f"{name} {rule}, for example {example}; received {shown}")


class RefusedError(CliError):
    """The plan or the replay is not one that this can be done with."""

    exit_code: ClassVar[int] = BAD_INPUT


class NothingMatchedError(CliError):
    """No event of the archive is wanted."""

    exit_code: ClassVar[int] = NOTHING_MATCHED


class NothingReadableError(NothingMatchedError):
    """The same, and something could not be read that may hold some."""


class InterruptedWatchError(CliError):
    """Ctrl-C while a replay was watched."""
