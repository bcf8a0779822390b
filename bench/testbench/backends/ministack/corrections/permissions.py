"""Which permission an operation needs, and on what, where that is not its own name and the obvious resource.

MiniStack 1.5.33 asks for sqs:SendMessageBatch and its like, which are no actions of IAM: the permission of the single
call covers the batch. It asks for logs:PutLogEvents on the log group, AWS on the log stream; for states:DescribeMapRun
on everything, AWS on the Map Run; of a task that moves messages it does not know the queue.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks, message_move_tasks

BATCHES = {
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sns:PublishBatch": "sns:Publish",
}
ON_LOG_STREAMS = {"DeleteLogStream", "GetLogEvents", "PutLogEvents"}


def apply() -> None:
    """Correct action and resource before the emulator evaluates policies for them."""
    actions = hooks.core("iam_actions")

    def action(original: Callable[..., str | None], *request: Any) -> str | None:
        found = original(*request)
        return found and BATCHES.get(found, found)

    def resource(
        original: Callable[..., str],
        service: str,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *rest: Any,
    ) -> str:
        found = original(service, method, path, headers, body, *rest)
        if service == "logs" and headers.get("x-amz-target", "").rpartition(".")[2] in ON_LOG_STREAMS:
            return f"{found}:log-stream:{_field(body, 'logStreamName')}"
        if service == "sqs" and found == "*":  # tasks that move messages
            return _field(body, "SourceArn") or message_move_tasks.source_of(_field(body, "TaskHandle")) or found
        if service == "states":
            return _field(body, "mapRunArn") or found
        return found

    request = ("service", "method", "path", "headers", "body", "query_params")
    hooks.wrap(actions, "extract_iam_action", request, action)
    hooks.wrap(actions, "extract_resource_arn", (*request, "region", "account_id"), resource)


def _field(body: bytes, name: str) -> str:
    """A field of a JSON request; "" when it is not there, or the body is none, which the service refuses itself."""
    try:
        request = json.loads(body)
    except ValueError:
        return ""
    return str(request.get(name) or "") if isinstance(request, dict) else ""
