"""event-fork cost: the model against what the functions' own code asks for, its bill, and what it refuses."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import boto3
import pytest
from moto import mock_aws

from benchmarks.forwarding import Count, document, forwarded, messages_of
from event_fork.events.envelope import parse
from event_fork.sending.packing import one_each, pack, pack_compressed
from event_fork_cli.app import run
from event_fork_cli.commands import cost as command
from event_fork_cli.costs import prices
from event_fork_cli.costs.ways import DIRECT, QUEUE_COMPRESSED, QUEUE_PLAIN, Workload, ways

MESSAGES = 2_000
BUSY = 2_000_000_000
"""Events of a month that fill every batch."""
TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def event_fork(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}.items():
        monkeypatch.setenv(name, value)

    def ran(*arguments: str) -> tuple[int, str, str]:
        code = run(["cost", *arguments])
        return code, *capsys.readouterr()

    return ran


@pytest.mark.parametrize("size", [200, 1_000, 4_000, 20_000])
@pytest.mark.parametrize("name", [QUEUE_COMPRESSED, QUEUE_PLAIN, "search-analytics"])
def test_the_model_asks_aws_for_what_the_functions_code_asks_for(name: str, size: int) -> None:
    messages = messages_of(size, MESSAGES)
    published = sum(len(parse(message.body).message) for message in messages) // MESSAGES
    counting: dict[str, Callable[[], Count]] = {
        QUEUE_COMPRESSED: partial(forwarded, messages, pack_compressed),
        QUEUE_PLAIN: partial(forwarded, messages, pack),
        "search-analytics": partial(forwarded, messages, one_each, document),
    }
    counted = counting[name]()
    (way,) = [way for way in ways(Workload(BUSY, published)) if way.name == name]

    def modelled(*what: str) -> float:
        return sum(map(way.quantity, what)) * MESSAGES / BUSY

    # Batches of a queue end at 6 MB, too; those of the benchmark do not.
    if published < 4_500:
        assert modelled("invocations") == pytest.approx(counted.invocations, rel=0.05)
        assert modelled("PutRecordBatch") == pytest.approx(counted.calls, rel=0.05)
    assert modelled("billed bytes") == pytest.approx(counted.billed_bytes, rel=0.1)
    assert modelled("SQS deletes") == pytest.approx(counted.polls / 2, rel=0.05)


def test_a_million_events_of_1_kb_cost_what_the_page_says(event_fork: Run) -> None:
    code, out, _ = event_fork("--events-per-month", "1000000", "--size", "1000", "--output", "json")

    found = json.loads(out)
    assert code == 0
    assert (found["events_per_month"], found["size"]) == (1_000_000, 1_000)
    assert found["prices"] == f"{prices.REGION}, {prices.AS_OF}"
    direct = _way(found, DIRECT)
    assert _dollars(direct, "SNS") == pytest.approx(0.19)
    assert _dollars(direct, "Firehose") == pytest.approx(0.138, abs=0.001)
    assert _dollars(_way(found, "search-analytics"), "Firehose") == pytest.approx(0.138, abs=0.001)
    assert _dollars(_way(found, "replay, the 14-day queue"), "SQS") == pytest.approx(0.40)
    assert _way(found, "a replay of them from the archive")["dollars"] == pytest.approx(0.08, abs=0.001)
    assert found["recommended"] == DIRECT


def test_many_small_events_are_cheapest_where_they_share_compressed_records(event_fork: Run) -> None:
    few, many = (
        json.loads(event_fork("--events-per-month", events, "--size", "1000", "--output", "json")[1])
        for events in ("1000", "1000000000")
    )

    def firehose(found: Any, name: str) -> float:
        return _dollars(_way(found, name), "Firehose")

    assert firehose(many, QUEUE_COMPRESSED) < firehose(many, QUEUE_PLAIN) / 3 < firehose(many, DIRECT) / 9
    single = pytest.approx(firehose(few, DIRECT), rel=0.01)
    assert firehose(few, QUEUE_COMPRESSED) == single
    assert firehose(few, QUEUE_PLAIN) == single


def test_the_table_and_the_csv_have_a_line_for_each_way(event_fork: Run) -> None:
    code, table, _ = event_fork("--events-per-month", "5000000", "--size", "800")
    _, csv, _ = event_fork("--events-per-month", "5000000", "--size", "800", "--output", "csv")

    assert code == 0
    assert "5,000,000 events of 800 bytes a month" in table
    assert "recommended: " in table
    assert all(way.name in table for way in ways(Workload(1, 1)))
    assert len(csv.splitlines()) == 1 + len(ways(Workload(1, 1)))


def test_the_load_is_taken_from_what_cloudwatch_knows_of_the_topic(
    event_fork: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 11, 28, 12, tzinfo=UTC)
    monkeypatch.setattr(command, "now", lambda: now)
    with mock_aws():
        cloudwatch = boto3.client("cloudwatch", region_name="eu-west-1")
        for name, value in {"NumberOfMessagesPublished": 300_000.0, "PublishSize": 600_000_000.0}.items():
            data: Any = {"MetricName": name, "Dimensions": [{"Name": "TopicName", "Value": "orders"}], "Value": value}
            moment = now - timedelta(days=3)
            cloudwatch.put_metric_data(Namespace="AWS/SNS", MetricData=[data | {"Timestamp": moment}])
        code, out, _ = event_fork("--from-metrics", TOPIC, "--output", "json")
        none_code, _, none = event_fork("--from-metrics", TOPIC.replace("orders", "other"))

    found = json.loads(out)
    assert code == 0
    assert (found["events_per_month"], found["size"]) == (round(300_000 * 730 / 720), 2_000)
    assert none_code == 3
    assert "no message published" in none


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--events-per-month must be a whole number, 1 to 1,000,000,000,000, for example"),
        (("--events-per-month", "10"), "--size must be a whole number, 1 to 1,048,576"),
        (("--events-per-month", "0", "--size", "10"), "received 0"),
        (("--events-per-month", "5", "--size", "2000000"), "received 2000000"),
        (("--from-metrics", "orders"), "--from-metrics must be the ARN of an SNS topic"),
        (("--from-metrics", TOPIC, "--size", "10"), "goes without --events-per-month and --size"),
    ],
)
def test_what_breaks_a_rule_is_bad_input(event_fork: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = event_fork(*arguments)

    assert (code, out) == (2, "")
    assert said in err


def _way(found: Any, name: str) -> Any:
    (way,) = [way for way in found["ways"] if way["name"] == name]
    return way


def _dollars(way: Any, service: str) -> float:
    return float(sum(item["dollars"] for item in way["items"] if item["service"] == service))
