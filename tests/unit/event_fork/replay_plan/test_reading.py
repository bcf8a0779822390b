"""Everything that reads JSON: whatever other hands have written into it is one sentence, never a crash."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_fork.archive_replay.governor import Memory
from event_fork.archive_replay.invocation import GovernorInvocation, WorkerInvocation
from event_fork.archive_replay.observation import BacklogAge
from event_fork.errors import EventForkError
from event_fork.events.time_window import canonical_timestamp, timestamp_of
from event_fork.queue_replay.run_report import read_report
from event_fork.queue_replay.window import read_window
from event_fork.replay_plan.control import Change, Control
from event_fork.replay_plan.item import items_from_jsonl, items_to_jsonl
from event_fork.replay_plan.json_values import to_json
from event_fork.replay_plan.plan import digest, read_plan
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork_cli.archive_replay.engines import _engine
from event_fork_cli.queue_replay.pipelines import MappingSettings
from tests.unit.event_fork.replay_plan.test_documents import PLAN

AT = "2026-11-23T13:00:00.000Z"
CONTROL = Control("running", 1, 1, PLAN.sha256, 0, "", "ana", AT, "replay-1", 7, (Change("applied", "ana", AT),))
PROGRESS = Progress("000000", 3, 2, 0, 0, False, (FailedEvent(1, "m", "x"),), ahead=(5,))
BATCH = {
    "replay_id": "replay-1",
    "plan_sha256": PLAN.sha256,
    "bucket": "archive",
    "work_prefix": "event-fork-replays/orders/replay-1/",
    "started_at": AT,
    "execution": "replay-1",
}
ENGINE = {
    "state_machine_arn": "arn:aws:states:eu-west-1:000000000000:stateMachine:orders-archive",
    "bucket": "archive",
    "prefix": "",
    "region": "eu-west-1",
    "targets": [{"arn": PLAN.target.queue_arn, "url": PLAN.target.queue_url}],
    "memory": {"worker": 512, "governor": 256},
}
WINDOW = {
    "from": AT,
    "until": "2026-11-23T14:00:00.000Z",
    "filter_policy": {"a": ["b", {"numeric": [">", 1]}]},
    "filter_policy_scope": "MessageBody",
    "rate": 5,
    "workers": 2,
    "hold_seconds": 900,
    "holder": "ana",
    "started_at": AT,
    "replay_id": "queue-1",
}
REPORT = {"run": "queue-1", "EventsReceived": 5, "EventsForwarded": [1, 2], "returned_for": {"AccessDenied": 2}}
PARAMETER = "/event-fork-pipelines/orders/archive-replay"
PARAMETER_ARN = f"arn:aws:ssm:eu-west-1:000000000000:parameter{PARAMETER}"


def plan_of(text: str) -> object:
    """As of one who edits a plan and seals it again."""
    try:
        document = json.loads(text)
        document["sha256"] = digest(document)
        text = json.dumps(document)
    except (AttributeError, TypeError, ValueError, RecursionError, EventForkError):
        pass  # it cannot be sealed
    return read_plan(text.encode())


READERS: dict[str, tuple[Any, Callable[[str], object]]] = {
    "plan": (PLAN.to_json(), plan_of),
    "items": (json.loads(items_to_jsonl(PLAN.items[:1])), lambda text: items_from_jsonl(text.encode())),
    "control": (to_json(CONTROL), lambda text: Control.from_json(text.encode())),
    "progress": (to_json(PROGRESS), lambda text: Progress.from_json(text.encode())),
    "window": (WINDOW, read_window),
    "report": (REPORT, lambda text: read_report(text, "queue-1")),
    "note": ({"qualifier": "live", "maximum_concurrency": 5}, MappingSettings.from_text),
    "engine": (ENGINE, lambda text: _engine(PARAMETER, PARAMETER_ARN, text)),
    "worker": (
        {"BatchInput": BATCH, "Items": [to_json(PLAN.items[0])]},
        lambda text: WorkerInvocation.from_event(json.loads(text)),
    ),
    "governor": ({**BATCH, "memory": {}}, lambda text: GovernorInvocation.from_event(json.loads(text))),
    "memory": (Memory(1.0, 2.0, 3, 1).to_json(), lambda text: Memory.from_json(json.loads(text))),
    "backlog": (BacklogAge(1.0, 2.0, 3).to_json(), lambda text: BacklogAge.from_json(json.loads(text))),
}
PARSED_BY_LAMBDA = {"worker", "governor", "memory", "backlog"}
"""What these are given is parsed already: what is no JSON does not come to them."""
TAKE_WHAT_IS_RIGHT = {"report", "note"}
"""These refuse nothing: of a line of a log, or of an alias, they take what can be right."""
HOSTILE = [
    "NaN",
    "Infinity",
    "-Infinity",
    "1e400",
    "-1e300",
    str(10**400),
    "1" * 5_000,
    "-1",
    "1e-320",
    "null",
    "true",
    "[]",
    "{}",
    '""',
    '"../x"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"\\ud800"',
    "[" * 500 + "]" * 500,
]


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value of a JSON document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(leaf for name, part in entries for leaf in leaves(part, (*path, name)))]


def with_hostile(document: Any, path: tuple[Any, ...], text: str) -> str:
    """The document with that text in the place of a value."""
    copy = json.loads(json.dumps(document))
    if not path:
        return text
    place = copy
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = "<here>"
    return json.dumps(copy).replace('"<here>"', text)


def reads_or_says_why(read: Callable[[str], object], text: str) -> None:
    said = ""
    try:
        read(text)
    except EventForkError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 2_500


@pytest.mark.parametrize("name", READERS)
def test_each_reader_reads_what_is_right(name: str) -> None:
    document, read = READERS[name]
    read(json.dumps(document))


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_value_of_any_document_is_more_than_one_sentence(name: str, data: st.DataObject) -> None:
    document, read = READERS[name]
    path = data.draw(st.sampled_from(leaves(document)))
    text = with_hostile(document, path, data.draw(st.sampled_from(HOSTILE)))
    if name in PARSED_BY_LAMBDA:
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return
    reads_or_says_why(read, text)


@pytest.mark.parametrize("name", [name for name in READERS if name not in PARSED_BY_LAMBDA | TAKE_WHAT_IS_RIGHT])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000 + "1" + "}" * 100_000, '{"a": NaN}', "{", "\x00"])
def test_a_text_that_is_no_document_or_nested_too_deeply_is_one_sentence(name: str, text: str) -> None:
    with pytest.raises(EventForkError):
        READERS[name][1](text)


@pytest.mark.parametrize("text", ["[" * 100_000, "NaN", '{"run": "queue-1", "EventsReceived": NaN}', "[]", ""])
def test_what_is_no_note_and_no_report_is_taken_for_none(text: str) -> None:
    report = read_report(text, "queue-1")

    assert report is None or (report.received, report.forwarded, dict(report.returned)) == (0, 0, {})
    assert MappingSettings.from_text(text) == MappingSettings(None, None)


def test_a_note_of_an_alias_can_name_a_limit_and_a_qualifier_and_nothing_else() -> None:
    for limit in (1, 1_001, 10**400, 2.5, True, "5"):
        text = json.dumps({"qualifier": "live", "maximum_concurrency": limit, "FilterCriteria": {"Filters": []}})
        assert MappingSettings.from_text(text) == MappingSettings("live", None)
    other = "arn:aws:lambda:eu-west-1:000000000000:function:other"
    assert MappingSettings.from_text(json.dumps({"qualifier": other})) == MappingSettings(None, None)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", str(10**400), "1e300"])
@pytest.mark.parametrize("field", ["rate", "limit", "ramp_step"])
def test_a_rate_that_is_no_rate_is_never_obeyed(field: str, number: str) -> None:
    with pytest.raises(EventForkError, match=r"control\.json"):
        Control.from_json(with_hostile(to_json(CONTROL), (field,), number).encode())
    with pytest.raises(EventForkError, match="window"):
        read_window(with_hostile(WINDOW, ("workers" if field == "ramp_step" else "rate",), number))


@pytest.mark.parametrize("read", [timestamp_of, canonical_timestamp])
@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "", "2026-11-23"])
def test_a_time_that_nobody_can_mean_is_a_value_error(read: Callable[[str], datetime | str], text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read(text)
