"""`event-fork replay shadow` and `replay diff`: the same events elsewhere, and what two consumers wrote, key by key."""

import csv
import gzip
import io
import json
import tracemalloc
from collections.abc import Mapping
from typing import Any

import boto3
import pytest

from event_fork.replay_plan.plan import read_plan
from event_fork.replay_plan.work_area import WorkArea
from tests.functional.cli.conftest import BUCKET, REGION, Result, World, event
from tests.functional.cli.test_replay_drill import SHADOW, shadows


@pytest.fixture
def shadow(world: World) -> str:
    url: str = world.sqs.create_queue(QueueName="CheckoutShadow")["QueueUrl"]
    shadows(world, SHADOW)
    return url


def test_the_same_events_of_a_plan_go_to_the_shadow_and_the_plan_can_still_be_applied(
    world: World, shadow: str
) -> None:
    world.put(*(event(number) for number in range(30)))
    path = world.planned("--event-id", "id-1", "--event-id", "id-2", "--ramp", "1,100", "--max-dead-letters", "0")
    plan = read_plan(path.read_bytes())

    found = world.run("replay", "shadow", str(path), "--no-watch", "--output", "json")

    assert found.code == 0, found.err
    made = read_plan(world.object(WorkArea("orders", found.json["replay_id"]).plan))
    assert (made.target.queue_arn, made.target.body) == (SHADOW, plan.target.body)
    assert (made.items, made.totals, made.narrowing, made.rate) == (plan.items, plan.totals, plan.narrowing, plan.rate)
    assert (made.ramp, made.is_governed, made.signature) == (None, False, None)
    assert made.replay_id != plan.replay_id
    assert world.object(WorkArea("orders", made.replay_id).ids) == b"id-1\nid-2\n"
    assert world.apply(path).code == 0
    assert world.executions.names == [made.replay_id, plan.replay_id]


def test_a_plan_goes_to_no_queue_that_is_not_declared_a_shadow(world: World, shadow: str) -> None:
    world.put(event(1))
    path = world.planned()

    live = world.run("replay", "shadow", str(path), "--target", "CheckoutQueue")
    shadows(world)
    none = world.run("replay", "shadow", str(path))

    assert (live.code, none.code) == (2, 2)
    assert "no queue CheckoutQueue among the targets" in live.err
    assert "set targets[].shadow = true in modules/replay" in none.err
    assert world.executions.names == []


def test_a_plan_that_the_workers_cannot_bring_to_its_end_is_not_sent_to_a_shadow_either(
    world: World, shadow: str
) -> None:
    world.put(event(1))
    path = world.planned("--rate", "0.01")
    name = "/event-fork-pipelines/orders/archive-replay"
    record = json.loads(world.ssm.get_parameter(Name=name)["Parameter"]["Value"])
    world.ssm.put_parameter(Name=name, Value=json.dumps(record | {"worker_seconds": 60}), Overwrite=True)

    found = world.run("replay", "shadow", str(path), "--no-watch")

    assert found.code == 2
    assert "the plan's rate must be at least" in found.err
    assert world.executions.names == []


def test_a_plan_says_that_its_target_is_a_shadow_and_asks_for_no_idempotent_consumer(world: World, shadow: str) -> None:
    world.put(event(1))

    found = world.plan("--target", "CheckoutShadow")

    assert f"{SHADOW} is a shadow" in found.err
    assert "idempotent" not in found.err


class Tables:
    """A live and a shadow table of orders."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client: Any = boto3.client("dynamodb", region_name=REGION)
        for name in ("orders", "orders-shadow"):
            self.create(name, ("id", "HASH"))

    def create(self, name: str, *key: tuple[str, str]) -> None:
        self.client.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": part, "KeyType": kind} for part, kind in key],
            AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part, _ in key],
            BillingMode="PAY_PER_REQUEST",
        )

    def put(self, table: str, **item: Mapping[str, Any]) -> None:
        self.client.put_item(TableName=table, Item=item)

    def diff(self, *options: str, output: str = "json") -> Result:
        return self.world.run("replay", "diff", "orders", "orders-shadow", "--output", output, *options)


@pytest.fixture
def tables(world: World) -> Tables:
    return Tables(world)


def test_two_tables_say_how_many_would_change_and_where(tables: Tables) -> None:
    for number in range(40):
        for name in ("orders", "orders-shadow"):
            amount = 99 if name != "orders" and number < 3 else number
            lines = {"L": [{"M": {"sku": {"S": "a"}, "count": {"N": str(amount)}}}]}
            at = {"S": f"2026-11-2{len(name) % 10}"}
            tables.put(name, id={"S": f"o-{number}"}, lines=lines, updated_at=at)
    tables.put("orders-shadow", id={"S": "o-new"}, status={"S": "paid"})
    tables.put("orders", id={"S": "o-gone"}, status={"S": "paid"})

    found = tables.diff("--ignore", "updated_at")

    assert found.code == 1
    assert "4 of 41 items of orders would change" in found.err
    report = found.json
    assert [report[name] for name in ("same", "changed", "new", "gone", "in_live", "in_shadow")] == [
        37,
        3,
        1,
        1,
        41,
        41,
    ]
    assert report["samples"][0] == {
        "key": "o-0",
        "what": "changed",
        "fields": [{"path": "$.lines[0].count", "live": "0", "shadow": "99"}],
    }
    assert [one["what"] for one in report["samples"]] == ["changed"] * 3 + ["new", "gone"]
    assert tables.diff("--ignore", "updated_at", "--from-copy").json["would_change"] == 5
    assert tables.diff().json["changed"] == 40
    assert tables.diff("--samples", "1").json["samples"][0]["what"] == "changed"


def test_alike_is_alike_however_it_is_written(tables: Tables) -> None:
    same: dict[str, Any] = {"b": {"B": b"\x00\x01"}, "n": {"NULL": True}, "m": {"M": {}}, "l": {"L": []}}
    tables.put("orders", id={"S": "1"}, tags={"SS": ["a", "b"]}, one={"N": "140"}, **same)
    tables.put("orders-shadow", id={"S": "1"}, tags={"SS": ["b", "a"]}, one={"N": "1.4E+2"}, **same)

    found = tables.diff()

    assert found.code == 0, found.out
    assert (found.json["same"], found.json["samples"]) == (1, [])


@pytest.mark.parametrize(
    ("live", "shadow"),
    [
        ({"N": "1"}, {"S": "1"}),
        ({"SS": ["a"]}, {"L": [{"S": "a"}]}),
        ({"M": {}}, {"L": []}),
        ({"NULL": True}, {"S": "null"}),
        ({"BOOL": True}, {"S": "true"}),
        ({"B": b"a"}, {"S": "base64:YQ=="}),
        ({"N": "12345678901234567890123456789012345678"}, {"N": "12345678901234567890123456789012345679"}),
        ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}),
    ],
    ids=str,
)
def test_other_values_and_other_types_are_a_change(tables: Tables, live: Any, shadow: Any) -> None:
    tables.put("orders", id={"S": "1"}, value=live)
    tables.put("orders-shadow", id={"S": "1"}, value=shadow)

    assert tables.diff().json["changed"] == 1


def test_keys_of_two_parts_and_of_any_text_are_kept_apart(world: World, tables: Tables) -> None:
    for name in ("lines", "lines-shadow"):
        tables.create(name, ("order", "HASH"), ("line", "RANGE"))
        for order, line in (("a\tb", "c"), ("a", "b\tc"), ("a\n", "\u2028")):
            tables.put(name, order={"S": order}, line={"S": line}, value={"S": f"{name if order == 'a' else ''}"})

    found = world.run("replay", "diff", "lines", "lines-shadow", "--output", "json")

    assert (found.json["same"], found.json["changed"]) == (2, 1)
    assert found.json["samples"][0]["key"] == "a / b\tc"


def test_nothing_from_the_items_reaches_terminal_or_spreadsheet_raw(tables: Tables) -> None:
    tables.put("orders", id={"S": "=1+1\x1b[2J"}, note={"S": "-2+3"})
    tables.put("orders-shadow", id={"S": "=1+1\x1b[2J"}, note={"S": "\u202eevil"})

    table, rows = tables.diff(output="table"), tables.diff(output="csv")

    assert "\x1b" not in table.out + rows.out + tables.diff().out
    assert "\u202e" not in table.out + rows.out
    (row,) = csv.DictReader(io.StringIO(rows.out))
    assert row["key"].startswith("'=1+1\\u001b")
    assert row["path"] == "$.note"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("orders", "none"), "SHADOW must be a DynamoDB table that exists"),
        (("none", "orders"), "LIVE must be a DynamoDB table that exists"),
        (("orders", "orders"), "SHADOW must be another one than LIVE"),
        (("orders", f"s3://{BUCKET}/a"), "SHADOW must be of LIVE's kind"),
        (("orders", ""), "SHADOW must be the name or ARN of a DynamoDB table"),
        (("a b", "orders"), "LIVE must be the name or ARN of a DynamoDB table"),
        (("orders", "lines"), "SHADOW must have the key of orders: id (S)"),
        (("orders", "orders-shadow", "--ignore", "$.a["), "--ignore"),
        ((f"s3://{BUCKET}/a", "s3://no-such-bucket-anywhere/a"), "SHADOW must name a bucket that exists"),
        ((f"s3://{BUCKET}/a/", f"s3://{BUCKET}/a/b/"), "SHADOW must be a prefix beside LIVE"),
        ((f"s3://{BUCKET}/a/b", f"s3://{BUCKET}"), "SHADOW must be a prefix beside LIVE"),
        ((f"s3://{BUCKET}", f"s3://{BUCKET}/"), "SHADOW must be a prefix beside LIVE"),
    ],
    ids=str,
)
def test_what_cannot_be_compared_is_refused(
    world: World, tables: Tables, arguments: tuple[str, ...], told: str
) -> None:
    tables.create("lines", ("order", "HASH"), ("line", "RANGE"))

    found = world.run("replay", "diff", *arguments)

    assert found.code == 2
    assert told in found.err


def put(world: World, key: str, body: bytes) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def diff(world: World, *options: str) -> Result:
    sides = (f"s3://{BUCKET}/live/", f"s3://{BUCKET}/shadow/")
    return world.run("replay", "diff", *sides, "--output", "json", *options)


def test_two_prefixes_are_compared_by_key_and_by_what_is_in_the_objects(world: World) -> None:
    put(world, "live/same.bin", b"\x00\x01")
    put(world, "shadow/same.bin", b"\x00\x01")
    put(world, "live/order.json", b'{"a": 1, "b": [1, 2], "at": 5}')
    put(world, "shadow/order.json", gzip.compress(b'{"b": [1, 2.0], "a": 1.0, "at": 6}'))
    put(world, "live/lines.jsonl", b'{"a": 1}\n{"a": 2}\n')
    put(world, "shadow/lines.jsonl", b'{"a": 1}\n{"a": 3}\n')
    put(world, "live/text.txt", b"one")
    put(world, "shadow/text.txt", b"two")
    put(world, "live/gone.json", b"{}")
    put(world, "shadow/\U0001f600.json", b"{}")
    put(world, "shadow/\uffee.json", b"{}")

    found = diff(world, "--ignore", "at")

    assert found.code == 1
    report = found.json
    assert [report[name] for name in ("same", "changed", "new", "gone")] == [2, 2, 2, 1]
    assert found.err.strip().endswith(f"4 of 5 objects of s3://{BUCKET}/live/ would change")
    by_key = {one["key"]: one for one in report["samples"]}
    assert by_key["lines.jsonl"]["fields"] == [{"path": "$[1].a", "live": "2", "shadow": "3"}]
    assert by_key["text.txt"]["fields"][0]["path"] == "$"
    assert diff(world).json["changed"] == 3


def test_a_folder_is_no_other_whose_name_it_begins(world: World) -> None:
    put(world, "orders/1.json", b'{"a": 1}')
    put(world, "orders-shadow/1.json", b'{"a": 2}')
    put(world, "report-1.json", b"{}")
    put(world, "other-1.json", b"{}")

    folders = world.run("replay", "diff", f"s3://{BUCKET}/orders", f"s3://{BUCKET}/orders-shadow", "--output", "json")
    names = world.run("replay", "diff", f"s3://{BUCKET}/report-", f"s3://{BUCKET}/other-", "--output", "json")

    report = folders.json
    assert [report[name] for name in ("live", "changed", "new", "gone")] == [f"s3://{BUCKET}/orders/", 1, 0, 0]
    assert (names.code, names.json["same"]) == (0, 1)


def test_prefixes_in_any_order_of_keys_are_merged(world: World) -> None:
    keys = ["a", "a!", "a/b", "a/b/c", "é", "\uffee", "\U0001f600", "z"]
    for number, key in enumerate(keys):
        put(world, f"live/{key}", b"1")
        if number % 3:
            put(world, f"shadow/{key}", b"1")

    report = diff(world).json

    assert (report["same"], report["gone"], report["new"]) == (5, 3, 0)


def test_an_object_that_cannot_be_read_is_named(world: World) -> None:
    put(world, "live/a.gz", gzip.compress(b"{}" * 100)[:20])
    put(world, "shadow/a.gz", b"{}")

    found = diff(world)

    assert found.code == 1
    assert "live/a.gz cannot be compared" in found.err


def test_memory_does_not_grow_with_the_objects(world: World) -> None:
    for number in range(12):
        put(world, f"live/{number}", b"x" * 3_000_000)
        put(world, f"shadow/{number}", b"y" * 3_000_000)
    body = json.dumps({"a": "x" * 20_000_000}).encode()
    put(world, "live/large", gzip.compress(body))
    put(world, "shadow/large", gzip.compress(body.replace(b"x", b"y", 1)))
    tracemalloc.start()
    try:
        found = diff(world, "--samples", "1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found.json["changed"] == 13
    assert peak < 400 * 2**20
