"""Numbered lines."""

import json
import time
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.archive.errors import UnreadableObjectError
from event_fork.archive.lines import MAX_LINE_BYTES, lines

envelopes = st.builds(
    lambda message, id_: json.dumps({"Type": "Notification", "MessageId": id_, "Message": message}).encode(),
    st.one_of(st.text(max_size=20), st.sampled_from(['}{"', '}{"Type":', '{"a":"}{"}', "}{", '\\}{"A'])),
    st.text(max_size=5),
)


@given(
    st.lists(envelopes, max_size=8),
    st.lists(st.sampled_from([b"\n", b"", b" ", b"\t", b"  ", b" \r\t", b"\r", b"\r\n"]), min_size=8, max_size=8),
    st.integers(min_value=1, max_value=50),
)
def test_every_envelope_is_a_line_of_its_own_with_or_without_a_newline_between(
    written: list[bytes], separators: list[bytes], size: int
) -> None:
    stream = b"".join(envelope + separator for envelope, separator in zip(written, separators, strict=False))

    found = [line.rstrip() for line in lines(stream[i : i + size] for i in range(0, len(stream), size))]
    assert found == written


@pytest.mark.parametrize("blank", [b"\t", b"  ", b"\r", b"\r\r", b" \t"])
def test_planner_and_worker_number_alike_in_whatever_pieces_they_get_an_object(blank: bytes) -> None:
    one = json.dumps({"Type": "Notification", "Message": "x" * 1000}).encode()
    stream = (one + blank + one + b"\n") * 2_000 + one + one  # joints of two kinds, in pieces of their own
    at = 1_000_003

    assert list(lines([stream])) == list(lines([stream[:at], stream[at:-10], stream[-10:]])) == [*[one] * 4_002]


@pytest.mark.parametrize("byte", [b"x", b"{", b"}", b" "])
def test_a_byte_at_a_time_takes_no_longer_than_all_at_once(byte: bytes) -> None:
    started = time.perf_counter()

    assert list(lines(byte for _ in range(1_000_000))) == [byte * 1_000_000]

    assert time.perf_counter() - started < 10  # over a minute when each byte copied what came before it


def test_what_came_before_the_damage_is_given() -> None:
    def damaged() -> Iterator[bytes]:
        yield b"a\nb\n" + bytes(64)
        raise UnreadableObjectError("cut off")

    found = lines(damaged())

    assert [next(found), next(found)] == [b"a", b"b"]
    with pytest.raises(UnreadableObjectError, match="cut off"):
        next(found)


def test_empty_lines_are_counted_and_the_end_is_no_line() -> None:
    assert list(lines([b"a\n\nb\n"])) == [b"a", b"", b"b"]
    assert list(lines([b"a\n\n", b"b"])) == [b"a", b"", b"b"]
    assert list(lines([])) == []


def test_a_line_that_no_record_could_hold_is_refused_before_it_fills_the_memory() -> None:
    endless = (b"x" * 1_000_000 for _ in range(10**9))

    with pytest.raises(UnreadableObjectError, match=f"more than {MAX_LINE_BYTES // 2**20} MiB"):
        list(lines(endless))


def test_joined_envelopes_are_read_however_many_there_are() -> None:
    envelope = json.dumps({"Type": "Notification", "Message": "x" * 1000}).encode()
    joined = envelope * 20_000  # 20 MB without a newline

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(joined), 256 * 1024):
            yield joined[start : start + 256 * 1024]

    tracemalloc.start()
    count = sum(1 for line in lines(pieces()) if line == envelope)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 20_000
    assert most < MAX_LINE_BYTES


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ('{"Type":"Notification"}\n'.encode("utf-16"), "UTF-16"),
        ('{"Type":"Notification"}\n'.encode("utf-16-le"), "UTF-16"),
        ('{"Type":"Notification"}\n'.encode("utf-16-be"), "UTF-16"),
        (b'[{"Type":"Notification"},\n{"Type":"Notification"}]', "JSON array"),
        (b'\xef\xbb\xbf\r\n [\n {"Type":"Notification"}]', "JSON array"),
    ],
)
def test_text_of_another_shape_is_named(data: bytes, named: str) -> None:
    for size in (1, 3, 1000):
        with pytest.raises(UnreadableObjectError, match=named):
            list(lines(data[i : i + size] for i in range(0, len(data), size)))
