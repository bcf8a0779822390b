"""What the states of an execution do needs the permission of the state machine's role.

MiniStack never looks at that role: a state machine that may do nothing does everything. AWS fails the state with an
error that Catch can name. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html

Checked are functions, and a Distributed Map's items, children and results.
https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
"""

import contextvars
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks
from testbench.backends.ministack.corrections.step_functions.execution_error import execution_error

PERMISSIONS = "States.Permissions"
_role: contextvars.ContextVar[str] = contextvars.ContextVar("role_of_the_execution", default="")


def apply() -> None:
    """Check before a function is invoked. Tasks and child threads inherit the role of their execution."""
    service = hooks.service("stepfunctions")
    functions = hooks.service("lambda_svc")
    hooks.expected(functions, "_get_func_record_for_ref", "function_ref")
    hooks.wrap(service, "_run_execution", ("exec_arn",), _run)
    hooks.wrap(service, "_call_lambda", ("func_ref", "event"), _call)


def require(action: str, resource: str, error: str = PERMISSIONS) -> None:
    """Raise the execution error `error` when the role of the execution that runs here may not do that."""
    role = _role.get()
    if not role or authorisation.allowed(role, action, resource):
        return
    account, name = authorisation.account_and_role(role)
    raise execution_error(
        error, f"The role {name} of account {account} is not authorized to perform: {action} on resource: {resource}"
    )


def _run(original: Any, execution_arn: str) -> Any:
    service = hooks.service("stepfunctions")
    execution = service._executions.get(execution_arn) or {}
    machine = service._state_machines.get(execution.get("stateMachineArn", "")) or {}
    token = _role.set(machine.get("roleArn", ""))
    try:
        return original(execution_arn)
    finally:
        _role.reset(token)


def _call(original: Any, function: Any, event: Any) -> Any:
    _, config, _ = hooks.service("lambda_svc")._get_func_record_for_ref(function)
    if config:  # else the emulator says what is missing
        require("lambda:InvokeFunction", config["FunctionArn"])
    return original(function, event)
