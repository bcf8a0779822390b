"""API Gateway's $context.error.validationErrorString, which MiniStack 1.5.33 leaves as it stands in the template.

A REST API's request validator refuses a body that breaks its model (JSON Schema draft-04). The gateway response
BAD_REQUEST_BODY may say why by that variable: all violations in brackets, in the words of the Java library that AWS
uses. MiniStack validates and refuses, but does not keep the reason; it is found again here with jsonschema.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""

import json
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.validation_error_string import validation_error_string

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
