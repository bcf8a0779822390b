"""What a state must have, and what its values may be: the rules beyond the names of fields.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Wrong = tuple[str, str]
"""A message, and the place below the state."""

RESOURCE = "INVALID_RESOURCE"
JSONATA = "JSONata"
_LONGEST = 99_999_999
_NUMBERS = {
    "BackoffRate": (1, None),
    "HeartbeatSeconds": (1, _LONGEST),
    "IntervalSeconds": (1, _LONGEST),
    "MaxAttempts": (0, _LONGEST),
    "MaxConcurrency": (0, None),
    "MaxDelaySeconds": (1, 31_622_399),
    "MaxInputBytesPerBatch": (1, 262_144),
    "MaxItemsPerBatch": (1, None),
    "Seconds": (0, _LONGEST),
    "TimeoutSeconds": (1, _LONGEST),
    "ToleratedFailureCount": (0, None),
    "ToleratedFailurePercentage": (0, 100),
}
_FRACTIONS = {"BackoffRate", "ToleratedFailurePercentage"}
_WORDS = {
    "ExecutionType": ("STANDARD", "EXPRESS"),
    "JitterStrategy": ("FULL", "NONE"),
    "Mode": ("INLINE", "DISTRIBUTED"),
    "QueryLanguage": ("JSONPath", JSONATA),
    "Version": ("1.0",),
}
_ONE_OF = {
    "Wait": ("Seconds", "SecondsPath", "Timestamp", "TimestampPath"),
    "Map": ("ItemProcessor", "Iterator"),
    "Task": ("Resource",),
    "Parallel": ("Branches",),
    "Choice": ("Choices",),
}
_AT_MOST_ONE = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
    ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
)
_OF_JSONATA = ("Arguments", "Output", "Items", "Condition")
_OF_JSONPATH = ("Parameters", "ResultSelector", "Variable")
_DISTRIBUTED = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_SERVICES = (
    "apigateway athena aws-sdk batch bedrock codebuild databrew dynamodb ecs eks elasticmapreduce emr-containers "
    "emr-serverless events glue http lambda mediaconvert sagemaker sns sqs states"
)
_RESOURCES = re.compile(
    r"arn:[a-z-]+:(lambda:[\w-]+:\d{12}:function:\S+|states:[\w-]+:\d{12}:activity:\S+"
    rf"|states:[\w-]*:\d*:({'|'.join(_SERVICES.split())}):\S+)"
)
_WAITING = re.compile(r".*(\.sync(:2)?|\.waitForTaskToken|:activity:.*)")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LABEL = re.compile(r"""[^\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,40}""")
_REFERENCE = re.compile(r"\$(\.[^\s.\[\]*@,:?()]+|\[(\d+|'[^']*'|\"[^\"]*\")\])*")
_PATH = re.compile(r"\$\$?\w*([.\[].*)?", re.DOTALL)
_INTRINSIC = re.compile(
    r"States\.(Format|StringToJson|JsonToString|Array(Partition|Contains|Range|GetItem|Length|Unique)?"
    r"|Base64(En|De)code|Hash|JsonMerge|MathRandom|MathAdd|StringSplit|UUID)\(.*\)",
    re.DOTALL,
)
_VARIABLE = re.compile(r"(?!states(\.\$)?$)[^\W\d]\w{0,79}(\.\$)?")
_KINDS: dict[str, Any] = {"Boolean": bool, "String": str, "Numeric": (int, float), "Timestamp": str, "Is": bool}


def is_path(value: Any, *, intrinsic: bool) -> bool:
    """Whether it is a JSONPath, or a call of an intrinsic function where that may be."""
    if not isinstance(value, str):
        return False
    return bool((intrinsic and _INTRINSIC.fullmatch(value)) or (_PATH.fullmatch(value) and _closed(value)))


def _closed(path: str) -> bool:
    bare = re.sub(r"'(\\.|[^'\\])*'|\"(\\.|[^\"\\])*\"", "", path)
    return bare.count("[") == bare.count("]") and not bare.endswith(".")


def values(found: Mapping[str, Any]) -> Iterator[Wrong]:
    """Numbers out of their range and words that are none, of a machine, a state or a part of one."""
    for name, value in found.items():
        if isinstance(value, str) and value.startswith("{%"):
            continue  # JSONata: known when it runs
        if name in _NUMBERS:
            least, most = _NUMBERS[name]
            kind = (int, float) if name in _FRACTIONS else int
            if isinstance(value, bool) or not isinstance(value, kind) or not _between(value, least, most):
                wanted = "a number" if name in _FRACTIONS else "a whole number"
                yield f"{name} must be {wanted} from {least}{f' to {most}' if most else ''}, it is {value!r}", name
        elif name in _WORDS and value not in _WORDS[name]:
            yield f"{name} must be {' or '.join(_WORDS[name])}, it is {value!r}", name
        elif name == "Comment" and not isinstance(value, str):
            yield "Comment must be a text", name


def _between(value: float, least: float, most: float | None) -> bool:
    return least <= value and (most is None or value <= most)


def state(kind: str, found: Mapping[str, Any], language: str, *, express: bool) -> Iterator[Wrong]:
    """What is wrong with a state of that kind."""
    yield from values(found)
    if (names := _ONE_OF.get(kind)) and sum(name in found for name in names) != 1:
        yield f"A {kind} state has exactly one of {', '.join(names)}", ""
    for one, other in _AT_MOST_ONE:
        if one in found and other in found:
            yield f"A state has {one} or {other}, not both", other
    yield from _language(found, language)
    for name in ("Branches", "Choices"):
        if name in found and not (isinstance(found[name], list) and found[name]):
            yield f"{name} must be a list with at least one entry", name
    if kind == "Task" and not _RESOURCES.fullmatch(str(found.get("Resource"))):
        yield f"The resource provided {found.get('Resource')} is not recognized", "Resource"
    if kind == "Task" and express and _WAITING.fullmatch(str(found.get("Resource"))):
        yield f"Express state machine does not support {found.get('Resource')}", "Resource"
    timeout, heartbeat = found.get("TimeoutSeconds"), found.get("HeartbeatSeconds")
    if isinstance(timeout, int) and isinstance(heartbeat, int) and heartbeat >= timeout:
        yield "HeartbeatSeconds must be smaller than TimeoutSeconds", "HeartbeatSeconds"
    if (
        kind == "Wait"
        and language != JSONATA
        and not _TIMESTAMP.fullmatch(found.get("Timestamp", "2026-01-01T00:00:00Z"))
    ):
        yield "Timestamp must be like 2026-11-23T10:00:00Z", "Timestamp"
    if kind == "Map":
        yield from _map(found, express=express)
    for name in ("Retry", "Catch"):
        yield from _handlers(name, found.get(name, []))
    yield from _result_path(found, "ResultPath")
    if "Assign" in found:
        names = found["Assign"]
        if not isinstance(names, dict) or not all(_VARIABLE.fullmatch(name) for name in names):
            yield "Assign must be an object of variables, whose names are letters, digits and underscores", "Assign"


def _language(found: Mapping[str, Any], language: str) -> Iterator[Wrong]:
    for name in found:
        path = name.endswith("Path") or name in _OF_JSONPATH
        if (language == JSONATA and path) or (language != JSONATA and name in _OF_JSONATA):
            yield f"The field '{name}' is not supported when QueryLanguage is {language}", name


def _map(found: Mapping[str, Any], *, express: bool) -> Iterator[Wrong]:
    processor = found.get("ItemProcessor")
    config = processor.get("ProcessorConfig", {}) if isinstance(processor, dict) else {}
    if not isinstance(config, dict):
        config = {}
    for message, name in values(config):
        yield message, f"ItemProcessor/ProcessorConfig/{name}"
    if config.get("Mode") == "DISTRIBUTED":
        if "ExecutionType" not in config:
            yield "ExecutionType is required when Mode is DISTRIBUTED", "ItemProcessor/ProcessorConfig"
        if express:
            yield "Express state machine does not support the Mode DISTRIBUTED", "ItemProcessor/ProcessorConfig/Mode"
    else:
        for name in found:
            if name in _DISTRIBUTED or name.startswith("ToleratedFailure"):
                yield f"The field '{name}' is supported only when Mode is DISTRIBUTED", name
    if "Label" in found and not (isinstance(found["Label"], str) and _LABEL.fullmatch(found["Label"])):
        yield "Label must have 1 to 40 characters without blanks and marks", "Label"
    if isinstance(batcher := found.get("ItemBatcher"), dict):
        for message, name in values(batcher):
            yield message, f"ItemBatcher/{name}"


def _handlers(name: str, found: Any) -> Iterator[Wrong]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        yield f"{name} must be a list of objects", name
        return
    for number, each in enumerate(found):
        place = f"{name}[{number}]"
        errors = each.get("ErrorEquals")
        if not isinstance(errors, list) or not errors or not all(isinstance(error, str) for error in errors):
            yield "ErrorEquals must be a list with at least one name of an error", f"{place}/ErrorEquals"
        elif "States.ALL" in errors and (len(errors) > 1 or number + 1 < len(found)):
            yield "States.ALL must stand alone, and in the last entry", f"{place}/ErrorEquals"
        if name == "Catch" and not isinstance(each.get("Next"), str):
            yield "A catcher needs Next", place
        for message, where in [*values(each), *_result_path(each, "ResultPath")]:
            yield message, f"{place}/{where}"


def _result_path(found: Mapping[str, Any], name: str) -> Iterator[Wrong]:
    value = found.get(name)
    if value is not None and not (isinstance(value, str) and _REFERENCE.fullmatch(value)):
        yield "Value is not a Reference Path", name


def choice(rule: Any, language: str, *, inner: bool = False) -> Iterator[Wrong]:
    """What is wrong with a rule of a Choice state."""
    if not isinstance(rule, dict):
        yield "A choice rule must be an object", ""
        return
    if inner and "Next" in rule:
        yield "Next may be in the outermost rule only", "Next"
    if not inner and not isinstance(rule.get("Next"), str):
        yield "A choice rule needs Next", ""
    if language == JSONATA:
        if "Condition" not in rule:
            yield "A choice rule needs Condition", ""
        return
    joined = [name for name in ("And", "Or", "Not") if name in rule]
    tests = [name for name in rule if name not in {"Variable", "Next", "Comment", "Assign", "Output", *joined}]
    if len(joined) + len(tests) != 1 or ("Variable" in rule) == bool(joined):
        yield "A choice rule has one comparison of a Variable, or one of And, Or and Not", ""
    for name in tests:
        kind = next((kind for start, kind in _KINDS.items() if name.startswith(start)), object)
        value = rule[name]
        if not name.endswith("Path") and (
            not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        ):
            yield f"{name} does not take {value!r}", name
    for name in joined:
        rules = [rule[name]] if name == "Not" else rule[name]
        if not isinstance(rules, list) or not rules:
            yield f"{name} must be a list with at least one rule", name
            continue
        for number, each in enumerate(rules):
            below = name if name == "Not" else f"{name}[{number}]"
            for message, where in choice(each, language, inner=True):
                yield message, f"{below}/{where}".rstrip("/")
