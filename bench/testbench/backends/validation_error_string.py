"""API Gateway's $context.error.validationErrorString: why a request's body breaks its model (JSON Schema draft-04).

All violations in brackets, in the words of the Java library that AWS uses. Runs inside an emulator that has jsonschema.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import json
from typing import Any


def validation_error_string(schema: Any, body: str | bytes) -> str:
    """What API Gateway says about a body that breaks the model, as `[violation, violation]`."""
    from jsonschema import Draft4Validator
    from referencing.exceptions import Unresolvable

    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
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
