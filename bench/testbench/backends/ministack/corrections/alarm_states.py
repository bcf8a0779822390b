"""Alarms on a metric: their states, and who is told.

MiniStack 1.5.33 looks at an alarm when somebody puts metrics, and then at every metric of that name, whatever its
dimensions. Here it is looked at each second, over the last periods up to now, by AWS's rules.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
A topic is told when its policy lets CloudWatch in. Alarms on expressions of several metrics are not looked at.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from operator import ge, gt, le, lt
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks, metrics

LOOK_SECONDS = 1.0
_COMPARE = {
    "GreaterThanOrEqualToThreshold": ge,
    "GreaterThanThreshold": gt,
    "LessThanThreshold": lt,
    "LessThanOrEqualToThreshold": le,
}
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


def state(alarm: Mapping[str, Any], values: Sequence[float | None]) -> str:
    """The state that the statistics of the evaluated periods, newest first, None where nothing was measured, give."""
    missing = alarm.get("TreatMissingData") or "missing"
    breaches = _COMPARE[alarm["ComparisonOperator"]]
    threshold, wanted = float(alarm["Threshold"]), int(alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"])
    found = [bool(breaches(value, threshold)) for value in values if value is not None]
    gaps = len(values) - len(found)
    if not found and missing in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if missing == "missing" else str(alarm["StateValue"])
    return "ALARM" if sum(found) + (gaps if missing == "breaching" else 0) >= wanted else "OK"


def apply() -> None:
    """Replace the emulator's look at an alarm, look each second, and ask topics' policies."""
    watch, responses, topics = hooks.service("cloudwatch"), hooks.core("responses"), hooks.service("sns")
    log = logging.getLogger("cloudwatch")

    def values(alarm: Mapping[str, Any], now: float) -> list[float | None]:
        dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}
        key = (alarm["Namespace"], alarm["MetricName"], watch._dims_key(dimensions))
        points = list(watch._metrics.get(key) or [])
        period = int(alarm.get("Period") or 60)
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        found: list[float | None] = []
        for number in range(int(alarm.get("EvaluationPeriods") or 1)):
            end = now - number * period
            inside = [point for point in points if end - period < point["Timestamp"] <= end]
            statistics = watch._calc_stats(inside)
            found.append(watch._stat_value(statistics, statistic, inside) if statistics else None)
        return found

    def evaluate(alarm: dict[str, Any]) -> None:
        if not alarm.get("MetricName") or alarm.get("ComparisonOperator") not in _COMPARE:
            return
        found = values(alarm, time.time())
        old, new = alarm["StateValue"], state(alarm, found)
        if old == new:
            return
        shown = ", ".join("nothing" if value is None else f"{value:g}" for value in found)
        reason = f"Threshold Crossed: [{shown}] with {alarm['ComparisonOperator']} {alarm['Threshold']}"
        alarm |= {"StateValue": new, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
        log.info("alarm %s: %s, was %s", alarm["AlarmName"], new, old)
        watch._record_history(alarm["AlarmName"], old, new, reason)
        watch._dispatch_alarm_actions(alarm, old, new, reason)
        watch._evaluate_parent_alarms(alarm)

    def tell(original: Callable[..., None], alarm: Mapping[str, Any], *given: Any) -> None:
        arn, account = str(alarm.get("AlarmArn", "")), responses.get_account_id()

        def allowed(topic_arn: str) -> bool:
            let_in = not authorisation.enforced() or topics.topic_policy_allows(
                topic_arn, "cloudwatch.amazonaws.com", arn, account
            )
            if not let_in:
                log.warning("alarm %s: the policy of %s does not let CloudWatch in", alarm["AlarmName"], topic_arn)
            return bool(let_in)

        may = {
            name: [
                action for action in alarm.get(name) or [] if not watch._is_sns_action_arn(action) or allowed(action)
            ]
            for name in _ACTIONS
        }
        original({**alarm, **may}, *given)

    def look() -> None:
        for (account, region, *_), alarm in list(watch._alarms._data.items()):
            with responses.request_scope(account, region):
                evaluate(alarm)

    for name, parameters in {
        "_calc_stats": ("points",),
        "_dims_key": ("dims",),
        "_evaluate_parent_alarms": ("child", "seen"),
        "_is_sns_action_arn": ("action",),
        "_record_history": ("alarm_name", "old_state", "new_state", "reason", "alarm_type", "reason_data"),
        "_stat_value": ("stats", "stat_name", "points"),
    }.items():
        hooks.expected(watch, name, *parameters)
    hooks.expected(topics, "topic_policy_allows", "topic_arn", "service", "source_arn", "source_account")
    hooks.replace(watch, "_evaluate_alarm", ("alarm",), evaluate)
    hooks.wrap(watch, "_dispatch_alarm_actions", ("alarm", "old_state", "new_state", "reason"), tell)
    metrics.every(LOOK_SECONDS, look)
