"""`replay plan`: what it finds, what it says, what it refuses."""

import base64
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import boto3
import cramjam
import pytest
from botocore.exceptions import ClientError

from event_fork.replay_plan.plan import read_plan
from event_fork_cli import aws
from event_fork_cli.archive_replay.executions import execution_arn
from tests.functional.cli.conftest import ACCOUNT, BUCKET, MACHINE, NOON, World, event


def test_a_plan_counts_by_type_and_hour_and_sends_nothing(world: World) -> None:
    world.put(event(0, 1), event(1, 2, "order.paid"), event(2, 59), minutes=1)
    world.put(event(3, 59.5), event(4, 61), minutes=60, name="b")

    result = world.plan()

    assert result.code == 0, result.err
    assert result.json["counts"] == [
        {"type": "order.paid", "hour": "2026-11-23T12", "events": 1},
        {"type": "order.placed", "hour": "2026-11-23T12", "events": 3},
    ]
    totals = result.json["totals"]
    assert (totals["objects"], totals["events"], totals["duplicates"], totals["unreadable"]) == (2, 4, 0, [])
    assert result.json["first_event"] == "2026-11-23T12:01:00.000Z"
    assert result.json["last_event"] == "2026-11-23T12:59:30.000Z"
    assert world.waiting() == 0
    assert world.executions.names == []


def test_the_file_and_what_is_printed_are_the_same_plan_with_object_versions_and_a_hash(world: World) -> None:
    key = world.put(event(0), minutes=0)
    head = world.s3.head_object(Bucket=BUCKET, Key=key)

    result = world.plan("--out", str(world.folder / "plan.json"))

    plan = read_plan((world.folder / "plan.json").read_bytes())
    assert plan.to_json() == result.json
    assert [(item.key, item.version_id, item.etag) for item in plan.items] == [
        (key, head["VersionId"], head["ETag"].strip('"'))
    ]
    assert plan.engine is not None
    assert plan.engine.replay == "orders"
    assert plan.created_by.startswith("arn:aws:sts::123456789012:")


def test_a_second_copy_is_planned_once(world: World) -> None:
    world.put(event(0), event(1), event(0), minutes=0)
    world.put(event(1), event(2), minutes=10, name="b")

    result = world.plan()

    assert result.json["totals"]["events"] == 3
    assert result.json["totals"]["duplicates"] == 2
    assert [(item["events"], item["skip_lines"]) for item in result.json["items"]] == [(2, [2]), (1, [0])]


def test_what_cannot_be_read_is_named_with_its_reason_and_the_rest_is_planned(world: World) -> None:
    whole = gzip.compress(b"".join(event(number).to_line() for number in range(500)))
    cut = world.put(minutes=1, name="b", body=whole[: len(whole) // 2])
    parquet = world.put(minutes=2, name="c", body=b"PAR1" + bytes(100))
    lines = world.put(minutes=3, name="d", body=event(901).to_line() + b"oops\n" + event(902).to_line() + b"[]\noops\n")
    world.put(event(903), minutes=4, name="e")

    result = world.plan()

    assert result.json["totals"]["events"] == 3
    assert result.json["totals"]["unreadable"] == [
        {"key": cut, "reason": "gzip is cut off: its end is missing", "lines": None, "count": 0},
        {
            "key": parquet,
            "reason": "is Parquet; a replay reads JSON lines, plain or as GZIP, ZIP, Snappy or Zstandard; "
            "`event-fork archive convert` makes such of it",
            "lines": None,
            "count": 0,
        },
        {"key": lines, "reason": "the body is not JSON", "lines": [1, 4], "count": 2},
        {"key": lines, "reason": "the body is not a JSON object", "lines": [3], "count": 1},
    ]


def test_a_copy_in_an_unreadable_object_does_not_stand_in_for_the_one_that_can_be_read(world: World) -> None:
    # GIVEN an event whose first copy lies in an object that breaks off after it
    body = b"".join(event(number).to_line() for number in range(2000))
    world.put(minutes=1, name="b", body=gzip.compress(body)[:-8])
    world.put(event(0), minutes=2, name="c")

    # WHEN it is planned THEN the second copy is sent
    result = world.plan()
    assert result.json["totals"]["events"] == 1
    assert result.json["totals"]["duplicates"] == 0


def test_filter_and_types_and_window_narrow_the_plan_together(world: World) -> None:
    world.put(*(event(number, number, "order.paid" if number % 2 else "order.placed") for number in range(40)))
    policy = world.folder / "policy.json"
    policy.write_text('{"amount": [{"numeric": [">=", 10]}]}')

    result = world.plan("--filter", str(policy), "--event-type", "order.paid", end="2026-11-23T12:20Z")

    assert result.json["totals"]["events"] == 5
    assert result.json["filter_policy"] == {"amount": [{"numeric": [">=", 10]}]}


def test_like_subscription_takes_its_filter_scope_and_form(world: World) -> None:
    world.put(event(1), event(7))
    arn = world.sns.subscribe(
        TopicArn=world.topic,
        Protocol="sqs",
        Endpoint=world.queue_arn,
        ReturnSubscriptionArn=True,
        Attributes={
            "FilterPolicy": '{"number": [7]}',
            "FilterPolicyScope": "MessageBody",
            "RawMessageDelivery": "true",
        },
    )["SubscriptionArn"]

    result = world.plan("--like-subscription", arn)

    assert result.json["totals"]["events"] == 1
    assert result.json["filter_policy"] == {"number": [7]}
    assert result.json["filter_policy_scope"] == "MessageBody"
    assert result.json["target"]["body"] == "raw"


@pytest.mark.parametrize(("raw", "body"), [("true", "raw"), ("false", "envelope")])
def test_the_form_is_that_of_the_targets_own_subscription(world: World, raw: str, body: str) -> None:
    world.put(event(1))
    world.sns.subscribe(
        TopicArn=world.topic, Protocol="sqs", Endpoint=world.queue_arn, Attributes={"RawMessageDelivery": raw}
    )

    assert world.plan().json["target"]["body"] == body


def test_without_a_subscription_the_form_is_the_envelope_and_that_is_said(world: World) -> None:
    world.put(event(1))

    result = world.plan()

    assert result.json["target"]["body"] == "envelope"
    assert "--body raw" in result.err
    assert world.plan("--body", "raw").json["target"]["body"] == "raw"


def test_a_late_event_near_the_limit_of_lateness_is_said(world: World) -> None:
    world.put(event(1, 0), event(2, 54), minutes=55)

    assert "larger --lateness" in world.plan().err
    assert "larger --lateness" not in world.plan("--lateness", "2h").err


def test_a_window_that_ends_now_is_said_to_miss_what_is_still_buffered(world: World) -> None:
    world.put(event(1))

    assert "Firehose buffers" in world.plan(end="now").err


def test_nothing_that_matches_is_exit_code_3(world: World) -> None:
    world.put(event(1))

    result = world.plan("--event-type", "order.lost")

    assert result.code == 3
    assert f"no event of s3://{BUCKET}/" in result.err
    assert "1 objects were read" in result.err
    assert result.out == ""


def test_a_module_with_another_archive_is_a_note_and_the_plan_is_made(world: World) -> None:
    world.put(event(1))
    world.ssm.delete_parameter(Name="/event-fork-pipelines/orders/archive-replay")

    result = world.plan()

    assert result.code == 0
    assert result.json["engine"] is None
    assert "modules/replay" in result.err


def test_the_table_shows_bars_totals_and_what_cannot_be_read(world: World) -> None:
    world.put(event(0), event(1), event(2, 1, "order.paid"))
    world.put(minutes=5, name="b", body=b"PAR1....")

    result = world.plan("--output", "table", "--pace", "10x", "--ramp", "1,100", "--max-age", "2m")

    assert result.code == 0, result.err
    assert "██████" in result.out
    for text in ("order.paid", "2026-11-23 12", "3 (", "Cannot be read", "Parquet", "10 times", "ramp 1, 100 %", "$0."):
        assert text in result.out


def test_more_hours_than_one_can_look_at_are_shown_by_day(world: World) -> None:
    for hour in range(120):
        world.put(event(hour, -hour * 60), minutes=-hour * 60)

    result = world.plan("--output", "table", start="2026-11-10")

    assert "day (UTC)" in result.out
    assert "2026-11-21" in result.out
    assert "2026-11-21 13" not in result.out


BAD_INPUT: list[tuple[list[str], list[str]]] = [
    (
        ["--archive", "orders-backup"],
        ["--archive", "s3://orders-backup-20261123101500123400000001/", "'orders-backup'"],
    ),
    (["--archive", "s3://no-such-bucket"], ["--archive", "bucket that exists", "no-such-bucket"]),
    (["--from", "yesterday"], ["--from", "ISO 8601", "2h", "'yesterday'"]),
    (["--to", "25h13"], ["--to", "ISO 8601", "'25h13'"]),
    (["--from", "2026-11-23T13:00Z"], ["--to", "later than --from"]),
    (["--rate", "0"], ["--rate", "0.01 to 1,000,000", "--rate 200", "0.0"]),
    (["--rate", "nan"], ["--rate", "nan"]),
    (["--pace", "fast"], ["--pace", "original", "--pace 10x", "'fast'"]),
    (["--pace", "0x"], ["--pace", "'0x'"]),
    (["--ramp", "10,5"], ["--ramp", "growing", "--ramp 1,10,100", "'10,5'"]),
    (["--ramp", "1,200"], ["--ramp", "at most 100"]),
    (["--ramp", "1,nan,100"], ["--ramp", "growing"]),
    (["--ramp-ask"], ["--ramp-ask", "needs --ramp"]),
    (["--workers", "0"], ["--workers", "1 to 1000", "received 0"]),
    (["--head-room", "25"], ["--head-room", "needs --max-age"]),
    (["--head-room", "100", "--max-age", "1m"], ["--head-room", "0 to 99", "100"]),
    (["--max-dead-letters", "-1"], ["--max-dead-letters", "-1"]),
    (["--lateness", "long"], ["--lateness", "1d12h", "'long'"]),
    (["--expires-in", "5"], ["--expires-in", "'5'"]),
    (["--target", "NoSuchQueue"], ["--target", "exists", "'NoSuchQueue'"]),
    (["--target", "no queue!"], ["--target", "name, URL or ARN", "'no queue!'"]),
    (["--target", "orders.fifo"], ["--target", "exists", "orders.fifo"]),
    (["--order", "sequence"], ["--order", "needs a FIFO target", "CheckoutQueue"]),
    (["--order", "time"], ["--order", "'time'"]),
    (["--group-by", "$.order_id"], ["--group-by", "needs a FIFO target", "CheckoutQueue"]),
    (["--filter", "missing.json"], ["--filter", "missing.json"]),
    (["--like-subscription", "arn:aws:sns:eu-west-1:123456789012:orders:nope"], ["--like-subscription", "nope"]),
    (["--replay", "payments"], ["--replay", "orders", "'payments'"]),
    (["--processes", "-1"], ["--processes", "-1"]),
    (["--processes", "100000"], ["--processes", "0 to 256", "100000"]),
    (["--rate", "inf"], ["--rate", "inf"]),
    (["--pace", f"{'9' * 400}x"], ["--pace", "to 1,000,000x"]),
    (["--max-age", "0s"], ["--max-age", "more than 0s", "'0s'"]),
    (["--expires-in", "0s"], ["--expires-in", "'0s'"]),
    (["--expires-in", "81d"], ["--expires-in", "at most 80 days", "'81d'"]),
    (["--lateness", "99999999w"], ["--lateness", "at most 3650d"]),
    (["--from", "0001-01-01T00:00+14:00"], ["--from", "ISO 8601"]),
    (["--output", "xml"], ["--output", "xml"]),
    (["--no-such-option"], ["--no-such-option"]),
]


@pytest.mark.parametrize(("options", "words"), BAD_INPUT, ids=lambda value: " ".join(value) if value else "")
def test_bad_input_is_exit_code_2_and_names_rule_example_and_value(
    world: World, options: list[str], words: list[str]
) -> None:
    world.put(event(1))

    result = world.plan(*options)

    assert result.code == 2, result
    assert result.out == ""
    for word in words:
        assert word in result.err


def test_an_invalid_filter_policy_is_refused_with_the_reason_of_aws(world: World, tmp_path: Path) -> None:
    world.put(event(1))
    policy = tmp_path / "policy.json"
    policy.write_text('{"amount": 3}')

    result = world.plan("--filter", str(policy))

    assert result.code == 2
    assert "Invalid parameter: FilterPolicy" in result.err


def test_filter_and_like_subscription_exclude_each_other(world: World) -> None:
    world.put(event(1))
    policy = world.folder / "policy.json"
    policy.write_text("{}")

    assert world.plan("--filter", str(policy), "--like-subscription", "arn").code == 2


def test_a_target_that_no_module_may_send_to_is_refused(world: World) -> None:
    world.put(event(1))
    world.sqs.create_queue(QueueName="Other")

    result = world.plan("--target", "Other")

    assert result.code == 2
    assert "targets" in result.err
    assert world.queue_arn in result.err


def test_two_modules_for_one_target_must_be_told_apart(world: World) -> None:
    world.put(event(1))
    world.module("second")

    assert "--replay NAME" in world.plan().err
    assert world.plan("--replay", "second").json["engine"]["replay"] == "second"


def test_what_aws_refuses_is_one_sentence_and_exit_code_1(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    from event_fork_cli.aws import AwsSettings

    def expired(_: Any) -> str:
        answer: Any = {"Error": {"Code": "ExpiredToken", "Message": "The security token included is expired"}}
        raise ClientError(answer, "GetCallerIdentity")

    world.put(event(1))
    monkeypatch.setattr(AwsSettings, "caller", expired)

    result = world.plan()

    assert result.code == 1
    assert result.err.splitlines()[-1] == (
        "event-fork: AWS refused GetCallerIdentity: ExpiredToken: The security token included is expired"
    )


def test_an_archive_that_is_partitioned_by_columns_is_read_under_every_value(world: World) -> None:
    for number, place in enumerate(("event_type=a/", "event_type=b/store=x/", "event_type=b/store=y/", "")):
        key = world.put(event(number, number), minutes=number)
        world.s3.copy_object(Bucket=BUCKET, CopySource=f"{BUCKET}/{key}", Key=f"p/{place}{key}")
        world.s3.delete_object(Bucket=BUCKET, Key=key)

    assert world.plan("--archive", f"s3://{BUCKET}/p").json["totals"]["events"] == 4


def test_a_prefix_may_be_given_with_or_without_its_slash(world: World) -> None:
    key = world.put(event(1))
    world.s3.copy_object(Bucket=BUCKET, CopySource=f"{BUCKET}/{key}", Key=f"team/{key}")
    world.s3.copy_object(Bucket=BUCKET, CopySource=f"{BUCKET}/{key}", Key=f"flat-{key}")

    prefixes = [
        world.plan("--archive", f"s3://{BUCKET}/{given}").json["archive"]["prefix"]
        for given in ("team", "team/", "flat-", "")
    ]

    assert prefixes == ["team/", "team/", "flat-", ""]


def test_json_on_stdout_is_json_alone(world: World) -> None:
    world.put(event(1, message="münchen"))

    assert json.loads(world.plan().out)["replay_id"].startswith(f"replay-{NOON:%Y%m%d}-")


def test_a_target_given_as_url_is_looked_for_in_the_region_of_the_url(world: World) -> None:
    url = boto3.client("sqs", region_name="us-east-1").create_queue(QueueName="far")["QueueUrl"]

    result = world.plan("--target", url)

    assert result.code == 2
    assert f"may send to arn:aws:sqs:us-east-1:{ACCOUNT}:far" in result.err


# -- archives that others wrote ------------------------------------------------------------------------------------


def other_archive(world: World, folder: str, *bodies: bytes) -> str:
    for number, body in enumerate(bodies):
        key = f"{folder}orders-1-2026-11-23-12-0{number}-05-00000000-0000-0000-0000-00000000000{number}"
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    return f"s3://{BUCKET}/"


@pytest.mark.parametrize(
    "folder", ["2026/11/23/12/", "year=2026/month=11/day=23/", "dt=2026-11-23/", "by/2026/11/23/12/", ""]
)
def test_an_archive_by_another_layout_is_found_out_and_planned(world: World, folder: str) -> None:
    other_archive(world, folder, event(0).to_line(), event(1, 1).to_line())
    where = ("--archive", f"s3://{BUCKET}/by") if folder.startswith("by/") else ()

    result = world.plan(*where)

    assert result.code == 0, result.err
    assert result.json["totals"]["events"] == 2


def test_a_layout_can_be_said(world: World) -> None:
    other_archive(world, "2026/11/23/12/", event(0).to_line())
    world.s3.put_object(Bucket=BUCKET, Key="event_type=x/date=2026-11-23/hour=12/a", Body=event(1).to_line())

    assert world.plan("--layout", "yyyy/MM/dd/HH").json["totals"]["events"] == 1
    assert world.plan("--layout", "date=yyyy-MM-dd/hour=HH/").json["totals"]["events"] == 1
    assert world.plan("--layout", "flat").json["totals"]["events"] == 2


def test_a_layout_that_is_none_is_refused_with_the_rule(world: World) -> None:
    result = world.plan("--layout", "yyyy/MM")

    assert result.code == 2
    assert "--layout must have yyyy, MM and dd once each" in result.err
    assert "yyyy/MM/dd/HH/" in result.err


def test_an_archive_whose_folders_are_no_times_is_said_with_its_folders(world: World) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="orders/date=2026-11-23/hour=12/a", Body=event(0).to_line())

    result = world.plan()

    assert result.code == 2
    assert "here are the folders orders/" in result.err


@pytest.mark.parametrize("times", ["date=2026-11-23/", "date=2026-11-23/hour=12/", "date=2026-11-23/hour=12", "date="])
def test_a_prefix_that_holds_the_folders_of_times_is_refused_with_the_right_one(world: World, times: str) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="orders/date=2026-11-23/hour=12/a", Body=event(0).to_line())

    result = world.plan("--archive", f"s3://{BUCKET}/orders/{times}")

    assert result.code == 2
    assert "without date=" in result.err
    assert f"for example --archive s3://{BUCKET}/orders/;" in result.err
    assert world.run("archive", "inspect", f"s3://{BUCKET}/orders/{times}").code == 2


def test_a_prefix_that_looks_like_a_time_may_stand_before_others(world: World) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="2026/date=2026-11-23/hour=12/a", Body=event(0).to_line())

    assert world.plan("--archive", f"s3://{BUCKET}/2026/").json["totals"]["events"] == 1


def test_joined_envelopes_of_more_than_8_mib_are_planned(world: World) -> None:
    joined = b"".join(event(number, 1, message="x" * 1200).to_line().rstrip() for number in range(7_000))
    assert len(joined) > 9 * 1024 * 1024
    other_archive(world, "2026/11/23/12/", joined)

    assert world.plan().json["totals"]["events"] == 7_000


def test_lines_by_other_writers_are_read_or_named(world: World) -> None:
    line = event(0).to_line()
    other_archive(
        world,
        "2026/11/23/12/",
        b"\xef\xbb\xbf" + line.rstrip() + b"\r\n",
        event(1).to_line().decode().encode("utf-16"),
        b"[" + event(2).to_line().rstrip() + b"]",
        event(3).to_line() + line.replace(b"order.placed", b"\xff"),
        event(4).to_line().replace(b"2026-11-23T12:00", b"2026-11-23T12:99"),
    )

    result = world.plan()

    assert result.json["totals"]["events"] == 2
    assert [(entry["key"][-1], entry["reason"]) for entry in result.json["totals"]["unreadable"]] == [
        ("1", "is UTF-16; a replay reads JSON lines in UTF-8"),
        ("2", "is one JSON array; a replay reads JSON lines, one event a line"),
        ("3", "is not UTF-8"),
        ("4", "Timestamp is not an ISO 8601 time with an offset"),
    ]


def in_zone(world: World, zone: str, start: int = 0) -> None:
    """An hour of events as a stream with CustomTimeZone files them: folder and name are in that zone."""
    for minutes in range(start, start + 60, 10):
        here = (NOON + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
        key = f"{here:%Y/%m/%d/%H/}orders-1-{here:%Y-%m-%d-%H-%M-%S}-00000000-0000-0000-0000-000000000000"
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=event(minutes, minutes).to_line())


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Asia/Kolkata", "America/New_York"])
def test_the_folders_of_a_stream_with_a_time_zone_are_read_in_that_zone(world: World, zone: str) -> None:
    in_zone(world, zone)

    without, named = world.plan(), world.plan("--layout", f"auto@{zone}")

    assert without.code == 3
    assert "--layout auto@Asia/Tokyo" in without.err
    assert named.json["totals"]["events"] == 6
    assert "time zone" not in named.err
    assert 'archive.layout = "yyyy/MM/dd/HH/"' in named.err
    assert world.plan("--layout", f"yyyy/MM/dd/HH/@{zone}").json["totals"]["events"] == 6
    inspected = world.run("archive", "inspect", f"s3://{BUCKET}/")
    assert "name the stream's zone" in " ".join(inspected.out.split())


@pytest.mark.parametrize(
    ("zone", "words"), [("America/New_York", "can have been closed"), ("Asia/Tokyo", "9 h after it")]
)
def test_a_time_zone_that_was_not_named_is_noticed_by_the_events(world: World, zone: str, words: str) -> None:
    in_zone(world, zone, start=-24 * 60)

    result = world.plan(start="2026-11-22T00:00Z", end="2026-11-23T00:00Z")

    assert words in result.err
    assert "--layout auto@Asia/Tokyo" in result.err


@pytest.mark.parametrize("given", ["auto@Mars/Olympus", "auto@", "auto@../../etc/passwd", "auto@\x00", "@Asia/Tokyo"])
def test_what_is_no_time_zone_is_refused(world: World, given: str) -> None:
    world.put(event(0))

    result = world.plan("--layout", given)

    assert result.code == 2
    assert "for example --layout" in result.err
    assert world.plan("--raw", "--layout", "auto@Asia/Tokyo").code == 2


def test_folders_by_another_layout_are_named_and_can_be_planned_too(world: World) -> None:
    world.put(event(0))
    other_archive(world, "2026/11/23/12/", event(1).to_line(), event(2).to_line())

    result, other = world.plan("--layout", "date=yyyy-MM-dd/hour=HH/"), world.plan()

    assert (result.json["totals"]["events"], other.json["totals"]["events"]) == (1, 2)
    assert 'folders such as 2026/ are not read: they are "yyyy/MM/dd/HH/"' in result.err
    assert "do it again with --layout date=yyyy-MM-dd/hour=HH/" in other.err
    inspected = world.run("archive", "inspect", f"s3://{BUCKET}/", "--output", "json").json
    assert inspected["others"] == {"date=2026-11-23/": "date=yyyy-MM-dd/hour=HH/"}


def test_an_archive_without_folders_can_be_planned_again_after_a_replay(world: World) -> None:
    other_archive(world, "", event(0).to_line(), event(1, 1).to_line())
    path = world.planned()
    assert world.apply(path).code == 0

    again = world.plan()

    assert again.json["totals"]["events"] == 2
    assert again.json["totals"]["unreadable"] == []


@pytest.mark.parametrize(
    "topic", ["x", "arn:aws:sns:eu west/1:123456789012:x", "arn:aws:sns:a.example:1:x", "\x1b[31m"]
)
def test_a_line_that_names_an_impossible_topic_ends_no_plan(world: World, topic: str) -> None:
    world.put(replace(event(0), topic_arn=topic), event(1))

    result = world.plan()

    assert result.code == 0, result.err
    assert result.json["totals"]["events"] == 2
    assert f"no subscription to {world.topic}" in result.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (json.dumps, "an envelope in a JSON string"),
        (lambda text: base64.b64encode(text.encode()).decode(), "base64 of JSON"),
        (lambda text: json.dumps({"Records": [{"Sns": json.loads(text)}]}), "an event of Lambda"),
        (lambda text: json.dumps({"messageId": "m", "body": text}), "a message of SQS"),
        (lambda text: json.dumps({"detail-type": "t", "detail": json.loads(text)}), "an event of EventBridge"),
        (lambda text: json.dumps({"date": 1.5, "log": text}), "an envelope in another record"),
        (lambda _: json.dumps({"order": 1}), "Type is not Notification; is raw message delivery on?"),
    ],
)
def test_an_envelope_within_something_else_is_named_by_what_that_is(
    world: World, line: Callable[[str], str], words: str
) -> None:
    other_archive(world, "2026/11/23/12/", event(0).to_line(), line(event(1).to_line().decode()).encode() + b"\n")

    (unreadable,) = world.plan().json["totals"]["unreadable"]

    assert words in unreadable["reason"]
    assert "order" not in unreadable["reason"]


# -- nothing matches: what is there instead ------------------------------------------------------------------------


def test_a_type_that_is_spelt_nearly_so_is_told(world: World) -> None:
    world.put(event(0), event(1, 2, "order.paid"), minutes=0)

    result = world.plan("--event-type", "order_placed")

    assert result.code == 3
    assert "order.placed (1), order.paid (1), published from 2026-11-23T12:00:00.000Z" in result.err
    assert "did you mean --event-type order.placed?" in result.err
    assert "did you mean --event-type order.paid?" in world.plan("--event-type", "ORDER.PAID").err


def test_a_window_without_objects_is_told_the_days_that_there_are(world: World) -> None:
    world.put(event(0), minutes=0)
    world.put(event(1), minutes=3 * 24 * 60)

    result = world.plan(start="2026-10-01", end="2026-10-02")

    assert result.code == 3
    assert "it has folders from date=2026-11-23 to date=2026-11-26" in result.err


def test_an_archive_of_other_events_says_of_which(world: World) -> None:
    world.put(event(0), minutes=0)
    policy = world.folder / "policy.json"
    policy.write_text('{"amount": [{"numeric": [">", 5]}]}')

    assert "hold order.placed (1)" in world.plan("--filter", str(policy)).err
    world.put(minutes=0, body=b"junk")
    assert "hold no event that can be read" in world.plan("--filter", str(policy)).err


def test_a_target_whose_consumer_is_not_declared_idempotent_is_warned_of_until_it_is(world: World) -> None:
    world.put(event(0))
    warning = "the consumer of arn:aws:sqs:eu-west-1:123456789012:CheckoutQueue is not declared idempotent"
    assert warning in (warned := world.plan()).err
    assert "tag the queue event-fork-idempotent = true, or set targets[].idempotent in modules/replay" in warned.err

    world.sqs.tag_queue(QueueUrl=world.queue_url, Tags={"event-fork-idempotent": "no"})
    assert warning in world.plan().err
    world.sqs.tag_queue(QueueUrl=world.queue_url, Tags={"event-fork-idempotent": "true"})
    assert "idempotent" not in world.plan().err

    world.sqs.untag_queue(QueueUrl=world.queue_url, TagKeys=["event-fork-idempotent"])
    name = "/event-fork-pipelines/orders/archive-replay"
    record = json.loads(world.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    record["targets"][0]["idempotent"] = True
    world.ssm.put_parameter(Name=name, Value=json.dumps(record), Type="String", Overwrite=True)
    assert "idempotent" not in world.plan().err


def test_a_target_that_is_a_dead_letter_queue_or_a_replays_is_noted(world: World) -> None:
    world.put(event(0))
    assert "is a dead-letter queue" not in world.plan().err
    world.sqs.create_queue(
        QueueName="source",
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": world.queue_arn, "maxReceiveCount": 3})},
    )
    assert f"{world.queue_arn} is a dead-letter queue" in world.plan().err

    assert "the queue of a replay module" not in world.plan().err
    world.ssm.put_parameter(Name="/event-fork-pipelines/CheckoutQueue/replay-window", Value="{}", Type="String")
    assert f"{world.queue_arn} is the queue of a replay module" in world.plan().err


def test_a_target_that_may_not_be_looked_at_is_said_and_planned(world: World) -> None:
    world.put(event(0))

    def denied(params: Any, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "ListQueueTags")

    events = aws._session(None, "eu-west-1").events
    events.register("provide-client-params.sqs.ListQueueTags", denied, unique_id="denied")
    try:
        result = world.plan()
    finally:
        events.unregister("provide-client-params.sqs.ListQueueTags", unique_id="denied")
    assert result.code == 0
    assert "what arn:aws:sqs:eu-west-1:123456789012:CheckoutQueue is for cannot be seen (AccessDenied)" in result.err


@pytest.mark.parametrize(("runtime", "events"), [("python3.13", 1), ("python3.14", 2)])
def test_zstandard_is_planned_where_the_worker_can_read_it_and_named_elsewhere(
    world: World, runtime: str, events: int
) -> None:
    name = "/event-fork-pipelines/orders/archive-replay"
    record = json.loads(world.ssm.get_parameter(Name=name)["Parameter"]["Value"]) | {"runtime": runtime}
    world.ssm.put_parameter(Name=name, Value=json.dumps(record), Type="String", Overwrite=True)
    world.put(event(0))
    packed = world.put(minutes=1, name="b", body=bytes(cramjam.zstd.compress(event(1).to_line())))

    result = world.plan()

    assert result.code == 0, result.err
    assert result.json["totals"]["events"] == events
    named = [(one["key"], 'runtime = "python3.14"' in one["reason"]) for one in result.json["totals"]["unreadable"]]
    assert named == ([] if events == 2 else [(packed, True)])


# -- a FIFO target -----------------------------------------------------------------------------------------------------


@pytest.fixture
def fifo(world: World) -> World:
    """An archive of a FIFO topic's events in no order, and a FIFO queue that the module may send to."""
    made = world.sqs.create_queue(QueueName="checkout.fifo", Attributes={"FifoQueue": "true"})
    world.queue_url = made["QueueUrl"]
    world.queue_arn = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:checkout.fifo"
    world.module("orders")
    events = [
        replace(event(number, number, message=json.dumps({"order": f"o-{number % 3}"})), others={"SequenceNumber": n})
        for number, n in ((2, "1002"), (0, "1000"), (5, "1005"), (1, "1001"), (4, "1004"), (3, "1003"))
    ]
    world.put(*events[:3])
    world.put(*events[3:], events[0], minutes=1, name="b")
    return world


def test_a_fifo_target_gets_lanes_in_the_order_of_the_sequence_numbers(fifo: World) -> None:
    options = ("--target", "checkout.fifo", "--group-by", "$.order", "--workers", "5")

    path = fifo.folder / "plan.json"
    result = fifo.plan(*options, "--out", str(path))

    assert result.code == 0, result.err
    made = read_plan(path.read_bytes())
    assert made.to_json() == result.json
    assert made.order is not None
    assert (made.order.group_by, made.order.lanes, made.totals.events, made.totals.duplicates) == ("$.order", 5, 6, 1)
    ranges = [(item.part.first, item.part.last, item.events) for item in made.items if item.part]
    assert sum(events for *_, events in ranges) == 6
    assert {("1000", "1003", 2), ("1001", "1004", 2), ("1002", "1005", 2)} >= set(ranges) or len(ranges) < 3
    assert made.workers == len(made.heads(made.items)) == len(made.items)
    assert fifo.plan(*options, "--order", "sequence").code == 0
    table = fifo.plan(*options, "--output", "table")
    assert "each group by its SequenceNumber; groups: by $.order" in table.out


def test_a_fifo_target_without_groups_is_one_group_and_that_is_said(fifo: World) -> None:
    result = fifo.plan("--target", "checkout.fifo")

    assert result.code == 0, result.err
    assert result.json["order"] == {"group_by": "all", "lanes": 1}
    assert result.json["workers"] == 1
    assert "all are one group" in result.err
    assert "--group-by" in result.err
    assert "all are one group" not in fifo.plan("--target", "checkout.fifo", "--group-by", "all").err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--raw"], ["--raw", "FIFO target", "checkout.fifo"]),
        (["--pace", "10x"], ["--pace", "FIFO target"]),
        (["--group-by", "$.["], ["--group-by", "'$.order_id'", "'$.['"]),
        (["--group-by", ""], ["--group-by", "received ''"]),
        (["--group-by", "$.customer"], ["7 of 8 events", "$.customer"]),
        (["--group-by", "customer"], ["8 of 8 events", "customer"]),
    ],
)
def test_what_a_fifo_target_cannot_have_is_exit_code_2(fifo: World, options: list[str], words: list[str]) -> None:
    fifo.put(
        replace(event(9, 30, message=json.dumps({"customer": 1})), others={"SequenceNumber": "9"}),
        minutes=30,
        name="c",
    )
    result = fifo.plan("--target", "checkout.fifo", *options)

    assert result.code == 2, result
    assert len(result.err.splitlines()) == 1 or "note" in result.err
    for word in words:
        assert word in result.err


def test_an_event_without_a_sequence_number_refuses_a_fifo_target(fifo: World) -> None:
    fifo.put(event(9, 30), minutes=30, name="c")

    result = fifo.plan("--target", "checkout.fifo")

    assert result.code == 2
    assert "1 of 8 events that were read have no SequenceNumber" in result.err


def test_an_ordered_replay_is_applied_by_lane_and_resumed_at_the_first_item_that_is_left(fifo: World) -> None:
    plan = fifo.applied("--target", "checkout.fifo", "--group-by", "all", "--rate", "0.01")
    assert [item.events for item in plan.items] == [2, 2, 2]
    assert fifo.items(plan.replay_id) == ["000000"]

    fifo.work(plan, 0, 1, failed=1)
    fifo.work(plan, 1, 2)
    fifo.executions.end(execution_arn(MACHINE, plan.replay_id))
    assert fifo.run("replay", "resume", plan.replay_id, "--no-watch").code == 0
    assert fifo.items(plan.replay_id) == ["000002"]

    fifo.work(plan, 2, 2)
    fifo.executions.end(execution_arn(MACHINE, fifo.executions.names[-1]))
    result = fifo.run("replay", "resume", plan.replay_id, "--no-watch")
    assert result.code == 2
    assert "5 events were sent, 1 could not be, and what comes after them was" in result.err
