"""What Lambda refuses when an event source mapping of a queue is made or changed, and MiniStack 1.5.33 accepts.

A module that passes here and fails on AWS would be the worst kind of test. Messages are AWS's.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from collections.abc import Callable
from typing import Any

from testbench.backends.ministack.corrections import hooks

STANDARD_LIMIT = 10_000
FIFO_LIMIT = 10
WINDOW_LIMIT = 300
NO_QUEUE = (
    "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: "
    "The specified queue does not exist."
)


def refusal(
    batch_size: int, window: int, *, fifo: bool, visibility_timeout: int, function_timeout: int
) -> tuple[str, str] | None:
    """(error code, message) for settings that AWS refuses, None for good ones. Times in seconds."""
    if not 1 <= batch_size <= STANDARD_LIMIT:
        bound = "less than or equal to 10000" if batch_size > STANDARD_LIMIT else "greater than or equal to 1"
        return "ValidationException", (
            f"1 validation error detected: Value '{batch_size}' at 'batchSize' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    if not 0 <= window <= WINDOW_LIMIT:
        bound = "less than or equal to 300" if window > WINDOW_LIMIT else "greater than or equal to 0"
        return "ValidationException", (
            f"1 validation error detected: Value '{window}' at 'maximumBatchingWindowInSeconds' failed to satisfy "
            f"constraint: Member must have value {bound}"
        )
    invalid = "InvalidParameterValueException"
    if fifo and batch_size > FIFO_LIMIT:
        return invalid, "Batch size for FIFO queues must be less than or equal to 10."
    if fifo and window:
        return invalid, "Batching window is not supported for FIFO queues."
    if batch_size > FIFO_LIMIT and not window:
        return invalid, (
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if visibility_timeout < function_timeout:
        return invalid, (
            f"Queue visibility timeout: {visibility_timeout} seconds is less than Function timeout: "
            f"{function_timeout} seconds"
        )
    return None


def apply() -> None:
    """Check before the emulator creates or updates a mapping."""
    functions, queues, responses = hooks.service("lambda_svc"), hooks.service("sqs"), hooks.core("responses")

    def refused(settings: dict[str, Any], source_arn: str, function: str, qualifier: str | None) -> Any:
        queue = queues._queue_by_arn(source_arn) if ":sqs:" in source_arn else None
        record, config = functions._get_func_record_for_qualifier(function, qualifier)
        if queue is None or record is None:
            return None  # not a queue, or missing: the emulator says so itself
        found = refusal(
            int(settings.get("BatchSize") or 10),
            int(settings.get("MaximumBatchingWindowInSeconds") or 0),
            fifo=bool(queue["is_fifo"]),
            visibility_timeout=int(queue["attributes"].get("VisibilityTimeout", "30")),
            function_timeout=int(config.get("Timeout") or 3),
        )
        return responses.error_response_json(*found, 400) if found else None

    def create(original: Callable[..., Any], data: dict[str, Any]) -> Any:
        function, qualifier, error = functions._resolve_existing_esm_function(data.get("FunctionName", ""))
        if error:
            return original(data)
        source = data.get("EventSourceArn", "")
        if ":sqs:" in source and queues._queue_by_arn(source) is None:
            return responses.error_response_json("InvalidParameterValueException", NO_QUEUE, 400)
        return refused(data, data.get("EventSourceArn", ""), function, qualifier) or original(data)

    def update(original: Callable[..., Any], esm_id: str, data: dict[str, Any]) -> Any:
        mapping = functions._esms.get(esm_id)
        if mapping is None:
            return original(esm_id, data)
        settings = {**mapping, **data}
        error = refused(settings, mapping["EventSourceArn"], mapping["FunctionName"], mapping.get("Qualifier"))
        return error or original(esm_id, data)

    hooks.expected(queues, "_queue_by_arn", "arn")
    hooks.expected(
        responses, "error_response_json", "code", "message", "status", "extra", "message_key", "content_type"
    )
    hooks.wrap(functions, "_create_esm", ("data",), create)
    hooks.wrap(functions, "_update_esm", ("esm_id", "data"), update)
