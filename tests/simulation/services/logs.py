"""CloudWatch Logs: what functions print, a few seconds late."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import Network, ServiceError
from tests.simulation.scheduler import EPOCH
from tests.simulation.troubles import fraction


@dataclass
class Logs:
    """One account's log groups: (time, when it can be seen, stream, line). `lag`: how late a line may be seen."""

    network: Network
    lag: float = 4.0
    groups: dict[str, list[tuple[float, float, str, str]]] = field(default_factory=dict)

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the group."""
        return str(params.get("logGroupName", ""))

    def write(self, group: str, stream: str, text: str) -> None:
        """An instance of a function has printed this."""
        lines = self.groups.setdefault(group, [])
        now = self.network.scheduler.now
        for line in text.splitlines():
            late = self.lag * fraction(self.network.troubles.seed, "log", group, len(lines))
            lines.append((now, now + late, stream, line))

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def filter_log_events(self, **params: Any) -> Any:
        group = params["logGroupName"]
        if group not in self.groups:
            raise ServiceError("ResourceNotFoundException", "The specified log group does not exist.")
        text = params.get("filterPattern", "").strip('"')
        now = self.network.scheduler.now
        events = [
            {
                "timestamp": int((EPOCH + at) * 1000),
                "eventId": f"{group}-{number}",
                "logStreamName": stream,
                "message": line,
            }
            for number, (at, seen_at, stream, line) in enumerate(self.groups[group])
            if seen_at <= now and text in line and (EPOCH + at) * 1000 >= params.get("startTime", 0)
        ]
        return {"events": events}
