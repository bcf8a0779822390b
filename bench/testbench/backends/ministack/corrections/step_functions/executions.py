"""StartExecution with a name that was used before, and StopExecution of what runs below an execution.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html: the same name and input of an
execution that still runs is answered as the first call was; every other reuse of a name is ExecutionAlreadyExists.
MiniStack refuses every reuse, and a stopped execution goes on inside Parallel and Map states and then ends as FAILED.
"""

from collections.abc import Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks


class StoppedError(Exception):
    """The execution was stopped; no state of it catches this."""


def apply() -> None:
    """Wrap the emulator's functions that start, run and end executions."""
    service = hooks.service("stepfunctions")
    hooks.expected(service, "_resolve_state_machine_arn", "arn")
    hooks.wrap(service, "_start_execution", ("data",), _start)
    hooks.wrap(service, "_execute_task", ("state_def", "raw_input", "execution", "ctx"), _task)
    hooks.wrap(service, "_add_event", ("execution", "event_type", "details"), _event)
    hooks.wrap(service, "_fail_execution", ("execution", "error", "cause"), _fail)


def _start(original: Any, request: Mapping[str, Any]) -> Any:
    service = hooks.service("stepfunctions")
    machine = service._resolve_state_machine_arn(request.get("stateMachineArn", "").partition("#")[0])
    name = request.get("name")
    if machine is not None and name:
        before = service._executions.get(f"{machine.replace(':stateMachine:', ':execution:')}:{name}")
        if before and before["status"] == "RUNNING" and before["input"] == request.get("input", "{}"):
            return service.json_response({"executionArn": before["executionArn"], "startDate": before["startDate"]})
    return original(request)


def _task(original: Any, definition: Any, raw_input: Any, execution: Any, context: Any) -> Any:
    if _stopped(execution):
        raise StoppedError
    return original(definition, raw_input, execution, context)


def _event(original: Any, execution: Any, kind: str, *details: Any) -> Any:
    # Raised before each attempt, so that a Retry does not go on after StopExecution either.
    if kind == "TaskScheduled" and _stopped(execution):
        raise StoppedError
    return original(execution, kind, *details)


def _fail(original: Any, execution: Any, *reason: Any) -> None:
    if not _stopped(execution):
        original(execution, *reason)


def _stopped(execution: Any) -> bool:
    return bool(execution["status"] == "ABORTED")
