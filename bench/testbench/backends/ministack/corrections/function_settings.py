"""What Lambda refuses of a function, in which states it is, and what cannot be done in them.

MiniStack 1.5.33 takes environments of any size, lets a function be invoked and changed while it is Pending, and says
Pending of one that is only updated. A payload that is no JSON, or too large, reaches the function as it is not. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks

LARGEST_ENVIRONMENT = 4096
LARGEST_PAYLOAD = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
RESERVED = {
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
}
_MADE = "_testbench_made"


def environment_problem(variables: Mapping[str, str]) -> tuple[str, str] | None:
    """(code, message) for variables that Lambda refuses, None for good ones."""
    unable = (
        "Lambda was unable to configure your environment variables because the environment variables you have provided"
    )
    if reserved := sorted(RESERVED & set(variables)):
        return "InvalidParameterValueException", (
            f"{unable} contains reserved keys that are currently not supported for modification. Reserved keys used in "
            f"this request: {', '.join(reserved)}"
        )
    measured = json.dumps(variables, separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode()) > LARGEST_ENVIRONMENT:
        return "InvalidParameterValueException", f"{unable} exceeded the 4KB limit. String measured: {measured}"
    return None


def payload_problem(body: bytes, invocation: str) -> tuple[str, str, int] | None:
    """(code, message, HTTP status) for a payload that Lambda refuses, None for a good one."""
    limit = LARGEST_PAYLOAD.get(invocation, LARGEST_PAYLOAD["RequestResponse"])
    if len(body) > limit:
        words = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        return "RequestTooLargeException", words, 413
    try:
        json.loads(body or b"{}")
    except ValueError as error:
        words = f"Could not parse request body into json: Could not parse payload into json: {error}"
        return "InvalidRequestContentException", words, 400
    return None


def apply() -> None:
    """Check before the emulator does what is asked."""
    functions, responses = hooks.service("lambda_svc"), hooks.core("responses")

    def refused(data: Mapping[str, Any]) -> Any:
        wrong = environment_problem((data.get("Environment") or {}).get("Variables") or {})
        return responses.error_response_json(*wrong, 400) if wrong else None

    def conflict(name: str) -> Any:
        """The refusal of a change while another is in progress."""
        config = (functions._functions.get(name) or {}).get("config") or {}
        reason = None
        if config.get("State") == "Pending":
            reason = "The function is currently in the following state: Pending"
        elif config.get("LastUpdateStatus") == "InProgress":
            reason = f"An update is in progress for resource: {config['FunctionArn']}"
        if reason is None:
            return None
        words = f"The operation cannot be performed at this time. {reason}"
        return responses.error_response_json("ResourceConflictException", words, 409)

    def create(original: Callable[..., Any], data: dict[str, Any]) -> Any:
        name = functions._resolve_name(data.get("FunctionName") or "")
        if name and not NAME.fullmatch(name):
            length = "Member must have length less than or equal to 64"
            rule = length if len(name) > 64 else "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+"
            words = (
                f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: {rule}"
            )
            return responses.error_response_json("ValidationException", words, 400)
        return refused(data) or original(data)

    def update(original: Callable[..., Any], name: str, data: dict[str, Any]) -> Any:
        return refused(data) or conflict(name) or original(name, data)

    def update_code(original: Callable[..., Any], name: str, data: dict[str, Any]) -> Any:
        return conflict(name) or original(name, data)

    def schedule(original: Callable[..., None], name: str, delay: float) -> None:
        record = functions._functions[name]
        if record.setdefault(_MADE, False):  # an update: the version before it goes on serving
            record["config"] |= {"State": "Active", "StateReason": "", "StateReasonCode": ""}
        record[_MADE] = True
        original(name, delay)

    async def invoke(original: Callable[..., Any], name: str, *given: Any, **named: Any) -> Any:
        config = (functions._functions.get(name) or {}).get("config") or {}
        if config.get("State") == "Pending":
            return conflict(name)
        return await original(name, *given, **named)

    async def request(original: Any, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/invocations"):
            given = {name.lower(): value for name, value in headers.items()}
            if wrong := payload_problem(body, given.get("x-amz-invocation-type", "RequestResponse")):
                return responses.error_response_json(*wrong)
        return await original(method, path, headers, body, query)

    def delete_alias(original: Callable[..., Any], function: str, alias: str) -> Any:
        there = functions._functions.get(function)
        return (204, {}, b"") if there and alias not in there["aliases"] else original(function, alias)

    hooks.expected(functions, "_resolve_name", "name_or_arn")
    hooks.wrap(functions, "_create_function", ("data",), create)
    hooks.wrap(functions, "_update_config", ("name", "data"), update)
    hooks.wrap(functions, "_update_code", ("name", "data"), update_code)
    hooks.wrap(functions, "_schedule_state_transition", ("func_name", "delay"), schedule)
    hooks.wrap(functions, "_invoke", ("name", "event", "headers", "path_qualifier", "query_params"), invoke)
    hooks.wrap(functions, "handle_request", ("method", "path", "headers", "body", "query_params"), request)
    hooks.wrap(functions, "_delete_alias", ("func_name", "alias_name"), delete_alias)
