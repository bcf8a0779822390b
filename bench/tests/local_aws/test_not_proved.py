"""Each row of "What the bench does not prove" (bench/docs/emulation.md) is true: when a gap is closed, its test fails
and its row goes."""

import json
import platform
import re
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError
from local_aws.functions import Functions

from testbench import Bench
from testbench.iam_roles import make_role
from testbench.polling import eventually

Test = TypeVar("Test", bound=Callable[..., Any])

ROWS: dict[str, str] = {
    "`aws_opensearch_domain`": "its test would take ten minutes; the wait is in the provider's source",
}
"""Beginnings of rows, and the name of the test or why there is none."""


def row(beginning: str) -> Callable[[Test], Test]:
    def register(test: Test) -> Test:
        ROWS[beginning] = test.__name__
        return test

    return register


def test_every_row_of_the_page_has_its_test_and_every_test_its_row() -> None:
    page = (Path(__file__).parents[2] / "docs" / "emulation.md").read_text()
    table = page.partition("## What the bench does not prove")[2]
    rows = re.findall(r"^\| (?!gap|---)(.+?) \|", table, re.MULTILINE)
    assert rows
    assert [each for each in rows if sum(each.startswith(beginning) for beginning in ROWS) != 1] == []
    assert [beginning for beginning in ROWS if not any(each.startswith(beginning) for each in rows)] == []


@pytest.fixture(scope="module")
def functions(bench: Bench) -> Functions:
    return Functions(bench)


PUT = """
import boto3
def handler(event, context):
    boto3.client("firehose").put_record_batch(**event)
    print("logged")
"""


@row("OpenSearch, PutRecordBatch, the log groups")
def test_opensearch_batches_logs_and_trust_policies_ask_nobody(bench: Bench, functions: Functions) -> None:
    with urllib.request.urlopen(bench.opensearch_url) as answer:
        assert answer.status == 200
    role = make_role(bench.client, "ec2")  # trusts another service, and may do nothing
    name = functions.make(PUT, role=role)
    stream = f"gap-{uuid.uuid4().hex[:8]}"
    bucket = {"RoleARN": make_role(bench.client, "firehose", "s3:PutObject"), "BucketARN": "arn:aws:s3:::anywhere"}
    firehose = bench.client("firehose")
    firehose.create_delivery_stream(DeliveryStreamName=stream, ExtendedS3DestinationConfiguration=bucket)
    eventually(
        lambda: firehose.describe_delivery_stream(DeliveryStreamName=stream)["DeliveryStreamDescription"],
        lambda found: found["DeliveryStreamStatus"] == "ACTIVE",
        within=30,
        what="the stream",
    )
    assert functions.call(name, {"DeliveryStreamName": stream, "Records": [{"Data": "x"}]}) is None
    assert "logged" in functions.log(name)
    firehose.delete_delivery_stream(DeliveryStreamName=stream)


@row("No TLS, no real signatures")
def test_nothing_is_encrypted_or_signed(bench: Bench) -> None:
    assert bench.endpoints.aws_endpoint_url.startswith("http://")
    assert envelope(bench, "m")["Signature"] == "FAKE"


@row("A function's process can import")
def test_a_function_can_import_what_the_emulator_has(functions: Functions) -> None:
    assert functions.call(functions.make("import ministack, moto\ndef handler(event, context): return 1")) == 1


@row("arm64 is ignored")
def test_a_function_runs_on_this_machine_and_the_emulators_python(functions: Functions) -> None:
    code = "import platform, sys\ndef handler(event, context): return [platform.machine(), *sys.version_info[:2]]"
    machine, *version = functions.call(functions.make(code, Architectures=["arm64"], Runtime="python3.12"))
    assert machine == platform.machine()
    assert version == [3, 13] or version == list(sys.version_info[:2])


@row("An exception ends the function's process")
def test_the_call_after_an_exception_is_a_cold_start(functions: Functions) -> None:
    code = (
        "import os\ndef handler(event, context):\n    if event: raise ValueError(os.getpid())\n    return os.getpid()"
    )
    name = functions.make(code)
    warm = functions.call(name)
    assert functions.call(name) == warm
    assert functions.call(name, 1)["errorMessage"] == str(warm)
    assert functions.call(name) != warm


@row("One poller per mapping")
def test_a_mapping_has_five_batches_at_once(functions: Functions) -> None:
    code = "import time\ndef handler(event, context):\n    print('BEGIN', time.time())\n    time.sleep(3)"
    name, queue = functions.active(functions.make(code, Timeout=10)), functions.queue()
    url = functions.sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
    for _ in range(7):
        functions.sqs.send_message(QueueUrl=url, MessageBody="m")
    mapping = functions.api.create_event_source_mapping(FunctionName=name, EventSourceArn=queue, BatchSize=1)["UUID"]

    def begins() -> list[float]:
        try:
            log = functions.log(name)
        except functions.logs.exceptions.ResourceNotFoundException:
            return []
        return sorted(float(line.split()[1]) for line in log.splitlines() if line.startswith("BEGIN"))

    found = eventually(begins, lambda found: len(found) == 7, within=60, what="seven batches")
    functions.mapping(mapping, "Enabled")
    functions.api.delete_event_source_mapping(UUID=mapping)
    assert found[5] - found[0] >= 3  # the sixth begins when one of five has ended


@row("CloudWatch: metrics of")
def test_alarms_on_expressions_stay_and_empty_receives_are_not_counted(bench: Bench, functions: Functions) -> None:
    watch, name = bench.client("cloudwatch"), f"gap-{uuid.uuid4().hex[:8]}"
    watch.put_metric_data(Namespace="Gap", MetricData=[{"MetricName": name, "Value": 5}])
    metric = {"Metric": {"Namespace": "Gap", "MetricName": name}, "Period": 60, "Stat": "Sum"}
    watch.put_metric_alarm(
        AlarmName=name,
        Metrics=[
            {"Id": "m", "MetricStat": metric, "ReturnData": False},
            {"Id": "e", "Expression": "m * 2", "ReturnData": True},
        ],
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    queue = functions.queue().rpartition(":")[2]
    functions.sqs.receive_message(QueueUrl=functions.sqs.get_queue_url(QueueName=queue)["QueueUrl"])
    time.sleep(3)  # three looks at alarms
    assert watch.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"] == "INSUFFICIENT_DATA"
    found = watch.list_metrics(Namespace="AWS/SQS", MetricName="NumberOfEmptyReceives")
    assert found["Metrics"] == []


@row("CloudWatch Logs: patterns of fields")
def test_patterns_of_fields_are_refused_and_metric_filters_write_nothing(bench: Bench) -> None:
    logs, group = bench.client("logs"), f"gap-{uuid.uuid4().hex[:8]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    with pytest.raises(ClientError, match="fields between blanks"):
        logs.filter_log_events(logGroupName=group, filterPattern="[ip, user]")
    metric = {"metricName": group, "metricNamespace": "Gap", "metricValue": "1"}
    logs.put_metric_filter(logGroupName=group, filterName="f", filterPattern="x", metricTransformations=[metric])
    events = [{"timestamp": int(time.time() * 1000), "message": "x"}]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    assert bench.client("cloudwatch").list_metrics(Namespace="Gap", MetricName=group)["Metrics"] == []


def subscribed(bench: Bench, **attributes: str) -> tuple[str, str]:
    """(topic, queue's URL) of a new topic with one queue."""
    sns, sqs, name = bench.client("sns"), bench.client("sqs"), f"gap-{uuid.uuid4().hex[:8]}"
    topic, url = sns.create_topic(Name=name)["TopicArn"], sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return topic, url


def envelope(bench: Bench, message: str, **attributes: str) -> dict[str, Any]:
    """What arrives of a message, {} when nothing does."""
    topic, url = subscribed(bench, **attributes)
    bench.client("sns").publish(TopicArn=topic, Message=message)
    found = bench.client("sqs").receive_message(QueueUrl=url).get("Messages", [])
    return dict(json.loads(found[0]["Body"])) if found else {}


@row("SNS filter policies")
@pytest.mark.parametrize(
    ("policy", "message", "on_aws"),
    [
        ({"items": {"id": [1]}}, {"items": [{"id": 1}, {"id": 2}]}, True),
        ({"a": [None]}, {"a": None}, True),
        ({"a": {"b": [{"exists": False}]}}, {"c": 1}, True),
        ({"a": [{"numeric": [">", 1]}]}, {"a": "5"}, False),
        ({"a": [5]}, {"a": "5"}, False),
    ],
)
def test_some_filter_policies_are_matched_differently(bench: Bench, policy: Any, message: Any, on_aws: bool) -> None:
    attributes = {"FilterPolicy": json.dumps(policy), "FilterPolicyScope": "MessageBody"}
    assert bool(envelope(bench, json.dumps(message), **attributes)) is not on_aws


@row("A filter policy")
def test_a_filter_policy_is_in_force_at_once(bench: Bench) -> None:
    topic, url = subscribed(bench)
    sns, sqs = bench.client("sns"), bench.client("sqs")
    [subscription] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"], AttributeName="FilterPolicy", AttributeValue='{"a": ["x"]}'
    )
    sns.publish(TopicArn=topic, Message="m")
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


@row("The OpenSearch node has no security")
@pytest.mark.parametrize("path", ["_plugins/_security/api/roles", "_plugins/_ism/policies"])
def test_the_opensearch_node_has_neither_plugin(bench: Bench, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{bench.opensearch_url}/{path}")
    assert refused.value.code in (400, 404)


@row("Athena: SELECT")
def test_athena_changes_nothing(bench: Bench) -> None:
    athena = bench.client("athena")
    started = athena.start_query_execution(
        QueryString="INSERT INTO t VALUES (1)", ResultConfiguration={"OutputLocation": "s3://nowhere/"}
    )["QueryExecutionId"]
    found = eventually(
        lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"],
        lambda found: found["State"] == "FAILED",
        within=30,
        what="the refusal",
    )
    assert "NOT_SUPPORTED" in found["StateChangeReason"]


@row("Names and values")
def test_the_limits_of_most_other_services_are_not_known(bench: Bench) -> None:
    events, name = bench.client("events"), "x" * 65
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)")
    events.delete_rule(Name=name)
