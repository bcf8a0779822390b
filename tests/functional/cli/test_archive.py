"""`archive inspect`: what an archive is, at a glance."""

import gzip
import io
import sys
from dataclasses import replace
from typing import Any

import pyarrow
import pytest
from pyarrow import parquet

from event_fork.events.envelope import StoredEvent, parse
from event_fork_cli.archive_replay import conversion
from tests.functional.cli.conftest import BUCKET, NOON, REGION, World, event

LINES = "lines-of-orders"


@pytest.fixture(autouse=True)
def _bucket_for_lines(world: World) -> None:
    world.s3.create_bucket(Bucket=LINES, CreateBucketConfiguration={"LocationConstraint": REGION})


def test_an_archive_is_told_by_folders_compression_types_times_and_size(world: World) -> None:
    world.put(event(0), event(1, kind="order.paid"), minutes=0)
    world.put(event(2), minutes=60 * 24, name="b")

    found = world.run("archive", "inspect", f"s3://{BUCKET}/", "--output", "json").json

    assert (found["layout"], found["days"], found["objects"], found["counted_all"]) == (
        "date=yyyy-MM-dd/hour=HH/", 2, 2, True,
    )  # fmt: skip
    assert (found["first"], found["last"]) == ("2026-11-23T12:00:00.000Z", "2026-11-24T12:00:00.000Z")
    assert found["types"] == {"order.placed": 2, "order.paid": 1}
    assert [(sample["compression"], sample["events"]) for sample in found["samples"]] == [("GZIP", 2), ("GZIP", 1)]


def test_what_a_replay_cannot_read_is_said(world: World) -> None:
    world.s3.put_object(Bucket=BUCKET, Key="2026/11/23/10/a", Body=b"PAR1" + bytes(100))
    world.s3.put_object(Bucket=BUCKET, Key="2026/11/23/11/b", Body=event(0).to_line() + b"junk\nmore\n")

    result = world.run("archive", "inspect", f"s3://{BUCKET}/")

    assert result.code == 0, result.err
    read = world.run("archive", "inspect", f"s3://{BUCKET}/", "--output", "json").json
    assert [sample["compression"] for sample in read["samples"]] == ["Parquet", "none"]
    for said in ("yyyy/MM/dd/HH/", "Parquet", "line 1: the body is not", "and 1 more"):
        assert said in " ".join(result.out.split())


@pytest.mark.parametrize("prefix", ["", "orders/"])
def test_an_empty_archive_is_exit_code_3(world: World, prefix: str) -> None:
    result = world.run("archive", "inspect", f"s3://{BUCKET}/{prefix}")

    assert (result.code, result.out) == (3, "")
    assert "holds no object" in result.err


def test_folders_of_columns_are_named(world: World) -> None:
    for kind in ("order.placed", "order.paid"):
        world.s3.put_object(
            Bucket=BUCKET, Key=f"x/event_type={kind}/date=2026-11-23/hour=12/{kind}", Body=event(0).to_line()
        )

    found = world.run("archive", "inspect", f"s3://{BUCKET}/x/", "--output", "json").json

    assert found["columns"] == ["event_type=order.paid", "event_type=order.placed"]
    assert (found["objects"], found["days"]) == (2, 1)


# -- convert -----------------------------------------------------------------------------------------------------------


def parquet_of(events: list[StoredEvent], **columns: list[Any]) -> bytes:
    """As Firehose converts lines by the module's Glue table."""
    attributes = pyarrow.map_(
        pyarrow.string(), pyarrow.struct([("type", pyarrow.string()), ("value", pyarrow.string())])
    )
    table = pyarrow.table(
        {
            "type": ["Notification" for _ in events],
            "messageid": [one.message_id for one in events],
            "topicarn": [one.topic_arn for one in events],
            "subject": [one.subject for one in events],
            "message": [one.message for one in events],
            "timestamp": [one.timestamp for one in events],
            "messageattributes": pyarrow.array(
                [
                    None
                    if one.attributes is None
                    else [(name, {"type": it["Type"], "value": it["Value"]}) for name, it in one.attributes.items()]
                    for one in events
                ],
                attributes,
            ),
            **columns,
        }
    )
    file = io.BytesIO()
    parquet.write_table(table, file, compression="snappy", row_group_size=2)
    return file.getvalue()


def lines_of(world: World, key: str) -> list[StoredEvent]:
    return [parse(line.decode()) for line in gzip.decompress(world.object(key)).splitlines()]


def test_an_archive_in_parquet_is_converted_to_lines_that_a_plan_reads(world: World) -> None:
    events = [event(0), event(1, kind="order.paid"), replace(event(2), attributes=None, subject="s"), event(3)]
    first = world.put(minutes=0, body=parquet_of(events))
    second = world.put(minutes=5, name="b", body=gzip.compress(event(9).to_line()))
    world.s3.put_object(Bucket=BUCKET, Key="errors/format-conversion-failed/x", Body=b"PAR1")

    made = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/orders/", "--output", "json")

    assert made.code == 0, made.err
    assert [(one["key"], one["lines"]) for one in made.json] == [(first, 4), (second, 1)]
    new = [one["new_key"] for one in made.json]
    assert all(key.startswith("orders/date=2026-11-23/hour=12/orders-1-2026-11-23-12-0") for key in new)
    world.s3.copy_object(Bucket=BUCKET, Key=f"x/{new[0]}", CopySource={"Bucket": LINES, "Key": new[0]})
    assert lines_of(world, f"x/{new[0]}") == events
    # AND what is there is left
    again = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/orders/")
    assert again.code == 0
    assert "there before 2" in " ".join(again.out.split())
    # AND a plan reads it
    where = ("--archive", f"s3://{LINES}/orders/", "--from", "2026-11-23T12:00Z", "--to", "2026-11-23T13:00Z")
    planned = world.run("replay", "plan", *where, "--target", "CheckoutQueue", "--processes", "0", "--output", "json")
    assert planned.json["totals"]["events"] == 5, planned.err


def test_what_cannot_be_converted_is_named_and_the_rest_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = parquet_of([event(0), event(1)])
    cut = world.put(minutes=0, body=whole[: len(whole) // 2])
    world.put(minutes=1, name="b", body=b"BZh9" + bytes(40))
    world.put(minutes=2, name="c", body=parquet_of([event(0)], at=[NOON]))
    world.put(event(3), minutes=3, name="d")

    result = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/")

    assert result.code == 1
    for said in (f"{cut}: damaged Parquet", "is bzip2", "columns that no JSON has", "3 of 4 objects cannot be read"):
        assert said in result.err
    assert world.s3.list_objects_v2(Bucket=LINES)["KeyCount"] == 1
    monkeypatch.setattr(conversion, "_MOST_COLUMN_BYTES", 10)
    world.put(minutes=0, body=whole)
    large = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/")
    assert "is Parquet with a column of" in large.err


def test_objects_that_differ_in_their_endings_stay_apart(world: World) -> None:
    for ending, number in (("", 0), (".gz", 1), (".parquet", 2)):
        key = f"2026/11/23/12/orders-1-2026-11-23-12-00-00-0c2f-aaaa{ending}"
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=event(number).to_line())

    made = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/", "--output", "json")

    assert made.code == 0, made.err
    assert world.s3.list_objects_v2(Bucket=LINES)["KeyCount"] == 3


@pytest.mark.parametrize(
    "to", [f"s3://{BUCKET}/", f"s3://{BUCKET}/x/", "s3://lines-of-orders/x", "lines", "s3://no-such-bucket/"]
)
def test_the_place_of_a_converted_archive_is_another_one(world: World, to: str) -> None:
    result = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", to)

    assert result.code == 2
    assert "--to" in result.err


def test_parquet_without_its_library_says_what_to_install(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put(minutes=0, body=parquet_of([event(0)]))
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    result = world.run("archive", "convert", f"s3://{BUCKET}/", "--to", f"s3://{LINES}/")

    assert result.code == 2
    assert "pip install '.[parquet]'" in result.err
