"""The states of an event source mapping, and the refusal of a second one of the same queue and function.

MiniStack 1.5.33 says Enabled at once, and takes any number of them. On AWS a mapping is Creating, Enabling, Disabling,
Updating or Deleting for a while; until that is over it takes no other change.
https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

from testbench.backends.ministack.corrections import hooks

SECONDS = 0.5
"""How long a transition takes; on AWS seconds to minutes."""
_CHANGING = "_testbench_changing"
_NOT_POLLING = ("Creating", "Enabling")


def changing(mapping: dict[str, Any]) -> str | None:
    """The state while a transition goes on, None when it is over."""
    state, until = mapping.get(_CHANGING, ("", 0.0))
    return str(state) if time.monotonic() < until else None


def transition(before: bool, after: bool) -> str:
    """What a change is called that finds a mapping enabled or not, and leaves it so or not."""
    if before == after:
        return "Updating"
    return "Enabling" if after else "Disabling"


def apply() -> None:
    """Say the states, hold off the poller, refuse what AWS refuses."""
    functions, responses = hooks.service("lambda_svc"), hooks.core("responses")
    deleted: dict[str, dict[str, Any]] = {}

    def begin(mapping: dict[str, Any], state: str) -> None:
        mapping[_CHANGING] = (state, time.monotonic() + SECONDS)

    def answer(mapping: dict[str, Any], status: int) -> Any:
        return responses.json_response(functions._esm_response(mapping), status)

    def refuse(code: str, status: int, words: str) -> Any:
        return responses.error_response_json(code, words, status)

    def in_use(mapping: dict[str, Any] | None, action: str) -> Any:
        if mapping is None or changing(mapping) is None:
            return None
        return refuse("ResourceInUseException", 400, f"Cannot {action} the event source mapping because it is in use.")

    def create(original: Callable[..., Any], data: dict[str, Any]) -> Any:
        function, qualifier, error = functions._resolve_existing_esm_function(data.get("FunctionName") or "")
        if error is None:
            source = data.get("EventSourceArn") or ""
            for other in functions._esms.values():
                if (other["EventSourceArn"], other["FunctionName"], other["Qualifier"]) == (
                    source,
                    function,
                    qualifier,
                ):
                    words = (
                        f'The event source arn (" {source} ") and function (" {function} ") provided mapping already '
                        f"exists. Please update or delete the existing mapping with UUID {other['UUID']}"
                    )
                    return refuse("ResourceConflictException", 409, words)
        before = set(functions._esms.keys())
        made = original(data)
        for key in set(functions._esms.keys()) - before:
            begin(functions._esms[key], "Creating")
            return answer(functions._esms[key], made[0])
        return made

    def update(original: Callable[..., Any], esm_id: str, data: dict[str, Any]) -> Any:
        mapping = functions._esms.get(esm_id)
        if refusal := in_use(mapping, "update"):
            return refusal
        enabled = bool(mapping and mapping["Enabled"])
        made = original(esm_id, data)
        if mapping is None or made[0] >= 400:
            return made
        begin(mapping, transition(enabled, bool(mapping["Enabled"])))
        return answer(mapping, 202)

    def delete(original: Callable[..., Any], esm_id: str) -> Any:
        mapping = functions._esms.get(esm_id)
        if refusal := in_use(mapping, "delete"):
            return refusal
        made = original(esm_id)
        if mapping is not None:
            begin(mapping, "Deleting")
            deleted[esm_id] = mapping
        return made

    def get(original: Callable[..., Any], esm_id: str) -> Any:
        mapping = deleted.get(esm_id)
        return answer(mapping, 200) if mapping and changing(mapping) else original(esm_id)

    def described(original: Callable[..., dict[str, Any]], mapping: dict[str, Any]) -> dict[str, Any]:
        shown = original(mapping)
        shown.pop(_CHANGING, None)
        return shown | {"State": state} if (state := changing(mapping)) else shown

    def iterate(original: Callable[[], Iterator[tuple[str, str, dict[str, Any]]]]) -> Iterator[Any]:
        for account, region, mapping in original():
            if changing(mapping) not in _NOT_POLLING:
                yield account, region, mapping

    hooks.wrap(functions, "_create_esm", ("data",), create)
    hooks.wrap(functions, "_update_esm", ("esm_id", "data"), update)
    hooks.wrap(functions, "_delete_esm", ("esm_id",), delete)
    hooks.wrap(functions, "_get_esm", ("esm_id",), get)
    hooks.wrap(functions, "_esm_response", ("esm",), described)
    hooks.wrap(functions, "_iter_all_esms", (), iterate)
