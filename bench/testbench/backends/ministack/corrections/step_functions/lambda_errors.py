"""Error names that a Lambda task's Retry and Catch see.

On AWS a function's exception has its class name, a throttled call is Lambda.TooManyRequestsException, a process that
ended is Runtime.ExitError, one that ran out of time is Sandbox.Timedout. MiniStack reports Runtime.HandlerError or
Lambda.Unknown for all but the last. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

import contextvars
import json
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error

_PYTHON_SAYS = '"error": str(e), "trace": traceback.format_exc()'
_IT_SHALL_SAY = '"error": str(e), "error_type": type(e).__name__, "trace": traceback.format_exc()'
_DIED = "Worker process died"
_UNNAMED = "Runtime.HandlerError"

_error_type: contextvars.ContextVar[str] = contextvars.ContextVar("error_type", default="")


def apply() -> None:
    """Make the functions' process tell the class of an exception, and both callers use it."""
    runtime, functions = hooks.core("lambda_runtime"), hooks.service("lambda_svc")
    hooks.replace_in_script(runtime, "_PYTHON_WORKER_SCRIPT", _PYTHON_SAYS, _IT_SHALL_SAY)
    invoke = ("self", "event", "request_id", "trace_id", "depth", "durable", "invoked_function_arn")
    hooks.wrap(runtime.Worker, "invoke", invoke, _invoke)
    hooks.wrap(functions, "_execute_function_warm", ("func", "event", "request_id"), _execute)
    hooks.wrap(hooks.service("stepfunctions"), "_call_lambda", ("func_ref", "event"), _call)


def _invoke(original: Any, *given: Any, **named: Any) -> Any:
    answer = original(*given, **named)
    died = answer.get("error") == _DIED
    _error_type.set("Runtime.ExitError" if died else str(answer.get("error_type", "")))
    return answer


def _execute(original: Any, *given: Any) -> Any:
    _error_type.set("")
    answer = original(*given)
    body = answer.get("body")
    if answer.get("error") and isinstance(body, dict) and body.get("errorType") == _UNNAMED and _error_type.get():
        body["errorType"] = _error_type.get()
    return answer


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
