"""boto3 clients of a bench."""

import os
from typing import Any

import boto3
from botocore.config import Config
from localstack_client.session import Session

from testbench.endpoints import ACCESS_KEY, SECRET_KEY, Endpoints

_CONFIG = Config(
    retries={"max_attempts": 3, "mode": "standard"},
    s3={"addressing_style": "path"},
    proxies={},
    connect_timeout=5,
    read_timeout=70,
)


def aws_client(service: str, endpoints: Endpoints, **settings: Any) -> Any:
    """A client of that service. Keyword arguments are boto3's; `config` is merged over the bench's own.

    `region_name` reaches another Region. `aws_access_key_id` of twelve digits is that account's root user.
    """
    config = _CONFIG.merge(settings.pop("config", None) or Config())
    region = settings.pop("region_name", endpoints.region)
    access_key = settings.pop("aws_access_key_id", ACCESS_KEY)
    firehose = service == "firehose" and endpoints.firehose_url
    if not firehose and os.environ.get("AWS_ENDPOINT_URL", "") in ("", endpoints.aws_endpoint_url):
        # LocalStack's own client knows how to reach every service behind one port; it lets AWS_ENDPOINT_URL win
        session = Session(
            aws_access_key_id=access_key,
            aws_secret_access_key=SECRET_KEY,
            region_name=region,
            localstack_host=endpoints.aws_endpoint_url.partition("//")[2],
        )
        return session.client(service, config=config, **settings)
    make: Any = boto3.client  # its overloads want a literal service name
    return make(
        service,
        endpoint_url=firehose or endpoints.aws_endpoint_url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=SECRET_KEY,
        config=config,
        **settings,
    )
