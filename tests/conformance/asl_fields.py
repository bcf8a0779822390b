"""What Step Functions asks of the fields of a state where asl-validator takes anything: JSON schemas with pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator

Schema = dict[str, Any]

_LONGEST = 99_999_999
"""Seconds and attempts: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
_TEXT: Schema = {"type": "string"}


def _whole(least: int, most: int | None = None) -> Schema:
    limits = {"minimum": least} | ({} if most is None else {"maximum": most})
    return {"type": "integer", **limits}


def _one_of(words: str) -> Schema:
    return {"enum": words.split()}


def _object(page: str, needed: str = "", **fields: Schema) -> Schema:
    """An object with these fields and no others, and the page that says so."""
    return {
        "$comment": f"https://docs.aws.amazon.com/step-functions/latest/dg/{page}",
        "type": "object",
        "properties": {"Comment": _TEXT, **fields},
        "required": needed.split(),
        "additionalProperties": False,
    }


_ERRORS: Schema = {"type": "array", "minItems": 1, "items": _TEXT}
_RETRIER = _object(
    "concepts-error-handling.html",
    "ErrorEquals",
    ErrorEquals=_ERRORS,
    IntervalSeconds=_whole(1, _LONGEST),
    MaxAttempts=_whole(0, _LONGEST),
    BackoffRate={"type": "number", "minimum": 1.0},
    MaxDelaySeconds=_whole(1, 31_622_399),
    JitterStrategy=_one_of("FULL NONE"),
)
_CATCHER = _object(
    "concepts-error-handling.html",
    "ErrorEquals Next",
    ErrorEquals=_ERRORS,
    Next=_TEXT,
    ResultPath={"type": ["string", "null"]},
    Assign={"type": "object"},
)
_READER = _object(
    "input-output-itemreader.html",
    "Resource Parameters",
    Resource={"pattern": "^arn:aws(-cn|-us-gov)?:states:::s3:(getObject|listObjectsV2)$"},
    Parameters={"type": "object"},
    ReaderConfig=_object(
        "input-output-itemreader.html",
        InputType=_one_of("CSV JSON JSONL MANIFEST PARQUET"),
        CSVHeaderLocation=_one_of("FIRST_ROW GIVEN"),
        CSVHeaders={"type": "array", "minItems": 1, "items": _TEXT},
        CSVDelimiter=_one_of("COMMA PIPE SEMICOLON SPACE TAB"),
        ItemsPointer={"type": "string", "pattern": "^/"},
        ManifestType=_one_of("ATHENA_DATA S3_INVENTORY"),
        MaxItems=_whole(1, 100_000_000),
        MaxItemsPath=_TEXT,
        Transformation=_one_of("NONE LOAD_AND_FLATTEN"),
    ),
)
_READER["allOf"] = [
    {  # what is read has a type, a list of objects has none
        "if": {"properties": {"Resource": {"pattern": "getObject$"}}},
        "then": {"required": ["ReaderConfig"], "properties": {"ReaderConfig": {"required": ["InputType"]}}},
    }
]
_BATCHER = _object(
    "input-output-itembatcher.html",
    MaxItemsPerBatch=_whole(1),
    MaxItemsPerBatchPath=_TEXT,
    MaxInputBytesPerBatch=_whole(1, 262_144),
    MaxInputBytesPerBatchPath=_TEXT,
    BatchInput={"type": "object"},
)
_BATCHER["anyOf"] = [
    {"required": [name]} for field in ("MaxItemsPerBatch", "MaxInputBytesPerBatch") for name in (field, f"{field}Path")
]
_WRITER = _object(
    "input-output-resultwriter.html",
    "Resource Parameters",
    Resource={"pattern": "^arn:aws(-cn|-us-gov)?:states:::s3:putObject$"},
    Parameters={
        "patternProperties": {r"^(Bucket|Prefix)(\.\$)?$": _TEXT},
        "additionalProperties": False,
        "anyOf": [{"required": ["Bucket"]}, {"required": ["Bucket.$"]}],
    },
    WriterConfig=_object(
        "input-output-resultwriter.html",
        Transformation=_one_of("NONE COMPACT FLATTEN"),
        OutputType=_one_of("JSON JSONL"),
    ),
)
_LABEL: Schema = {
    "$comment": "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html",
    "type": "string",
    "pattern": r'^[^\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]{1,40}$',
}
_INLINE: Schema = {
    "$comment": "https://docs.aws.amazon.com/step-functions/latest/dg/state-map-inline.html",
    "properties": {
        "MaxConcurrency": _whole(0, 40),
        **dict.fromkeys(
            (
                *("ItemReader", "ItemBatcher", "ResultWriter", "Label", "ToleratedFailureCount"),
                *("ToleratedFailureCountPath", "ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
            ),
            False,
        ),
    },
}
_IS_DISTRIBUTED: Schema = {
    "required": ["ItemProcessor"],
    "properties": {
        "ItemProcessor": {
            "required": ["ProcessorConfig"],
            "properties": {"ProcessorConfig": {"required": ["Mode"], "properties": {"Mode": {"const": "DISTRIBUTED"}}}},
        }
    },
}
_DISTRIBUTED: Schema = {
    "properties": {
        "MaxConcurrency": _whole(0, 10_000),  # service-quotas.html: child executions of a Map Run at a time
        "ItemProcessor": {"properties": {"ProcessorConfig": {"required": ["ExecutionType"]}}},
    }
}
_NEEDS = {
    "Task": ["Resource"],
    "Parallel": ["Branches"],
    "Choice": ["Choices"],
    "Map": ["ItemProcessor", "Iterator"],
    "Wait": ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"],
}
"""Type -> fields of which it has one."""


def _of_type(kind: str, then: Schema) -> Schema:
    return {"if": {"properties": {"Type": {"const": kind}}}, "then": then}


_STATE: Schema = {
    "properties": {
        "QueryLanguage": {"const": "JSONPath"},  # the one that is judged here
        "TimeoutSeconds": _whole(1, _LONGEST),
        "HeartbeatSeconds": _whole(1, _LONGEST),
        "Seconds": _whole(0, _LONGEST),
        "Retry": {"type": "array", "items": _RETRIER},
        "Catch": {"type": "array", "items": _CATCHER},
        "Branches": {"type": "array", "minItems": 1},
        "Choices": {"type": "array", "minItems": 1},
        "Label": _LABEL,
        "MaxConcurrency": _whole(0),
        "ToleratedFailureCount": _whole(0),
        "ToleratedFailurePercentage": {"type": "number", "minimum": 0, "maximum": 100},
        "ItemReader": _READER,
        "ItemBatcher": _BATCHER,
        "ResultWriter": _WRITER,
        "ItemProcessor": {
            "properties": {
                "ProcessorConfig": _object(
                    "state-map-distributed.html",
                    Mode=_one_of("INLINE DISTRIBUTED"),
                    ExecutionType=_one_of("STANDARD EXPRESS"),
                ),
                "Comment": _TEXT,
                "StartAt": _TEXT,
                "States": {"type": "object"},
                "QueryLanguage": {"const": "JSONPath"},
            },
            "additionalProperties": False,
        },
    },
    "allOf": [
        _of_type("Map", {"if": _IS_DISTRIBUTED, "then": _DISTRIBUTED, "else": _INLINE}),
        *(_of_type(kind, {"oneOf": [{"required": [name]} for name in names]}) for kind, names in _NEEDS.items()),
    ],
}
_VALIDATOR = Draft7Validator(_STATE)


def against(state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(field, message) for what is wrong with the fields of a state."""
    for error in _VALIDATOR.iter_errors(state):
        yield ".".join(map(str, error.absolute_path)), error.message
