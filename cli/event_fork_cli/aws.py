"""From the options of every command to boto3 clients."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import InvalidRegionError, ProfileNotFound

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.adapters.s3_archive import S3ArchiveStore
from event_fork_cli.errors import BadInputError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_firehose import FirehoseClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_opensearch import OpenSearchServiceClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_sts import STSClient


@lru_cache
def _session(profile: str | None, region: str | None) -> boto3.Session:
    """One session for all clients: each new one reads AWS's service descriptions again."""
    return boto3.Session(profile_name=profile, region_name=region)


_RETRIES: Any = {"mode": "standard", "total_max_attempts": 5}


@dataclass(frozen=True, slots=True)
class AwsSettings:
    """--region, --profile and --endpoint-url; None: as boto3 finds them. Can be pickled, clients cannot."""

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None

    @property
    def region_name(self) -> str:
        """The Region; raises BadInputError when there is none anywhere."""
        # AWS_REGION by ourselves: boto3 reads AWS_DEFAULT_REGION only
        found = self.region or os.environ.get("AWS_REGION") or self._session().region_name
        if not found:
            raise BadInputError(
                "--region",
                "must be given when neither AWS_REGION nor the profile names one",
                example="--region eu-west-1",
                received="",
            )
        return found

    def s3(self, region: str | None = None) -> S3Client:
        """A client of S3."""
        return self._client("s3", region)  # type: ignore[no-any-return]

    def sqs(self, region: str | None = None) -> SQSClient:
        """A client of SQS, where a queue of another Region may be."""
        return self._client("sqs", region)  # type: ignore[no-any-return]

    def sns(self, region: str | None = None) -> SNSClient:
        """A client of SNS."""
        return self._client("sns", region)  # type: ignore[no-any-return]

    def ssm(self) -> SSMClient:
        """A client of Systems Manager."""
        return self._client("ssm")  # type: ignore[no-any-return]

    def sts(self) -> STSClient:
        """A client of STS."""
        return self._client("sts")  # type: ignore[no-any-return]

    def step_functions(self, region: str | None = None) -> SFNClient:
        """A client of Step Functions."""
        return self._client("stepfunctions", region)  # type: ignore[no-any-return]

    def logs(self) -> CloudWatchLogsClient:
        """A client of CloudWatch Logs."""
        return self._client("logs")  # type: ignore[no-any-return]

    def kms(self) -> KMSClient:
        """A client of KMS."""
        return self._client("kms")  # type: ignore[no-any-return]

    def functions(self) -> LambdaClient:
        """A client of Lambda."""
        return self._client("lambda")  # type: ignore[no-any-return]

    def firehose(self) -> FirehoseClient:
        """A client of Data Firehose."""
        return self._client("firehose")  # type: ignore[no-any-return]

    def opensearch(self) -> OpenSearchServiceClient:
        """A client of OpenSearch Service, which knows where a domain is."""
        return self._client("opensearch")  # type: ignore[no-any-return]

    def dynamodb(self) -> DynamoDBClient:
        """A client of DynamoDB."""
        return self._client("dynamodb")  # type: ignore[no-any-return]

    def search_domain(self, endpoint: str, secret_arn: str | None) -> OpenSearchDomain:
        """The domain itself. `secret_arn`: see OpenSearchDomain."""
        secrets = None if secret_arn is None else self._client("secretsmanager")
        return OpenSearchDomain(
            endpoint, secret_arn, secrets, session=self._session(), region=self.region_name, seconds=60
        )

    def cloudwatch(self, region: str | None = None) -> CloudWatchClient:
        """A client of CloudWatch."""
        return self._client("cloudwatch", region)  # type: ignore[no-any-return]

    def caller(self) -> str:
        """Who runs the command, for the history: the ARN that STS answers with."""
        return self.sts().get_caller_identity()["Arn"]

    def _session(self) -> boto3.Session:
        try:
            return _session(self.profile, self.region)
        except ProfileNotFound as error:
            raise BadInputError(
                "--profile",
                "must be a profile of the AWS configuration",
                example="--profile operations",
                received=self.profile or os.environ.get("AWS_PROFILE", ""),
            ) from error

    def _client(self, service: Any, region: str | None = None) -> Any:
        config = Config(
            retries=_RETRIES,
            max_pool_connections=32,
            user_agent_extra="event-fork",
            # An endpoint of one's own mostly has no name for each bucket.
            s3={"addressing_style": "path"} if self._own_endpoint() else None,
        )
        wanted = region or self.region_name
        try:
            return self._session().client(service, region_name=wanted, endpoint_url=self.endpoint_url, config=config)
        except InvalidRegionError as error:
            raise BadInputError(
                "--region", "must be the name of a Region", example="--region eu-west-1", received=wanted
            ) from error
        except ValueError as error:  # botocore's answer to an address that is none
            raise BadInputError(
                "--endpoint-url",
                "must be an http or https address",
                example="--endpoint-url http://127.0.0.1:4566",
                received=self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL", ""),
            ) from error

    def _own_endpoint(self) -> bool:
        return bool(self.endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL_S3"))


@dataclass(frozen=True, slots=True)
class OpenArchive:
    """Makes a store on the archive's bucket; can be sent to another process and called there."""

    settings: AwsSettings
    bucket: str
    region: str

    def __call__(self) -> S3ArchiveStore:
        """The store, with a client of its own."""
        return S3ArchiveStore(self.settings.s3(self.region), self.bucket)
