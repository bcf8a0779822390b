"""Packing and batching at their exact limits."""

import gzip
import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from event_fork.events.messages import MessageAttribute, OutgoingMessage
from event_fork.sending.batching import put_batches, send_batches
from event_fork.sending.packing import (
    MAX_RECORD_BYTES,
    Record,
    compressed_size,
    one_each,
    pack,
    pack_compressed,
)


def test_lines_that_fill_a_record_to_the_last_byte_share_it() -> None:
    records = list(pack([("a", b"x" * 1_000_000), ("b", b"y" * 24_000)]))

    assert [record.message_ids for record in records] == [("a", "b")]
    assert len(records[0].data) == MAX_RECORD_BYTES == 1_024_000


def test_one_byte_more_begins_a_new_record() -> None:
    records = list(pack([("a", b"x" * 1_000_000), ("b", b"y" * 24_001), ("c", b"z")]))

    assert [record.message_ids for record in records] == [("a",), ("b", "c")]


def test_a_line_as_large_as_a_record_is_a_record() -> None:
    assert [len(record.data) for record in pack([("a", b"x" * MAX_RECORD_BYTES)])] == [MAX_RECORD_BYTES]


def test_nothing_packs_into_nothing() -> None:
    assert not [*pack([]), *pack_compressed([]), *put_batches([]), *send_batches([])]


@given(st.lists(st.binary(max_size=12)), st.integers(12, 40))
def test_packing_keeps_order_and_bytes_and_knows_where_each_message_is(lines: list[bytes], limit: int) -> None:
    named = [(str(number), line) for number, line in enumerate(lines)]

    records = list(pack(named, limit))

    by_id = dict(named)
    assert [message_id for record in records for message_id in record.message_ids] == list(by_id)
    assert all(record.data == b"".join(by_id[message_id] for message_id in record.message_ids) for record in records)
    assert all(record.message_ids and len(record.data) <= limit for record in records)
    # Greedy: two records that follow each other would not have fitted into one.
    assert all(len(one.data) + len(by_id[two.message_ids[0]]) > limit for one, two in pairwise(records))


def test_a_record_of_500_lines_is_full_where_firehose_takes_it_apart_again() -> None:
    records = pack(((str(number), b"{}\n") for number in range(1_001)), max_lines=500)

    assert [len(record.message_ids) for record in records] == [500, 500, 1]


def test_bytes_still_end_a_record_that_may_have_more_lines() -> None:
    assert [len(record.message_ids) for record in pack([("a", b"x" * 9), ("b", b"y" * 9)], 10, max_lines=500)] == [1, 1]


@given(
    st.lists(st.one_of(st.binary(max_size=200), st.binary(min_size=1, max_size=2).map(lambda b: b * 90))),
    st.integers(min_value=250, max_value=2_000),
)
def test_compressed_records_are_gzip_files_that_together_are_one(lines: list[bytes], limit: int) -> None:
    named = [(str(number), line) for number, line in enumerate(lines)]

    records = list(pack_compressed(named, limit))

    assert gzip.decompress(b"".join(record.data for record in records)) == b"".join(lines)
    assert [i for record in records for i in record.message_ids] == [i for i, _ in named]
    for record in records:
        assert len(record.data) <= limit
        assert gzip.decompress(record.data) == b"".join(lines[int(i)] for i in record.message_ids)


def test_lines_that_do_not_compress_take_as_many_records_as_they_need() -> None:
    noise = random.Random(1)
    lines = [(str(number), noise.randbytes(100_000)) for number in range(60)]

    records = list(pack_compressed(lines))

    assert len(records) == 6  # 6,000,000 bytes in records of 1,024,000
    assert all(len(record.data) <= MAX_RECORD_BYTES for record in records)


def test_a_line_larger_than_a_record_fits_when_it_compresses_and_one_that_fills_it_may_not() -> None:
    (record,) = pack_compressed([("a", b"x" * 5_000_000)])
    noise = random.Random(1).randbytes(MAX_RECORD_BYTES)

    assert compressed_size(b"x" * 5_000_000) == len(record.data) < 10_000
    assert compressed_size(noise) > MAX_RECORD_BYTES
    for size in (0, 1, 16_384, MAX_RECORD_BYTES - 1_024):
        (record,) = pack_compressed([("a", noise[:size])])
        assert len(record.data) <= MAX_RECORD_BYTES


def test_unpacked_lines_have_a_record_each() -> None:
    assert list(one_each([("a", b"1\n"), ("b", b"2\n")])) == [Record(b"1\n", ("a",)), Record(b"2\n", ("b",))]


def test_a_put_takes_500_records_and_the_501st_goes_into_the_next() -> None:
    sizes = [len(batch) for batch in put_batches(Record(b"x", (str(number),)) for number in range(1001))]

    assert sizes == [500, 500, 1]


def test_a_put_takes_4_mib_to_the_byte() -> None:
    fitting = [Record(b"x" * 1_024_000, ("a",))] * 4 + [Record(b"x" * (4_194_304 - 4_096_000), ("b",))]

    assert [len(batch) for batch in put_batches(fitting)] == [5]
    assert [len(batch) for batch in put_batches([*fitting[:4], Record(fitting[4].data + b"x", ("b",))])] == [4, 1]


def test_a_send_takes_10_messages() -> None:
    messages = [OutgoingMessage(str(number), "x") for number in range(21)]

    assert [len(batch) for batch in send_batches(messages)] == [10, 10, 1]


def test_a_send_counts_bodies_in_utf8_and_attributes_up_to_1_mib() -> None:
    attribute = {"é": MessageAttribute("Binary.é", b"\x00" * 10)}  # 2 + 9 + 10 bytes
    small = OutgoingMessage("a", "é" * 100, attribute)
    rest = 1_048_576 - 221

    assert small.size() == 221
    assert [len(batch) for batch in send_batches([small, OutgoingMessage("b", "x" * rest)])] == [2]
    assert [len(batch) for batch in send_batches([small, OutgoingMessage("b", "x" * (rest + 1))])] == [1, 1]
