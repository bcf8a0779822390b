"""What each state reads is there: the members that its input has, as far as the definition says.

The definition's Comment names those of the execution (`Input: bucket, workers.`). Step Functions takes a path that
leads nowhere, and the execution fails.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Shape = Mapping[str, Any] | None
"""The members of an object and their shapes; None where that is not known."""

_INVOKED: Shape = dict.fromkeys(
    ("ExecutedVersion", "FunctionError", "LogResult", "Payload", "SdkHttpMetadata", "SdkResponseMetadata", "StatusCode")
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html"""
_READ_LATER = ("ResultPath", "ResultSelector", "OutputPath", "Retry", "Catch", "Branches", "ItemProcessor", "Iterator")


def unread(definition: Mapping[str, Any]) -> Iterator[str]:
    """What is read and is not there."""
    said = re.search(r"Input: ([\w, ]+)\.", definition.get("Comment", ""))
    yield from _machine(definition, dict.fromkeys(said[1].split(", ")) if said else None)


def _machine(machine: Mapping[str, Any], given: Shape) -> Iterator[str]:
    waiting: list[tuple[str, Shape]] = [(machine.get("StartAt", ""), given)]
    seen = set()
    while waiting:
        name, shape = waiting.pop()
        state = machine["States"].get(name)
        if name in seen or state is None:
            continue
        seen.add(name)
        shape = _at(shape, state.get("InputPath", "$"))
        result = _result(state, shape)
        output = _with_result(state, shape, result)
        yield from _missing(name, {key: each for key, each in state.items() if key not in _READ_LATER}, shape)
        yield from _missing(name, {"ResultSelector": state.get("ResultSelector")}, _raw(state))
        yield from _missing(name, {"OutputPath": state.get("OutputPath")}, output)
        for branch in state.get("Branches", []):
            yield from _machine(branch, shape)
        if "ItemProcessor" in state:
            batch = state.get("ItemBatcher", {}).get("BatchInput")
            yield from _machine(
                state["ItemProcessor"], {"Items": None, "BatchInput": _template(batch)} if batch else None
            )
        after = _at(output, state.get("OutputPath", "$"))
        for holder in (state, *state.get("Choices", [])):
            waiting += [(holder[key], after) for key in ("Next", "Default") if key in holder]
        waiting += [(catcher["Next"], None) for catcher in state.get("Catch", [])]


def _raw(state: Mapping[str, Any]) -> Shape:
    return _INVOKED if str(state.get("Resource")).endswith(":::lambda:invoke") else None


def _result(state: Mapping[str, Any], shape: Shape) -> Shape:
    if "ResultSelector" in state:
        return _template(state["ResultSelector"])
    if state["Type"] == "Pass":
        return _template(state["Parameters"]) if "Parameters" in state else state.get("Result", shape)
    return shape if state["Type"] in ("Choice", "Wait", "Succeed") else _raw(state)


def _with_result(state: Mapping[str, Any], shape: Shape, result: Shape) -> Shape:
    path = state.get("ResultPath", "$")
    if path == "$" or path is None:
        return shape if path is None else result
    return None if shape is None else {**shape, path.removeprefix("$."): result}


def _template(template: Any) -> Shape:
    if not isinstance(template, Mapping):
        return None
    return {name.removesuffix(".$"): _template(value) for name, value in template.items()}


def _at(shape: Shape, path: str | None) -> Shape:
    """What a path leads to; nothing is known where it leads nowhere."""
    for step in re.findall(r"\.(\w+)", path or "$.none"):
        shape = shape.get(step) if shape is not None else None
    return shape


def _missing(where: str, value: Any, shape: Shape, key: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _missing(f"{where}.{name}", inner, shape, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _missing(where, inner, shape, key)
    elif isinstance(value, str) and (key.endswith((".$", "Path")) or key == "Variable"):
        for path in re.findall(r"(?<![\w$])\$((?:\.\w+)+)", value):
            known = shape
            for step in path[1:].split("."):
                if known is not None and step not in known:
                    yield f"{where} reads ${path}: {step} is not among {', '.join(known)}"
                known = known.get(step) if known is not None else None
