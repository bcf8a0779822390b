"""Firehose's own rules for a destination configuration (already complete, see streams/configuration.py).

Everything here is an InvalidArgumentException, in AWS's words where they are known. Sources: notes 1.2, 1.5, 2, 4.2,
4.4, 5; many texts are those that badmintoncryer/cdk-preflight recorded on AWS in September 2026 (its rules/firehose).
"""

from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local_firehose.api.errors import InvalidArgumentError
from local_firehose.conversion import timestamps
from local_firehose.streams.configuration import LARGE_BUFFER_MIB, Configuration
from local_firehose.streams.kinds import KINDS, OPENSEARCH, DestinationKind, named_in
from local_firehose.validation.prefixes import check_prefixes
from local_firehose.validation.processors import check_lambda_hints, check_processing

MIN_BACKUP_INTERVAL = 60
# Firehose's list of zones is older than the names it does not know; these two were tried on AWS in 2026.
_LATER_ZONES = frozenset({"Asia/Kolkata", "Europe/Kyiv"})


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
            raise InvalidArgumentError("Exactly one of NoEncryptionConfig or KMSEncryptionConfig must be specified")
        logging = part.get("CloudWatchLoggingOptions", {})
        for member, name in (("LogGroupName", "Group"), ("LogStreamName", "Stream")):
            if logging.get("Enabled") and not logging.get(member):
                raise InvalidArgumentError(f"CloudWatch Log {name} Name is required if CloudWatch Logging is enabled")
    check_lambda_hints(configuration.get("ProcessingConfiguration", {}))


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
    check_processing(processing, prefix=configuration.get("Prefix", ""), dynamic_partitioning=partitioning)
    _check_time_zone(configuration.get("CustomTimeZone", ""))
    size = configuration["BufferingHints"]["SizeInMBs"]
    if partitioning:
        if size < LARGE_BUFFER_MIB:
            raise InvalidArgumentError(
                f"BufferingHints.SizeInMBs must be at least {LARGE_BUFFER_MIB} when Dynamic Partitioning is enabled."
            )
        if configuration["BufferingHints"]["IntervalInSeconds"] < MIN_BACKUP_INTERVAL:
            raise InvalidArgumentError("Zero buffering is not supported when dynamic partitioning is enabled.")
    _check_conversion(configuration, size)
    if configuration["S3BackupMode"] == "Enabled":
        backup = configuration.get("S3BackupConfiguration")
        if backup is None:
            raise InvalidArgumentError("S3 backup destination configuration is required when enabling S3 backup.")
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
        known = "/" in name and name not in _LATER_ZONES
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known = False
    if not known:
        raise InvalidArgumentError(
            "Provided custom time zone is not supported. Custom time zones are limited to UTC and non-3-letter IANA "
            "time zones."
        )


def check_key_regions(configuration: Configuration, region: str) -> None:
    """Keys of S3 encryption are of the bucket's Region, which is taken to be the stream's."""
    parts = (configuration, configuration.get("S3Configuration", {}), configuration.get("S3BackupConfiguration", {}))
    for part in parts:
        key = part.get("EncryptionConfiguration", {}).get("KMSEncryptionConfig", {}).get("AWSKMSKeyARN", "")
        if key and key.split(":")[3] != region:
            raise InvalidArgumentError(
                f"KMS Key {key} does not exist in the same region as the S3 bucket. "
                f"KMS Key region: {key.split(':')[3]}. S3 Bucket Region: {region}"
            )


def _check_conversion(configuration: Configuration, size: int) -> None:
    conversion = configuration["DataFormatConversionConfiguration"]
    if not conversion["Enabled"]:
        return
    if find_spec("pyarrow") is None:
        raise InvalidArgumentError("This server converts with pyarrow, which is not installed: pip install pyarrow")
    for member in ("InputFormatConfiguration", "OutputFormatConfiguration", "SchemaConfiguration"):
        if conversion.get(member) is None:
            raise InvalidArgumentError(f"{member} must not be null")
    _check_one(conversion["InputFormatConfiguration"], "Deserializer")
    _check_one(conversion["OutputFormatConfiguration"], "Serializer")
    _check_timestamp_formats(conversion["InputFormatConfiguration"]["Deserializer"].get("HiveJsonSerDe") or {})
    for member in ("RoleARN", "DatabaseName", "TableName"):
        if not conversion["SchemaConfiguration"].get(member):
            raise InvalidArgumentError(f"SchemaConfiguration.{member} must not be null")
    if configuration["CompressionFormat"] != "UNCOMPRESSED":
        raise InvalidArgumentError(
            "The S3 destination's compression format must be set to UNCOMPRESSED when data format conversion is "
            "enabled. To enable compression within the converted output format, set the appropriate serialization "
            "option in the output format configuration."
        )
    if size < LARGE_BUFFER_MIB:
        raise InvalidArgumentError(
            f"BufferingHints.SizeInMBs must be at least {LARGE_BUFFER_MIB} when data format conversion is enabled."
        )


def _check_timestamp_formats(hive: Configuration) -> None:
    formats = hive.get("TimestampFormats", ())
    try:
        for pattern in formats:
            timestamps.check_pattern(pattern)
    except timestamps.PatternError as error:
        raise InvalidArgumentError(
            "Invalid deserializer option(s): One or more SerDe options are invalid for "
            f"org.apache.hcatalog.data.JsonSerDe: [Key: timestamp.formats Value: {','.join(formats)}]"
        ) from error


def _check_one(format_configuration: Configuration, member: str) -> None:
    count = len(format_configuration.get(member) or {})
    if count == 0:
        raise InvalidArgumentError(f"{member} must not be null")
    if count > 1:
        raise InvalidArgumentError(f"More than one {member.lower()} specified. Only one may be chosen.")


def _check_opensearch(configuration: Configuration) -> None:
    if "DomainARN" in configuration and "ClusterEndpoint" in configuration:
        raise InvalidArgumentError(
            "Cannot provide both Elasticsearch cluster endpoint and domain ARN. Provide either the cluster endpoint or "
            "domain arn. Must specify cluster endpoint for cross account elasticsearch cluster."
        )
    if "DomainARN" not in configuration and "ClusterEndpoint" not in configuration:
        raise InvalidArgumentError("Provide either the Elasticsearch cluster endpoint or domain arn.")
    if configuration["TypeName"]:
        raise InvalidArgumentError(
            "Types are deprecated in Elasticsearch version 7+ and all OpenSearch versions. TypeName must be empty."
        )
    s3 = configuration["S3Configuration"]
    check_prefixes(s3.get("Prefix", ""), s3.get("ErrorOutputPrefix", ""), dynamic_partitioning=False)
    check_processing(configuration.get("ProcessingConfiguration", {}), prefix="", dynamic_partitioning=False)
    _check_backup_interval(s3)
