"""A setting that was cleared is not there any more when it is read back.

MiniStack 1.5.33 keeps what a caller sends to clear it, an empty string or object, so that a plan after the apply that
cleared a maximum concurrency or a filter policy changes it for ever. AWS leaves it out.
"""

from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

EMPTY: tuple[Any, ...] = (None, "", "{}", {}, {"Filters": []})
OF_A_MAPPING = ("ScalingConfig", "FilterCriteria", "DestinationConfig")
OF_A_SUBSCRIPTION = ("FilterPolicy", "RedrivePolicy", "DeliveryPolicy")


def without_cleared(settings: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The settings without those of these names that are empty."""
    return {name: value for name, value in settings.items() if name not in names or value not in EMPTY}


def apply() -> None:
    """Leave them out of a mapping's description, and out of a subscription when its attributes are set."""

    def mapping(original: Callable[..., dict[str, Any]], esm: dict[str, Any]) -> dict[str, Any]:
        return without_cleared(original(esm), OF_A_MAPPING)

    topics = hooks.service("sns")

    def subscription(original: Callable[..., Any], params: Any) -> Any:
        answer = original(params)
        arn = topics._p(params, "SubscriptionArn")
        if found := topics._find_subscription(topics._sub_arn_to_topic.get(arn), arn):
            found["attributes"] = without_cleared(found["attributes"], OF_A_SUBSCRIPTION)
        return answer

    hooks.wrap(hooks.service("lambda_svc"), "_esm_response", ("esm",), mapping)
    hooks.wrap(topics, "_set_subscription_attributes", ("params",), subscription)
