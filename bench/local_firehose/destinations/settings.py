"""Typed views of the configurations, read anew for each delivery so that updates apply to what is already buffered."""

from dataclasses import dataclass
from typing import Any

from local_firehose.delivery.channel import Hints
from local_firehose.streams.configuration import Configuration


@dataclass(frozen=True, slots=True)
class Logging:
    """CloudWatchLoggingOptions of a configuration; ``group`` is empty when logging is off."""

    group: str = ""
    stream: str = ""
    role: str = ""

    @classmethod
    def of(cls, configuration: Configuration) -> "Logging":
        options: dict[str, Any] = configuration["CloudWatchLoggingOptions"]
        if not options.get("Enabled"):
            return cls()
        return cls(options.get("LogGroupName", ""), options.get("LogStreamName", ""), configuration["RoleARN"])


@dataclass(frozen=True, slots=True)
class S3Settings:
    """One S3 configuration (destination, backup, or the S3 side of OpenSearch)."""

    role: str
    bucket: str
    prefix: str
    error_prefix: str
    hints: Hints
    compression: str
    kms_key: str
    extension: str
    time_zone: str
    logging: Logging

    @classmethod
    def of(cls, configuration: Configuration) -> "S3Settings":
        kms = configuration["EncryptionConfiguration"].get("KMSEncryptionConfig", {})
        return cls(
            role=configuration["RoleARN"],
            bucket=configuration["BucketARN"].split(":::", 1)[1],
            prefix=configuration.get("Prefix", ""),
            error_prefix=configuration.get("ErrorOutputPrefix", ""),
            hints=Hints.of(configuration["BufferingHints"]),
            compression=configuration["CompressionFormat"],
            kms_key=kms.get("AWSKMSKeyARN", ""),
            extension=configuration.get("FileExtension", ""),
            time_zone=configuration.get("CustomTimeZone", ""),
            logging=Logging.of(configuration),
        )


@dataclass(frozen=True, slots=True)
class OpenSearchSettings:
    """The OpenSearch side of its configuration."""

    role: str
    domain_arn: str
    endpoint: str
    index: str
    rotation: str
    retry_seconds: float
    hints: Hints
    with_document_id: bool
    logging: Logging

    @classmethod
    def of(cls, configuration: Configuration) -> "OpenSearchSettings":
        options = configuration.get("DocumentIdOptions", {})
        return cls(
            role=configuration["RoleARN"],
            domain_arn=configuration.get("DomainARN", ""),
            endpoint=configuration.get("ClusterEndpoint", ""),
            index=configuration["IndexName"],
            rotation=configuration["IndexRotationPeriod"],
            retry_seconds=configuration["RetryOptions"]["DurationInSeconds"],
            hints=Hints.of(configuration["BufferingHints"]),
            with_document_id=options.get("DefaultDocumentIdFormat", "FIREHOSE_DEFAULT") == "FIREHOSE_DEFAULT",
            logging=Logging.of(configuration),
        )
