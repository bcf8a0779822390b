"""CloudWatch alarms over the Query protocol, which is what the Terraform provider speaks.

MiniStack 1.5.33 keeps an alarm whole, but answers DescribeAlarms in XML with a few of its fields (and reads fewer of
PutMetricAlarm there), so each plan wants to change each alarm. Here the Query call takes the emulator's JSON path:
request parameters to JSON, JSON to XML, by the protocol's own rules. It also takes alarms that CloudWatch refuses.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from testbench.backends.ministack.corrections import hooks

Call = Callable[..., Any]

_MEMBER = "member"
_BOOLEANS = {"ActionsEnabled", "EvaluateLowSampleCountPercentile", "ReturnData"}
_TIMESTAMPS = re.compile(r"Timestamp$")
_EMPTY_MEANS_ABSENT = {"AlarmDescription", "Unit", "ExtendedStatistic", "Statistic", "MetricName", "Namespace"}


_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_DAY = 86_400
_STATISTIC = re.compile(
    r"SampleCount|Average|Sum|Minimum|Maximum|IQM|p(\d{1,2}(\.\d{1,10})?|100)"
    r"|(TM|WM|TC|TS|PR)\([\d.]*%?:[\d.]*%?\)|(tm|wm|tc|ts)(\d{1,2}(\.\d{1,10})?|100)"
)
_ID = re.compile(r"[a-z][A-Za-z0-9_]{0,254}")
_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|\b[a-z]\w*\b(?!\s*\()")


def metric_problem(alarm: Mapping[str, Any]) -> str | None:
    """What is wrong with an alarm on one metric, None when nothing is."""
    for name in ("MetricName", "Namespace", "Period"):
        if not alarm.get(name):
            return f"The parameter {name} is required for an alarm on one metric."
    simple, extended = alarm.get("Statistic"), alarm.get("ExtendedStatistic")
    if bool(simple) == bool(extended):
        return "Exactly one of Statistic and ExtendedStatistic must be specified."
    if extended and not _STATISTIC.fullmatch(str(extended)):
        return f"The value {extended} for parameter ExtendedStatistic is not supported."
    if alarm.get("Threshold") in (None, ""):
        return "The parameter Threshold is required."
    names = [dimension.get("Name") for dimension in alarm.get("Dimensions") or ()]
    if len(names) != len(set(names)):
        return "Dimensions must have different names."
    return None


def metrics_problem(alarm: Mapping[str, Any]) -> str | None:
    """What is wrong with an alarm on an expression, None when nothing is."""
    if single := sorted(name for name in ("MetricName", "Namespace", "Statistic", "Period") if alarm.get(name)):
        return f"{', '.join(single)} cannot be specified together with Metrics."
    queries = alarm["Metrics"]
    ids = [str(query.get("Id", "")) for query in queries]
    if wrong := [name for name in ids if not _ID.fullmatch(name)]:
        return f"The value '{wrong[0]}' for Id must be letters, digits and underscores, a small letter first."
    if len(ids) != len(set(ids)):
        return "The values for parameter Id in Metrics are not unique."
    for query in queries:
        if bool(query.get("MetricStat")) == bool(query.get("Expression")):
            return f"{query['Id']} must have exactly one of MetricStat and Expression."
        stat = (query.get("MetricStat") or {}).get("Stat")
        if stat and not _STATISTIC.fullmatch(str(stat)):
            return f"The value {stat} for parameter Stat is not supported."
        if unknown := sorted(_names(query.get("Expression") or "") - set(ids)):
            return f"Error in expression '{query['Id']}': unknown {', '.join(unknown)}"
    answering = [query for query in queries if query.get("ReturnData", True) is not False]
    band = alarm.get("ThresholdMetricId")
    if len([query for query in answering if query["Id"] != band]) != 1:
        return "Exactly one element of the metrics list should return data."
    if band and band not in ids:
        return f"ThresholdMetricId {band} is not in Metrics."
    return None if band or alarm.get("Threshold") not in (None, "") else "The parameter Threshold is required."


def _names(expression: str) -> set[str]:
    """What an expression names of the other metrics; queries are not looked into."""
    if re.match(r"\s*SELECT\b", expression, re.IGNORECASE):
        return set()
    return {word for word in _WORDS.findall(expression) if word[0] not in "'\""}


def problem(alarm: Mapping[str, Any]) -> str | None:
    """What CloudWatch refuses of an alarm, None for a good one."""
    for action in (action for kind in _ACTIONS for action in alarm.get(kind) or ()):
        if not re.fullmatch(r"arn:aws[a-z-]*:[a-z0-9-]+:.*:.*:.+", str(action)):
            return f"Invalid alarm action ARN: {action}"
    for name in ("ComparisonOperator", "EvaluationPeriods"):
        if not alarm.get(name):
            return f"The parameter {name} is required."
    if wrong := metrics_problem(alarm) if alarm.get("Metrics") else metric_problem(alarm):
        return wrong
    missing = alarm.get("TreatMissingData") or "missing"
    if missing not in _MISSING:
        return f"The value '{missing}' for TreatMissingData must be one of {', '.join(_MISSING)}."
    periods = int(alarm.get("EvaluationPeriods") or 1)
    if int(alarm.get("DatapointsToAlarm") or 1) > periods:
        return "The number of datapoints to alarm must be less than or equal to the number of evaluation periods."
    period = int(alarm.get("Period") or 60)
    if period not in (10, 20, 30) and period % 60:
        return f"Period must be 10, 20, 30 or a multiple of 60, it is {period}."
    most = 7 * _DAY if period >= 3600 else _DAY
    if period * periods > most:
        return f"Metrics cannot be checked across more than {most // _DAY} days (EvaluationPeriods * Period)."
    return None


def from_query(parameters: Mapping[str, list[str]]) -> dict[str, Any]:
    """The JSON form of Query parameters: `Dimensions.member.1.Name=x` becomes {"Dimensions": [{"Name": "x"}]}."""
    tree: dict[str, Any] = {}
    for name, values in parameters.items():
        if name in ("Action", "Version"):
            continue
        node = tree
        *path, last = name.split(".")
        for step in path:
            node = node.setdefault(step, {})
        node[last] = values[0] == "true" if last in _BOOLEANS else values[0]
    return {name: _lists(value) for name, value in tree.items()}


def _lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if set(node) == {_MEMBER}:
        return [_lists(node[_MEMBER][number]) for number in sorted(node[_MEMBER], key=int)]
    return {name: _lists(value) for name, value in node.items()}


def to_xml(name: str, value: Any) -> str:
    """The Query protocol's XML of a JSON value; "" for what is absent."""
    if value is None or (value == "" and name in _EMPTY_MEANS_ABSENT):
        return ""
    if isinstance(value, dict):
        inner = "".join(to_xml(key, item) for key, item in value.items())
    elif isinstance(value, list):
        inner = "".join(to_xml(_MEMBER, item) for item in value)
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    elif _TIMESTAMPS.search(name):
        inner = datetime.fromtimestamp(float(value), UTC).isoformat().replace("+00:00", "Z")
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def apply() -> None:
    """Send the two Query calls through the emulator's JSON path."""
    service = hooks.service("cloudwatch")

    def by_json(original: Call, params: Any) -> Any | None:
        """The JSON answer's content, None when the call was refused."""
        answer = original(params, from_query(params), False, True)
        return json.loads(answer[2]) if answer[0] == 200 else None

    def put(original: Call, params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if wrong := problem(cbor_data if is_cbor or is_json else from_query(params)):
            return service._error("ValidationError", wrong, 400, is_json, is_cbor)
        if is_cbor or is_json or by_json(original, params) is None:
            return original(params, cbor_data, is_cbor, is_json)  # a refusal is said again, in XML
        return service._xml(200, "PutMetricAlarmResponse", "")

    def describe(original: Call, params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        content = None if is_cbor or is_json else by_json(original, params)
        if content is None:
            return original(params, cbor_data, is_cbor, is_json)
        return service._xml(200, "DescribeAlarmsResponse", to_xml("DescribeAlarmsResult", content))

    hooks.expected(service, "_xml", "status", "root_tag", "inner")
    parameters = ("params", "cbor_data", "is_cbor", "is_json")
    hooks.wrap(service, "_put_metric_alarm", parameters, put)
    hooks.wrap(service, "_describe_alarms", parameters, describe)
