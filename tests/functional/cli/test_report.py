"""`report`: every number from where it comes, on moto; and the page: whole, harmless, readable by a pointer."""

import io
import json
import re
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from event_fork.events.time_window import timestamp_text
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import report as report_command
from event_fork_cli.reports import page as pages
from event_fork_cli.reports.collecting import (
    ForkReport,
    Point,
    ReplayReport,
    Report,
    TopicReport,
    TypeCount,
)
from tests.functional.cli.conftest import ACCOUNT, BUCKET, NOON, REGION, World, _session, event

HOSTILE = '<script src="//x.example/a.js"></script>\u202e\x1b]8;;&'
BACKUP, SEARCH = "orders-backup", "orders-search"
WINDOW = ("--from", "2026-11-23T10:00Z", "--to", "2026-11-23T14:00Z")


@dataclass
class Deployed:
    """A topic with a storage fork, a search fork and the application's own queue."""

    world: World

    def __post_init__(self) -> None:
        session = _session()
        self.cloudwatch = session.client("cloudwatch")
        self.functions = session.client("lambda")
        self.streams: dict[str, dict[str, Any]] = {}
        self.role = session.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        self.subscribe(self.world.queue_arn)
        self.fork(BACKUP, "event_fork.storage_backup.handler", self.s3_destination())
        self.fork(SEARCH, "event_fork.search_analytics.handler", self.search_destination())

    def subscribe(self, queue_arn: str) -> None:
        self.world.sns.subscribe(TopicArn=self.world.topic, Protocol="sqs", Endpoint=queue_arn)

    def fork(self, name: str, handler: str, destination: dict[str, Any]) -> None:
        dead = self.world.sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        policy = {"deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dlq", "maxReceiveCount": 5}
        self.world.sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(policy)})
        self.world.sqs.send_message(QueueUrl=dead, MessageBody="{}")
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as package:
            package.writestr("event_fork/x.py", "")
        self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role,
            Handler=handler,
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {"DELIVERY_STREAM_NAME": name}},
        )
        self.functions.create_event_source_mapping(EventSourceArn=queue, FunctionName=name)
        self.streams[name] = destination
        self.subscribe(queue)

    def s3_destination(self) -> dict[str, Any]:
        return {"ExtendedS3DestinationDescription": self.bucket("backup/")}

    def search_destination(self) -> dict[str, Any]:
        return {"AmazonopensearchserviceDestinationDescription": {"S3DestinationDescription": self.bucket("search/")}}

    def describe_delivery_stream(self, DeliveryStreamName: str) -> dict[str, Any]:  # noqa: N803 boto3's name
        """As Firehose answers; moto has no streams to OpenSearch."""
        return {"DeliveryStreamDescription": {"Destinations": [self.streams[DeliveryStreamName]]}}

    def bucket(self, prefix: str) -> dict[str, Any]:
        errors = f"errors/{prefix}!{{firehose:error-output-type}}/date=!{{timestamp:yyyy-MM-dd}}/"
        return {"BucketARN": f"arn:aws:s3:::{BUCKET}", "ErrorOutputPrefix": errors}

    def metric(self, namespace: str, name: str, dimension: str, of: str, *values: float) -> None:
        """One value for each hour from 10:30 on."""
        for number, value in enumerate(values):
            moment = NOON + timedelta(hours=number - 2, minutes=30)
            named = [{"Name": dimension, "Value": of}]
            data: Any = [{"MetricName": name, "Dimensions": named, "Timestamp": moment, "Value": value}]
            self.cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def rejected(self, lines: int, hour: int, day: int = 23) -> None:
        folder = f"errors/search/AmazonOpenSearchService-failed/date=2026-11-{day}/"
        key = f"{folder}orders-search-1-2026-11-{day}-{hour:02}-10-00-b2c3d4-0000-4000-8000-000000000000"
        self.world.s3.put_object(Bucket=BUCKET, Key=key, Body=b'{"errorCode":"400"}\n' * lines)


@pytest.fixture
def deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> Deployed:
    monkeypatch.setattr(report_command, "now", lambda: NOON + timedelta(hours=2))
    made = Deployed(world)
    monkeypatch.setattr(AwsSettings, "firehose", lambda _: made)
    made.metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", "orders", 10, 0, 20)
    made.metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", BACKUP, 10, 0, 20)
    made.metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", SEARCH, 9, 0, 19)
    made.metric("AWS/SQS", "NumberOfMessagesDeleted", "QueueName", SEARCH, 8)
    made.metric("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", SEARCH, 5, 700, 6)
    made.metric("AWS/Firehose", "DeliveryToAmazonOpenSearchService.Records", "DeliveryStreamName", SEARCH, 7, 0, 14)
    made.metric("AWS/Firehose", "DeliveryToAmazonOpenSearchService.DataFreshness", "DeliveryStreamName", SEARCH, 61)
    made.rejected(3, 12)
    made.rejected(2, 13)
    made.rejected(50, 15)
    made.rejected(50, 12, day=21)
    return made


def by_name(found: Any) -> dict[str, Any]:
    return {fork["name"]: fork for fork in found["forks"]}


def test_a_fork_into_whose_stream_sns_writes_itself_has_numbers_of_stream_and_dead_letters(deployed: Deployed) -> None:
    name = "orders-direct"
    deployed.streams[name] = deployed.s3_destination()
    deployed.world.sqs.create_queue(QueueName=f"{name}-dlq")
    deployed.world.sns.subscribe(
        TopicArn=deployed.world.topic,
        Protocol="firehose",
        Endpoint=f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{name}",
        Attributes={"SubscriptionRoleArn": deployed.role},
    )
    deployed.metric("AWS/Firehose", "IncomingRecords", "DeliveryStreamName", name, 9, 0, 18)

    found = by_name(deployed.world.run("report", deployed.world.topic, *WINDOW, "--output", "json").json)[name]

    assert [found[key] for key in ("kind", "arrived", "taken", "waiting", "dead_letters")] == [
        "storage",
        27,
        None,
        0,
        0,
    ]


def test_several_streams_of_a_fork_count_together(deployed: Deployed) -> None:
    deployed.functions.update_function_configuration(
        FunctionName=SEARCH,
        Environment={"Variables": {"DELIVERY_STREAM_NAME": SEARCH, "DELIVERY_STREAM_COUNT": "2"}},
    )
    second = f"{SEARCH}-stream-2"
    deployed.metric("AWS/Firehose", "DeliveryToAmazonOpenSearchService.Records", "DeliveryStreamName", second, 3, 0, 4)
    deployed.metric("AWS/Firehose", "DeliveryToAmazonOpenSearchService.DataFreshness", "DeliveryStreamName", second, 99)

    found = by_name(deployed.world.run("report", deployed.world.topic, *WINDOW, "--output", "json").json)[SEARCH]

    assert (found["indexed"], found["delivery_lag_seconds"]) == (21 + 7, 99)


def test_every_number_is_that_of_its_source(deployed: Deployed) -> None:
    found = deployed.world.run("report", deployed.world.topic, *WINDOW, "--output", "json").json

    assert (found["topic"]["published"], found["topic"]["failed"]) == (30, 0)
    forks = by_name(found)
    assert [(fork["name"], fork["kind"]) for fork in found["forks"]] == [
        (BACKUP, "storage"),
        (SEARCH, "search"),
        ("CheckoutQueue", "other"),
    ]
    search = forks[SEARCH]
    assert [search[name] for name in ("arrived", "taken", "stored", "indexed", "rejected", "dead_letters")] == [
        *(28, 8, None, 21, 5, 1)
    ]
    assert (search["oldest_message_seconds"], search["delivery_lag_seconds"]) == (700, 61)
    assert search["hours"]["rejected"] == [
        {"hour": "2026-11-23T12:00Z", "value": 3},
        {"hour": "2026-11-23T13:00Z", "value": 2},
    ]
    assert search["hours"]["arrived"][0] == {"hour": "2026-11-23T10:00Z", "value": 9}
    assert forks["CheckoutQueue"]["dead_letters"] is None
    assert found["types"] == []


def test_an_archive_gives_the_storage_forks_count_and_types_by_hour(deployed: Deployed) -> None:
    events = [
        event(number, minutes=number * 20, kind=("order.placed", "order.paid")[number % 2]) for number in range(9)
    ]
    deployed.world.put(*events)
    deployed.world.put(body=b"\x1f\x8bnot gzip", minutes=1, name="z")

    archive = ("--archive", f"s3://{BUCKET}/")
    found = deployed.world.run("report", deployed.world.topic, *WINDOW, *archive, "--output", "json").json

    within = [each for each in events if each.timestamp < timestamp_text(NOON + timedelta(hours=2))]
    assert by_name(found)[BACKUP]["stored"] == len(within)
    assert {(each["hour"], each["type"]): each["events"] for each in found["types"]} == Counter(
        (f"{each.timestamp[:13]}:00Z", each.attributes["event_type"]["Value"])  # type: ignore[index]
        for each in within
    )
    assert found["unreadable"] == 1


def test_another_topics_events_and_another_forks_archive_are_not_counted(deployed: Deployed) -> None:
    other = replace(event(1), topic_arn=f"{deployed.world.topic}-eu")
    deployed.world.put(event(2), other)
    elsewhere = {"BucketARN": "arn:aws:s3:::elsewhere", "Prefix": "x/date=!{timestamp:yyyy}/"}
    deployed.fork("orders-second", "event_fork.storage_backup.handler", {"ExtendedS3DestinationDescription": elsewhere})

    archive = ("--archive", f"s3://{BUCKET}/")
    found = deployed.world.run("report", deployed.world.topic, *WINDOW, *archive, "--output", "json").json

    assert (by_name(found)[BACKUP]["stored"], by_name(found)["orders-second"]["stored"]) == (1, None)
    assert sum(each["events"] for each in found["types"]) == 1


def test_a_damaged_error_object_makes_the_count_a_least_one(deployed: Deployed) -> None:
    folder = "errors/search/AmazonOpenSearchService-failed/date=2026-11-23/"
    key = f"{folder}orders-search-1-2026-11-23-12-20-00-c2c3d4-0000-4000-8000-000000000000.gz"
    deployed.world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"\x1f\x8bnot gzip")
    found = deployed.world.run("report", deployed.world.topic, *WINDOW)
    assert (found.code, "at least 5" in found.out) == (0, True), found.err


def test_the_tables_have_a_column_for_each_fork(deployed: Deployed) -> None:
    out = deployed.world.run("report", deployed.world.topic, *WINDOW).out

    assert re.search(r"fork\W+orders-backup \(storage\)\W+orders-search \(search\)\W+CheckoutQueue \(other\)", out)
    assert re.search(r"rejected\W+0\W+5\W+-\W", out)
    assert "11 min 40 s" in out


@pytest.mark.parametrize(
    "topic", ["orders", f"arn:aws:sqs:{REGION}:{ACCOUNT}:orders", f"arn:aws:sns:{REGION}:{ACCOUNT}:none"]
)
def test_what_is_no_topic_is_bad_input(deployed: Deployed, topic: str) -> None:
    result = deployed.world.run("report", topic)

    assert result.code == 2
    assert result.err.startswith("event-fork: TOPIC must be the ARN of an SNS topic")
    assert topic in result.err


def test_a_window_that_ends_before_it_begins_is_bad_input(deployed: Deployed) -> None:
    result = deployed.world.run("report", deployed.world.topic, "--from", "1h", "--to", "2h")

    assert (result.code, result.out) == (2, "")
    assert "--from must be before --to" in result.err


def test_the_page_is_written_once_and_then_only_with_overwrite(deployed: Deployed, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    arguments = ("report", deployed.world.topic, *WINDOW, "--html", str(file))

    assert deployed.world.run(*arguments).code == 0
    assert oct(file.stat().st_mode & 0o777) == "0o600"
    assert deployed.world.run(*arguments).code == 2
    assert deployed.world.run(*arguments, "--overwrite").code == 0
    assert file.read_text().count("<svg") == 4  # topic, backup, search twice


def test_without_the_package_that_draws_the_command_says_how_to_get_it(
    deployed: Deployed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    result = deployed.world.run("report", deployed.world.topic, *WINDOW, "--html", str(tmp_path / "x.html"))

    assert result.code == 1
    assert result.err.splitlines()[-1].endswith("pip install 'event-fork-pipelines[report]'")
    assert deployed.world.run("report", deployed.world.topic, *WINDOW).code == 0


class Page(HTMLParser):
    """Elements with their attributes, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def sample(name: str = "orders-search", kind: str = "order.placed") -> Report:
    hours = [NOON + timedelta(hours=number) for number in range(24)]
    texts = [f"{hour:%Y-%m-%dT%H:00Z}" for hour in hours]

    def points(base: float, swing: float) -> list[Point]:
        return [Point(text, base + swing * (number % 7)) for number, text in enumerate(texts)]

    search = ForkReport(
        *(name, "search", 5300, 5290, None, 5240, 50, True, 10, 0, 2, 420.0, 95.0),
        {
            "arrived": points(200, 10),
            "taken": points(198, 10),
            "indexed": points(190, 10),
            "rejected": points(2, 1),
            "oldest message": points(30, 60),
            "delivery": points(60, 5),
        },
    )
    backup = replace(search, name="orders-backup", kind="storage", stored=5300, indexed=None, rejected=0)
    return Report(
        start=NOON,
        end=NOON + timedelta(days=1),
        made=NOON + timedelta(days=1, minutes=2),
        topic=TopicReport(
            f"arn:aws:sns:eu-west-1:123456789012:{name}", 5300, 10600, 0, 0, {"published": points(200, 10)}
        ),
        forks=[backup, search],
        archive="s3://orders-backup-1/orders/",
        types=[
            TypeCount(text, each, 50 + 9 * (n % 5)) for n, text in enumerate(texts) for each in (kind, "order.paid")
        ],
        unreadable=1,
        replays=[ReplayReport("replay-20261123-101500-3f9a2c", "running", 900, 450, 0, 450, NOON, "CheckoutQueue")],
    )


def test_the_page_has_no_script_and_no_address_outside_and_every_element_is_closed() -> None:
    text = pages.page(sample())
    page = Page(text)

    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & {tag for tag, _ in page.elements}
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert not [attributes for _, attributes in page.elements if {"src", "href", "xlink:href"} & attributes.keys()]
    assert "prefers-color-scheme:dark" in text
    assert ("meta", {"name": "viewport", "content": "width=device-width,initial-scale=1"}) in page.elements


def test_every_point_and_bar_says_under_the_pointer_what_it_is() -> None:
    text = pages.page(sample())

    assert "<title>order.placed, 2026-11-23T12:00Z: 50</title>" in text
    assert "<title>arrived, 2026-11-23T13:00Z: 210</title>" in text
    assert text.count("<title>") >= 24 * (2 + 1 + 2 * 6)


def test_what_publishers_wrote_is_text_on_the_page() -> None:
    text = pages.page(sample(HOSTILE, HOSTILE))
    page = Page(text)

    assert "script" not in {tag for tag, _ in page.elements}
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)
    assert r'<script src="//x.example/a.js"></script>\u202e\u001b]8;;&' in "".join(page.text)


def test_a_topic_without_forks_and_points_is_a_page_too() -> None:
    empty = replace(sample(), forks=[], types=[], replays=[], archive=None, topic=replace(sample().topic, hours={}))

    assert Page(pages.page(empty)).open == []


def test_colours_of_text_and_axes_are_those_of_the_page() -> None:
    text = pages.page(sample())
    inside = "".join(re.findall("<svg.*?</svg>", text, re.DOTALL))

    assert 'fill="currentColor"' in inside
    assert not re.search('"(#000|#000000|black|#fff|#ffffff|white)"', inside)
