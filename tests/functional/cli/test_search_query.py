"""SQL over an archive: the view's columns, second copies, damage, what a query may not see, and no DuckDB."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from event_fork.archive.layout import HIVE
from event_fork.archive.listing import Reach
from event_fork.events.envelope import StoredEvent
from event_fork.events.time_window import Window
from event_fork_cli.errors import BadInputError, RefusedError
from event_fork_cli.search.query import COLUMNS, Answer, ExportOrder, as_objects, query
from tests.support.memory_archive import MemoryArchive
from tests.support.samples import TOPIC

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WINDOW = Window(NOON, NOON + timedelta(hours=1))
KEY = "date=2026-11-23/hour=12/orders-backup-1-2026-11-23-12-00-00-{}"


def event(number: int, message: str | None = None) -> StoredEvent:
    attributes = {"event_type": {"Type": "String", "Value": "order.placed"}, "amount": {"Type": "Number", "Value": "5"}}
    text = json.dumps({"number": number}) if message is None else message
    return StoredEvent(f"id-{number}", TOPIC, text, f"2026-11-23T12:00:{number:02d}.500Z", None, attributes)


def ask(sql: str, *lines: StoredEvent | bytes) -> Answer:
    body = b"".join(one if isinstance(one, bytes) else one.to_line() for one in lines)
    archive = MemoryArchive({KEY.format("a"): body} if body else {})
    reach = Reach("", WINDOW, timedelta(hours=1), NOON + timedelta(days=1), HIVE)
    return query(sql, lambda folder: ExportOrder(archive, WINDOW, "event_type", folder), reach, 0, lambda _: None)


def test_an_event_is_one_row_with_the_documented_columns() -> None:
    (row,) = as_objects(ask("SELECT * FROM events", event(1), event(1)))
    assert list(row) == list(COLUMNS)
    assert row == {
        "event_id": "id-1",
        "event_type": "order.placed",
        "published_at": "2026-11-23T12:00:01.500000",
        "topic_arn": TOPIC,
        "subject": None,
        "message": '{"number": 1}',
        "attributes": {"event_type": "order.placed", "amount": "5"},
        "object_key": KEY.format("a"),
        "line": 0,
    }


def test_the_message_can_be_looked_into() -> None:
    sql = "SELECT sum((message->>'$.number')::INT) AS total, max(attributes['amount']) AS amount FROM events"
    assert as_objects(ask(sql, *map(event, range(5)))) == [{"total": 10, "amount": "5"}]


def test_damage_is_named_and_hostile_text_is_text() -> None:
    odd = ["no JSON", "\x00\x1b[2J", "é\u2028", "\ud800", "'; DROP TABLE events; --", "x" * 1_000_000]
    answer = ask("SELECT message FROM events ORDER BY line", *(event(n, text) for n, text in enumerate(odd)), b"{bad\n")
    assert [row["message"] for row in as_objects(answer)] == [*odd[:3], "\ufffd", *odd[4:]]
    assert len(answer.unreadable) == 1


def test_an_empty_window_is_an_empty_table() -> None:
    assert as_objects(ask("SELECT count(*) AS n FROM events")) == [{"n": 0}]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY events TO '/tmp/stolen.csv'",
        "INSTALL httpfs",
        "ATTACH '/tmp/other.duckdb'",
        "SET enable_external_access = true",
        "SELECT nothing FROM events",
        "SELEC",
        "",
    ],
)
def test_a_query_sees_the_events_only_and_wrong_sql_is_bad_input(sql: str) -> None:
    if not sql:
        assert as_objects(ask(sql, event(1))) == []
        return
    with pytest.raises(BadInputError, match="must be SQL that DuckDB takes"):
        ask(sql, event(1))
    assert not Path("/tmp/stolen.csv").exists()


def test_columns_of_one_name_are_told_apart() -> None:
    assert as_objects(ask("SELECT 1 AS a, 2 AS a, NULL AS b, [1, 2] AS c")) == [
        {"a": 1, "a_2": 2, "b": None, "c": [1, 2]}
    ]


def test_numbers_that_json_does_not_have_are_text() -> None:
    (row,) = as_objects(ask("SELECT 'nan'::DOUBLE AS a, ['-inf'::DOUBLE, 1.5] AS b", event(1)))
    assert row == {"a": "nan", "b": ["-inf", 1.5]}


def test_without_duckdb_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(RefusedError, match=r"pip install '\.\[sql\]'"):
        ask("SELECT 1")
