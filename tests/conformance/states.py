"""The Step Functions definition: AWS's grammar by asl-validator, and what that one does not look at."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from testbench.paths import PROJECT
from tests.conformance import tools
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

Definition = dict[str, Any]

_MOST_BYTES = 1_048_576
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
_LONGEST_WAIT = 99_999_999
"""Seconds in TimeoutSeconds, and attempts in MaxAttempts: https://states-language.net/spec.html"""
_INTRINSICS = {
    f"States.{name}"
    for name in (
        *(
            "Format",
            "StringToJson",
            "JsonToString",
            "Array",
            "ArrayPartition",
            "ArrayContains",
            "ArrayRange",
            "ArrayGetItem",
        ),
        *("ArrayLength", "ArrayUnique", "Base64Encode", "Base64Decode", "Hash", "JsonMerge", "MathRandom", "MathAdd"),
        *("StringSplit", "UUID"),
    )
}
_STATES_ERRORS = {
    f"States.{name}"
    for name in (
        *(
            "ALL",
            "DataLimitExceeded",
            "ExceedToleratedFailureThreshold",
            "HeartbeatTimeout",
            "Http.Socket",
            "IntrinsicFailure",
        ),
        *("ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure", "Permissions", "ResultPathMatchFailure"),
        *("ResultWriterFailed", "Runtime", "TaskFailed", "Timeout"),
    )
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
_RUNTIME_ERRORS = {
    *("Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException"),
    *("Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException", "Lambda.Unknown"),
    *("Runtime.ExitError", "Sandbox.Timedout"),
}
"""What Lambda and its runtime call their own failures.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
_CONTEXT = re.compile(
    r"\$\$(\.(Execution\.(Id|Input(\..+)?|Name|RoleArn|StartTime|RedriveCount|RedriveTime)|State\.(EnteredTime|Name|RetryCount)"
    r"|StateMachine\.(Id|Name)|Task\.Token|Map\.Item\.(Index|Value(\..+)?)))?"
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""


def definitions(resources: Iterable[Resource]) -> dict[str, Definition]:
    """The definitions, alike ones once, with the address of the state machine."""
    found = {}
    for resource in resources:
        if resource.type == "aws_sfn_state_machine":
            found[resource.values["definition"]] = resource.in_module
    return {f"{where} {number}": json.loads(text) for number, (text, where) in enumerate(found.items())}


def grammar(asked: Mapping[str, Definition]) -> list[Finding]:
    """What asl-validator has against them."""
    node, modules = tools.node()
    script = tools.HERE / "judges" / "asl.cjs"
    answer = tools.run([str(node), str(script)], asked, 120, {"NODE_PATH": str(modules)})
    return [Finding("asl-validator", kind, name, message) for name, kind, message in json.loads(answer)]


def beyond_grammar(asked: Mapping[str, Definition]) -> list[Finding]:
    """What AWS refuses, or never runs as written, though the grammar is right."""
    found = []
    for name, definition in asked.items():
        found += [Finding("states", rule, name, message) for rule, message in _against(definition)]
    return found


def _against(definition: Definition) -> Iterator[tuple[str, str]]:
    if (size := len(json.dumps(definition).encode())) > _MOST_BYTES:
        yield "too-large", f"{size} bytes"
    names: list[str] = []
    for name, state in _states(definition):
        names.append(name)
        if len(name) > 80:
            yield "long-name", f"{name} has {len(name)} characters, 80 are the most"
        yield from _retries(name, state)
        for field in ("TimeoutSeconds", "HeartbeatSeconds", "Seconds"):
            if field in state and not 0 < state[field] <= _LONGEST_WAIT:
                yield "seconds", f"{name}.{field} = {state[field]}"
        if state["Type"] == "Map" and len(state.get("Label", "")) > 40:
            yield "label", f"{name}: {state['Label']} has more than 40 characters"
        for path, value in _leaves(state):
            yield from _expression(f"{name}.{path}", path, value)
    for name in {each for each in names if names.count(each) > 1}:
        yield "name-twice", f"{name}: names are unique in a state machine, branches and item processors included"


def _retries(name: str, state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    retriers = state.get("Retry", [])
    for number, retrier in enumerate(retriers):
        errors = retrier["ErrorEquals"]
        for error in errors:
            if error not in _STATES_ERRORS | _RUNTIME_ERRORS | own_errors():
                yield "unknown-error", f"{name} retries {error}, which nothing raises"
            if error in seen:
                yield "never-matched", f"{name} retries {error} a second time"
        seen |= set(errors)
        if "States.ALL" in errors and (len(errors) > 1 or number < len(retriers) - 1):
            yield "all-not-last", f"{name}: States.ALL stands alone and last"
        if retrier.get("MaxAttempts", 3) > _LONGEST_WAIT:
            yield "attempts", f"{name}.MaxAttempts = {retrier['MaxAttempts']}"
        if retrier.get("MaxDelaySeconds", 31_622_399) <= retrier.get("IntervalSeconds", 1):
            yield "delay", f"{name}: MaxDelaySeconds must be greater than IntervalSeconds"
        if retrier.get("MaxDelaySeconds", 1) > 31_622_400:
            yield "delay", f"{name}: MaxDelaySeconds is at most 31622400"


def _expression(where: str, path: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value that Step Functions computes: the key ends with `.$`, or the field is a path."""
    if not isinstance(value, str) or not (path.endswith(".$") or path.split(".")[-1].endswith("Path")):
        return
    for function in re.findall(r"[A-Za-z]+\.[A-Za-z0-9]+(?=\()", value):
        if function not in _INTRINSICS:
            yield "unknown-function", f"{where} calls {function}"
    for context in re.findall(r"\$\$[\w.]*", value):
        if not _CONTEXT.fullmatch(context):
            yield "unknown-context", f"{where} reads {context}"
    if value.startswith("States.Format"):
        template, *arguments = _arguments(value)
        if template.count("{}") != len(arguments):
            yield "format", f"{where}: {template.count('{}')} places for {len(arguments)} values"


def _arguments(call: str) -> list[str]:
    inside = call[call.index("(") + 1 : call.rindex(")")]
    return [each.strip() for each in re.findall(r"'(?:[^'\\]|\\.)*'|[^,]+", inside) if each.strip()]


def _states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in definition["States"].items():
        yield name, state
        for inner in (
            *state.get("Branches", []),
            *(state[each] for each in ("ItemProcessor", "Iterator") if each in state),
        ):
            yield from _states(inner)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What a state says itself: not its branches and item processor, which are states of their own."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("Branches", "ItemProcessor", "Iterator"):
                yield from _leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


@cache
def own_errors() -> frozenset[str]:
    """Names of the exceptions that the functions raise: Lambda reports an error by the name of its class."""
    classes = [
        node
        for file in sorted((PROJECT / "lambdas" / "event_fork").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Error")
    ]
    return frozenset(each.name for each in classes)
