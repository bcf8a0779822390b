"""What can go wrong on the bench.

BenchError                  something the bench cannot do; the message says what to do about it
+-- PartDiedError           a part ended before it was ready, or is gone; carries the end of its log
|   +-- PortTakenError      it ended because another process holds its port: another port may work
+-- PrerequisiteError       the machine lacks something (terraform, a provider, a package index)
+-- TerraformError          terraform said no; the message is terraform's own
+-- CorrectionError         the emulator is not the version that the corrections were written for
"""


class BenchError(Exception):
    """Something the bench cannot do; the message says what to do about it."""


class PartDiedError(BenchError):
    """A part is not running although it should be."""

    def __init__(self, part: str, reason: str, log_tail: str) -> None:
        end = f"\nthe last lines of its log:\n{log_tail}" if log_tail else "\nits log is empty"
        super().__init__(f"{part} {reason}{end}")
        self.part = part
        self.log_tail = log_tail


class PortTakenError(PartDiedError):
    """A part ended because another process took its port between choosing and binding it."""


class PrerequisiteError(BenchError):
    """The machine lacks something; the message names it."""


class TerraformError(BenchError):
    """A terraform command failed; the message is terraform's own."""


class CorrectionError(BenchError):
    """The installed emulator differs from the one that a correction was written for."""
