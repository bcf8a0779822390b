"""From a fork's name to its queues, to its delivery stream's errors, and to its domain: by what Terraform has named."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from event_fork.adapters.opensearch import OpenSearchDomain
from event_fork.adapters.s3_archive import S3ArchiveStore
from event_fork_cli.archive_replay.targets import find_queue
from event_fork_cli.errors import BadInputError, RefusedError

if TYPE_CHECKING:
    from event_fork_cli.aws import AwsSettings

_EXAMPLE = "orders-search"
_ONE_INDEX = "NoRotation"
_PERIODS = {"OneHour": "%Y-%m-%d-%H", "OneDay": "%Y-%m-%d", "OneMonth": "%Y-%m"}
_IN_TEMPLATE = re.compile(r"!\{([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork: what is named after it, its queue and its dead-letter queue.

    `stream_arn`: SNS writes to this stream itself (ingest = direct), and URL and ARN of the queue are empty.
    """

    name: str
    queue_url: str
    queue_arn: str
    dead_letters_url: str
    dead_letters_arn: str
    stream_arn: str | None = None


@dataclass(frozen=True)
class ErrorFolder:
    """Where a delivery stream puts what it could not deliver. `template`: its ErrorOutputPrefix."""

    bucket: str
    template: str

    @property
    def root(self) -> str:
        """What all keys begin with."""
        return self.template.partition("!{")[0]

    def kind(self, key: str) -> str | None:
        """The error output type in a key, such as `format-conversion-failed`; None: of another stream's template."""
        match = self._pattern.match(key)
        if match is None:
            return None
        return match.groupdict().get("kind") or "failed"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = _IN_TEMPLATE.split(self.template)
        wanted = [re.escape(text) for text in parts]
        for place in range(1, len(parts), 2):
            wanted[place] = r"(?P<kind>[^/]+)" if parts[place] == "firehose:error-output-type" else r"[^/]+"
        return re.compile("".join(wanted), re.DOTALL)


@dataclass(frozen=True, slots=True)
class Stream:
    """A fork's delivery stream. `index_name` and `rotation` are None for one that writes to S3 only."""

    name: str
    errors: ErrorFolder
    index_name: str | None = None
    rotation: str | None = None
    domain_arn: str | None = None
    cluster_endpoint: str | None = None
    arn: str = ""

    @property
    def rotates(self) -> bool:
        """Whether there is an index for each period."""
        return self.rotation != _ONE_INDEX

    def index_at(self, moment: datetime) -> str:
        """The index that Firehose takes at that time."""
        name = self.index_name or ""
        if not self.rotates:
            return name
        if self.rotation == "OneWeek":  # weeks of Sunday to Saturday; that of January 1 is the new year's first
            day = moment.date()
            sunday = day - timedelta(days=day.isoweekday() % 7)
            year = (sunday + timedelta(days=6)).year
            first = date(year, 1, 1)
            return f"{name}-{year}-w{((sunday - first).days + first.isoweekday() % 7) // 7 + 1:02}"
        return f"{name}-{moment.strftime(_PERIODS[self.rotation or 'OneDay'])}"

    @property
    def index_pattern(self) -> str:
        """Of all its indices: Firehose adds the period, which begins with the year, or nothing."""
        return self.index_name or "" if not self.rotates else f"{self.index_name}-2*"


def find_fork(settings: AwsSettings, given: str) -> Fork:
    """The fork that has this name, which is its queue's (URL and ARN will do). Raises BadInputError."""
    try:
        queue = find_queue(given, "FORK", settings)
    except BadInputError:
        if (direct := _direct_fork(settings, given)) is None:
            raise
        return direct
    found = settings.sqs().get_queue_attributes(QueueUrl=queue.url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(found.get("Attributes", {}).get("RedrivePolicy", "{}"))
    arn = policy.get("deadLetterTargetArn")
    if arn is None:
        raise BadInputError(
            "FORK", "must be a fork: its queue has a dead-letter queue", example=_EXAMPLE, received=given
        )
    dead = find_queue(arn, "FORK", settings)
    return Fork(queue.arn.rpartition(":")[2], queue.url, queue.arn, dead.url, dead.arn)


def _direct_fork(settings: AwsSettings, name: str) -> Fork | None:
    """The fork without a queue that has this name: a stream, and the dead-letter queue of its subscription."""
    try:
        dead = find_queue(f"{name}-dlq", "FORK", settings)
        stream = find_stream(settings, name)
    except BadInputError:
        return None
    return Fork(name, "", "", dead.url, dead.arn, stream.arn)


def find_stream(settings: AwsSettings, name: str) -> Stream:
    """The delivery stream of a storage or search fork. Raises BadInputError."""
    firehose = settings.firehose()
    try:
        answer: Any = firehose.describe_delivery_stream(DeliveryStreamName=name)
    except firehose.exceptions.ResourceNotFoundException:
        rule = "must be a storage or search fork, which has a delivery stream of its name"
        raise BadInputError("FORK", rule, example=_EXAMPLE, received=name) from None
    description = answer["DeliveryStreamDescription"]
    (destination,) = description["Destinations"][:1] or [{}]
    search = destination.get("AmazonopensearchserviceDestinationDescription")
    s3 = search["S3DestinationDescription"] if search else destination.get("ExtendedS3DestinationDescription")
    if not s3:
        raise RefusedError(f"the delivery stream {name} writes neither to S3 nor to OpenSearch")
    folder = ErrorFolder(s3["BucketARN"].rpartition(":")[2], s3.get("ErrorOutputPrefix", ""))
    if not search:
        return Stream(name, folder, arn=description["DeliveryStreamARN"])
    return Stream(
        name,
        folder,
        index_name=search["IndexName"],
        rotation=search.get("IndexRotationPeriod", "OneDay"),
        domain_arn=search.get("DomainARN"),
        cluster_endpoint=search.get("ClusterEndpoint"),
        arn=description["DeliveryStreamARN"],
    )


def find_domain(settings: AwsSettings, stream: Stream, secret_arn: str | None = None) -> OpenSearchDomain:
    """The domain that a search fork writes to, with the credentials that the module's index function has.

    `secret_arn`: other ones. Raises RefusedError for a stream without a domain.
    """
    if stream.index_name is None:
        raise RefusedError(f"{stream.name} is no search fork: its delivery stream writes to S3")
    variables = variables_of(settings, f"{stream.name}-index")  # none: index_management.enabled = false
    endpoint = variables.get("DOMAIN_ENDPOINT") or _endpoint(settings, stream)
    host = re.sub(r"^https?://", "", endpoint).rstrip("/")
    return settings.search_domain(host, secret_arn or variables.get("CREDENTIALS_SECRET_ARN"))


def variables_of(settings: AwsSettings, function: str) -> dict[str, str]:
    """The environment of a function; empty when there is no such function."""
    functions = settings.functions()
    try:
        found = functions.get_function_configuration(FunctionName=function)
    except functions.exceptions.ResourceNotFoundException:
        return {}
    return dict(found.get("Environment", {}).get("Variables", {}))


def error_store(settings: AwsSettings, stream: Stream) -> S3ArchiveStore:
    """The bucket with what the stream could not deliver."""
    return S3ArchiveStore(settings.s3(), stream.errors.bucket)


def _endpoint(settings: AwsSettings, stream: Stream) -> str:
    if stream.cluster_endpoint:
        return stream.cluster_endpoint
    name = (stream.domain_arn or "").rpartition("/")[2]
    status: Any = settings.opensearch().describe_domain(DomainName=name)["DomainStatus"]
    endpoint = status.get("Endpoint") or status.get("Endpoints", {}).get("vpc")
    if not endpoint:
        raise RefusedError(f"the domain {name} has no endpoint yet")
    return str(endpoint)
