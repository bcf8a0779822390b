"""The counted part of `make bench`: nobody makes it worse unnoticed."""

from pathlib import Path

import pytest

from benchmarks import __main__ as bench
from benchmarks.folder_archive import FolderArchive
from benchmarks.forwarding import BILLING_STEP_BYTES, forwarded, messages_of, original
from benchmarks.measuring import Ratio, with_reason, worse
from event_fork.sending.packing import one_each, pack, pack_compressed


def test_a_folder_is_an_archive(tmp_path: Path) -> None:
    for name in ("a/1.gz", "a/2.gz", "ab/3.gz", "b/4.gz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    archive = FolderArchive(tmp_path)

    assert [each.key for each in archive.list("")] == ["a/1.gz", "a/2.gz", "ab/3.gz", "b/4.gz"]
    assert [each.key for each in archive.list("a/")] == ["a/1.gz", "a/2.gz"]
    assert [each.key for each in archive.list("a")] == ["a/1.gz", "a/2.gz", "ab/3.gz"]
    assert [each.key for each in FolderArchive(tmp_path, 1).list("a/")] == ["a/1.gz"]
    assert list(archive.folders("")) == ["a/", "ab/", "b/"]
    assert b"".join(archive.open("b/4.gz").chunks()) == b"b/4.gz"
    assert archive.opened == ["b/4.gz"]


def test_nothing_that_is_counted_is_worse_than_the_committed_table() -> None:
    assert worse(bench.counted(), bench.committed()) == []


@pytest.mark.parametrize(("size", "times"), [("200 B", 35), ("1,000 B", 12)])
def test_firehose_bills_so_many_times_fewer_bytes_than_for_the_original(size: str, times: int) -> None:
    theirs, ours = (bench.committed()[f"storage, {way}, {size}"] for way in ("original", "compressed"))

    assert theirs["billed KB"] >= times * ours["billed KB"]


def test_the_benchmark_counts_all_ways_over_the_same_messages() -> None:
    messages = messages_of(200, 1_500)

    theirs, packed, compressed = original(messages), forwarded(messages, pack), forwarded(messages, pack_compressed)

    assert (theirs.calls, theirs.records, theirs.billed_bytes) == (1_500, 1_500, 1_500 * BILLING_STEP_BYTES)
    assert (theirs.invocations, theirs.polls) == (150, 300)
    assert (packed.calls, packed.records) == (compressed.calls, compressed.records) == (2, 2)
    assert (packed.invocations, packed.polls) == (2, 300)
    # Packed, at most the last 5 KB of each record are billed without being used.
    stored = sum(len(message.body.encode()) for message in messages)
    assert packed.billed_bytes < stored + 2 * BILLING_STEP_BYTES
    assert packed.billed_bytes < theirs.billed_bytes / 5
    assert compressed.billed_bytes < packed.billed_bytes / 3


def test_where_records_are_refused_the_original_stores_events_twice_and_ours_none() -> None:
    messages = messages_of(200, 1_500)

    theirs = original(messages, failing=0.05).row()
    ours = forwarded(messages, one_each, failing=0.05).row()

    assert theirs["stored twice"] > 100
    assert ours["stored twice"] == 0
    assert ours["records"] == len(messages)


def test_a_count_that_grew_and_one_that_is_gone_are_named() -> None:
    before = {"storage": {"calls": 100, "records": 10}, "search": {"calls": 5}}

    assert worse(before, before) == []
    assert worse({"storage": {"calls": 99, "records": 10}, "search": {"calls": 5}}, before) == []
    assert worse({"storage": {"calls": 102, "bytes": 1}}, before) == [
        "search: is in one table only",
        "storage: bytes is in one table only",
        "storage: records is in one table only",
        "storage: calls was 100, is 102",
    ]


def test_a_ratio_that_misses_its_target_says_which_functions_took_the_time() -> None:
    def slow() -> int:
        return sum(sorted(range(100_000)))

    assert with_reason(Ratio("fast", 1.1, 1.2), slow).why == ()
    assert with_reason(Ratio("no target", 9.0), slow).why == ()
    assert with_reason(Ratio("as fast as jq", 1.5, 2.0, at_least=True), slow).met is False
    assert any("sorted" in line for line in with_reason(Ratio("slow", 1.3, 1.2), slow).why)
