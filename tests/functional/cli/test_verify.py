"""`event-fork verify` and `find` over moto and a domain in memory: each verdict and fault, and what is left alone."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from event_fork.events.envelope import StoredEvent
from event_fork.forward.search_document import search_document
from event_fork_cli.aws import AwsSettings
from event_fork_cli.dead_letters import looking
from event_fork_cli.verification import reading
from tests.functional.cli.conftest import ACCOUNT, BUCKET, REGION, World, _session, event
from tests.support.fake_domain import FakeDomain

FORKS = ("orders-backup", "orders-search", "orders-replay")
REJECTED = "orders-search-rejected"
INDEX = "orders-2026-11"


class _NotFoundError(Exception):
    """What boto3 raises for what is not there."""


STREAMS: dict[str, dict[str, Any]] = {
    "orders-backup": {
        "ExtendedS3DestinationDescription": {
            "BucketARN": f"arn:aws:s3:::{BUCKET}",
            "Prefix": "date=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/",
            "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/",
            "BufferingHints": {"IntervalInSeconds": 60},
            "CompressionFormat": "GZIP",
        }
    },
    "orders-search": {
        "AmazonopensearchserviceDestinationDescription": {
            "IndexName": "orders",
            "IndexRotationPeriod": "OneMonth",
            "DomainARN": f"arn:aws:es:{REGION}:{ACCOUNT}:domain/orders",
            "BufferingHints": {"IntervalInSeconds": 60},
            "S3DestinationDescription": {
                "BucketARN": f"arn:aws:s3:::{REJECTED}",
                "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/",
            },
        }
    },
}

STREAMS["orders-second"] = STREAMS["orders-backup"]


@dataclass
class Functions:
    """Lambda, as far as it is asked. `replaying`: a run of the replay queue goes on."""

    replaying: bool = False
    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ResourceNotFoundException=_NotFoundError))

    def get_function_configuration(self, FunctionName: str) -> dict[str, Any]:  # noqa: N803 boto3's name
        variables = {
            "DELIVERY_STREAM_NAME": FunctionName,
            "DEAD_LETTER_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/x",
            "DOMAIN_ENDPOINT": "search-orders.eu-west-1.es.amazonaws.com",
        }
        if FunctionName.startswith("orders-replay"):
            variables["REPLAY_WINDOW_PARAMETER"] = "/event-fork-pipelines/orders-replay/replay-window"
        return {"Environment": {"Variables": variables}}

    def list_event_source_mappings(self, EventSourceArn: str) -> dict[str, Any]:  # noqa: N803
        is_replay = EventSourceArn.endswith("-replay")
        state = "Disabled" if is_replay and not self.replaying else "Enabled"
        return {"EventSourceMappings": [{"MaximumBatchingWindowInSeconds": 5, "State": state}]}


@dataclass
class Streams:
    """Data Firehose, as far as it is asked."""

    exceptions: Any = field(default_factory=lambda: SimpleNamespace(ResourceNotFoundException=_NotFoundError))

    def describe_delivery_stream(self, DeliveryStreamName: str) -> dict[str, Any]:  # noqa: N803 boto3's name
        if DeliveryStreamName not in STREAMS:
            raise _NotFoundError
        arn = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{DeliveryStreamName}"
        return {"DeliveryStreamDescription": {"DeliveryStreamARN": arn, "Destinations": [STREAMS[DeliveryStreamName]]}}


@dataclass
class Chain:
    """The three forks of the topic."""

    world: World
    domain: FakeDomain = field(default_factory=FakeDomain)
    urls: dict[str, str] = field(default_factory=dict)
    functions: Functions = field(default_factory=Functions)

    def make(self, name: str, policy: dict[str, Any] | None, receptions: int = 1000) -> None:
        """A fork's queues and its subscription."""
        sqs, sns = self.world.sqs, self.world.sns
        dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        dead_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dlq"
        condition = {"ArnEquals": {"aws:SourceArn": self.world.topic}}
        allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Condition": condition}
        attributes: Any = {
            "Policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
            "RedrivePolicy": json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": receptions}),
        }
        self.urls |= {name: sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], f"{name}-dlq": dead}
        given = {} if policy is None else {"FilterPolicy": json.dumps(policy)}
        sns.subscribe(
            TopicArn=self.world.topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
            Attributes=given,
            ReturnSubscriptionArn=True,
        )

    def count(self, events: Iterable[StoredEvent]) -> None:
        """SNS's metric of what was published."""
        for one in events:
            _session().client("cloudwatch").put_metric_data(
                Namespace="AWS/SNS",
                MetricData=[
                    {
                        "MetricName": "NumberOfMessagesPublished",
                        "Dimensions": [{"Name": "TopicName", "Value": "orders"}],
                        "Timestamp": one.published_at.replace(second=0, microsecond=0),
                        "Value": 1.0,
                        "Unit": "Count",
                    }
                ],
            )

    def index(self, *events: StoredEvent) -> None:
        """What the search fork has written of them."""
        documents = self.domain.indices.setdefault(INDEX, {})
        for one in events:
            documents[f"firehose-{len(documents)}"] = {"@timestamp": one.timestamp, "event_id": one.message_id}

    def wait(self, queue: str, *events: StoredEvent) -> None:
        """Envelopes in a queue."""
        for one in events:
            self.world.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=one.to_line().decode())

    def waiting(self, queue: str) -> int:
        """Messages in a queue that can be had now."""
        names: Any = ["ApproximateNumberOfMessages"]
        found = self.world.sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=names)["Attributes"]
        return int(found["ApproximateNumberOfMessages"])

    def verify(self, *options: str, end: str = "2026-11-23T13:00Z", forks: Iterable[str] = FORKS) -> Any:
        """The command over the hour after noon."""
        window = ("--from", "2026-11-23T12:00Z", "--to", end)
        return self.world.run("verify", *forks, *window, "--processes", "0", "--output", "json", *options)


@pytest.fixture
def chain(world: World, monkeypatch: pytest.MonkeyPatch) -> Chain:
    made = Chain(world)
    made.make("orders-backup", None, 5)
    made.make("orders-search", {"amount": [{"numeric": [">=", 10]}]}, 5)
    made.make("orders-replay", None)
    world.s3.create_bucket(Bucket=REJECTED, CreateBucketConfiguration={"LocationConstraint": REGION})
    monkeypatch.setattr(AwsSettings, "functions", lambda _: made.functions)
    monkeypatch.setattr(AwsSettings, "firehose", lambda _: Streams())
    monkeypatch.setattr(AwsSettings, "search_domain", lambda *_: made.domain)
    monkeypatch.setattr(looking, "_WAIT_SECONDS", 0)
    monkeypatch.setattr(reading, "_SECONDS_BETWEEN_LOOKS", 0)
    return made


EVENTS = [event(number, minutes=number) for number in range(5, 15)]
WANTED = EVENTS[5:]


@pytest.fixture
def whole(chain: Chain) -> Chain:
    """A window in which everything is where it belongs."""
    chain.world.put(*EVENTS, minutes=5)
    chain.count(EVENTS)
    chain.index(*WANTED)
    return chain


def test_a_whole_window_is_complete_and_its_certificate_holds(whole: Chain) -> None:
    file = whole.world.folder / "day.json"
    done = whole.verify("--certificate", str(file))
    assert done.code == 0, done.err
    report = done.json
    assert (report["archived"], report["published"], report["complete"]) == (10, 10, True)
    tally = report["indices"]["orders-search"]
    assert (tally["wanted"], tally["indexed"], len(tally["checksum"])) == (5, 5, 32)
    assert [one["state"] for one in report["stretches"]] == ["complete"]

    again = whole.world.run("verify", "--certificate", str(file), "--processes", "0")
    assert again.code == 0, again.err
    del whole.domain.indices[INDEX]["firehose-0"]
    again = whole.world.run("verify", "--certificate", str(file), "--processes", "0")
    assert (again.code, "were 5 and are 4" in again.err) == (1, True)


def test_quiet_and_a_gap_are_told_apart(chain: Chain) -> None:
    assert [one["state"] for one in chain.verify(end="2026-11-23T14:00Z").json["stretches"]] == ["quiet", "quiet"]
    chain.count([event(1, minutes=70)])
    done = chain.verify(end="2026-11-23T14:00Z")
    assert [one["state"] for one in done.json["stretches"]] == ["quiet", "gap"]
    assert (done.code, "1 published and nowhere, by SNS's count" in done.err) == (1, True)


def test_documents_that_are_missing_are_named_and_repaired_under_the_ids_of_their_events(whole: Chain) -> None:
    for key in ("firehose-1", "firehose-3"):
        del whole.domain.indices[INDEX][key]
    done = whole.verify()
    assert done.code == 1
    assert [(one["kind"], one["event_id"]) for one in done.json["differences"]] == [
        ("not-indexed", "id-11"),
        ("not-indexed", "id-13"),
    ]
    done = whole.verify("--repair")
    assert (done.code, done.json["complete"]) == (0, True), done.err
    assert {"id-11", "id-13"} < set(whole.domain.indices[INDEX])
    assert whole.verify("--repair").json["indices"]["orders-search"]["copies"] == 0


def test_dead_letters_and_rejected_documents_are_accounted_for_and_stay(whole: Chain) -> None:
    more = [event(number, minutes=20) for number in (20, 21)]
    whole.world.put(*more, minutes=20)
    whole.count(more)
    whole.wait("orders-search-dlq", more[0])
    document = {"@timestamp": more[1].timestamp, "event_id": more[1].message_id}
    line = {"errorCode": "400", "rawData": base64.b64encode(json.dumps(document).encode()).decode()}
    whole.world.s3.put_object(
        Bucket=REJECTED, Key="errors/elasticsearch-failed/date=2026-11-23/x", Body=json.dumps(line).encode()
    )
    file = str(whole.world.folder / "day.json")
    done = whole.verify("--certificate", file)
    tally = done.json["indices"]["orders-search"]
    assert (done.code, tally["dead_letters"], tally["rejected"], tally["missing"]) == (0, 1, 1, 0), done.err
    assert whole.waiting("orders-search-dlq") == 1

    check = ("verify", "--certificate", file, "--processes", "0")
    assert whole.world.run(*check).code == 0
    whole.world.s3.delete_object(Bucket=REJECTED, Key="errors/elasticsearch-failed/date=2026-11-23/x")
    again = whole.world.run(*check)
    assert (again.code, "1 events have no document, and no dead letter" in again.err) == (1, True)


def test_a_document_that_a_recipe_has_routed_is_accounted_for_by_the_name_of_its_index(whole: Chain) -> None:
    routed = whole.domain.indices[INDEX].pop("firehose-0")
    other = {"@timestamp": routed["@timestamp"], "event_id": "of-another-topic"}
    whole.domain.indices["orders-odd"] = {"id-10": routed, "x": other}
    assert whole.verify().code == 1
    file = whole.world.folder / "day.json"
    done = whole.verify("--routed-to", "orders-odd", "--certificate", str(file))
    tally = done.json["indices"]["orders-search"]
    assert (done.code, tally["routed"], tally["missing"], done.json["differences"]) == (0, 1, 0, []), done.err
    assert whole.world.run("verify", "--certificate", str(file), "--processes", "0").code == 0
    assert whole.verify("--routed-to", "").code == 2


def test_what_the_archive_lacks_comes_from_the_replay_queue_and_stays_there(whole: Chain) -> None:
    lost = event(30, minutes=30)
    whole.count([lost])
    whole.wait("orders-replay", lost, EVENTS[0])
    done = whole.verify()
    assert [(one["kind"], one["event_id"]) for one in done.json["differences"]] == [("not-archived", "id-30")]
    assert done.code == 1

    done = whole.verify("--repair")
    assert "1 events were archived" in done.err
    done = whole.verify("--repair")
    assert (done.code, done.json["archived"]) == (0, 11), done.err
    assert whole.waiting("orders-replay") == 2
    keys = [one["Key"] for one in whole.world.s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert [key for key in keys if key.startswith("date=2026-11-23/hour=12/orders-backup-1-2026-11-23-12-30-")]


def test_a_queue_that_a_function_takes_from_is_not_looked_into(whole: Chain) -> None:
    lost = event(30, minutes=30)
    whole.count([lost])
    whole.wait("orders-replay", lost)
    whole.functions.replaying = True
    done = whole.verify("--repair")
    assert (done.code, done.json["differences"]) == (1, [])
    assert "a replay of orders-replay goes on" in done.err
    found = whole.world.run("find", "id-30", "--fork", "orders-replay", "--processes", "0")
    assert (found.code, "it was not looked into" in found.err) == (3, True)
    assert whole.waiting("orders-replay") == 1


def test_an_event_of_which_no_document_can_be_made_is_named_with_the_reason_and_is_no_difference(whole: Chain) -> None:
    odd = event(40, minutes=40, message="[1]")
    whole.world.put(odd, minutes=40)
    whole.count([odd])
    done = whole.verify()
    assert [(one["event_id"], one["reason"]) for one in done.json["differences"]] == [("id-40", "not-a-json-object")]
    assert (done.code, done.json["not_documents"]) == (0, 1)


def test_what_was_published_a_moment_ago_is_in_flight_and_gets_no_certificate(whole: Chain) -> None:
    late = event(50, minutes=239)  # the commands' clock stands at four in the afternoon
    whole.world.put(late, minutes=239)
    whole.count([late])
    file = whole.world.folder / "day.json"
    done = whole.verify("--certificate", str(file), end="2026-11-23T16:00Z")
    assert (done.json["complete"], done.json["in_flight"]) == (True, 1)
    assert (done.code, file.exists(), "no certificate was written" in done.err) == (1, False, True)


@pytest.mark.parametrize("end", ["2026-11-23T15:58Z", "2026-11-24T12:00Z"])
def test_a_window_that_is_not_over_gets_no_certificate_though_nothing_of_it_is_seen_yet(whole: Chain, end: str) -> None:
    file = whole.world.folder / "day.json"
    done = whole.verify("--certificate", str(file), end=end)
    assert (done.json["complete"], done.json["in_flight"], done.json["settled"]) == (
        True,
        0,
        "2026-11-23T15:55:00.000Z",
    )
    assert (done.code, file.exists(), "since 2026-11-23T15:55" in done.err) == (1, False, True)
    shown = whole.world.run("verify", *FORKS, "--from", "2026-11-23T12:00Z", "--to", end, "--processes", "0")
    assert (shown.code, "complete up to 2026-11-23T15:55" in shown.out) == (0, True)


def test_of_the_future_and_of_half_a_certificate_nothing_can_be_said(whole: Chain) -> None:
    future = whole.world.run("verify", *FORKS, "--from", "2030-01-01", "--to", "2030-01-02", "--processes", "0")
    assert (future.code, "--from must be in the past" in future.err) == (2, True)
    file = whole.world.folder / "day.json"
    assert whole.verify("--certificate", str(file)).code == 0
    part = whole.world.run("verify", "--certificate", str(file), "--to", "2026-11-23T12:30Z")
    assert (part.code, "names its forks and its window" in part.err) == (2, True)


def test_without_sns_counts_nobody_can_tell_a_gap(whole: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = _session().client("cloudwatch")
    monkeypatch.setattr(AwsSettings, "cloudwatch", lambda *_: watch)
    monkeypatch.setattr(
        watch,
        "get_paginator",
        lambda _: SimpleNamespace(paginate=lambda **_: [{"MetricDataResults": []}]),
    )
    done = whole.verify()
    assert (done.code, "there is no witness" in done.err) == (1, True)
    assert whole.verify("--no-metrics").code == 0


def test_damage_and_events_of_other_topics_are_said(whole: Chain) -> None:
    whole.world.put(name="d", minutes=7, body=b"\x1f\x8bdamaged")
    other = StoredEvent("other", whole.world.topic + "-eu", "{}", EVENTS[0].timestamp)
    whole.world.put(other, name="e", minutes=8)
    done = whole.verify()
    assert (done.code, len(done.json["unreadable"])) == (1, 1)
    assert "1 events of other topics" in done.err


def test_of_a_storage_fork_with_a_filter_policy_it_is_said_what_may_be_missing(chain: Chain) -> None:
    chain.make("orders-second", {"amount": [{"numeric": [">=", 12]}]}, 5)
    chain.world.put(*EVENTS[7:], minutes=5)
    chain.count(EVENTS)
    chain.index(*WANTED)
    done = chain.verify(forks=("orders-second", "orders-search"))
    assert (done.code, done.json["missing"]) == (1, 2)
    assert "orders-second has a filter policy" in done.err


def test_forks_of_another_kind_or_number_are_bad_input(whole: Chain) -> None:
    whole.make("orders-replay-2", None)
    assert whole.verify(forks=[*FORKS, "orders-replay-2"]).code == 2
    for forks in (["orders-search"], ["orders-backup", "nowhere"], []):
        assert whole.verify(forks=forks).code == 2
    assert whole.world.run("verify").code == 2
    assert whole.verify(end="2026-11-23T11:00Z").code == 2


def test_an_event_is_found_in_every_place_and_nothing_is_taken(whole: Chain) -> None:
    whole.wait("orders-search-dlq", EVENTS[7])
    whole.wait("orders-replay", EVENTS[7])
    options = [part for fork in FORKS for part in ("--fork", fork)]

    def find(*sought: str) -> Any:
        return whole.world.run("find", *sought, *options, "--processes", "0", "--output", "json")

    assert [one["place"] for one in find("id-12").json] == ["archive", "index", "dead letters", "queue"]
    assert {one["event_id"] for one in find("--where", "$.number=12").json} == {"id-12"}
    assert (find("id-99").code, find().code, find("id-12", "--where", "$.a=1").code) == (3, 2, 2)
    assert (whole.waiting("orders-search-dlq"), whole.waiting("orders-replay")) == (1, 1)


def test_a_member_that_can_be_no_field_is_found_by_the_name_that_it_was_published_under(whole: Chain) -> None:
    odd = event(50, minutes=50, message='{"_id":{"$oid":"65f0"},"event_id":"E-7","event_type":"mine"}')
    whole.world.put(odd, minutes=50)
    document = search_document(odd, "event_type")
    whole.domain.indices[INDEX]["odd"] = json.loads(document)
    line = {"errorCode": "400", "rawData": base64.b64encode(document).decode()}
    key = "errors/elasticsearch-failed/date=2026-11-23/x"
    whole.world.s3.put_object(Bucket=REJECTED, Key=key, Body=json.dumps(line).encode())
    options = [part for fork in FORKS for part in ("--fork", fork)]
    for where in ("$._id['$oid']=65f0", "$.event_id=E-7", "$.event_type=mine"):
        found = whole.world.run("find", "--where", where, *options, "--processes", "0", "--output", "json")
        assert [one["place"] for one in found.json] == ["archive", "index", "rejected"], (where, found.err)
        assert {one["event_id"] for one in found.json} == {"id-50"}
    mine = whole.world.run("find", "--where", "$.event_id=id-50", *options, "--processes", "0", "--output", "json")
    assert mine.code == 3, "that id is SNS's, and not the message's"
