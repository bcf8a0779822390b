"""examples/storage-backup on the bench: every event is in the archive once, without its card number, or dead-lettered.

Not proved here: that AWS's own Athena runs the queries (the bench runs them on DuckDB).
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from testbench import Bench
from testbench.athena import Athena
from testbench.iam_roles import taken_away
from testbench.polling import eventually
from tests.support.module_stack import Event, ModuleStack, StoredObject, applied

CARD = "4111111111111111"
ORDERS, NOT_JSON, LATE = 60, 3, 5
DELIVERED_WITHIN = 180.0


@dataclass(frozen=True)
class Archive:
    """What was published, and what was found of it."""

    orders: dict[str, dict[str, Any]]
    not_json: list[str]
    objects: list[StoredObject]
    dead_letters: list[dict[str, Any]]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [line for each in self.objects for line in each.lines]

    def ids_of_today(self) -> set[str]:
        """Ids of the orders that lie below the present date."""
        today = f"/date={datetime.now(UTC):%Y-%m-%d}/"
        lines = [line for each in self.objects if today in each.key for line in each.lines]
        return {self.orders[line["MessageId"]]["id"] for line in lines}


@pytest.fixture(scope="module")
def stack(bench: Bench) -> Iterator[ModuleStack]:
    with applied(bench, "examples/storage-backup", buffering_interval_seconds=1, force_destroy=True) as stack:
        yield stack


@pytest.fixture(scope="module")
def archive(stack: ModuleStack) -> Archive:
    orders = [{"id": f"o-{n}", "amount": n, "payment": {"card": CARD, "method": "card"}} for n in range(ORDERS)]
    types = ("order.placed", "order.paid")
    ids = stack.publish(
        Event(json.dumps(order), {"event_type": types[n % 2], "amount": n}) for n, order in enumerate(orders)
    )
    not_json = stack.publish(Event(f"card {CARD}") for _ in range(NOT_JSON))
    bucket, dead_letter_queue = stack.output["bucket_name"], stack.output["dead_letter_queue_url"]
    eventually(
        lambda: len(stack.stored_events(bucket)) + stack.waiting(dead_letter_queue),
        lambda found: found >= ORDERS + NOT_JSON,
        within=DELIVERED_WITHIN,
        what="every event is stored or dead-lettered",
    )
    return Archive(dict(zip(ids, orders, strict=True)), not_json, stack.objects(bucket), stack.take(dead_letter_queue))


def test_a_second_plan_of_storage_backup_is_empty(stack: ModuleStack) -> None:
    assert stack.workspace.planned_changes() == []


def test_every_published_event_is_stored_once_or_dead_lettered(archive: Archive) -> None:
    assert Counter(event["MessageId"] for event in archive.events) == Counter(list(archive.orders))
    dead = [json.loads(message["Body"])["MessageId"] for message in archive.dead_letters]
    assert sorted(dead) == sorted(archive.not_json)


def test_a_stored_event_is_the_envelope_with_the_published_message(archive: Archive, stack: ModuleStack) -> None:
    for event in archive.events:
        order = archive.orders[event["MessageId"]]
        published = json.dumps({**order, "payment": {"method": "card"}})
        assert event["Message"] == published
        assert event["Type"] == "Notification"
        assert event["TopicArn"] == stack.output["topic_arn"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["Timestamp"])
        assert event["MessageAttributes"]["amount"] == {"Type": "Number", "Value": str(order["amount"])}
        assert not {"Signature", "SigningCertURL", "UnsubscribeURL"} & event.keys()


def test_no_card_number_is_in_the_archive(archive: Archive) -> None:
    assert CARD not in json.dumps(archive.events)


def test_objects_are_gzip_by_date_and_hour_under_the_managed_key(archive: Archive, stack: ModuleStack) -> None:
    for stored in archive.objects:
        assert re.fullmatch(rf"{stack.name}/date=\d{{4}}-\d\d-\d\d/hour=\d\d/{stack.name}-archive-1-.*\.gz", stored.key)
        assert stored.body.startswith(b"\x1f\x8b")
        assert stored.encryption == "aws:kms"


def test_what_cannot_be_redacted_is_dead_lettered_with_the_reason(archive: Archive) -> None:
    assert len(archive.dead_letters) == NOT_JSON
    for message in archive.dead_letters:
        assert message["MessageAttributes"]["event-fork-reason"]["StringValue"] == "not-json"
        assert CARD not in message["MessageAttributes"]["event-fork-detail"]["StringValue"]


def test_the_bucket_is_private_versioned_and_refuses_requests_without_tls(archive: Archive, stack: ModuleStack) -> None:
    s3, bucket = stack.client("s3"), stack.output["bucket_name"]
    assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    statements = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert [(each["Effect"], each["Condition"]) for each in statements] == [
        ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    ]


def test_the_ready_made_queries_find_the_events(archive: Archive, stack: ModuleStack) -> None:
    athena, queries = Athena(stack.client), stack.output["athena_named_query_ids"]
    by_type: Counter[str] = Counter()
    for _date, _hour, event_type, events in athena.run_named_query(queries["events_per_type_and_hour"]).rows:
        by_type[event_type] += events
    assert by_type == {"order.placed": ORDERS // 2, "order.paid": ORDERS // 2}
    before = archive.ids_of_today()  # which that query is about, and midnight may be in between
    payload = athena.run_named_query(queries["payload_field"])
    found = {row[payload.columns.index("id")] for row in payload.rows}
    assert found in (before, archive.ids_of_today())


@pytest.mark.needs("iam")
def test_a_stream_that_may_not_write_says_so_and_loses_nothing(archive: Archive, stack: ModuleStack) -> None:
    logs, bucket = stack.client("logs"), stack.output["bucket_name"]
    stored = len(stack.stored_events(bucket))
    role = f"{stack.name}-archive-firehose-{stack.bench.endpoints.region}"
    with taken_away(stack.client, role, "s3:PutObject"):
        ids = stack.publish(Event(json.dumps({"id": f"late-{number}"})) for number in range(LATE))
        errors = eventually(
            lambda: logs.filter_log_events(logGroupName=f"/aws/kinesisfirehose/{stack.name}-archive")["events"],
            bool,
            within=DELIVERED_WITHIN,
            what="the stream's log says what is forbidden",
        )
        # https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-logs.html
        assert {json.loads(error["message"])["errorCode"] for error in errors} == {"S3.AccessDenied"}
        assert len(stack.stored_events(bucket)) == stored
    events = eventually(
        lambda: stack.stored_events(bucket),
        lambda found: len(found) >= stored + LATE,
        within=DELIVERED_WITHIN,
        what="what was held back is stored",
    )
    assert Counter(event["MessageId"] for event in events) == Counter([*archive.orders, *ids])


def test_card_numbers_outside_their_member_are_masked_and_a_bare_number_is_dead_lettered(stack: ModuleStack) -> None:
    spaced = " ".join(re.findall("....", CARD))
    hidden = [
        ({"note": f"paid with {spaced}"}, {"note": "paid with ***1111"}),
        ({"number": int(CARD), "order": 1234567890123456}, {"number": "***1111", "order": 1234567890123456}),
        ({"body": json.dumps({"card": int(CARD)})}, {"body": json.dumps({"card": "***1111"})}),
        ({CARD: [spaced.replace(" ", "-")]}, {"***1111": ["***1111"]}),
    ]
    attributes = {"card-number": CARD, "hint": f"card {CARD}", "event_type": "order.placed"}
    ids = stack.publish(Event(json.dumps(before), attributes) for before, _ in hidden)
    (bare,) = stack.publish([Event(CARD)])

    stored = eventually(
        lambda: {
            event["MessageId"]: event
            for event in stack.stored_events(stack.output["bucket_name"])
            if event["MessageId"] in ids
        },
        lambda found: len(found) == len(ids),
        within=DELIVERED_WITHIN,
        what="the events are stored",
    )
    dead = eventually(
        lambda: stack.take(stack.output["dead_letter_queue_url"]),
        lambda taken: len(taken) > 0,
        within=DELIVERED_WITHIN,
        what="the bare number is dead-lettered",
    )

    assert [json.loads(stored[message_id]["Message"]) for message_id in ids] == [after for _, after in hidden]
    for event in stored.values():
        assert event["MessageAttributes"] == {
            "hint": {"Type": "String", "Value": "card ***1111"},
            "event_type": {"Type": "String", "Value": "order.placed"},
        }
    assert [json.loads(letter["Body"])["MessageId"] for letter in dead] == [bare]
    assert dead[0]["MessageAttributes"]["event-fork-reason"]["StringValue"] == "not-redactable"


def test_storage_backup_is_destroyed_without_a_trace(stack: ModuleStack) -> None:
    assert stack.leftovers() != []
    stack.destroy()
    assert stack.leftovers() == []
