"""What a judge says, and the list of what is known and why it stays."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a judge has against a resource."""

    judge: str
    rule: str
    where: str
    """Address in the module, so that the same resource of many variants is one."""
    message: str

    def __str__(self) -> str:
        return f"{self.judge} {self.rule} at {self.where}: {self.message}"


@dataclass(frozen=True)
class Accepted:
    """A kind of finding that stays, and the reason."""

    judge: str
    rule: str
    where: str
    """Regular expression, matched against the whole address."""
    reason: str
    message: str = ".*"
    """Regular expression that is found in the message."""

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return (
            (self.judge, self.rule) == (finding.judge, finding.rule)
            and re.fullmatch(self.where, finding.where) is not None
            and re.search(self.message, finding.message) is not None
        )


def outside(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[str]:
    """The findings that no entry covers, each kind and place once, with how often it was found."""
    entries = list(accepted)
    found: dict[Finding, int] = defaultdict(int)
    for finding in findings:
        if not any(entry.covers(finding) for entry in entries):
            found[finding] += 1
    return [f"{finding} ({count} x)" for finding, count in sorted(found.items())]


def stale(findings: Iterable[Finding], accepted: Iterable[Accepted]) -> list[Accepted]:
    """The entries that cover nothing any more: they would hide what comes later."""
    seen = list(findings)
    return [entry for entry in accepted if not any(entry.covers(finding) for finding in seen)]
