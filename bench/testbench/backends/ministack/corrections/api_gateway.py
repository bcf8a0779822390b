"""API Gateway's $context.error.validationErrorString, which MiniStack 1.5.33 leaves as it stands in the template.

A REST API's request validator refuses a body that breaks its model (JSON Schema draft-04). The gateway response
BAD_REQUEST_BODY may say why by that variable: all violations in brackets, in the words of the Java library that AWS
uses. MiniStack validates and refuses, but does not keep the reason; it is found again here with jsonschema.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import json
from typing import Any

from testbench.backends.ministack.corrections import hooks

_VARIABLES = (b"${context.error.validationErrorString}", b"$context.error.validationErrorString")
_REASON = "validation_error_string"


def apply() -> None:
    """Have the emulator answer with the reason. Raises `CorrectionError` when it has changed."""
    gateway = hooks.service("apigateway_v1")
    hooks.expected(gateway, "_model_schema", "api_id", "model_name")
    hooks.expected(gateway, "_header_ci", "headers", "name")
    parameters = ("method_obj", "api_id", "request", "headers", "body", "query_params")
    hooks.wrap(gateway, "_check_request_validation", parameters, _validate)
    hooks.wrap(gateway, "_gateway_error_response", ("error", "request"), _answer)


def _validate(original: Any, method: Any, api_id: str, request: Any, headers: Any, body: Any, query: Any) -> Any:
    """Keep the reason with the error."""
    error = original(method, api_id, request, headers, body, query)
    if error is not None and error.response_type == "BAD_REQUEST_BODY":
        gateway = hooks.service("apigateway_v1")
        models = method["requestModels"]
        content_type = (gateway._header_ci(headers, "content-type") or "").split(";", 1)[0].strip()
        model = models.get(content_type) or models["application/json"]
        setattr(error, _REASON, validation_error_string(gateway._model_schema(api_id, model), body))
    return error


def _answer(original: Any, error: Any, request: Any) -> Any:
    """Put the reason in the place of the variable; an error of another kind has none."""
    status, headers, body = original(error, request)
    escaped = json.dumps(getattr(error, _REASON, ""))[1:-1].encode()
    for variable in _VARIABLES:
        body = body.replace(variable, escaped)
    return status, headers, body


def validation_error_string(schema: Any, body: str | bytes) -> str:
    """What API Gateway says about a body that breaks the model, as `[violation, violation]`."""
    from jsonschema import Draft4Validator
    from referencing.exceptions import Unresolvable

    try:
        document = json.loads(body)
    except ValueError:
        return "[body is not JSON]"
    try:
        violations = [_violation(error) for error in Draft4Validator(schema).iter_errors(document)]
    except Unresolvable:  # a model that refers to another model of the API
        return "[body does not match the model]"
    # All that is missing in one object is one violation, which jsonschema reports name by name.
    return f"[{', '.join(dict.fromkeys(violations))}]"


def _violation(error: Any) -> str:
    """One violation in the words of the library (java-json-tools/json-schema-validator)."""
    rule, value = error.validator_value, error.instance
    match error.validator:
        case "required":
            return f"object has missing required properties ({_names(set(rule) - set(value))})"
        case "additionalProperties":
            extra = set(value) - set(error.schema.get("properties", {}))
            return f"object instance has properties which are not allowed by the schema: {_names(extra)}"
        case "type":
            allowed = _names([rule] if isinstance(rule, str) else rule)
            return f"instance type ({_type(value)}) does not match any allowed primitive type (allowed: {allowed})"
        case "enum":
            return f"instance value ({_json(value)}) not found in enum (possible values: {_json(rule)})"
        case "minimum":
            return f"numeric instance is lower than the required minimum (minimum: {rule}, found: {value})"
        case "maximum":
            return f"numeric instance is greater than the required maximum (maximum: {rule}, found: {value})"
        case "minLength":
            return f"string {_json(value)} is too short (length: {len(value)}, required minimum: {rule})"
        case "maxLength":
            return f"string {_json(value)} is too long (length: {len(value)}, maximum allowed: {rule})"
        case "pattern":
            return f"ECMA 262 regex {_json(rule)} does not match input string {_json(value)}"
        case "minItems":
            return f"array is too short: must have at least {rule} elements but instance has {len(value)} elements"
        case "maxItems":
            return f"array is too long: must have at most {rule} elements but instance has {len(value)} elements"
    return str(error.message)


def _names(names: Any) -> str:
    return _json(sorted(names))


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _type(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number", type(None): "null"}
    return names[type(value)]
