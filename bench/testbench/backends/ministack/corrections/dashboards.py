"""What CloudWatch refuses of a dashboard, and MiniStack 1.5.33 accepts: a body that is none.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
import re
from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import alarms, hooks

KINDS = ("alarm", "custom", "explorer", "log", "metric", "text")
WIDEST, HIGHEST = 24, 1000
MOST_WIDGETS = 500


def problem(name: str, body: str) -> str | None:
    """What is wrong with a dashboard, None when CloudWatch takes it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", name):
        rule = "It can only contain alphanumerics, dash (-) and underscore (_)."
        return f"The value {name} for field DashboardName contains invalid characters. {rule}"
    try:
        found = json.loads(body)
    except ValueError as error:
        return f"The field DashboardBody must be a valid JSON object: {error}"
    widgets = found.get("widgets") if isinstance(found, dict) else None
    if not isinstance(widgets, list):
        return "The field DashboardBody must be an object with a list of widgets"
    if len(widgets) > MOST_WIDGETS:
        return f"A dashboard has at most {MOST_WIDGETS} widgets"
    for number, widget in enumerate(widgets):
        if not isinstance(widget, dict) or widget.get("type") not in KINDS:
            return f"/widgets/{number}/type: Should match one of {', '.join(KINDS)}"
        if not isinstance(widget.get("properties"), dict):
            return f"/widgets/{number}: Should have required property 'properties'"
        for side, most in (("width", WIDEST), ("height", HIGHEST)):
            if not (isinstance(size := widget.get(side, 1), int) and 1 <= size <= most):
                return f"/widgets/{number}/{side}: Should be from 1 to {most}"
    return None


def apply() -> None:
    """Check before the emulator keeps it."""
    watch = hooks.service("cloudwatch")

    def put(original: Callable[..., Any], params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        given = data if is_cbor or is_json else alarms.from_query(params)
        if wrong := problem(given.get("DashboardName") or "", given.get("DashboardBody") or ""):
            return watch._error("InvalidParameterInput", wrong, 400, is_json, is_cbor)
        return original(params, data, is_cbor, is_json)

    hooks.wrap(watch, "_put_dashboard", ("params", "cbor_data", "is_cbor", "is_json"), put)
