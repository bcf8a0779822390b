"""An archive whose bytes somebody has changed: nothing but a named line or a named object comes of it."""

import gzip
import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_fork.archive import snappy
from event_fork.archive.errors import UnreadableObjectError
from event_fork.archive.layout import FLAT
from event_fork.archive.lines import lines
from event_fork.archive.selection import Criteria, Matcher, SelectedEvent, UnreadableLine, all_of, select
from event_fork.archive.store import ListedObject
from event_fork.archive_replay.copies import NoCopyError, copy_of, plain_copy_of
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import EVER
from event_fork.filter_policy import MESSAGE_ATTRIBUTES, MESSAGE_BODY, compile_policy
from event_fork.replay_plan.narrowing import Condition, Narrowing
from event_fork.replay_plan.plan import BODY_ENVELOPE, BODY_RAW
from event_fork_cli.archive_replay.inspection import inspect
from event_fork_cli.archive_replay.rejected_ids import ids_in
from event_fork_cli.archive_replay.scanning import Scanner
from event_fork_cli.archive_replay.segments import SegmentLimits
from event_fork_cli.archive_replay.spill import SpillWriter
from tests.support.memory_archive import MemoryArchive, etag_of

TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
LINES = [
    StoredEvent("id-1", TOPIC, '{"a":{"b":[1,2.5e3,null,"x"]}}', "2026-11-23T12:00:00.000Z").to_line(),
    StoredEvent(
        "id-2",
        TOPIC,
        'text "quoted" \\ \u00e4\u20ac',
        "2026-11-23T12:00:01+01:00",
        subject="S",
        attributes={
            "event_type": {"Type": "String", "Value": "order.placed"},
            "amount": {"Type": "Number", "Value": "12.50"},
            "tags": {"Type": "String.Array", "Value": '["a",true,7]'},
            "blob": {"Type": "Binary", "Value": "AAEC"},
        },
        others={"SequenceNumber": "10000000000000003000"},
    ).to_line(),
]
HOSTILE = [
    *(b"\xff", b"\0", b"\n", b"\r", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"}{", b'} {"', b"\xef\xbb\xbf"),
    *(b"\x1e", b"\\ud800", b"\\u0000", b"NaN", b"-Infinity", b"1e999999", b"9" * 5_000, b"null", b"true", b"[]", b"{}"),
    *(b"[" * 60_000, b'{"a":' * 20_000, b"\xc3\x28", b"\xed\xa0\x80", "\u2028".encode(), "\u0663".encode(), b"="),
    *(b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"2026-13-45", b"24:00:00", b'"Timestamp":1,'),
    *(b"Notification", b'"Type":[],', b'"MessageAttributes":{"x":1},', b'"Value":{}', "\U0001f4a9".encode()),
]
MATCHERS: list[Matcher | None] = [
    compile_policy('{"event_type": ["order.placed"], "amount": [{"numeric": [">", 1]}]}', MESSAGE_ATTRIBUTES).matches,
    compile_policy('{"a": {"b": [1, {"prefix": "x"}]}}', MESSAGE_BODY).matches,
    all_of(list(Narrowing(where=(Condition("$..b[*]", "1"),), sample_percent=50).matchers(None))),
    None,
]
_BLANKS = b" \t\r\x1e"

Mutation = tuple[float, int, bytes]
"""Where, how many bytes go, what comes in their place."""
mutations: st.SearchStrategy[list[Mutation]] = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0, 1, 7, 60]), st.sampled_from(HOSTILE) | st.binary(max_size=4)),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, changes: Sequence[Mutation]) -> bytes:
    for where, gone, new in changes:
        place = int(where * len(data))
        data = data[:place] + new + data[place + gone :]
    return data


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=3), mutations, st.sampled_from(MATCHERS))
def test_a_mutated_line_is_an_event_or_named_and_nothing_is_raised(
    whole: list[bytes], changes: list[Mutation], matches: Matcher | None
) -> None:
    try:
        numbered = list(lines([mutated(b"".join(whole), changes)]))
    except UnreadableObjectError:
        return  # one JSON array, UTF-16: the object is named
    found = {entry.line: entry for entry in select(numbered, Criteria(EVER))}

    for number, line in enumerate(numbered):
        entry = found.get(number)
        if entry is None:  # nothing in it, or of a time that no event can have
            assert not line.removeprefix(b"\xef\xbb\xbf").strip(_BLANKS) or b"Notification" in line
        elif isinstance(entry, UnreadableLine):
            assert entry.reason.isprintable()
            assert entry.reason
        else:
            can_be_sent_or_says_why_not(entry)
        assert all(isinstance(one, str) for one in ids_in(line))
    assert {entry.line for entry in select(numbered, Criteria(EVER, matches=matches))} <= found.keys()


def can_be_sent_or_says_why_not(selected: SelectedEvent) -> None:
    for body in (BODY_RAW, BODY_ENVELOPE):
        with suppress(NoCopyError):
            copy_of(selected, body, "replay-1").size()
        with suppress(NoCopyError):
            plain_copy_of(selected, body).size()


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", data)
    return file.getvalue()


def xerial(data: bytes) -> bytes:
    block = bytes(cramjam.snappy.compress_raw(data))
    return snappy.MAGIC + b"\0\0\0\1\0\0\0\1" + len(block).to_bytes(4, "big") + block


PACKERS: list[Callable[[bytes], bytes]] = [
    bytes,
    lambda data: gzip.compress(data, mtime=0),
    zipped,
    xerial,
    lambda data: gzip.compress(xerial(data), mtime=0),
]


@pytest.mark.parametrize("pack", PACKERS)
@settings(max_examples=60, deadline=None)
@given(inside=mutations, outside=mutations, how=st.sampled_from(["inside", "outside", "both"]))
def test_a_mutated_object_is_read_or_named_and_nothing_is_raised(
    pack: Callable[[bytes], bytes], inside: list[Mutation], outside: list[Mutation], how: str
) -> None:
    plain = b"".join(LINES) * 3
    packed = pack(mutated(plain, inside) if how != "outside" else plain)
    body = mutated(packed, outside) if how != "inside" else packed
    archive = MemoryArchive({"orders-1": body})
    criteria = Criteria(EVER)
    with tempfile.TemporaryDirectory() as folder:
        scanner = Scanner(archive, criteria, SegmentLimits(100), BODY_RAW, SpillWriter(Path(folder)))
        found = scanner.scan(0, ListedObject("orders-1", etag_of(body), len(body)))

    assert found.readable or (found.unreadable and not found.segments)
    assert all(entry.key == "orders-1" and entry.reason for entry in found.unreadable)
    sample = inspect(archive, "s3://archive/", "", FLAT, "event_type").samples
    assert body == b"" or len(sample) == 1
