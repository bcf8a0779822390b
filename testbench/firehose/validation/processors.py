"""Rules for ProcessingConfiguration. Sources: notes 1.5 "Processing validation", 3.4."""

import base64
import binascii
from typing import Any

from testbench.firehose.api.errors import InvalidArgumentError
from testbench.firehose.pipeline.metadata import QueryError, compile_query

_REQUIRED = {
    "Lambda": ("LambdaArn",),
    "MetadataExtraction": ("MetadataExtractionQuery", "JsonParsingEngine"),
    "RecordDeAggregation": ("SubRecordType",),
    "Decompression": ("CompressionFormat",),
    "CloudWatchLogProcessing": ("DataMessageExtraction",),
    "AppendDelimiterToRecord": (),
}
_ALLOWED = {
    "Lambda": ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds"),
    "MetadataExtraction": ("MetadataExtractionQuery", "JsonParsingEngine"),
    "RecordDeAggregation": ("SubRecordType", "Delimiter"),
    "Decompression": ("CompressionFormat",),
    "CloudWatchLogProcessing": ("DataMessageExtraction",),
    "AppendDelimiterToRecord": ("Delimiter",),
}
MAX_LAMBDA_RETRIES = 300


def check_processing(processing: dict[str, Any], *, dynamic_partitioning: bool) -> None:
    """InvalidArgumentException when the processors cannot run together or a parameter is wrong."""
    processors: list[dict[str, Any]] = processing.get("Processors", [])
    if not processing.get("Enabled", bool(processors)):
        return
    if not 1 <= len(processors) <= 5:
        raise InvalidArgumentError(
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled."
        )
    kinds = [processor["Type"] for processor in processors]
    for kind in sorted(set(kinds)):
        if kinds.count(kind) > 1:
            raise InvalidArgumentError(f"Cannot have more than 1 {kind} processor")
    if "CloudWatchLogProcessing" in kinds and "Decompression" not in kinds:
        raise InvalidArgumentError("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
    if "MetadataExtraction" in kinds and not dynamic_partitioning:
        raise InvalidArgumentError("MetadataExtraction processor can only be used when dynamic partitioning is enabled")
    for processor in processors:
        _check_parameters(processor["Type"], parameters(processor))


def parameters(processor: dict[str, Any]) -> dict[str, str]:
    """ParameterName -> ParameterValue of a processor."""
    return {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters", [])}


def _check_parameters(kind: str, given: dict[str, str]) -> None:
    for name in _REQUIRED[kind]:
        if name not in given:
            raise InvalidArgumentError(f"Processor parameter {name} is required for processor type {kind}")
    for name in given:
        if name not in _ALLOWED[kind]:
            raise InvalidArgumentError(f"Processor parameter {name} is not valid for processor type {kind}")
    if kind == "Lambda":
        _check_number(given, "NumberOfRetries", 0, MAX_LAMBDA_RETRIES)
        _check_number(given, "BufferSizeInMBs", 0.2, 3)
        _check_number(given, "BufferIntervalInSeconds", 0, 900)
        if not given["LambdaArn"].startswith("arn:") or ":function:" not in given["LambdaArn"]:
            raise InvalidArgumentError(f"Invalid Lambda ARN {given['LambdaArn']}")
    elif kind == "MetadataExtraction":
        if given["JsonParsingEngine"] != "JQ-1.6":
            raise InvalidArgumentError("JsonParsingEngine must be JQ-1.6")
        try:
            compile_query(given["MetadataExtractionQuery"])
        except QueryError as error:
            raise InvalidArgumentError(f"Invalid MetadataExtractionQuery: {error}") from error
    elif kind == "RecordDeAggregation":
        _check_deaggregation(given)
    elif kind == "Decompression" and given["CompressionFormat"] != "GZIP":
        raise InvalidArgumentError("CompressionFormat of the Decompression processor must be GZIP")
    elif kind == "CloudWatchLogProcessing" and given["DataMessageExtraction"].lower() not in ("true", "false"):
        raise InvalidArgumentError("DataMessageExtraction must be true or false")


def _check_deaggregation(given: dict[str, str]) -> None:
    if given["SubRecordType"] not in ("JSON", "DELIMITED"):
        raise InvalidArgumentError("SubRecordType must be JSON or DELIMITED")
    if given["SubRecordType"] == "JSON":
        return
    if "Delimiter" not in given:
        raise InvalidArgumentError("Delimiter is required when SubRecordType is DELIMITED")
    try:
        delimiter = base64.b64decode(given["Delimiter"], validate=True)
    except (binascii.Error, ValueError):
        delimiter = b""
    if not delimiter:
        raise InvalidArgumentError("Delimiter must be a base64 encoded string")


def _check_number(given: dict[str, str], name: str, least: float, most: float) -> None:
    if name not in given:
        return
    try:
        value = float(given[name])
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise InvalidArgumentError(f"{name} must be between {least} and {most}; got {given[name]}")
