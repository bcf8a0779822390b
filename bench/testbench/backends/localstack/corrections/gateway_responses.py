"""API Gateway's gateway responses: LocalStack 2026.3.0 stores their templates and answers without them.

An answer is the template of its response type (of DEFAULT_4XX or DEFAULT_5XX where that has none), with the variables
in it; validationErrorString, which LocalStack leaves empty, says why a body breaks its model.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

import importlib
import json
from collections.abc import Callable
from typing import Any

from testbench.backends import hooks
from testbench.backends.validation_error_string import validation_error_string

_API = "localstack.services.apigateway.next_gen.execute_api"


def apply() -> None:
    """Write the answer by the template."""
    handlers = importlib.import_module(f"{_API}.handlers.gateway_exception")
    requests = importlib.import_module(f"{_API}.handlers.method_request")
    renderer = importlib.import_module(f"{_API}.template_mapping").ApiGatewayVtlTemplate()
    resolver = importlib.import_module("localstack.services.apigateway.helpers").ModelResolver

    def reason(context: Any) -> str:
        models = context.resource_method.get("requestModels") or {}
        name = models.get("application/json", models.get("$default", "Empty"))
        schema = resolver(rest_api_container=context.deployment.rest_api, model_name=name).get_resolved_model()
        return validation_error_string(schema, context.invocation_request.get("body") or "{}")

    def set_context(original: Callable[..., None], exception: Any, context: Any) -> None:
        original(exception, context)
        error = context.context_variables["error"]
        error["messageString"] = json.dumps(exception.message)  # the message in quotes
        if exception.type == "BAD_REQUEST_BODY":
            error["validationErrorString"] = json.dumps(reason(context))[1:-1]

    def answer(original: Callable[..., Any], handler: Any, exception: Any, context: Any) -> Any:
        response = original(handler, exception, context)
        found = handlers.get_gateway_response_or_default(exception.type, context.deployment.rest_api.gateway_responses)
        template = (found.get("responseTemplates") or {}).get("application/json")
        if response is not None and template:
            response.data = renderer.render_vtl(template, {"context": context.context_variables})
        return response

    handler = handlers.GatewayExceptionHandler
    hooks.expected(requests.MethodRequestHandler, "_is_body_valid", "method", "rest_api", "request")
    hooks.wrap(handler, "create_exception_response", ("self", "exception", "context"), answer)
    original = hooks.expected(handler, "set_error_context", "exception", "context")
    handler.set_error_context = staticmethod(lambda exception, context: set_context(original, exception, context))
