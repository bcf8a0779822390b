"""Definitions that Step Functions refuses: unknown fields, wrong values, targets that are not there.

MiniStack 1.5.33 takes nearly any JSON, and ValidateStateMachineDefinition, which Terraform's provider calls when it
plans, always answers OK. Codes and messages of targets, ends and names as AWS was seen to write them (github.com/
floci-io/floci pull request 2786). https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from testbench.backends.ministack.corrections import hooks
from testbench.backends.ministack.corrections.step_functions import state_rules

Problem = tuple[str, str, str]
"""Code, message and place."""

LONGEST_NAME = 80
CHANGEABLE = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
NAME = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}""")


def _fields(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TEMPLATES = _fields("Parameters ResultSelector ItemSelector BatchInput")
_HOLDERS = _fields("ItemReader ReaderConfig ItemBatcher ResultWriter")
_MACHINE = _fields("Comment StartAt States Version TimeoutSeconds QueryLanguage")
_BRANCH = _fields("Comment StartAt States QueryLanguage")
_PROCESSOR = _BRANCH | {"ProcessorConfig"}
_EVERY = _fields("Type Comment QueryLanguage")
_DATA = _EVERY | _fields("InputPath OutputPath Output Assign")
_STEP = _DATA | _fields("Next End")
_RESULT = _fields("Parameters ResultPath ResultSelector Arguments Retry Catch")
_STATES = {
    "Pass": _STEP | _fields("Result ResultPath Parameters"),
    "Task": _STEP
    | _RESULT
    | _fields("Resource Credentials TimeoutSeconds TimeoutSecondsPath HeartbeatSeconds HeartbeatSecondsPath"),
    "Wait": _STEP | _fields("Seconds SecondsPath Timestamp TimestampPath"),
    "Choice": _DATA | _fields("Choices Default"),
    "Succeed": _DATA,
    "Fail": _EVERY | _fields("Error ErrorPath Cause CausePath"),
    "Parallel": _STEP | _RESULT | {"Branches"},
    "Map": _STEP
    | _RESULT
    | _fields(
        "Items ItemsPath ItemSelector ItemReader ItemProcessor Iterator ItemBatcher ResultWriter MaxConcurrency "
        "MaxConcurrencyPath ToleratedFailurePercentage ToleratedFailurePercentagePath ToleratedFailureCount "
        "ToleratedFailureCountPath Label"
    ),
}
_INSIDE = {
    "Retry": _fields("ErrorEquals IntervalSeconds MaxAttempts BackoffRate MaxDelaySeconds JitterStrategy Comment"),
    "Catch": _fields("ErrorEquals Next ResultPath Output Assign Comment"),
    "ItemReader": _fields("Resource Parameters Arguments ReaderConfig"),
    "ReaderConfig": _fields(
        "InputType CSVHeaderLocation CSVHeaders CSVDelimiter MaxItems MaxItemsPath Transformation ManifestType "
        "ItemsPointer"
    ),
    "ItemBatcher": _fields(
        "BatchInput MaxItemsPerBatch MaxItemsPerBatchPath MaxInputBytesPerBatch MaxInputBytesPerBatchPath"
    ),
    "ResultWriter": _fields("Resource Parameters Arguments WriterConfig"),
    "WriterConfig": _fields("Transformation OutputType"),
    "ProcessorConfig": _fields("Mode ExecutionType"),
    "Credentials": _fields("RoleArn RoleArn.$"),
}
_RULE = _fields("Variable And Or Not Condition Next Output Assign Comment")
_OPERATOR = re.compile(
    r"(Boolean|String|Numeric|Timestamp)Equals(Path)?|(String|Numeric|Timestamp)(LessThan|GreaterThan)(Equals)?(Path)?"
    r"|StringMatches|Is(Null|Present|Numeric|String|Boolean|Timestamp)"
)
_ENDS = {"Succeed", "Fail", "Choice"}
_LOG_GROUP = re.compile(r"arn:[a-z-]+:logs:[a-z0-9-]+:\d{12}:log-group:\S+:\*")


def problems(text: str, *, express: bool = False) -> list[Problem]:
    """What Step Functions refuses of a definition; empty for one that it takes."""
    try:
        definition = json.loads(text)
    except ValueError as error:
        return [("INVALID_JSON_DESCRIPTION", str(error), "/")]
    if not isinstance(definition, dict):
        return [("SCHEMA_VALIDATION_FAILED", "the definition is no object", "/")]
    language = str(definition.get("QueryLanguage", "JSONPath"))
    names: list[str] = []
    found = list(_machine(definition, _MACHINE, "", language, names, express=express))
    twice = sorted({name for name in names if names.count(name) > 1})
    return found + [("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", "/States") for name in twice]


def logging_problem(configuration: Any) -> str | None:
    """What is wrong with a logging configuration, None when Step Functions takes it."""
    if not isinstance(configuration, dict) or configuration.get("level", "OFF") == "OFF":
        return None
    groups = [
        (each.get("cloudWatchLogsLogGroup") or {}).get("logGroupArn")
        for each in configuration.get("destinations") or []
    ]
    if len(groups) != 1 or not _LOG_GROUP.fullmatch(str(groups[0])):
        wanted = "a log group's ARN that ends with :*, such as arn:aws:logs:eu-west-1:123456789012:log-group:orders:*"
        return f"exactly one destination is needed, {wanted}. Received: {groups}"
    return None


_SCHEMA = "SCHEMA_VALIDATION_FAILED"


def _wrong(message: str, place: str, code: str = _SCHEMA) -> Problem:
    return code, message, place or "/"


def _unknown(found: Mapping[str, Any], allowed: frozenset[str], place: str) -> Iterator[Problem]:
    for name in found:
        if name not in allowed:
            yield _wrong(f"The field '{name}' is not supported by Step Functions", f"{place}/{name}")


def _machine(
    found: Any, allowed: frozenset[str], place: str, language: str, names: list[str], *, express: bool
) -> Iterator[Problem]:
    """`names` gets those of all states."""
    states = found.get("States") if isinstance(found, dict) else None
    if not isinstance(states, dict) or not states:
        yield _wrong("States must be an object with at least one state", f"{place}/States")
        return
    yield from _unknown(found, allowed, place)
    for message, where in state_rules.values(found):
        yield _wrong(message, f"{place}/{where}")
    names += states
    if isinstance(config := found.get("ProcessorConfig", {}), dict):
        yield from _unknown(config, _INSIDE["ProcessorConfig"], f"{place}/ProcessorConfig")
    if found.get("StartAt") not in states:
        code = "MISSING_TRANSITION_TARGET"
        yield _wrong(f"Missing 'Next' target: {found.get('StartAt')}", f"{place}/StartAt", code)
    for name, state in states.items():
        if len(name) > LONGEST_NAME:
            yield _wrong(f"The name of a state has at most {LONGEST_NAME} characters", f"{place}/States/{name}")
        yield from _state(state, states, f"{place}/States/{name}", language, names, express=express)
    yield from _ways(found.get("StartAt"), states, place)


def _ways(start: Any, states: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """Whether there is an end, and a way to every state."""
    steps = {name: state for name, state in states.items() if isinstance(state, dict)}
    ends = any(state.get("End") is True or state.get("Type") in ("Succeed", "Fail") for state in steps.values())
    if not (ends or place):  # seen of a whole machine only, not of a branch
        yield "MISSING_END_STATE", "Workflow has no terminal state", "/"
        return
    reached = {start} | {target for state in steps.values() for _, target in _targets(state)}
    for name in states:
        if name not in reached:
            yield _wrong(f'State "{name}" is not reachable.', f"{place}/States/{name}", "MISSING_TRANSITION_TARGET")


def _targets(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Where a state names another one, and which."""
    for name in ("Next", "Default"):
        yield name, state.get(name)
    for name in ("Catch", "Choices"):
        for number, each in enumerate(found if isinstance(found := state.get(name), list) else []):
            if isinstance(each, dict):
                yield f"{name}[{number}]/Next", each.get("Next")


def _state(
    state: Any, states: Mapping[str, Any], place: str, language: str, names: list[str], *, express: bool
) -> Iterator[Problem]:
    kind = state.get("Type") if isinstance(state, dict) else None
    if kind not in _STATES:
        yield _wrong(f"Type must be one of {', '.join(_STATES)}, it is {kind!r}", place)
        return
    yield from _unknown(state, _STATES[kind], place)
    if kind not in _ENDS and bool(state.get("Next")) == (state.get("End") is True):
        yield _wrong("A state has either Next or End", place)
    language = str(state.get("QueryLanguage", language))
    broken = False
    for message, where in state_rules.state(kind, state, language, express=express):
        broken = True
        yield _wrong(message, f"{place}/{where}".rstrip("/"), state_rules.RESOURCE if where == "Resource" else _SCHEMA)
    if broken:
        return  # what follows reads its parts
    for name in ("Retry", "Catch"):
        for number, each in enumerate(state.get(name) or []):
            yield from _unknown(each, _INSIDE[name], f"{place}/{name}[{number}]")
    for number, rule in enumerate(state.get("Choices") or []):
        where = f"{place}/Choices[{number}]"
        wrong = list(state_rules.choice(rule, language))
        yield from (_wrong(message, f"{where}/{below}".rstrip("/")) for message, below in wrong)
        if not wrong:
            yield from _rule(rule, where)
    for where, target in _targets(state):
        if target is not None and target not in states:
            yield _wrong(f"Missing 'Next' target: {target}", f"{place}/{where}", "MISSING_TRANSITION_TARGET")
    for name in ("ItemReader", "ItemBatcher", "ResultWriter", "Credentials"):
        if isinstance(inner := state.get(name), dict):
            yield from _unknown(inner, _INSIDE[name], f"{place}/{name}")
            for config in ("ReaderConfig", "WriterConfig"):
                yield from _unknown(inner.get(config) or {}, _INSIDE[config], f"{place}/{name}/{config}")
    yield from _paths(state, place)
    for name in ("ItemProcessor", "Iterator"):
        if name in state:
            yield from _machine(state[name], _PROCESSOR, f"{place}/{name}", language, names, express=express)
    for number, branch in enumerate(state.get("Branches") or []):
        yield from _machine(branch, _BRANCH, f"{place}/Branches[{number}]", language, names, express=express)


def _paths(state: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """Paths that do not begin with a dollar sign, in a state and in its payload templates."""
    for name, value in state.items():
        if name in _TEMPLATES:
            yield from _template(value, f"{place}/{name}")
        elif name in _HOLDERS and isinstance(value, dict):
            yield from _paths(value, f"{place}/{name}")
        elif name.endswith("Path"):
            yield from _path(value, f"{place}/{name}", intrinsic=name in ("ErrorPath", "CausePath"))


def _template(value: Any, place: str) -> Iterator[Problem]:
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _template(each, f"{place}[{number}]")
    elif isinstance(value, dict):
        for name, each in value.items():
            if name.endswith(".$"):
                yield from _path(each, f"{place}/{name}", intrinsic=True)
            else:
                yield from _template(each, f"{place}/{name}")


def _path(value: Any, place: str, *, intrinsic: bool) -> Iterator[Problem]:
    if value is not None and not state_rules.is_path(value, intrinsic=intrinsic):
        yield _wrong("Value is not a valid JSONPath", place)


def _rule(rule: Mapping[str, Any], place: str) -> Iterator[Problem]:
    for name, value in rule.items():
        if name in ("And", "Or"):
            for number, each in enumerate(value):
                yield from _rule(each, f"{place}/{name}[{number}]")
        elif name == "Not":
            yield from _rule(value, f"{place}/Not")
        elif name not in _RULE and not _OPERATOR.fullmatch(name):
            yield _wrong(f"The field '{name}' is not supported by Step Functions", f"{place}/{name}")
        elif name == "Variable" or (name not in _RULE and name.endswith("Path")):
            yield from _path(value, f"{place}/{name}", intrinsic=False)


def apply() -> None:
    """Look before a machine is made or changed, and when Terraform asks."""
    service, responses = hooks.service("stepfunctions"), hooks.core("responses")

    def bad_name(data: Mapping[str, Any]) -> Any:
        name = data.get("name")
        if not name or NAME.fullmatch(name):
            return None
        return responses.error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)

    def create(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        return bad_name(data) or check(original, data)

    def start(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        try:
            json.loads(data.get("input") or "{}")
        except ValueError as error:
            words = f"Invalid State Machine Execution Input: '{error}'"
            return responses.error_response_json("InvalidExecutionInput", words, 400)
        return bad_name(data) or original(data)

    def change(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        if not any(data.get(name) for name in CHANGEABLE):
            words = f"Either the {', the '.join(CHANGEABLE[:-1])}, or the {CHANGEABLE[-1]} must be specified"
            return responses.error_response_json("MissingRequiredParameter", words, 400)
        present = service._state_machines.get(data.get("stateMachineArn", "")) or {}
        return check(original, {**data, "type": present.get("type", "STANDARD")})

    def check(original: Callable[..., Any], data: Mapping[str, Any]) -> Any:
        express = data.get("type") == "EXPRESS"
        found = problems(data["definition"], express=express) if data.get("definition") else []
        if wrong := logging_problem(data.get("loggingConfiguration")):
            words = f"Invalid Logging Configuration: {wrong}"
            return responses.error_response_json("InvalidLoggingConfiguration", words, 400)
        if not found:
            return original(data)
        told = ", ".join(f"{code}: {message} at {place}" for code, message, place in found)
        words = f"Invalid State Machine Definition: '{told}'"
        return responses.error_response_json("InvalidDefinition", words, 400)

    def validate(data: Mapping[str, Any]) -> Any:
        diagnostics = [
            {"severity": "ERROR", "code": code, "message": message, "location": place}
            for code, message, place in problems(data.get("definition") or "", express=data.get("type") == "EXPRESS")
        ]
        return responses.json_response({"result": "FAIL" if diagnostics else "OK", "diagnostics": diagnostics})

    hooks.wrap(service, "_create_state_machine", ("data",), create)
    hooks.wrap(service, "_start_execution", ("data",), start)
    hooks.wrap(service, "_update_state_machine", ("data",), change)
    hooks.replace(service, "_validate_state_machine_definition", ("data",), validate)
