"""Several storage backups on one topic: filters, a shared bucket, a transformation function, and what fails.

The configuration is stacks/many-forks, which uses the root module. What goes wrong is made by the bench's Firehose: it
refuses single records or whole calls of one stream, as the real one does under load.
"""

import base64
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from testbench import Bench
from testbench.paths import PROJECT
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, applied

CONFIGURATION = "tests/e2e/stacks/many-forks"
STORED_WITHIN = 180.0
GIVEN_UP_WITHIN = 300.0
METRICS_WITHIN = 180.0
DOOMED = 12


@dataclass(frozen=True)
class Order:
    """An event of the tests: what the filters look at."""

    number: int
    country: str
    wish: str = "Ok"

    @property
    def event(self) -> Event:
        message = {"id": f"o-{self.number}", "customer": {"country": self.country}, "wish": self.wish}
        return Event(json.dumps(message), {"event_type": "order.placed", "amount": self.number})


@pytest.fixture(scope="module")
def stack(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleStack]:
    transform_zip = tmp_path_factory.mktemp("transform") / "transform.zip"
    with zipfile.ZipFile(transform_zip, "w") as archive:
        archive.write(PROJECT / CONFIGURATION / "transform.py", "transform.py")
    with applied(bench, CONFIGURATION, transform_zip=str(transform_zip)) as stack:
        yield stack


def fork(stack: ModuleStack, kind: str) -> dict[str, Any]:
    return dict(stack.output["forks"][f"{stack.name}-{kind}"])


def ids_in(stack: ModuleStack, bucket: str, prefix: str) -> list[str]:
    return [event["MessageId"] for event in stack.stored_events(bucket, prefix)]


@pytest.fixture(scope="module")
def orders(stack: ModuleStack) -> dict[str, Order]:
    """Orders by message id: amounts 80-119, half of them from Poland; by now all are in the first fork's bucket."""
    published = [Order(number, "PL" if number % 2 else "SE") for number in range(80, 120)]
    ids = stack.publish(order.event for order in published)
    eventually(
        lambda: len(ids_in(stack, fork(stack, "all")["bucket_name"], "date=")),
        lambda found: found >= len(ids),
        within=STORED_WITHIN,
        what="every event is in the bucket of the fork without a filter",
    )
    return dict(zip(ids, published, strict=True))


@pytest.fixture(scope="module")
def doomed(stack: ModuleStack, orders: dict[str, Order]) -> Iterator[list[str]]:
    """Ids of events that no filter but the first fork's takes, whose stream refuses every call from here on."""
    stream = fork(stack, "all")["delivery_stream_name"]
    fault = stack.firehose.arm("call", stream=stream, operation="PutRecordBatch")
    yield stack.publish(Order(number, "PL").event for number in range(DOOMED))
    stack.firehose.disarm(fault)


def test_each_fork_gets_what_its_filter_lets_through_once(
    stack: ModuleStack, orders: dict[str, Order], doomed: list[str]
) -> None:
    shared = stack.output["shared_bucket_name"]
    expected = {
        "large/": [event_id for event_id, order in orders.items() if order.number >= 100],
        "abroad/": [event_id for event_id, order in orders.items() if order.country != "PL"],
    }
    for prefix, wanted in expected.items():
        found = eventually(
            lambda prefix=prefix: ids_in(stack, shared, prefix),  # type: ignore[misc]
            lambda found, wanted=wanted: len(found) >= len(wanted),  # type: ignore[misc]
            within=STORED_WITHIN,
            what=f"the filtered events are below {prefix}",
        )
        assert Counter(found) == Counter(wanted), prefix
    assert Counter(ids_in(stack, fork(stack, "all")["bucket_name"], "date=")) == Counter(list(orders))


def test_a_second_plan_of_many_forks_is_empty(stack: ModuleStack, doomed: list[str]) -> None:
    assert stack.workspace.planned_changes() == []


def test_forks_share_nothing(stack: ModuleStack) -> None:
    forks = [fork(stack, kind) for kind in ("all", "large", "abroad")]
    for name in ("queue_arn", "dead_letter_queue_arn", "function_role_arn", "delivery_role_arn", "subscription_arn"):
        assert len({each[name] for each in forks}) == len(forks), name


def test_the_function_of_one_fork_is_in_the_vpc_and_may_make_its_network_interfaces(stack: ModuleStack) -> None:
    functions = stack.client("lambda")
    placed = {
        kind: functions.get_function_configuration(FunctionName=fork(stack, kind)["function_name"]).get("VpcConfig", {})
        for kind in ("all", "large")
    }

    assert placed["large"].items() >= stack.output["function_vpc"].items()
    assert not placed["all"].get("SubnetIds")


def test_an_existing_bucket_is_not_changed(stack: ModuleStack, orders: dict[str, Order]) -> None:
    s3, bucket = stack.client("s3"), stack.output["shared_bucket_name"]
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
    assert {fork(stack, kind)["bucket_name"] for kind in ("large", "abroad")} == {bucket}


def test_the_transformation_function_changes_drops_and_fails_records(
    stack: ModuleStack, orders: dict[str, Order]
) -> None:
    shared = stack.output["shared_bucket_name"]
    wishes = ["Ok", "Dropped", "ProcessingFailed"]
    ids = stack.publish(Order(number, "NO", wish).event for number, wish in enumerate(wishes))
    failed = eventually(
        lambda: stack.stored_events(shared, "errors/abroad/processing-failed/"),
        lambda found: len(found) >= 1,
        within=STORED_WITHIN,
        what="the failed record is below the error prefix",
    )
    assert [json.loads(base64.b64decode(line["rawData"]))["MessageId"] for line in failed] == [ids[2]]
    stored = eventually(
        lambda: [event for event in stack.stored_events(shared, "abroad/") if event["MessageId"] in ids],
        lambda found: len(found) >= 1,
        within=STORED_WITHIN,
        what="the transformed record is stored",
    )
    assert [(event["MessageId"], event["transformed"]) for event in stored] == [(ids[0], True)]


def test_records_that_firehose_refuses_one_by_one_are_sent_again_without_loss_or_duplicate(
    stack: ModuleStack, orders: dict[str, Order]
) -> None:
    # one event a record here, since the fork has a transformation function; seven of ten records are refused each time
    stream, shared = fork(stack, "abroad")["delivery_stream_name"], stack.output["shared_bucket_name"]
    fault = stack.firehose.arm("put-entry", stream=stream, rate=0.7)
    try:
        ids = stack.publish(Order(number, "FI").event for number in range(30))
        eventually(
            lambda: stack.firehose.hits(fault),
            lambda hits: hits >= len(ids),
            within=STORED_WITHIN,
            what="refused records",
        )
    finally:
        stack.firehose.disarm(fault)
    found = eventually(
        lambda: [event_id for event_id in ids_in(stack, shared, "abroad/") if event_id in ids],
        lambda found: len(found) >= len(ids),
        within=STORED_WITHIN,
        what="every event is stored in the end",
    )
    assert Counter(found) == Counter(ids)
    assert stack.waiting(fork(stack, "abroad")["dead_letter_queue_url"]) == 0


def test_what_one_stream_of_a_fork_refuses_the_other_takes(stack: ModuleStack, orders: dict[str, Order]) -> None:
    first, second = streams = fork(stack, "large")["delivery_stream_names"]
    assert (first, second) == (f"{stack.name}-large", f"{stack.name}-large-stream-2")
    for refusing, other in (streams, streams[::-1]):
        fault = stack.firehose.arm("call", stream=refusing, operation="PutRecordBatch")
        try:
            ids = set(stack.publish(Order(number, "PL").event for number in range(200, 220)))
            by_key = eventually(
                lambda: {
                    stored.key: found
                    for stored in stack.objects(stack.output["shared_bucket_name"], "large/")
                    if (found := ids & {event["MessageId"] for event in stored.lines})  # noqa: B023 called here
                },
                lambda found: sum(map(len, found.values())) >= len(ids),  # noqa: B023 called here
                within=STORED_WITHIN,
                what="every event is stored by the other stream",
            )
        finally:
            stack.firehose.disarm(fault)
        assert {key.rpartition("/")[2].partition("-1-20")[0] for key in by_key} == {other}
        assert stack.waiting(fork(stack, "large")["dead_letter_queue_url"]) == 0


def test_the_dead_letter_alarm_goes_off_and_tells_who_is_on_call(stack: ModuleStack, doomed: list[str]) -> None:
    alarm = fork(stack, "all")["dead_letter_queue_arn"].rpartition(":")[2].removesuffix("-dlq") + "-dead-letter"
    heard: list[tuple[str, str]] = []

    def told() -> list[tuple[str, str]]:
        bodies = [json.loads(message["Body"]) for message in stack.take(stack.output["on_call_queue_url"])]
        heard.extend((body["AlarmName"], body["NewStateValue"]) for body in bodies)
        return heard

    eventually(told, lambda found: (alarm, "ALARM") in found, within=GIVEN_UP_WITHIN, what="the dead-letter alarm")


def test_what_fails_again_and_again_is_dead_lettered_and_nothing_is_lost(stack: ModuleStack, doomed: list[str]) -> None:
    first = fork(stack, "all")
    dead: list[str] = []

    def dead_letters() -> list[str]:
        messages = stack.take(first["dead_letter_queue_url"])
        dead.extend(json.loads(message["Body"])["MessageId"] for message in messages)
        return dead

    eventually(
        dead_letters,
        lambda found: set(doomed) <= set(found) and stack.waiting(first["queue_url"]) == 0,
        within=GIVEN_UP_WITHIN,
        what="the doomed events are in the dead-letter queue",
    )
    # what the other tests published came to this fork too
    stack.firehose.wait_until_delivered(first["delivery_stream_name"], seconds=STORED_WITHIN)
    stored = ids_in(stack, first["bucket_name"], "date=")
    assert Counter(stored + dead_letters()) == Counter(stack.published)


def test_the_alarms_watch_metrics_that_the_stream_has(stack: ModuleStack, orders: dict[str, Order]) -> None:
    cloudwatch, stream = stack.client("cloudwatch"), fork(stack, "all")["delivery_stream_name"]
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=stream)["MetricAlarms"]
    of_stream = {each["MetricName"] for each in alarms if each["Namespace"] == "AWS/Firehose"}
    assert of_stream == {"DeliveryToS3.DataFreshness", "DeliveryToS3.Success", "ThrottledRecords"}
    dimensions = [{"Name": "DeliveryStreamName", "Value": stream}]
    assert [each["Dimensions"] for each in alarms if each["Namespace"] == "AWS/Firehose"] == [dimensions] * 3
    eventually(
        lambda: {each["MetricName"] for each in cloudwatch.list_metrics(Dimensions=dimensions)["Metrics"]},
        lambda found: found >= of_stream - {"ThrottledRecords"},  # nobody was throttled
        within=METRICS_WITHIN,
        what="metrics of the stream, which Firehose puts once a minute",
    )


def test_roles_and_logs_obey_the_organisation(stack: ModuleStack) -> None:
    iam, logs, first = stack.client("iam"), stack.client("logs"), fork(stack, "all")
    for arn in (first["function_role_arn"], first["delivery_role_arn"]):
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
        assert role["Path"] == "/event-fork-tests/"
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(f"policy/{stack.name}-boundary")
    for name in (first["log_group_name"], first["delivery_log_group_name"]):
        [group] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
        assert ":key/" in group["kmsKeyId"]


def test_many_forks_are_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
