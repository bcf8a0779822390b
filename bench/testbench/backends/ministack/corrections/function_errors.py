"""The payload and the log of a Python function that fails, as AWS's runtime interface client writes them.

MiniStack 1.5.33 calls every exception Runtime.HandlerError, has neither requestId nor stackTrace, and tells of a module
that cannot be imported only in its own log. On AWS the payload has both, an exception has its class name, and the
function's log group says what is wrong. https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
Names and texts: github.com/aws/aws-lambda-python-runtime-interface-client.
"""

import contextvars
import json
from collections.abc import Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks

_START = "def run():\n"
_FAULTS = """
def _fault(error, kind=None, message=None):
    frames = [] if kind else traceback.format_list(traceback.extract_tb(error.__traceback__)[1:])
    said = str(error) if message is None else message
    return {"status": "error", "error": said, "error_type": kind or type(error).__name__, "stack": frames,
            "trace": traceback.format_exc()}

def _init_fault(error, module):
    if isinstance(error, SyntaxError):
        return _fault(error, "Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module, error))
    if isinstance(error, ImportError):
        return _fault(error, "Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module, error))
    return _fault(error)

def _marshalled(result):
    try:
        return json.dumps({"status": "ok", "result": result})
    except Exception as error:
        said = "Unable to marshal response: %s" % error
        return json.dumps(_fault(error, "Runtime.MarshalError", said))

"""
_SCRIPT = (
    (_START, _FAULTS + _START),
    (
        "        handler_fn = getattr(mod, handler_name)\n",
        "        if not hasattr(mod, handler_name):\n"
        "            said = \"Handler '%s' missing on module '%s'\" % (handler_name, module_name)\n"
        '            failed = {"status": "error", "error": said, "error_type": "Runtime.HandlerNotFound"}\n'
        '            _real_stdout.write(json.dumps({"status": "error", "error": json.dumps(failed)}) + "\\n")\n'
        "            _real_stdout.flush()\n"
        "            return\n"
        "        handler_fn = getattr(mod, handler_name)\n",
    ),
    (
        '        _real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")\n',
        "        failed = json.dumps(_init_fault(e, module_name))\n"
        '        _real_stdout.write(json.dumps({"status": "error", "error": failed}) + "\\n")\n',
    ),
    (
        '_real_stdout.write(json.dumps({"status": "ok", "result": result}) + "\\n")',
        '_real_stdout.write(_marshalled(result) + "\\n")',
    ),
    ('json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})', "json.dumps(_fault(e))"),
)
_INIT_FAILED = "Worker init failed: "
_EXITED = ("Worker process died", "Worker process exited immediately.")
_TIMED_OUT = "Task timed out after "

_fault: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar("fault")


def payload(fault: dict[str, Any], request_id: str) -> dict[str, Any]:
    """What the caller gets of a function that failed."""
    said = str(fault.get("error", ""))
    if said.startswith(_TIMED_OUT):
        return {"errorType": "Sandbox.Timedout", "errorMessage": f"RequestId: {request_id} Error: {said}"}
    if said.startswith(_EXITED):
        text = "Runtime exited without providing a reason"
        return {"errorType": "Runtime.ExitError", "errorMessage": f"RequestId: {request_id} Error: {text}"}
    return {
        "errorMessage": said,
        "errorType": fault.get("error_type", "Runtime.Unknown"),
        "requestId": request_id,
        "stackTrace": fault.get("stack", []),
    }


def absent_layers(config: Mapping[str, Any]) -> list[str]:
    """A line for each layer of another account: the emulator knows only its ARN."""
    return [
        f"[BENCH] The layer {layer['Arn']} is empty here. A bench has the layers that were published to it, and "
        "Powertools where the project's pyproject.toml names it (powertools-layer, bench/README.md)."
        for layer in config.get("Layers") or ()
        if not layer.get("CodeSize")
    ]


def apply() -> None:
    """Have the functions' process tell what failed, and put it into the payload and the log."""
    runtime, functions = hooks.core("lambda_runtime"), hooks.service("lambda_svc")

    def invoke(original: Any, worker: Any, *given: Any, **named: Any) -> Any:
        handler = str(worker.config.get("Handler", ""))
        if "." not in handler:
            said = f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)"
            answer = {"status": "error", "error": said, "error_type": "Runtime.MalformedHandlerName"}
        else:
            try:
                answer = original(worker, *given, **named)
            except RuntimeError as error:  # the module cannot be imported, or ended the process
                if not str(error).startswith((_INIT_FAILED, *_EXITED)):
                    raise
                said = str(error)
                failed = json.loads(said.removeprefix(_INIT_FAILED)) if said.startswith(_INIT_FAILED) else {}
                answer = {"status": "error", "error": said, **failed, "log": worker._drain_stderr_bounded()}
        _fault.set(answer if answer.get("status") == "error" else {})
        return answer

    def execute(original: Any, function: Any, event: Any, request_id: str) -> Any:
        _fault.set({})
        answer = original(function, event, request_id)
        if not (answer.get("error") and (fault := _fault.get())):
            return answer
        body = payload(fault, request_id)
        said = f"[ERROR] {body['errorType']}: {body['errorMessage']}"
        lines = [fault.get("log", ""), said, *([fault["trace"]] if fault.get("trace") else [])]
        if body["errorType"] == "Runtime.ImportModuleError":
            lines += absent_layers(function.get("config") or function)
        return answer | {"body": body, "log": "\n".join(filter(None, lines))}

    for old, new in _SCRIPT:
        hooks.replace_in_script(runtime, "_PYTHON_WORKER_SCRIPT", old, new)
    parameters = ("self", "event", "request_id", "trace_id", "depth", "durable", "invoked_function_arn")
    hooks.wrap(runtime.Worker, "invoke", parameters, invoke)
    hooks.expected(runtime.Worker, "_drain_stderr_bounded", "self", "first_line_wait", "idle_confirm", "hard_cap")
    hooks.wrap(functions, "_execute_function_warm", ("func", "event", "request_id"), execute)
