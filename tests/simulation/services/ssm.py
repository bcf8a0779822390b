"""Parameter Store: created once, overwritten, and read a little late now and then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.clients import ACCOUNT, REGION, Network, ServiceError
from tests.simulation.troubles import fraction


@dataclass
class Ssm:
    """One account's parameters. `stale`: the share of the reads that answer with what was there up to `lag` s ago."""

    network: Network
    stale: float = 0.0
    lag: float = 10.0
    history: dict[str, list[tuple[float, str | None]]] = field(default_factory=dict)

    def resource(self, params: dict[str, Any]) -> str:
        """For troubles: the parameter's name."""
        return str(params.get("Name", params.get("Path", "")))

    def now(self, name: str) -> str | None:
        """What it truly holds."""
        versions = self.history.get(name)
        return versions[-1][1] if versions else None

    def set(self, name: str, value: str | None) -> None:
        """Write it, from wherever."""
        self.history.setdefault(name, []).append((self.network.scheduler.now, value))

    # -- as boto3 names it --------------------------------------------------------------------------------------------

    def get_parameter(self, **params: Any) -> Any:
        value = self._read(params["Name"])
        if value is None:
            raise ServiceError("ParameterNotFound", params["Name"])
        return {"Parameter": _described(params["Name"], value)}

    def get_parameters_by_path(self, **params: Any) -> Any:
        found = {name: self.now(name) for name in sorted(self.history) if name.startswith(params["Path"])}
        return {"Parameters": [_described(name, value) for name, value in found.items() if value is not None]}

    def put_parameter(self, **params: Any) -> Any:
        if not params.get("Overwrite", False) and self.now(params["Name"]) is not None:
            raise ServiceError("ParameterAlreadyExists", "The parameter already exists.")
        self.set(params["Name"], params["Value"])
        return {"Version": len(self.history[params["Name"]]), "Tier": "Standard"}

    def delete_parameter(self, **params: Any) -> Any:
        if self.now(params["Name"]) is None:
            raise ServiceError("ParameterNotFound", params["Name"])
        self.set(params["Name"], None)
        return {}

    def _read(self, name: str) -> str | None:
        versions = self.history.get(name, [])
        process = self.network.process
        drawn = fraction(self.network.troubles.seed, "stale", process.name, process.calls)
        if drawn < self.stale:
            then = self.network.scheduler.now - self.lag * drawn / self.stale
            return next((value for at, value in reversed(versions) if at <= then), versions[0][1] if versions else None)
        return versions[-1][1] if versions else None


def _described(name: str, value: str) -> dict[str, str]:
    return {
        "Name": name,
        "Value": value,
        "Type": "String",
        "ARN": f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name.removeprefix('/')}",
    }
