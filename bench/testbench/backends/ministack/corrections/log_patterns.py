"""Filter patterns of log groups.

MiniStack 1.5.33 takes every JSON pattern as one that matches all, has no regular expressions, and does not look at the
case of terms. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.log_patterns import PatternError, compile_pattern


def apply() -> None:
    """Put our patterns in the place of the emulator's; refuse those that AWS refuses."""
    logs, responses = hooks.service("cloudwatch_logs"), hooks.core("responses")

    def matches(pattern: str, message: str | None) -> bool:
        return compile_pattern(pattern or "")(message or "")

    def checked(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        try:
            compile_pattern(data.get("filterPattern") or "")
        except PatternError as error:
            return responses.error_response_json("InvalidParameterException", str(error), 400)
        return original(data)

    hooks.replace(logs, "_compile_filter_pattern", ("raw",), compile_pattern)
    hooks.replace(logs, "_subscription_pattern_matches", ("pattern", "message"), matches)
    for name in ("_filter_log_events", "_put_subscription_filter", "_put_metric_filter"):
        hooks.wrap(logs, name, ("data",), checked)
