"""The judges of Athena's SQL find what they are there for."""

import pytest

from tests.conformance import athena_sql

EVENTS = {
    "events": {
        "date": "string",
        "hour": "string",
        "messageid": "string",
        "message": "string",
        "timestamp": "string",
        "size": "bigint",
        "messageattributes": "map<string,struct<type:string,value:string>>",
    },
    "types": {"name": "string", "messageid": "string"},
}
KIND = "element_at(messageattributes, 'event_type').value"
NEW = "date_format(current_date - interval '7' day, '%Y-%m-%d')"
RIGHT = [
    f"SELECT {KIND} AS a FROM events WHERE date = ?",
    f'SELECT "date", "hour", {KIND} AS kind, count(DISTINCT messageid) AS events FROM "events" WHERE "date" >= {NEW}'
    " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
    f"SELECT {KIND} AS kind, count(*) AS events FROM events GROUP BY {KIND} HAVING count(*) > 5 ORDER BY events DESC",
    "SELECT coalesce(subject_of, 'none') FROM (SELECT message AS subject_of FROM events) ORDER BY 1 LIMIT 100",
    "SELECT json_extract_scalar(message, '$.id') AS id FROM events ORDER BY \"timestamp\" OFFSET 10 LIMIT 100",
    "SELECT messageid, row_number() OVER (PARTITION BY date ORDER BY hour) FROM events",
    "SELECT max(from_iso8601_timestamp(\"timestamp\")) FROM events WHERE date IN ('2026-01-01', '2026-01-02')",
    "WITH t AS (SELECT date, count(*) AS n FROM events GROUP BY date) SELECT date, n FROM t WHERE n > 3",
    "SELECT e.messageid, t.name FROM events e JOIN types t ON e.messageid = t.messageid",
    "SELECT messageattributes['a'].value FROM events WHERE size BETWEEN 1 AND 10",
    "SELECT CAST(json_extract(message, '$.amount') AS double) FROM events WHERE cast(date AS date) >= current_date",
    "SELECT count_if(size > 3) FROM events",
]


@pytest.mark.parametrize("query", RIGHT)
def test_right_sql_has_nothing_against_it(query: str) -> None:
    assert list(athena_sql.against(query, EVENTS)) == []


FAULTS = [
    ("grammar", "SELEC message FROM events"),
    ("grammar", "SELECT message FROM events WHERE"),
    ("column", "SELECT messages FROM events"),
    ("column", "SELECT e.message FROM events"),
    ("column", 'SELECT message FROM events WHERE "date" = "2026-01-01"'),
    ("column", "SELECT date AS day, count(*) FROM events GROUP BY day"),
    ("column", "SELECT date AS day FROM events WHERE day > '2026'"),
    ("column", "SELECT messageid FROM events e JOIN types t ON e.messageid = t.messageid"),
    ("table", "SELECT message FROM event"),
    ("function", "SELECT json_extract_skalar(message, '$.id') FROM events"),
    ("function", "SELECT nvl(message, '') FROM events"),
    ("function", "SELECT ifnull(message, '') FROM events"),
    ("function", "SELECT isnull(message, '') FROM events"),
    ("function", "SELECT iff(size > 1, 1, 2) FROM events"),
    ("function", "SELECT get_json_object(message, '$.id') FROM events"),
    ("function", "SELECT to_date(date) FROM events"),
    ("function", "SELECT datediff(day, date, date) FROM events"),
    ("function", "SELECT len(message) FROM events"),
    ("function", "SELECT getdate() FROM events"),
    ("function", "SELECT string_agg(message, ',') FROM events"),
    ("function", "SELECT group_concat(message) FROM events"),
    ("function", "SELECT toupper(message) FROM events"),
    ("field", "SELECT element_at(messageattributes, 'a').val FROM events"),
    ("field", "SELECT element_at(messageattributes, 'a').value.text FROM events"),
    ("field", "SELECT messageattributes['a'].stringvalue FROM events"),
    ("comparison", "SELECT message FROM events WHERE date >= current_date"),
    ("comparison", "SELECT message FROM events WHERE date >= current_date - interval '7' day"),
    ("comparison", "SELECT message FROM events WHERE date = 20260101"),
    ("comparison", "SELECT message FROM events WHERE hour = 5"),
    ("comparison", "SELECT message FROM events WHERE hour IN (5, 6)"),
    ("comparison", "SELECT message FROM events WHERE hour BETWEEN 5 AND 6"),
    ("comparison", "SELECT message FROM events WHERE date = true"),
    ("comparison", "SELECT message FROM events WHERE size = '5'"),
    ("comparison", 'SELECT message FROM events WHERE "timestamp" > now()'),
    ("comparison", "SELECT message FROM events WHERE json_extract_scalar(message, '$.n') > 5"),
    ("comparison", "SELECT count(*) FROM events HAVING count(*) > '5'"),
    ("argument", "SELECT date_format(date, '%Y') FROM events"),
    ("argument", "SELECT date_format(current_date, 'yyyy-MM-dd') FROM events"),
    ("argument", "SELECT date_parse(date, 'yyyy-MM-dd') FROM events"),
    ("argument", "SELECT json_extract_scalar(message, 'id') FROM events"),
    ("argument", "SELECT json_extract_scalar(messageattributes, '$.id') FROM events"),
    ("group", "SELECT date, count(*) FROM events"),
    ("group", "SELECT date, hour, count(*) FROM events GROUP BY date"),
    ("group", "SELECT date, hour, count(*) FROM events GROUP BY 1"),
    ("group", "SELECT date, count(*) FROM events GROUP BY 3"),
    ("group", "SELECT date, count(*) FROM events GROUP BY 1, 2"),
    ("group", "SELECT * FROM events GROUP BY date"),
    ("group", "SELECT date, count(*) FROM events GROUP BY date ORDER BY hour"),
    ("group", "SELECT date, count(*) FROM events GROUP BY date HAVING hour > '05'"),
    ("group", f"SELECT {KIND}, count(*) FROM events GROUP BY element_at(messageattributes, 'other').value"),
]


@pytest.mark.parametrize(("rule", "query"), FAULTS, ids=[f"{rule}: {query}" for rule, query in FAULTS])
def test_the_judge_of_sql_finds_a_planted_fault(rule: str, query: str) -> None:
    assert rule in {each for each, _ in athena_sql.against(query, EVENTS)}


NOT_TRINO = [
    "SELECT message FROM events ORDER",
    "SELECT message FROM events LIMIT 100 OFFSET 10",
    "SELECT message FROM events LIMIT 10, 100",
    "SELECT `message` FROM events",
    "SELECT message::varchar FROM events",
    "SELECT message FROM events WHERE message ILIKE '%a%'",
    "SELECT message FROM events WHERE date > current_date - interval 7 day",
    "SELECT TOP 5 message FROM events",
    "SELECT message FROM events WHERE size == 5",
    "SELECT message FROM events QUALIFY row_number() OVER (ORDER BY date) = 1",
    "SELECT message FROM events;",
    "SELECT message, FROM events",
    "SELECT message FROM events WHERE message RLIKE 'a'",
    "SELECT date, count(*) FROM events ORDER BY 1 GROUP BY 1",
    "SELECT message FROM events WHERE message = 'it's'",
]


def test_trinos_parser_finds_what_is_sql_of_other_databases_and_nothing_else() -> None:
    answers = athena_sql.parsed([*RIGHT, *NOT_TRINO])
    assert [query for query, said in zip(RIGHT, answers, strict=False) if said] == []
    assert [query for query, said in zip(NOT_TRINO, answers[len(RIGHT) :], strict=True) if not said] == []
