"""What Lambda refuses of a function, in which states it is, and what cannot be done in them.

MiniStack 1.5.33 takes environments of any size, lets a function be invoked and changed while it is Pending, and says
Pending of one that is only updated. A payload that is no JSON, or too large, reaches the function as it is not. It
makes functions without code, and deletes one for its version $LATEST. https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html
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
ALIAS = re.compile(r"(?!\d+$)[a-zA-Z0-9-_]{1,128}")
LARGEST = {"Timeout": 900, "MemorySize": 10_240, "EphemeralStorage.Size": 10_240}
"""Of functions on Lambda's own machines; the model has those of others."""
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


def settings_problem(data: Mapping[str, Any]) -> str | None:
    """What is wrong with numbers and settings that belong together, None when Lambda takes them."""
    storage = (data.get("EphemeralStorage") or {}).get("Size")
    for name, most in LARGEST.items():
        value = storage if name == "EphemeralStorage.Size" else data.get(name)
        if isinstance(value, int) and value > most and not data.get("CapacityProviderConfig"):
            place = name[0].lower() + name[1:]
            rule = f"Member must have value less than or equal to {most}"
            return f"1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: {rule}"
    logging = data.get("LoggingConfig") or {}
    if logging.get("LogFormat", "Text") == "Text" and {"ApplicationLogLevel", "SystemLogLevel"} & logging.keys():
        return "Log level can only be set when the log format is JSON."
    return None


def code_problem(data: Mapping[str, Any]) -> str | None:
    """What is wrong with the code of a new function, None when Lambda takes it."""
    code = data.get("Code") or {}
    ways = [bool(code.get("ZipFile")), bool(code.get("S3Bucket")), bool(code.get("ImageUri"))]
    if sum(ways) != 1:
        return "Please provide a source for function code: exactly one of ZipFile, S3Bucket with S3Key, and ImageUri."
    if bool(code.get("S3Bucket")) != bool(code.get("S3Key")):
        return "S3Bucket and S3Key are given together."
    if data.get("PackageType", "Zip") == "Zip" and not (data.get("Runtime") and data.get("Handler")):
        return "Runtime and Handler are mandatory parameters for functions created with deployment packages."
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

    def invalid(words: str | None) -> Any:
        code = "ValidationException" if words and "validation error" in words else "InvalidParameterValueException"
        return responses.error_response_json(code, words, 400) if words else None

    def refused(data: Mapping[str, Any]) -> Any:
        if words := settings_problem(data):
            return invalid(words)
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
        return refused(data) or invalid(code_problem(data)) or original(data)

    def alias_problem(function: str, name: str | None, version: str | None) -> Any:
        there = functions._functions.get(function)
        if name is not None and not ALIAS.fullmatch(name):
            return invalid(
                f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must "
                "satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
            )
        if there and version and version != "$LATEST" and version not in there["versions"]:
            words = f"Function not found: {there['config']['FunctionArn']}:{version}"
            return responses.error_response_json("ResourceNotFoundException", words, 404)
        return None

    def create_alias(original: Callable[..., Any], name: str, data: dict[str, Any]) -> Any:
        return alias_problem(name, data.get("Name") or "", data.get("FunctionVersion")) or original(name, data)

    def update_alias(original: Callable[..., Any], name: str, alias: str, data: dict[str, Any]) -> Any:
        return alias_problem(name, None, data.get("FunctionVersion")) or original(name, alias, data)

    def publish(original: Callable[..., Any], name: str, data: dict[str, Any]) -> Any:
        config = (functions._functions.get(name) or {}).get("config") or {}
        if config and (given := data.get("CodeSha256")) and given != config.get("CodeSha256"):
            return invalid(
                f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({config['CodeSha256']})."
            )
        return original(name, data)

    def delete(original: Callable[..., Any], name: str, query: Any, qualifier: str | None = None) -> Any:
        if "$LATEST" in (qualifier, functions._qualifier_from_path_or_query(qualifier, query)):
            return invalid("$LATEST version cannot be deleted without deleting the function.")
        return original(name, query, qualifier)

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
    hooks.wrap(functions, "_create_alias", ("func_name", "data"), create_alias)
    hooks.wrap(functions, "_update_alias", ("func_name", "alias_name", "data"), update_alias)
    hooks.wrap(functions, "_publish_version", ("name", "data"), publish)
    hooks.wrap(functions, "_delete_function", ("name", "query_params", "path_qualifier"), delete)
    hooks.wrap(functions, "_update_config", ("name", "data"), update)
    hooks.wrap(functions, "_update_code", ("name", "data"), update_code)
    hooks.wrap(functions, "_schedule_state_transition", ("func_name", "delay"), schedule)
    hooks.wrap(functions, "_invoke", ("name", "event", "headers", "path_qualifier", "query_params"), invoke)
    hooks.wrap(functions, "handle_request", ("method", "path", "headers", "body", "query_params"), request)
    hooks.wrap(functions, "_delete_alias", ("func_name", "alias_name"), delete_alias)
