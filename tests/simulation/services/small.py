"""What the code asks little of: who one is, which subscription feeds a queue, how old a queue's oldest message is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.simulation.clients import ACCOUNT, Network
from tests.simulation.scheduler import EPOCH
from tests.simulation.services.sqs import Sqs
from tests.simulation.troubles import fraction


class Sts:
    """Tells the operator by the name of the process."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def resource(self, params: dict[str, Any]) -> str:
        """Nothing."""
        return ""

    def get_caller_identity(self, **_: Any) -> Any:
        name = self._network.process.name.partition("#")[0]
        return {"Arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/operator/{name}", "Account": ACCOUNT, "UserId": name}


class Sns:
    """One topic whose only subscription that can be seen feeds the target, raw or not."""

    def __init__(self, endpoint: str, topic: str, *, raw: bool, filter_policy: str | None = None) -> None:
        self._endpoint = endpoint
        self._arn = f"{topic}:1b0e71bd"
        self._attributes = {"RawMessageDelivery": str(raw).lower(), "Endpoint": endpoint}
        if filter_policy is not None:
            self._attributes["FilterPolicy"] = filter_policy

    def resource(self, params: dict[str, Any]) -> str:
        """Nothing."""
        return ""

    def list_subscriptions_by_topic(self, **_: Any) -> Any:
        return {"Subscriptions": [{"SubscriptionArn": self._arn, "Endpoint": self._endpoint, "Protocol": "sqs"}]}

    def get_subscription_attributes(self, **_: Any) -> Any:
        return {"Attributes": self._attributes}


class CloudWatch:
    """The age of a queue's oldest message: a minute late, or not there at all."""

    def __init__(self, network: Network, sqs: Sqs) -> None:
        self._network = network
        self._sqs = sqs

    def resource(self, params: dict[str, Any]) -> str:
        """The queue's name."""
        return str(params["Dimensions"][0]["Value"])

    def get_metric_statistics(self, **params: Any) -> Any:
        queue = self._sqs.queues[params["Dimensions"][0]["Value"]]
        now = self._sqs.now
        if fraction(self._network.troubles.seed, "metric", int(now / 60)) < 0.3:
            return {"Datapoints": []}
        then = now - 60
        ages = [then - message.sent_at for message in queue.messages.values() if message.sent_at <= then]
        moment = datetime.fromtimestamp(EPOCH + then, UTC)
        return {"Datapoints": [{"Timestamp": moment, "Maximum": max(ages, default=0.0)}]}
