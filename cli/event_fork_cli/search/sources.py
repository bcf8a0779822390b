"""Forks as they are deployed: which events they get, what they make of them, and where that goes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from event_fork.archive.layout import Layout
from event_fork.errors import PermanentMessageError, TooLargeError
from event_fork.events.envelope import StoredEvent
from event_fork.events.redaction import Matches, Redactor
from event_fork.events.time_window import timestamp_text
from event_fork.filter_policy import compile_policy
from event_fork.filter_policy.matcher import Matcher
from event_fork.forward.search_document import search_document
from event_fork.replay_plan.plan import ArchiveLocation
from event_fork.sending.packing import MAX_RECORD_BYTES
from event_fork.settings import RAW, RedactSettings, SearchAnalyticsSettings
from event_fork_cli.archive_replay.locations import archive_location
from event_fork_cli.archive_replay.request import archive_layout
from event_fork_cli.archive_replay.subscriptions import Subscription, subscription_of
from event_fork_cli.aws import AwsSettings, OpenArchive
from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.queue_replay.pipelines import WINDOW_VARIABLE
from event_fork_cli.repairs.forks import Fork, Stream, find_domain, find_fork, find_stream, variables_of
from event_fork_cli.search.aliases import alias_of, names_of, rebuilt_for
from event_fork_cli.search.calls import Calls

_OF_TIME = re.compile(r"!\{")


@dataclass(frozen=True, slots=True)
class Deployed:
    """What all forks have. `waits`: how long an event may be on its way when nothing is wrong.

    `polled`: whether its function takes messages from its queue just now.
    """

    fork: Fork
    topic_arn: str
    subscription: Subscription | None
    waits: timedelta
    variables: dict[str, str]
    polled: bool = True

    @property
    def is_replay(self) -> bool:
        """Whether its queue keeps events for a replay, so that nobody waits for them."""
        return WINDOW_VARIABLE in self.variables

    @property
    def name(self) -> str:
        """The fork's name."""
        return self.fork.name


@dataclass(frozen=True, slots=True)
class Backup:
    """A storage fork and its archive."""

    deployed: Deployed
    stream: Stream
    archive: ArchiveLocation
    layout: Layout
    prefix_template: str
    redactor: Redactor
    compresses: bool

    @property
    def url(self) -> str:
        """The archive's address."""
        return f"s3://{self.archive.bucket}/{self.archive.prefix}"


@dataclass(frozen=True, slots=True)
class DocumentMaker:
    """What the search fork does with an event: the same functions, with the deployed function's own settings."""

    filter_policy: str | None
    filter_policy_scope: str
    event_type_attribute: str
    attribute_fields: bool
    redact: str

    def matcher(self) -> Matcher:
        """Which events its subscription lets through."""
        return compile_policy(self.filter_policy or "{}", self.filter_policy_scope)

    def redactor(self) -> Redactor:
        """Its rules."""
        return RedactSettings.from_env({"REDACT": self.redact}).redactor

    def document(self, event: StoredEvent, redactor: Redactor) -> bytes:
        """The document. Raises PermanentMessageError for an event that the fork dead-letters."""
        line = search_document(
            redactor(event, Matches()), self.event_type_attribute, attribute_fields=self.attribute_fields
        )
        if len(line) > MAX_RECORD_BYTES:
            raise TooLargeError(f"the event takes {len(line)} bytes, a Firehose record holds {MAX_RECORD_BYTES}")
        return line

    def is_possible(self, event: StoredEvent) -> str | None:
        """Why no document can be made of an event: the reason of the dead-letter queue; None: one can."""
        try:
            self.document(event, self.redactor())
        except PermanentMessageError as error:
            return error.reason
        return None


@dataclass(frozen=True, slots=True)
class Search:
    """A search fork and its index."""

    deployed: Deployed
    stream: Stream
    maker: DocumentMaker
    secret_arn: str | None

    def calls(self, settings: AwsSettings) -> Calls:
        """Requests to its domain."""
        return Calls(find_domain(settings, self.stream, self.secret_arn), f"the domain of {self.deployed.name}")

    def alias(self, calls: Calls) -> str | None:
        """The alias of its indices; None: there is none."""
        return alias_of(self.stream, calls)

    def names(self, calls: Calls) -> str:
        """What to read so that all is read, and nothing twice."""
        return names_of(self.stream, calls)

    def target(self, calls: Calls) -> Callable[[datetime], str]:
        """Moment of publishing -> the index that a document belongs into: one that was built anew, or Firehose's."""
        rebuilt = rebuilt_for(self.stream, calls)
        return lambda moment: rebuilt(timestamp_text(moment)) or self.stream.index_at(moment)


def deployed(settings: AwsSettings, fork: Fork) -> Deployed:
    """What a fork's queue, function, mapping and subscription say. Raises RefusedError."""
    if fork.stream_arn is not None:
        return _deployed_directly(settings, fork, fork.stream_arn)
    topic_arn = _topic(settings, fork.queue_url)
    if topic_arn is None:
        raise RefusedError(f"the policy of the queue {fork.name} names no topic: it is no queue of a fork")
    functions = settings.functions()
    configuration = functions.get_function_configuration(FunctionName=fork.name)
    mappings = functions.list_event_source_mappings(EventSourceArn=fork.queue_arn)["EventSourceMappings"]
    window = max((mapping.get("MaximumBatchingWindowInSeconds", 0) for mapping in mappings), default=0)
    return Deployed(
        fork=fork,
        topic_arn=topic_arn,
        subscription=subscription_of(settings.sns(topic_arn.split(":")[3]), topic_arn, fork.queue_arn),
        waits=timedelta(seconds=window),
        variables=dict(configuration.get("Environment", {}).get("Variables", {})),
        polled=any(mapping.get("State") not in ("Disabled", "Disabling") for mapping in mappings),
    )


def _deployed_directly(settings: AwsSettings, fork: Fork, stream_arn: str) -> Deployed:
    """Of a fork into whose stream SNS writes itself: its function is there for redaction only, or not at all."""
    topic_arn = _topic(settings, fork.dead_letters_url)
    if topic_arn is None:
        raise RefusedError(f"the policy of the dead-letter queue of {fork.name} names no topic: it is of no fork")
    variables = variables_of(settings, fork.name)  # none: no rules of redact
    subscription = subscription_of(settings.sns(topic_arn.split(":")[3]), topic_arn, stream_arn)
    return Deployed(fork, topic_arn, subscription, timedelta(), variables)


def forks_of(
    settings: AwsSettings, names: Iterable[str], secret_arn: str | None = None
) -> tuple[list[Backup], list[Search], list[Deployed]]:
    """The forks of these names: storage forks, search forks, and all others (replay). Raises BadInputError."""
    backups: list[Backup] = []
    searches: list[Search] = []
    others: list[Deployed] = []
    for name in dict.fromkeys(names):
        found = deployed(settings, find_fork(settings, name))
        try:
            stream = find_stream(settings, found.name)
        except BadInputError:
            others.append(found)
            continue
        if stream.index_name is None:
            backups.append(_backup(settings, found, stream))
        else:
            searches.append(_search(settings, found, stream, secret_arn))
    return backups, searches, others


def one_search(settings: AwsSettings, name: str, secret_arn: str | None = None) -> Search:
    """The search fork of that name. Raises BadInputError."""
    _, searches, _ = forks_of(settings, [name], secret_arn)
    if not searches:
        raise BadInputError("FORK", "must be a search fork", example="orders-search", received=name)
    return searches[0]


def _backup(settings: AwsSettings, found: Deployed, stream: Stream) -> Backup:
    description = _destination(settings, stream.name, "ExtendedS3DestinationDescription")
    if (found.variables.get("RECORD_FORMAT") or "") == RAW:
        raise RefusedError(
            f'{found.name} has record_format = "raw": its archive has no ids, so nothing can be compared'
        )
    before_time = _OF_TIME.split(description.get("Prefix", ""))[0]
    prefix = before_time[: before_time.rfind("/") + 1]
    bucket = description["BucketARN"].rpartition(":")[2]
    archive = archive_location(settings.s3(), f"s3://{bucket}/{prefix}", settings.region_name)
    layout = archive_layout("auto", OpenArchive(settings, archive.bucket, archive.region)(), archive)
    waits = found.waits + _interval(description)
    return Backup(
        deployed=replace(found, waits=waits),
        stream=stream,
        archive=archive,
        layout=layout,
        prefix_template=description.get("Prefix", ""),
        redactor=RedactSettings.from_env(found.variables).redactor,
        # By Firehose, or by the function before it (compress_records).
        compresses=description.get("CompressionFormat", "UNCOMPRESSED") != "UNCOMPRESSED"
        or description.get("FileExtension", "") == ".gz",
    )


def _search(settings: AwsSettings, found: Deployed, stream: Stream, secret_arn: str | None) -> Search:
    description = _destination(settings, stream.name, "AmazonopensearchserviceDestinationDescription")
    own = SearchAnalyticsSettings.from_env(found.variables)
    policy = found.subscription.filter_policy if found.subscription else None
    if found.subscription is None:
        raise RefusedError(
            f"the subscription of {found.name} to {found.topic_arn} cannot be seen: which events belong into the index?"
        )
    maker = DocumentMaker(
        filter_policy=None if policy is None else json.dumps(policy),
        filter_policy_scope=found.subscription.filter_policy_scope,
        event_type_attribute=own.event_type_attribute,
        attribute_fields=own.attribute_fields,
        redact=found.variables.get("REDACT") or "[]",
    )
    waits = found.waits + _interval(description)
    return Search(replace(found, waits=waits), stream, maker, secret_arn)


def _destination(settings: AwsSettings, stream: str, kind: str) -> dict[str, Any]:
    answer: Any = settings.firehose().describe_delivery_stream(DeliveryStreamName=stream)
    destination: dict[str, Any] = answer["DeliveryStreamDescription"]["Destinations"][0][kind]
    return destination


def _interval(destination: dict[str, Any]) -> timedelta:
    return timedelta(seconds=destination.get("BufferingHints", {}).get("IntervalInSeconds", 300))


def _topic(settings: AwsSettings, queue_url: str) -> str | None:
    """The topic that may send to the queue, as its policy says."""
    found = settings.sqs().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["Policy"])
    policy = json.loads(found.get("Attributes", {}).get("Policy", "{}"))
    for statement in policy.get("Statement", []):
        for test in statement.get("Condition", {}).values():
            arn = test.get("aws:SourceArn")
            if isinstance(arn, str) and ":sns:" in arn:
                return arn
    return None
