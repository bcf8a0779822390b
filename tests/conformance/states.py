"""The Step Functions definition: AWS's grammar by asl-validator, and what that one does not look at."""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from testbench.paths import PROJECT
from tests.conformance import api_models, asl_data, asl_fields, tools
from tests.conformance.findings import Finding
from tests.conformance.planning import Resource

Definition = dict[str, Any]
Faults = Iterator[tuple[str, str]]
"""Rule and message."""

_MOST_BYTES = 1_048_576
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
_INTRINSICS: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("StringToJson", "JsonToString", "ArrayLength", "ArrayUnique"), (1, 1)),
    **dict.fromkeys(("Base64Encode", "Base64Decode"), (1, 1)),
    **dict.fromkeys(("ArrayPartition", "ArrayContains", "ArrayGetItem", "Hash", "MathAdd", "StringSplit"), (2, 2)),
    **{"ArrayRange": (3, 3), "JsonMerge": (3, 3), "MathRandom": (2, 3), "UUID": (0, 0)},
    **{"Format": (1, 10_000), "Array": (0, 10_000)},
}
"""Least and most arguments.
https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html"""
_STATES_ERRORS = {
    f"States.{name}"
    for name in (
        *("ALL", "BranchFailed", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout"),
        *("Http.Socket", "IntrinsicFailure", "ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure"),
        *("Permissions", "ResultPathMatchFailure", "ResultWriterFailed", "TaskFailed", "Timeout"),
    )
}
"""Without States.Runtime, which nothing retries or catches.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
_NOT_TASK_FAILED = {"States.ALL", "States.Timeout", "States.HeartbeatTimeout"}
_RUNTIME_ERRORS = {
    *("Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException"),
    *("Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException", "Lambda.Unknown"),
    *("Runtime.ExitError", "Sandbox.Timedout"),
}
"""What Lambda and its runtime call their own failures.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
_CONTEXT = re.compile(
    r"\$\$(\.(Execution\.(Id|Input([.\[].+)?|Name|RoleArn|StartTime|RedriveCount|RedriveTime)"
    r"|State\.(EnteredTime|Name|RetryCount)|StateMachine\.(Id|Name)|Task\.Token"
    r"|Map\.Item\.(Index|Key|Source|Value([.\[].+)?)))?"
)
"""https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
_PATH = re.compile(r"\$(?P<variable>[A-Za-z_]\w*)?(\.\.?[\w*-]+|\[[^\]]+\])*")
_TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "BatchInput", "Assign")
_TOKEN = ".waitForTaskToken"


@dataclass(frozen=True)
class _Integration:
    """A call that a state may make: the members of its parameters are those of the service's own call."""

    call: api_models.Call
    endings: tuple[str, ...] = ("",)
    """What may stand behind its name."""


_INTEGRATIONS = {
    "lambda:invoke": _Integration(api_models.Call("lambda", "Invoke"), ("", _TOKEN)),
    "sqs:sendMessage": _Integration(api_models.Call("sqs", "SendMessage"), ("", _TOKEN)),
    "sns:publish": _Integration(api_models.Call("sns", "Publish"), ("", _TOKEN)),
    "s3:getObject": _Integration(api_models.Call("s3", "GetObject")),
    "s3:listObjectsV2": _Integration(api_models.Call("s3", "ListObjectsV2")),
}
"""https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html, and what an item reader calls. The
list is closed, so that a name that is none is seen."""


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


def in_plan(resources: Iterable[Resource]) -> Iterator[Finding]:
    """What does not fit to the rest: functions that are not planned, and what an express state machine cannot do.

    https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
    """
    all_of_them = list(resources)
    functions = {each.values.get("arn") for each in all_of_them if each.type == "aws_lambda_function"}
    for resource in all_of_them:
        if resource.type != "aws_sfn_state_machine":
            continue
        text = resource.values["definition"]
        for function in set(re.findall(r'"FunctionName": *"([^"]+)"', text)) - functions:
            yield Finding("states", "no-function", resource.in_module, f"{function} is not planned")
        for word in ("DISTRIBUTED", _TOKEN, ".sync") if resource.values["type"] == "EXPRESS" else ():
            if word in text:
                yield Finding("states", "express", resource.in_module, f"{word} is for standard ones")


def _against(definition: Definition) -> Faults:
    if (size := len(json.dumps(definition).encode())) > _MOST_BYTES:
        yield "too-large", f"{size} bytes"
    if definition.get("QueryLanguage", "JSONPath") != "JSONPath":
        yield "field", f"QueryLanguage {definition['QueryLanguage']} is not judged here"
    machines = list(_machines(definition))
    states = [each for machine in machines for each in machine["States"].items()]
    variables = {name.removesuffix(".$") for _, state in states for name in state.get("Assign", {})}
    for machine in machines:
        yield from _flow(machine)
    yield from (("no-member", message) for message in asl_data.unread(definition))
    names: list[str] = []
    for name, state in states:
        names.append(name)
        if len(name) > 80:
            yield "long-name", f"{name} has {len(name)} characters, 80 are the most"
        if wrong := [*asl_fields.against(state)]:
            yield from (("field", f"{name}.{field}: {message}") for field, message in wrong)
            continue
        yield from _errors(name, state)
        yield from _both(name, state)
        if state.get("HeartbeatSeconds", 0) >= state.get("TimeoutSeconds", 100_000_000):
            yield "heartbeat", f"{name}: HeartbeatSeconds must be less than TimeoutSeconds"
        for where, caller in _callers(name, state):
            yield from _call(where, caller)
        for path, key, value in _leaves(state):
            yield from _value(f"{name}.{path}", path, key, value, variables)
    for name in {each for each in names if names.count(each) > 1}:
        yield "name-twice", f"{name}: names are unique in a state machine, branches and item processors included"


def _machines(machine: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The state machine, and those inside its states."""
    yield machine
    for state in machine["States"].values():
        inner = [*state.get("Branches", []), *(state[each] for each in ("ItemProcessor", "Iterator") if each in state)]
        for each in inner:
            yield from _machines(each)


def _flow(machine: Mapping[str, Any]) -> Faults:
    """Every state is reached from the first, and reaches an end."""
    states: Mapping[str, Mapping[str, Any]] = machine["States"]
    following = {name: set(_next(state)) for name, state in states.items()}
    for name, state in states.items():
        for missing in following[name] - states.keys():
            yield "no-state", f"{name} goes on to {missing}, which is not there"
        if state["Type"] not in ("Choice", "Succeed", "Fail") and ("Next" in state) == (state.get("End") is True):
            yield "next", f"{name} needs either Next or End"
    if machine.get("StartAt") not in states:
        yield "no-state", f"StartAt is {machine.get('StartAt')}, which is not there"
    for name in states.keys() - _reached({machine.get("StartAt")}, following):
        yield "unreachable", f"nothing leads to {name}"
    ends = {name for name, state in states.items() if state.get("End") or state["Type"] in ("Succeed", "Fail")}
    before = {name: {each for each in states if name in following[each]} for name in states}
    for name in states.keys() - _reached(ends, before):
        yield "endless", f"no end is reached from {name}"


def _next(state: Mapping[str, Any]) -> Iterator[str]:
    for holder in (state, *state.get("Choices", []), *state.get("Catch", [])):
        yield from (holder[key] for key in ("Next", "Default") if key in holder)


def _reached(first: Iterable[Any], following: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    waiting = set(first)
    while waiting:
        reached |= waiting
        waiting = {after for name in waiting for after in following.get(name, ())} - reached
    return reached


def _errors(name: str, state: Mapping[str, Any]) -> Faults:
    """The names of errors: they exist, each is reached, and a wildcard hides nothing."""
    for field in ("Retry", "Catch"):
        seen: set[str] = set()
        entries = state.get(field, [])
        for number, entry in enumerate(entries):
            errors = entry.get("ErrorEquals", [])
            for error in errors:
                if error not in _STATES_ERRORS | _RUNTIME_ERRORS | own_errors():
                    yield "unknown-error", f"{name}.{field} names {error}, which nothing raises"
                if error in seen or ("States.TaskFailed" in seen and error not in _NOT_TASK_FAILED):
                    yield "never-matched", f"{name}.{field} names {error}, which an earlier entry takes"
            seen |= set(errors)
            if "States.ALL" in errors and (len(errors) > 1 or number < len(entries) - 1):
                yield "all-not-last", f"{name}.{field}: States.ALL stands alone and last"
            if entry.get("MaxDelaySeconds", 31_622_399) <= entry.get("IntervalSeconds", 1):
                yield "delay", f"{name}: MaxDelaySeconds must be greater than IntervalSeconds"


def _both(where: str, value: Any) -> Faults:
    """A field and its path exclude each other, in the state and in its blocks."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if f"{name}Path" in value and name != "Result":
                yield "both", f"{where} has {name} and {name}Path"
            if name in ("ItemBatcher", "ItemReader", "ReaderConfig", "ResultWriter"):
                yield from _both(f"{where}.{name}", inner)


def _callers(name: str, state: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if state["Type"] == "Task":
        yield name, state
    if "ItemReader" in state:
        yield f"{name}.ItemReader", state["ItemReader"]


def _call(where: str, caller: Mapping[str, Any]) -> Faults:
    """What is called exists, with these parameters."""
    resource = str(caller.get("Resource", ""))
    if re.fullmatch(r"arn:aws(-cn|-us-gov)?:(lambda|states):[a-z0-9-]+:\d{12}:(function|activity):[\w:$-]+", resource):
        return
    called = re.fullmatch(r"arn:aws(-cn|-us-gov)?:states:::(?P<name>[A-Za-z0-9]+:\w+)(?P<ending>(\..+)?)", resource)
    integration = _INTEGRATIONS.get(called["name"]) if called else None
    if called is None or integration is None or called["ending"] not in integration.endings:
        yield "resource", f"{where} calls {resource}, which is not among {', '.join(_INTEGRATIONS)}"
        return
    parameters = caller.get("Parameters", {})
    missing, unknown = api_models.members(integration.call, {name.removesuffix(".$") for name in parameters})
    for name in sorted(missing):
        yield "parameters", f"{where} needs {name}"
    for name in sorted(unknown):
        yield "parameters", f"{where} has no parameter {name}"
    constant = {name: value for name, value in parameters.items() if not name.endswith(".$") and name not in unknown}
    for rule, message in api_models.against(integration.call, constant):
        if rule not in ("missing", "no-member"):
            yield "parameters", f"{where}: {message}"
    if (called["ending"] == _TOKEN) != ("$$.Task.Token" in json.dumps(parameters)):
        yield "token", f"{where}: {_TOKEN} and $$.Task.Token need each other"


def _value(where: str, path: str, key: str, value: Any, variables: set[str]) -> Faults:
    """A value that Step Functions computes, and one that looks so but is not."""
    steps = path.split(".")
    in_template = any(each in _TEMPLATES for each in steps[:-1])
    if key.endswith(".$"):
        if "Result" in steps:
            yield "not-computed", f"{where}: Result is taken as it is"
        elif isinstance(value, str):
            yield from _expression(where, value, variables)
        else:
            yield "no-expression", f"{where} is {json.dumps(value)}"
    elif in_template and isinstance(value, str) and re.match(r"\$($|[.$\[])|States\.\w+\(", value):
        yield "not-computed", f"{where} is the text {value}: the name of what is computed ends with .$"
    elif not in_template and (key.endswith("Path") or key == "Variable") and value is not None:
        if not str(value).startswith("$"):
            yield "no-expression", f"{where} is {value}, not a path"
        else:
            yield from _expression(where, str(value), variables)


def _expression(where: str, text: str, variables: set[str]) -> Faults:
    """A path, a path into the context, or a call of a function."""
    if text.startswith("$$"):
        if not _CONTEXT.fullmatch(text):
            yield "unknown-context", f"{where} reads {text}"
    elif text.startswith("$"):
        found = _PATH.fullmatch(text)
        if found is None:
            yield "no-expression", f"{where} is {text}"
        elif found["variable"] and found["variable"] not in variables:
            yield "no-expression", f"{where} reads the variable {found['variable']}, which nothing assigns"
    elif (call := re.fullmatch(r"(?P<name>[A-Za-z]\w*\.\w+)\((?P<inside>.*)\)", text, re.DOTALL)) is None:
        yield "no-expression", f"{where} is {text}"
    else:
        yield from _function(where, call["name"], call["inside"], variables)


def _function(where: str, name: str, inside: str, variables: set[str]) -> Faults:
    known = _INTRINSICS.get(name.removeprefix("States.")) if name.startswith("States.") else None
    if known is None:
        yield "unknown-function", f"{where} calls {name}"
        return
    arguments = _arguments(inside)
    if arguments is None or not known[0] <= len(arguments) <= known[1]:
        yield "arguments", f"{where} calls {name} with {inside}"
        return
    for argument in arguments:
        if not re.fullmatch(r"'.*'|-?\d+(\.\d+)?|true|false|null", argument, re.DOTALL):
            yield from _expression(where, argument, variables)
    if name == "States.Format" and arguments[0].count("{}") != len(arguments) - 1:
        yield "format", f"{where}: {arguments[0].count('{}')} places for {len(arguments) - 1} values"


def _arguments(inside: str) -> list[str] | None:
    """The arguments of a call; None where quotes or parentheses do not close."""
    arguments, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(inside):
        if character == "'" and inside[at - 1 : at] != "\\":
            quoted = not quoted
        depth += 0 if quoted else {"(": 1, "[": 1, ")": -1, "]": -1}.get(character, 0)
        if character == "," and not quoted and depth == 0:
            arguments.append(inside[start:at].strip())
            start = at + 1
    if quoted or depth:
        return None
    return [*arguments, inside[start:].strip()] if inside.strip() else []


def _leaves(value: Any, path: str = "", key: str = "") -> Iterator[tuple[str, str, Any]]:
    """What a state says itself, with its path and its key: not its branches and item processor, which are machines."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if path or name not in ("Branches", "ItemProcessor", "Iterator"):
                yield from _leaves(inner, f"{path}.{name}" if path else name, name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _leaves(inner, f"{path}.{number}", key)
    else:
        yield path, key, value


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
