"""What is asked of the function: by Terraform (`aws_lambda_invocation`, life cycle CRUD) and by the schedule."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from event_fork.errors import InvocationShapeError
from event_fork.index_management.dashboards import Dashboards

TEMPLATE_PREFIX = "event-fork-"
_DELETE_OLD, _DELETE = "delete_old", "delete"

# orders-2026-11-23-13, orders-2026-11-23, orders-2026-w48, orders-2026-11:
# https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html
_PERIOD = re.compile(r"-(\d{4})-(?:w(?P<week>\d\d)|(?P<month>\d\d)(?:-(?P<day>\d\d)(?:-(?P<hour>\d\d))?)?)")


@dataclass(frozen=True)
class ManagedIndex:
    """One fork's index, by its name without the period."""

    name: str
    pattern: str
    """Of the indices with their periods."""
    template_name: str
    template: Mapping[str, Any]
    alias: str | None
    retention_days: int | None
    only_template: bool = False
    """Whether no other template of the domain may match the pattern."""
    dashboards: Dashboards | None = None
    delivery_role_arn: str | None = None
    """Of the stream, in a domain with fine-grained access control: it gets a role there that may write the indices."""

    @classmethod
    def from_input(cls, given: Mapping[str, Any]) -> "ManagedIndex":
        """As Terraform writes it."""
        wanted = given.get("dashboards")
        return cls(**{**given, "dashboards": None if wanted is None else Dashboards(**wanted)})

    def is_own(self, index: str) -> bool:
        """Whether Firehose made that index for this fork: the pattern of `orders` matches those of `orders-2` too."""
        return index == self.name or period_end(index.removeprefix(self.name)) is not None

    def is_seen_as(self, other: "ManagedIndex") -> bool:
        """Whether the same alias means the same indices."""
        return (self.alias, self.pattern) == (other.alias, other.pattern)

    def too_old(self, indices: list[str], now: datetime) -> list[str]:
        """Those whose period ended longer ago than they are kept. What Firehose did not name is never among them."""
        if self.retention_days is None:
            return []
        kept = timedelta(days=self.retention_days)
        ends = {name: period_end(name.removeprefix(self.name)) for name in indices if name.startswith(self.name)}
        return sorted(name for name, end in ends.items() if end is not None and end + kept <= now)


@dataclass(frozen=True)
class Request:
    """`delete_old` is the schedule's; else the index is installed, or removed. `previous`: as it was before."""

    index: ManagedIndex
    delete_old: bool = False
    remove: bool = False
    previous: ManagedIndex | None = None

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Request":
        """Raises InvocationShapeError."""
        try:
            if event.get("action") == _DELETE_OLD:
                return cls(ManagedIndex.from_input(event["index"]), delete_old=True)
            terraform = event["tf"]
            previous = (terraform.get("prev_input") or {}).get("index")
            return cls(
                ManagedIndex.from_input(event["index"]),
                remove=terraform["action"] == _DELETE,
                previous=ManagedIndex.from_input(previous) if previous else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise InvocationShapeError("this function is invoked by Terraform and by its own schedule only") from error


def period_end(suffix: str) -> datetime | None:
    """When the period ends that Firehose wrote behind an index's name; None for another text."""
    match = _PERIOD.fullmatch(suffix)
    if match is None:
        return None
    year, week, month, day, hour = int(match[1]), *(match[name] for name in ("week", "month", "day", "hour"))
    try:
        if week:  # weeks of Sunday to Saturday, the first one has January 1: it ends here, or up to 6 days earlier
            return datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=int(week))
        start = datetime(year, int(month), int(day or 1), int(hour or 0), tzinfo=UTC)
    except ValueError:
        return None
    if hour:
        return start + timedelta(hours=1)
    return start + timedelta(days=1) if day else (start + timedelta(days=31)).replace(day=1)
