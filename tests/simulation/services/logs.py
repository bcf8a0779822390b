"""CloudWatch Logs: what functions print, a few seconds late."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import Network, ServiceError
from tests.simulation.scheduler import EPOCH
from tests.simulation.troubles import fraction


@dataclass
class Logs:
    """One account's log groups: name -> (time, when it can be seen, line). `lag`: how late a line may be seen."""

    network: Network
    lag: float = 4.0
    groups: dict[str, list[tuple[float, float, str]]] = field(default_factory=dict)

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the group."""
        return str(params.get("logGroupName", ""))

    def write(self, group: str, text: str) -> None:
        """A function has printed this."""
        lines = self.groups.setdefault(group, [])
        now = self.network.scheduler.now
        for line in text.splitlines():
            late = self.lag * fraction(self.network.troubles.seed, "log", group, len(lines))
            lines.append((now, now + late, line))

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def filter_log_events(self, **params: Any) -> Any:
        group = params["logGroupName"]
        if group not in self.groups:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        text = params.get("filterPattern", "").strip('"')
        now = self.network.scheduler.now
        events = [
            {"timestamp": int((EPOCH + at) * 1000), "eventId": f"{group}-{number}", "message": line}
            for number, (at, seen_at, line) in enumerate(self.groups[group])
            if seen_at <= now and text in line and (EPOCH + at) * 1000 >= params.get("startTime", 0)
        ]
        return {"events": events}
