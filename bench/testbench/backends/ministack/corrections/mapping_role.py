"""An event source mapping reads its queue with the execution role of its function.

MiniStack 1.5.33 never looks at the role. On AWS a mapping whose role may not read the queue is refused, and one whose
role loses the permission receives nothing more.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html#events-sqs-permissions
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from testbench.backends.ministack.corrections import authorisation, hooks, keys

NEEDED = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def missing(role: str, queue_arn: str) -> str | None:
    """The first action on the queue that the role lacks, None when it has all."""
    return authorisation.denied(role, NEEDED, queue_arn)


def problem(role: str, queue_arn: str) -> str | None:
    """Why nothing can be received with that role, None when it can."""
    if action := missing(role, queue_arn):
        return f"the execution role may not {action} on the queue"
    return None if keys.role_may_receive(role, queue_arn) else "the execution role may not decrypt with the queue's key"


def apply() -> None:
    """Check when a mapping is made or changed, and each time the poller comes by."""
    functions, responses = hooks.service("lambda_svc"), hooks.core("responses")

    def asked(
        question: Callable[[str, str], str | None], mapping: Mapping[str, Any], function: str, qualifier: str | None
    ) -> str | None:
        source = mapping.get("EventSourceArn", "")
        _, config = functions._get_func_record_for_qualifier(function, qualifier)
        return question(config["Role"], source) if config and ":sqs:" in source else None

    def refusal(action: str) -> Any:
        name = action.removeprefix("sqs:")
        message = f"The provided execution role does not have permissions to call {name} on SQS"
        return responses.error_response_json("InvalidParameterValueException", message, 400)

    def create(original: Callable[..., Any], data: dict[str, Any]) -> Any:
        function, qualifier, error = functions._resolve_existing_esm_function(data.get("FunctionName", ""))
        action = None if error else asked(missing, data, function, qualifier)
        return refusal(action) if action else original(data)

    def update(original: Callable[..., Any], esm_id: str, data: dict[str, Any]) -> Any:
        mapping = functions._esms.get(esm_id)
        action = asked(missing, mapping, mapping["FunctionName"], mapping.get("Qualifier")) if mapping else None
        return refusal(action) if action else original(esm_id, data)

    def iterate(original: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]]) -> Iterator[Any]:
        for account, region, mapping in original():
            found = None
            if mapping.get("Enabled", True):  # the poller itself leaves out the others
                with responses.request_scope(account, region):
                    found = asked(problem, mapping, mapping["FunctionName"], mapping.get("Qualifier"))
            if found is None:
                yield account, region, mapping
            else:
                mapping["LastProcessingResult"] = f"PROBLEM: {found}"

    hooks.expected(functions, "_get_func_record_for_qualifier", "name", "qualifier")
    hooks.wrap(functions, "_create_esm", ("data",), create)
    hooks.wrap(functions, "_update_esm", ("esm_id", "data"), update)
    hooks.wrap(functions, "_iter_all_esms", (), iterate)
