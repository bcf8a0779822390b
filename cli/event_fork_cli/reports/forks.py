"""The forks of a topic as they are deployed: whatever of it has a queue, and what stands behind that queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from event_fork.settings import DELIVERY_STREAM_NAME, delivery_stream_names
from event_fork_cli.aws import AwsSettings
from event_fork_cli.errors import BadInputError

STORAGE, SEARCH, REPLAY, OTHER = "storage", "search", "replay", "other"
_KINDS = {
    "event_fork.storage_backup.handler": STORAGE,
    "event_fork.search_analytics.handler": SEARCH,
    "event_fork.replay.handler": REPLAY,
}
_EXAMPLE = "arn:aws:sns:eu-west-1:123456789012:orders"


@dataclass(frozen=True, slots=True)
class Failures:
    """Where a stream puts what it could not deliver: a bucket, and the beginning of the keys."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Fork:
    """A queue of the topic, and what it feeds. `kind`: storage, search, replay, or other: the application's own.

    `queue`: None where SNS writes to the stream itself. `archive`: where a storage fork writes to, s3://BUCKET/PREFIX.
    """

    name: str
    kind: str
    queue: str | None
    waiting: int
    in_work: int
    dead_letter_queue: str | None
    dead_letters: int | None
    streams: tuple[str, ...]
    failures: Failures | None
    archive: str | None = None

    def writes_to(self, archive: str) -> bool:
        """Whether it writes to this archive, or to a part of it."""
        return self.archive is not None and (self.archive.startswith(archive) or archive.startswith(self.archive))


def forks_of(settings: AwsSettings, topic_arn: str) -> list[Fork]:
    """By kind and name. Raises BadInputError when there is no such topic."""
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[2] != "sns" or not parts[3] or not parts[5]:
        raise BadInputError("TOPIC", "must be the ARN of an SNS topic", example=_EXAMPLE, received=topic_arn)
    sns = settings.sns(parts[3])
    try:
        pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic_arn))
    except (sns.exceptions.NotFoundException, sns.exceptions.InvalidParameterException) as error:
        raise BadInputError(
            "TOPIC", "must be the ARN of an SNS topic that exists", example=_EXAMPLE, received=topic_arn
        ) from error
    entries = [entry for page in pages for entry in page["Subscriptions"]]
    looks = {"sqs": _fork, "firehose": _direct_fork}
    found = [
        fork
        for entry in entries
        if (look := looks.get(entry.get("Protocol", "")))
        for fork in look(settings, entry["Endpoint"])
    ]
    order = (STORAGE, SEARCH, REPLAY, OTHER)
    return sorted(found, key=lambda fork: (order.index(fork.kind), fork.name))


def _fork(settings: AwsSettings, queue_arn: str) -> Iterator[Fork]:
    region = queue_arn.split(":")[3]
    name = queue_arn.rpartition(":")[2]
    attributes = _attributes(settings, queue_arn)
    if attributes is None:  # it is gone, or another account's that does not let us look
        yield Fork(name, OTHER, name, 0, 0, None, None, (), None)
        return
    policy = json.loads(attributes.get("RedrivePolicy", "{}"))
    dead_arn = policy.get("deadLetterTargetArn")
    dead = _attributes(settings, dead_arn) if dead_arn else None
    handler, variables = _function(settings, queue_arn) if region == settings.region_name else ("", {})
    streams = delivery_stream_names(variables) if variables.get(DELIVERY_STREAM_NAME) else ()
    failures, archive = _destinations(settings, streams[0]) if streams else (None, None)
    yield Fork(
        name=name,
        kind=_KINDS.get(handler, OTHER),
        queue=name,
        waiting=int(attributes["ApproximateNumberOfMessages"]),
        in_work=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        dead_letter_queue=dead_arn.rpartition(":")[2] if dead_arn else None,
        dead_letters=None if dead is None else int(dead["ApproximateNumberOfMessages"]),
        streams=streams,
        failures=failures,
        archive=archive,
    )


def _direct_fork(settings: AwsSettings, stream_arn: str) -> Iterator[Fork]:
    """A stream that SNS writes to itself; the module's dead-letter queue has its name."""
    _, _, _, region, account, stream = stream_arn.split(":")
    name = stream.rpartition("/")[2]
    dead_name = f"{name}-dlq"
    dead = _attributes(settings, f"arn:aws:sqs:{region}:{account}:{dead_name}")
    failures, archive = _destinations(settings, name) if region == settings.region_name else (None, None)
    yield Fork(
        name=name,
        kind=STORAGE,
        queue=None,
        waiting=0,
        in_work=0,
        dead_letter_queue=None if dead is None else dead_name,
        dead_letters=None if dead is None else int(dead["ApproximateNumberOfMessages"]),
        streams=(name,),
        failures=failures,
        archive=archive,
    )


def _attributes(settings: AwsSettings, queue_arn: str) -> dict[str, Any] | None:
    _, _, _, region, account, name = queue_arn.split(":")
    sqs = settings.sqs(region)
    try:
        url = sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"]
        found: Any = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    except sqs.exceptions.QueueDoesNotExist:
        return None
    return dict(found)


def _function(settings: AwsSettings, queue_arn: str) -> tuple[str, dict[str, str]]:
    functions = settings.functions()
    mappings = functions.list_event_source_mappings(EventSourceArn=queue_arn)["EventSourceMappings"]
    if not mappings:
        return "", {}
    configuration = functions.get_function_configuration(FunctionName=mappings[0]["FunctionArn"])
    return configuration.get("Handler", ""), dict(configuration.get("Environment", {}).get("Variables", {}))


def _destinations(settings: AwsSettings, stream: str) -> tuple[Failures | None, str | None]:
    """Where a stream puts what it could not deliver, and the archive where it puts the rest."""
    described: Any = settings.firehose().describe_delivery_stream(DeliveryStreamName=stream)
    destination = described["DeliveryStreamDescription"]["Destinations"][0]
    archive = destination.get("ExtendedS3DestinationDescription")
    search = destination.get("AmazonopensearchserviceDestinationDescription") or {}
    s3 = archive or search.get("S3DestinationDescription")
    if s3 is None:
        return None, None
    bucket = s3["BucketARN"].rpartition(":")[2]
    before_time = s3.get("Prefix", "").partition("!{")[0]
    return (
        Failures(bucket, errors.partition("!{")[0]) if (errors := s3.get("ErrorOutputPrefix")) else None,
        f"s3://{bucket}/{before_time[: before_time.rfind('/') + 1]}" if archive else None,
    )
