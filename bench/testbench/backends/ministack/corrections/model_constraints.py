"""Lengths, patterns, ranges and enumerations of AWS's own service models, which MiniStack 1.5.33 seldom asks for.

The models are botocore's, which is in the emulator's virtualenv. Patterns in Java's own words (`\\p{L}`) are left out.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html and its like: "Constraints"
"""

import functools
import importlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from testbench.backends.ministack.corrections import alarms, hooks

JSON_SERVICES = {
    "athena": "athena",
    "cloudwatch_logs": "logs",
    "glue": "glue",
    "kms": "kms",
    "ssm": "ssm",
    "stepfunctions": "stepfunctions",
}
"""The emulator's modules, and AWS's names."""
CODES = {"logs": "InvalidParameterException", "iam": "ValidationError", "cloudwatch": "ValidationError"}
NUMBERS = ("integer", "long", "float", "double")


def violations(shape: Any, value: Any, place: str = "") -> Iterator[str]:
    """What of the value breaks its shape's constraints, in AWS's words."""
    limits = shape.metadata
    least, most = limits.get("min"), limits.get("max")
    kind = shape.type_name
    measured: float | None = None
    what = "have length"
    if kind == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if value.get(name) is None and name in shape.required_members and "location" not in member.serialization:
                yield _said(None, f"{place}.{name[0].lower()}{name[1:]}".lstrip("."), "not be null")
            elif value.get(name) is not None:
                yield from violations(member, value[name], f"{place}.{name[0].lower()}{name[1:]}".lstrip("."))
    elif kind == "list" and isinstance(value, list):
        measured = len(value)
        for number, each in enumerate(value, start=1):
            yield from violations(shape.member, each, f"{place}.{number}.member")
    elif kind == "map" and isinstance(value, dict):
        measured = len(value)
        for key, each in value.items():
            yield from violations(shape.key, key, f"{place}.{key}.key")
            yield from violations(shape.value, each, f"{place}.{key}.member")
    elif kind == "string" and isinstance(value, str):
        measured = len(value)
        if shape.enum and value not in shape.enum:
            yield _said(value, place, f"satisfy enum value set: [{', '.join(shape.enum)}]")
        pattern = _pattern(limits.get("pattern"))
        if pattern and (most is None or measured <= most) and not pattern.fullmatch(value):
            yield _said(value, place, f"satisfy regular expression pattern: {limits['pattern']}")
    elif kind in NUMBERS and (found := _number(value)) is not None:
        measured, what = found, "have value"
    if measured is not None and least is not None and measured < float(least):
        yield _said(value, place, f"{what} greater than or equal to {least}")
    if measured is not None and most is not None and measured > float(most):
        yield _said(value, place, f"{what} less than or equal to {most}")


def _said(value: Any, place: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{place}' failed to satisfy constraint: Member must {rule}"


def _number(value: Any) -> float | None:
    """A number, also one in the text of a Query request."""
    try:
        return None if isinstance(value, (bool, dict, list)) else float(value)
    except ValueError:
        return None


@functools.cache
def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return re.compile(text) if text else None
    except re.error:
        return None


@functools.cache
def _input(service: str, operation: str) -> Any:
    """The shape of an operation's request, None for an operation that is not in the model."""
    model = _model(service)
    return model.operation_model(operation).input_shape if operation in model.operation_names else None


@functools.cache
def _model(service: str) -> Any:
    loader = importlib.import_module("botocore.loaders").Loader()
    found = loader.load_service_model(service, "service-2")
    return importlib.import_module("botocore.model").ServiceModel(found, service)


def problem(service: str, operation: str, request: Mapping[str, Any]) -> str | None:
    """What of a request breaks the model's constraints, None when nothing does."""
    shape = _input(service, operation)
    found = list(violations(shape, request)) if shape is not None else []
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: {'; '.join(found)}" if found else None


def apply() -> None:
    """Look at each request before the emulator does, and at functions and mappings."""
    responses, functions = hooks.core("responses"), hooks.service("lambda_svc")
    iam, watch = hooks.service("iam"), hooks.service("cloudwatch")

    def of_json(service: str) -> Callable[..., Any]:
        async def check(original: Any, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
            operation = headers.get("x-amz-target", "").rpartition(".")[2]
            try:
                request = json.loads(body or b"{}")
            except ValueError:
                request = None  # the emulator says so
            if isinstance(request, dict) and (wrong := problem(service, operation, request)):
                return responses.error_response_json(CODES.get(service, "ValidationException"), wrong, 400)
            return await original(method, path, headers, body, query)

        return check

    async def of_iam(original: Any, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        form = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
        if wrong := problem("iam", form.get("Action", [""])[0], alarms.from_query(form)):
            return iam._error(400, CODES["iam"], wrong)
        return await original(method, path, headers, body, query)

    def of_metrics(operation: str) -> Callable[..., Any]:
        def check(original: Callable[..., Any], params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
            request = data if is_cbor or is_json else alarms.from_query(params)
            if wrong := problem("cloudwatch", operation, request):
                return watch._error(CODES["cloudwatch"], wrong, 400, is_json, is_cbor)
            return original(params, data, is_cbor, is_json)

        return check

    def of_function(operation: str) -> Callable[..., Any]:
        def check(original: Callable[..., Any], *given: Any) -> Any:
            if wrong := problem("lambda", operation, given[-1]):
                return responses.error_response_json("ValidationException", wrong, 400)
            return original(*given)

        return check

    request = ("method", "path", "headers", "body", "query_params")
    for module, service in JSON_SERVICES.items():
        hooks.wrap(hooks.service(module), "handle_request", request, of_json(service))
    hooks.wrap(iam, "handle_request", request, of_iam)
    for name in ("put_metric_alarm", "put_metric_data", "put_dashboard", "set_alarm_state"):
        operation = "".join(word.capitalize() for word in name.split("_"))
        hooks.wrap(watch, f"_{name}", ("params", "cbor_data", "is_cbor", "is_json"), of_metrics(operation))
    hooks.wrap(functions, "_create_function", ("data",), of_function("CreateFunction"))
    hooks.wrap(functions, "_update_config", ("name", "data"), of_function("UpdateFunctionConfiguration"))
    hooks.wrap(functions, "_create_esm", ("data",), of_function("CreateEventSourceMapping"))
    hooks.wrap(functions, "_update_esm", ("esm_id", "data"), of_function("UpdateEventSourceMapping"))
