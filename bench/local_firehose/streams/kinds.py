"""The destination kinds of the API: which request member each has, and which ones this server delivers to."""

from dataclasses import dataclass
from typing import Any

EXTENDED_S3 = "ExtendedS3"
OPENSEARCH = "Amazonopensearchservice"


@dataclass(frozen=True, slots=True)
class DestinationKind:
    """One destination type; ``create`` and ``update`` are members of the requests."""

    name: str
    create: str
    update: str
    supported: bool


KINDS = (
    DestinationKind(EXTENDED_S3, "ExtendedS3DestinationConfiguration", "ExtendedS3DestinationUpdate", True),
    # The deprecated form of the same destination; Describe answers both shapes.
    DestinationKind(EXTENDED_S3, "S3DestinationConfiguration", "S3DestinationUpdate", True),
    DestinationKind(
        OPENSEARCH, "AmazonopensearchserviceDestinationConfiguration", "AmazonopensearchserviceDestinationUpdate", True
    ),
    DestinationKind("Redshift", "RedshiftDestinationConfiguration", "RedshiftDestinationUpdate", False),
    DestinationKind("Elasticsearch", "ElasticsearchDestinationConfiguration", "ElasticsearchDestinationUpdate", False),
    DestinationKind("Splunk", "SplunkDestinationConfiguration", "SplunkDestinationUpdate", False),
    DestinationKind("HttpEndpoint", "HttpEndpointDestinationConfiguration", "HttpEndpointDestinationUpdate", False),
    DestinationKind(
        "AmazonOpenSearchServerless",
        "AmazonOpenSearchServerlessDestinationConfiguration",
        "AmazonOpenSearchServerlessDestinationUpdate",
        False,
    ),
    DestinationKind("Snowflake", "SnowflakeDestinationConfiguration", "SnowflakeDestinationUpdate", False),
    DestinationKind("Iceberg", "IcebergDestinationConfiguration", "IcebergDestinationUpdate", False),
)


def named_in(request: dict[str, Any], *, update: bool) -> list[tuple[DestinationKind, dict[str, Any]]]:
    """The destinations a Create or Update request carries, with their bodies."""
    return [(kind, request[member]) for kind in KINDS if (member := kind.update if update else kind.create) in request]
