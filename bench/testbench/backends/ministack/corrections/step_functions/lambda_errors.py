"""Error names of the Lambda service that a task's Retry and Catch see.

On AWS a throttled call is Lambda.TooManyRequestsException; MiniStack reports Lambda.Unknown. Names of what fails in a
function are of the correction function_errors.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import json
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error


def apply() -> None:
    """Name the service's error."""
    hooks.wrap(hooks.service("stepfunctions"), "_call_lambda", ("func_ref", "event"), _call)


def _call(original: Any, function: Any, event: Any) -> Any:
    service = hooks.service("stepfunctions")
    try:
        return original(function, event)
    except service._ExecutionError as error:
        refused = _service_error(error) if error.error == "Lambda.Unknown" else None
        if refused is None:
            raise
        raise execution_error(f"Lambda.{refused['__type']}", refused.get("message", "")) from error


def _service_error(error: Any) -> dict[str, str] | None:
    """The answer of the Lambda API when it is that which failed and not the function."""
    try:
        answer = json.loads(error.cause)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and "__type" in answer else None
