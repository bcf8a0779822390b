"""`archive inspect`: what an archive is, at a glance."""

import pytest

from tests.functional.cli.conftest import BUCKET, World, event


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
