"""Rules for ProcessingConfiguration, refused in AWS's words where they are known.

Sources: notes 1.5 "Processing validation", 3.4; most texts are those that badmintoncryer/cdk-preflight recorded from
CreateDeliveryStream in September 2026 (its rules/firehose).
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from local_firehose.api.errors import InvalidArgumentError
from local_firehose.delivery.expressions import FROM_QUERY, partition_keys_used
from local_firehose.partition_keys import QueryError, check_query, top_level_keys
from local_firehose.streams.configuration import parameters

_ALLOWED = {
    "Lambda": ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds"),
    "MetadataExtraction": ("MetadataExtractionQuery", "JsonParsingEngine"),
    "RecordDeAggregation": ("SubRecordType", "Delimiter"),
    "Decompression": ("CompressionFormat",),
    "CloudWatchLogProcessing": ("DataMessageExtraction",),
    "AppendDelimiterToRecord": ("Delimiter",),
}
_PARTITIONING_ONLY = ("RecordDeAggregation", "MetadataExtraction")
MAX_LAMBDA_RETRIES = 300


def check_processing(processing: dict[str, Any], *, prefix: str, dynamic_partitioning: bool) -> None:
    """InvalidArgumentException when the processors cannot run together or a parameter is wrong."""
    processors: list[dict[str, Any]] = processing.get("Processors", [])
    kinds = [processor["Type"] for processor in processors]
    enabled = processing.get("Enabled", bool(processors))
    if dynamic_partitioning and not (enabled and {"Lambda", "MetadataExtraction"} & set(kinds)):
        raise InvalidArgumentError("Processing Configuration is not enabled when DataPartitioning is enabled")
    if not enabled:
        return
    if not 1 <= len(processors) <= 5:
        raise InvalidArgumentError(
            "A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled."
        )
    for kind in sorted(set(kinds)):
        if kinds.count(kind) > 1:
            raise InvalidArgumentError(f"Cannot have more than 1 {kind} processor.")
    for kind in _PARTITIONING_ONLY:
        if kind in kinds and not dynamic_partitioning:
            raise InvalidArgumentError(
                f"class com.amazonaws.services.firehose.internal.model.{kind}Processor can only be present when "
                "Dynamic Partitioning is enabled."
            )
    if "CloudWatchLogProcessing" in kinds and "Decompression" not in kinds:
        raise InvalidArgumentError("CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor")
    for processor in processors:
        _CHECKS[processor["Type"]](_known(processor), prefix)


def check_lambda_hints(processing: dict[str, Any]) -> None:
    """Of the buffering of a Lambda processor both hints are given or none (before defaults are filled in)."""
    for processor in processing.get("Processors", []):
        given = parameters(processor)
        if processor["Type"] == "Lambda" and ("BufferSizeInMBs" in given) != ("BufferIntervalInSeconds" in given):
            raise InvalidArgumentError(
                "Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda "
                "processor."
            )


def _known(processor: dict[str, Any]) -> dict[str, str]:
    given = parameters(processor)
    for name in given:
        if name not in _ALLOWED[processor["Type"]]:
            raise InvalidArgumentError(f"Parameter {name} is not valid for processor type {processor['Type']}")
    return given


def _check_lambda(given: Mapping[str, str], _: str) -> None:
    if "LambdaArn" not in given:
        raise InvalidArgumentError("LambdaArn is required when Lambda processor is used.")
    if not given["LambdaArn"].startswith("arn:") or ":function:" not in given["LambdaArn"]:
        raise InvalidArgumentError(f"Invalid Lambda ARN {given['LambdaArn']}")
    for name, least, most, refusal in (
        ("NumberOfRetries", 0, MAX_LAMBDA_RETRIES, "Number of retries for lambda must be between 0 and 300."),
        ("BufferSizeInMBs", 0.2, 3, "BufferSizeInMBs for lambda processor must be between 0.2 and 3."),
        ("BufferIntervalInSeconds", 0, 900, "BufferIntervalInSeconds for lambda processor must be between 0 and 900."),
    ):
        if name in given and not least <= _number(given[name]) <= most:
            raise InvalidArgumentError(refusal)


def _check_metadata(given: Mapping[str, str], prefix: str) -> None:
    if given.get("JsonParsingEngine") != "JQ-1.6":
        raise InvalidArgumentError("MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6")
    if "MetadataExtractionQuery" not in given:
        raise InvalidArgumentError("MetadataExtractionQuery is required when MetadataExtraction processor is used.")
    query = given["MetadataExtractionQuery"]
    try:
        check_query(query)
    except QueryError as error:
        raise InvalidArgumentError(f"Invalid MetadataExtractionQuery: {error}") from error
    used = {key for namespace, key in partition_keys_used(prefix) if namespace == FROM_QUERY}
    if not top_level_keys(query) <= used:
        raise InvalidArgumentError(
            "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression"
        )


def _check_deaggregation(given: Mapping[str, str], _: str) -> None:
    if given.get("SubRecordType") not in ("JSON", "DELIMITED"):
        raise InvalidArgumentError("SubRecordType has to be one of JSON, DELIMITED")
    if given["SubRecordType"] == "JSON":
        return
    if "Delimiter" not in given:
        raise InvalidArgumentError("Delimiter should be present for DELIMITED")
    try:
        delimiter = base64.b64decode(given["Delimiter"], validate=True)
    except (binascii.Error, ValueError):
        delimiter = b""
    if not delimiter:
        raise InvalidArgumentError("Delimiter must be a base64 encoded string")


def _check_decompression(given: Mapping[str, str], _: str) -> None:
    if given.get("CompressionFormat") != "GZIP":
        raise InvalidArgumentError("CompressionFormat of the Decompression processor must be GZIP")


def _check_log_processing(given: Mapping[str, str], _: str) -> None:
    if given.get("DataMessageExtraction", "").lower() not in ("true", "false"):
        raise InvalidArgumentError(
            "Invalid parameter value for DataMessageExtraction. Allowed values are True and False."
        )


def _check_delimiter(given: Mapping[str, str], _: str) -> None:
    del given  # nothing of it is used: AWS shows none either


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


_CHECKS = {
    "Lambda": _check_lambda,
    "MetadataExtraction": _check_metadata,
    "RecordDeAggregation": _check_deaggregation,
    "Decompression": _check_decompression,
    "CloudWatchLogProcessing": _check_log_processing,
    "AppendDelimiterToRecord": _check_delimiter,
}
