"""Firehose's own rules for a destination configuration (already complete, see streams/configuration.py).

Everything here is an InvalidArgumentException. Sources: notes 1.2, 1.5, 2, 4.2, 4.4, 5.
"""

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from testbench.firehose.api.errors import InvalidArgumentError
from testbench.firehose.streams.configuration import LARGE_BUFFER_MIB, Configuration
from testbench.firehose.streams.kinds import KINDS, OPENSEARCH, DestinationKind, named_in
from testbench.firehose.validation.prefixes import check_prefixes
from testbench.firehose.validation.processors import check_processing

MIN_BACKUP_INTERVAL = 60


def only_destination(request: dict[str, Any]) -> tuple[DestinationKind, Configuration]:
    """The one destination of a Create request; kinds that are not delivered to here are refused by name."""
    named = named_in(request, update=False)
    if len(named) != 1:
        raise InvalidArgumentError("Exactly one destination configuration is supported for a Firehose")
    kind, configuration = named[0]
    refuse_unsupported(kind)
    return kind, configuration


def refuse_unsupported(kind: DestinationKind) -> None:
    """A clear refusal for a kind that Firehose has and this server does not."""
    if not kind.supported:
        supported = sorted({k.create for k in KINDS if k.supported})
        raise InvalidArgumentError(
            f"{kind.create} is not supported by this local Firehose. Supported destinations: {', '.join(supported)}"
        )


def check_given(configuration: Configuration) -> None:
    """Rules about what a request wrote, before defaults are filled in."""
    for path in ((), ("S3Configuration",), ("S3BackupConfiguration",), ("S3Update",), ("S3BackupUpdate",)):
        part: Any = configuration
        for name in path:
            part = part.get(name) or {}
        hints = part.get("BufferingHints")
        if hints is not None and len(hints) == 1:
            raise InvalidArgumentError(
                "BufferingHints: SizeInMBs and IntervalInSeconds must be given together or not at all"
            )
        encryption = part.get("EncryptionConfiguration")
        if encryption is not None and len(encryption) != 1:
            raise InvalidArgumentError(
                "EncryptionConfiguration must have exactly one of NoEncryptionConfig and KMSEncryptionConfig"
            )


def check_destination(kind: str, configuration: Configuration) -> None:
    """All rules for the complete configuration of one destination."""
    if kind == OPENSEARCH:
        _check_opensearch(configuration)
    else:
        _check_extended_s3(configuration)


def _check_extended_s3(configuration: Configuration) -> None:
    partitioning = bool(configuration.get("DynamicPartitioningConfiguration", {}).get("Enabled"))
    check_prefixes(
        configuration.get("Prefix", ""),
        configuration.get("ErrorOutputPrefix", ""),
        dynamic_partitioning=partitioning,
    )
    processing = configuration.get("ProcessingConfiguration", {})
    check_processing(processing, dynamic_partitioning=partitioning)
    _check_time_zone(configuration.get("CustomTimeZone", ""))
    size = configuration["BufferingHints"]["SizeInMBs"]
    if partitioning:
        if size < LARGE_BUFFER_MIB:
            raise InvalidArgumentError(
                f"BufferingHints.SizeInMBs must be at least {LARGE_BUFFER_MIB} when dynamic partitioning is enabled."
            )
        if configuration["BufferingHints"]["IntervalInSeconds"] < MIN_BACKUP_INTERVAL:
            raise InvalidArgumentError("Zero buffering is not supported when dynamic partitioning is enabled.")
    _check_conversion(configuration, size)
    if configuration["S3BackupMode"] == "Enabled":
        backup = configuration.get("S3BackupConfiguration")
        if backup is None:
            raise InvalidArgumentError("S3BackupConfiguration must be provided when S3BackupMode is Enabled")
        _check_backup_interval(backup)
        check_prefixes_of_backup(backup)


def check_prefixes_of_backup(backup: Configuration) -> None:
    """The backup's own Prefix; its ErrorOutputPrefix is ignored, so only malformed expressions are refused."""
    check_prefixes(backup.get("Prefix", ""), backup.get("ErrorOutputPrefix", "unused/"), dynamic_partitioning=False)


def _check_backup_interval(s3: Configuration) -> None:
    if s3["BufferingHints"]["IntervalInSeconds"] < MIN_BACKUP_INTERVAL:
        raise InvalidArgumentError(
            f"BufferingHints.IntervalInSeconds of the S3 backup must be at least {MIN_BACKUP_INTERVAL}."
        )


def _check_time_zone(name: str) -> None:
    if name in ("", "UTC"):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidArgumentError(f"CustomTimeZone {name} is not a valid time zone") from error


def _check_conversion(configuration: Configuration, size: int) -> None:
    conversion = configuration["DataFormatConversionConfiguration"]
    if not conversion["Enabled"]:
        return
    if configuration["CompressionFormat"] != "UNCOMPRESSED":
        raise InvalidArgumentError("CompressionFormat must be UNCOMPRESSED when data format conversion is enabled.")
    if size < LARGE_BUFFER_MIB:
        raise InvalidArgumentError(
            f"BufferingHints.SizeInMBs must be at least {LARGE_BUFFER_MIB} when data format conversion is enabled."
        )
    for member in ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration"):
        if not conversion.get(member):
            raise InvalidArgumentError(f"{member} must be provided when data format conversion is enabled.")
    schema = conversion["SchemaConfiguration"]
    for member in ("DatabaseName", "TableName", "RoleARN"):
        if not schema.get(member):
            raise InvalidArgumentError(f"SchemaConfiguration.{member} must be provided.")
    if len(conversion["InputFormatConfiguration"].get("Deserializer", {})) != 1:
        raise InvalidArgumentError("Exactly one of OpenXJsonSerDe and HiveJsonSerDe must be provided as Deserializer.")
    if len(conversion["OutputFormatConfiguration"].get("Serializer", {})) != 1:
        raise InvalidArgumentError("Exactly one of ParquetSerDe and OrcSerDe must be provided as Serializer.")


def _check_opensearch(configuration: Configuration) -> None:
    if ("DomainARN" in configuration) == ("ClusterEndpoint" in configuration):
        raise InvalidArgumentError("Exactly one of DomainARN and ClusterEndpoint must be provided.")
    if configuration["TypeName"]:
        raise InvalidArgumentError(
            "TypeName must be empty for OpenSearch and for Elasticsearch 7.x and later; "
            f"got {configuration['TypeName']}"
        )
    s3 = configuration["S3Configuration"]
    check_prefixes(s3.get("Prefix", ""), s3.get("ErrorOutputPrefix", ""), dynamic_partitioning=False)
    check_processing(configuration.get("ProcessingConfiguration", {}), dynamic_partitioning=False)
    _check_backup_interval(s3)
