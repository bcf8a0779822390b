"""Destination configurations: defaults as DescribeDeliveryStream shows them, and the merge rules of UpdateDestination.

A configuration is kept in the shape of the Create request (``S3Configuration``, ``S3BackupConfiguration``,
``VpcConfiguration``); description.py renames what Describe calls otherwise. Sources: notes 1.5, 1.7, 1.8.
"""

import copy
from typing import Any

from local_firehose.streams.kinds import EXTENDED_S3

Configuration = dict[str, Any]

BUFFERING = {"SizeInMBs": 5, "IntervalInSeconds": 300}
CONVERSION_BUFFERING = {"SizeInMBs": 128, "IntervalInSeconds": 300}
RETRY = {"DurationInSeconds": 300}
LARGE_BUFFER_MIB = 64  # the least with dynamic partitioning or format conversion
_LAMBDA_DEFAULTS = {"NumberOfRetries": "3", "BufferSizeInMBs": "1", "BufferIntervalInSeconds": "60"}
_LAMBDA_ORDER = ("LambdaArn", "NumberOfRetries", "RoleArn", "BufferSizeInMBs", "BufferIntervalInSeconds")
# Sent as "" by Terraform's provider where the practitioner set nothing: the same as not set.
_EMPTY_MEANS_UNSET = ("Prefix", "ErrorOutputPrefix", "FileExtension")
_NESTED_UPDATES = {"S3Update": "S3Configuration", "S3BackupUpdate": "S3BackupConfiguration"}


def complete(kind: str, configuration: Configuration) -> Configuration:
    """The configuration with every default filled in, in its one canonical form (so that equal means unchanged)."""
    result = copy.deepcopy(configuration)
    if kind == EXTENDED_S3:
        _complete_s3(result)
        result.setdefault("S3BackupMode", "Disabled")
        conversion = result.setdefault("DataFormatConversionConfiguration", {"Enabled": False})
        conversion.setdefault("Enabled", True)
        if conversion["Enabled"] and not configuration.get("BufferingHints"):
            result["BufferingHints"] = dict(CONVERSION_BUFFERING)
        if "S3BackupConfiguration" in result:
            _complete_s3(result["S3BackupConfiguration"])
        partitioning = result.get("DynamicPartitioningConfiguration")
        if partitioning and partitioning.get("Enabled"):
            partitioning["RetryOptions"] = partitioning.get("RetryOptions") or dict(RETRY)
    else:
        result["BufferingHints"] = result.get("BufferingHints") or dict(BUFFERING)
        result.setdefault("IndexRotationPeriod", "OneDay")
        result.setdefault("TypeName", "")
        result.setdefault("S3BackupMode", "FailedDocumentsOnly")
        result["RetryOptions"] = result.get("RetryOptions") or dict(RETRY)
        result.setdefault("CloudWatchLoggingOptions", {"Enabled": False})
        _complete_s3(result["S3Configuration"])
    if "ProcessingConfiguration" in result:
        _complete_processing(result["ProcessingConfiguration"], result["RoleARN"])
    return result


def _complete_s3(configuration: Configuration) -> None:
    for member in _EMPTY_MEANS_UNSET:
        if configuration.get(member) == "":
            del configuration[member]
    configuration["BufferingHints"] = configuration.get("BufferingHints") or dict(BUFFERING)
    configuration.setdefault("CompressionFormat", "UNCOMPRESSED")
    configuration.setdefault("EncryptionConfiguration", {"NoEncryptionConfig": "NoEncryption"})
    configuration.setdefault("CloudWatchLoggingOptions", {"Enabled": False})


def _complete_processing(processing: Configuration, role_arn: str) -> None:
    processing.setdefault("Enabled", bool(processing.get("Processors")))
    for processor in processing.setdefault("Processors", []):
        given = {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters", [])}
        if processor["Type"] == "Lambda":
            values = {**_LAMBDA_DEFAULTS, "RoleArn": role_arn, **given}
            order = [name for name in _LAMBDA_ORDER if name in values]
            order += [name for name in values if name not in order]  # refused later, by name
            processor["Parameters"] = [{"ParameterName": name, "ParameterValue": values[name]} for name in order]
        elif processor["Type"] == "AppendDelimiterToRecord":
            processor["Parameters"] = []  # Describe shows none, whatever was sent
        else:
            processor.setdefault("Parameters", [])


def parameters(processor: Configuration) -> dict[str, str]:
    """ParameterName -> ParameterValue of a processor."""
    return {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters", [])}


def processor(configuration: Configuration, kind: str) -> dict[str, str] | None:
    """The parameters of a processor that is on, or None."""
    processing = configuration.get("ProcessingConfiguration", {})
    if not processing.get("Enabled"):
        return None
    for candidate in processing["Processors"]:
        if candidate["Type"] == kind:
            return parameters(candidate)
    return None


def merge(current: Configuration, update: Configuration) -> Configuration:
    """``current`` with the members of ``update``: absent is kept, and so is what lies in a nested S3 update.

    ProcessingConfiguration and every other member is replaced whole; DataFormatConversionConfiguration merges one
    level deep, and an update of it without Enabled switches it on.
    """
    merged = copy.deepcopy(current)
    for member, value in update.items():
        if member in _NESTED_UPDATES:
            name = _NESTED_UPDATES[member]
            merged[name] = {**merged.get(name, {}), **copy.deepcopy(value)}
        elif member == "DataFormatConversionConfiguration":
            merged[member] = {**merged.get(member, {}), **copy.deepcopy(value), "Enabled": value.get("Enabled", True)}
        elif member == "DynamicPartitioningConfiguration":
            merged[member] = {**merged.get(member, {}), **copy.deepcopy(value)}
        else:
            merged[member] = copy.deepcopy(value)
    return merged
