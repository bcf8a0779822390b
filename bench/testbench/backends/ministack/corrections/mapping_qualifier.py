"""A function that a mapping invokes by an alias or a version is told so: `invoked_function_arn` of its context.

MiniStack 1.5.33 runs the right code and tells it the ARN without a qualifier.
https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
"""

from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks


def apply() -> None:
    """Hand the batch's function on under the mapping's ARN."""
    functions = hooks.service("lambda_svc")

    def run(original: Callable[..., Any], esm: dict[str, Any], func_rec: dict[str, Any], *rest: Any) -> Any:
        if esm.get("Qualifier"):
            func_rec = {**func_rec, "config": {**func_rec["config"], "FunctionArn": esm["FunctionArn"]}}
        return original(esm, func_rec, *rest)

    parameters = ("esm", "func_rec", "event", "batch", "queue_url", "queue_name")
    hooks.wrap(functions, "_run_sqs_batch", parameters, run)
