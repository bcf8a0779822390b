"""What is seen in archives and error folders, damaged and hostile ones too; and what `find` takes for the event."""

import base64
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from event_fork.archive.listing import Reach, needed_objects
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import Window
from event_fork.filter_policy import MESSAGE_ATTRIBUTES
from event_fork_cli.archive_replay.pool import InlineScan
from event_fork_cli.archive_replay.spill import bucket_files
from event_fork_cli.commands import context
from event_fork_cli.rejected.reading import Unread
from event_fork_cli.repairs.criteria import CriteriaOptions, criteria
from event_fork_cli.repairs.forks import ErrorFolder
from event_fork_cli.search.sources import DocumentMaker
from event_fork_cli.verification.finding import Sought
from event_fork_cli.verification.reading import ReadingOrder, SightedObject, read_rejected, rejected_in
from event_fork_cli.verification.reconciling import Findings, Frame, Kind, reconcile, together
from tests.support.memory_archive import MemoryArchive
from tests.support.samples import TOPIC

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(hours=1))
MAKER = DocumentMaker('{"amount": [{"numeric": [">=", 10]}]}', MESSAGE_ATTRIBUTES, "event_type", True, "[]")
KEY = "date=2026-11-23/hour=12/orders-backup-1-2026-11-23-12-00-00-{}"


def event(event_id: str, amount: int = 10, topic: str = TOPIC, message: str = "{}") -> StoredEvent:
    attributes = {"amount": {"Type": "Number", "Value": str(amount)}}
    return StoredEvent(event_id, topic, message, "2026-11-23T12:30:00.000Z", attributes=attributes)


def look(archive: MemoryArchive, folder: Path) -> tuple[list[SightedObject], Findings]:
    order = ReadingOrder(archive, WINDOW, TOPIC, (MAKER,), folder)
    reach = Reach("", WINDOW, timedelta(hours=1), NOON + timedelta(days=1))
    with InlineScan(order) as work:
        objects = [one for _, found in work.scan(needed_objects(archive, reach)) for one in found]
        frame = Frame.of(WINDOW, "2026-11-24T00:00:00.000Z", 1)
        return objects, together((reconcile(files, frame) for files in bucket_files(folder)), 1)


def test_each_event_of_the_topic_is_seen_once_whatever_its_id_is(tmp_path: Path) -> None:
    hostile = ["plain", "a\tb", "c\nd", "\x1b[2J", "é" * 400, "", '"', "\ud800"]
    lines = [event(one).to_line() for one in (*hostile, *hostile)] + [event("other", topic=f"{TOPIC}-eu").to_line()]
    objects, findings = look(MemoryArchive({KEY.format("a"): b"".join(lines)}), tmp_path)
    assert (findings.archived, objects[0].events, objects[0].others) == (len(hostile), 2 * len(hostile), 1)
    assert {one.event_id for one in findings.differences} == set(hostile)
    assert {one.kind for one in findings.differences} == {Kind.NOT_INDEXED}


def test_damage_is_named_and_the_rest_is_seen(tmp_path: Path) -> None:
    archive = MemoryArchive(
        {
            KEY.format("a"): event("1").to_line() + b"{damaged\n" + event("2").to_line(),
            KEY.format("b"): b"\x1f\x8bno gzip",
            KEY.format("c"): event("3").to_line() * 40,
            KEY.format("d"): event("4").to_line(),
        },
        breaks={KEY.format("c"): 1},
        denied={KEY.format("d")},
    )
    objects, findings = look(archive, tmp_path)
    assert [bool(one.unreadable) for one in objects] == [True, True, False, True]
    assert objects[0].reason.startswith("line 1:")
    assert "AccessDenied" in objects[3].reason
    assert findings.archived == 3


def record(*parts: Any) -> bytes:
    data = b"\n".join(json.dumps(part).encode() for part in parts)
    return json.dumps({"rawData": base64.b64encode(data).decode(), "errorCode": "400"}).encode()


DOCUMENT = {"@timestamp": "2026-11-23T12:30:00.000Z", "event_id": "e-1", "number": 1}


FOLDER = ErrorFolder("errors", "errors/!{firehose:error-output-type}/date=!{timestamp:yyyy-MM-dd}/")


def stored(*lines: bytes, day: int = 23) -> dict[str, bytes]:
    key = f"errors/elasticsearch-failed/date=2026-11-{day}/x-1-2026-11-{day}-12-00-00-0a1b-2c"
    return {key: b"".join(line + b"\n" for line in lines)}


def test_a_rejected_document_and_packed_envelopes_have_ids_and_what_is_damaged_has_none() -> None:
    envelopes = [json.loads(event(one).to_line()) for one in ("e-2", "e-3")]

    def ids(*lines: bytes) -> list[str | None]:
        unread = Unread()
        found = rejected_in(MemoryArchive(stored(*lines)), FOLDER, WINDOW, unread)
        return [one.event_id for one in found] + ["unread"] * unread.lines.total()

    assert ids(record(DOCUMENT)) == ["e-1"]
    assert ids(record(*envelopes)) == ["e-2", "e-3"]
    for bad in (
        b'{"rawData": "?"}',
        record(5),
        record({}),
        record([]),
        record({"event_id": "x", "@timestamp": "soon"}),
    ):
        assert ids(bad) == [None], bad
    for no_failure in (b"{", b"[]", b'{"rawData": 5}', b"[" * 100_000):
        assert ids(no_failure) == ["unread"]


def test_error_objects_that_cannot_hold_events_of_the_window_are_not_read(tmp_path: Path) -> None:
    archive = MemoryArchive(
        {key: body for day in (20, 23, 24, 27) for key, body in stored(record(DOCUMENT), day=day).items()}
    )
    assert read_rejected(archive, FOLDER, WINDOW, 1, tmp_path) == 0
    assert len(archive.opened) == 2
    seen = Counter(
        line for files in bucket_files(tmp_path) for file in files for line in file.read_bytes().splitlines()
    )
    assert seen == {b"R1\t2026-11-23T12:30:00.000Z\te-1": 2}


@pytest.mark.parametrize(
    ("where", "message", "found"),
    [
        ("$.a=1", '{"a": 1}', True),
        ("$.a=1", '{"a": "1"}', True),
        ("$..b=x", '{"a": [{"b": "x"}]}', True),
        ("$.a=1", '{"a": 2}', False),
        ("$.a=1", "no JSON", False),
        ("$.a=1", "[" * 100_000, False),
    ],
)
def test_an_event_is_found_by_a_value_of_its_message(where: str, message: str, found: bool) -> None:
    chosen = criteria(CriteriaOptions(where=[where]), None, context.now())
    assert Sought(None, chosen.where).is_event("id", message) is found


def test_an_index_is_asked_for_names_only() -> None:
    def query(where: str) -> Any:
        return Sought(None, criteria(CriteriaOptions(where=[where]), None, context.now()).where).query

    assert query("$.customer.id=C-7")["bool"]["filter"][0]["match"]["customer.id"]["query"] == "C-7"
    assert [query(where) for where in ("$..id=1", "$.a[0]=1", "$.a*=1", "$=1")] == [None] * 4
    by_id: Any = Sought("e-1", ()).query
    assert "ids" in by_id["bool"]["should"][0]
