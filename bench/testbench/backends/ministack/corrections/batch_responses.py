"""Partial batch responses: an invalid one fails the whole batch.

MiniStack 1.5.33 ignores what it does not understand and deletes the messages, so a function with a wrong answer loses
nothing on the bench and, differently wrong, everything. On AWS the whole batch fails and comes back.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
"""

import threading
from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

REPORTS_FAILURES = "ReportBatchItemFailures"


def problem(response: Any, message_ids: set[str]) -> str | None:
    """Why the response fails the whole batch, None when it is valid. No response and {} mean success."""
    if response is None:
        return None
    if not isinstance(response, dict):
        return f"the response is {type(response).__name__}, not an object"
    failures = response.get("batchItemFailures")
    if failures is None:
        return None
    if not isinstance(failures, list):
        return "batchItemFailures is not a list"
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if not identifier:
            return f"a batch item failure without itemIdentifier: {failure!r}"
        if identifier not in message_ids:
            return f"itemIdentifier {identifier!r} is not a messageId of the batch"
    return None


class _Batch(threading.local):
    message_ids: set[str] | None = None


def apply() -> None:
    """Check the response between the function and the emulator's handling of it."""
    functions = hooks.service("lambda_svc")
    current = _Batch()

    def run(original: Callable[..., Any], esm: dict[str, Any], func_rec: Any, event: dict[str, Any], *rest: Any) -> Any:
        reports = REPORTS_FAILURES in (esm.get("FunctionResponseTypes") or [])
        current.message_ids = {record["messageId"] for record in event["Records"]} if reports else None
        try:
            return original(esm, func_rec, event, *rest)
        finally:
            current.message_ids = None

    def execute(original: Callable[..., Any], func: Any, event: Any) -> Any:
        result = original(func, event)
        if current.message_ids is None or result.get("error"):
            return result
        wrong = problem(result.get("body"), current.message_ids)
        if wrong is None:
            return result
        message = f"Invalid batch response, the whole batch fails: {wrong}"
        return {**result, "error": True, "body": {"errorType": "InvalidBatchResponse", "errorMessage": message}}

    parameters = ("esm", "func_rec", "event", "batch", "queue_url", "queue_name")
    hooks.wrap(functions, "_run_sqs_batch", parameters, run)
    hooks.wrap(functions, "_execute_function", ("func", "event"), execute)
