"""plan.json, items.jsonl, control.json, progress: what is written is read back, what is wrong is named."""

import json
from dataclasses import replace
from typing import Any

import pytest

from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import Item, items_from_jsonl, items_to_jsonl
from event_fork.replay_plan.plan import (
    ArchiveLocation,
    Count,
    Engine,
    Estimate,
    Health,
    Plan,
    PlannedWindow,
    Target,
    Totals,
    Unreadable,
    digest,
    read_plan,
)
from event_fork.replay_plan.progress import FailedEvent, Progress
from event_fork.replay_plan.work_area import WorkArea
from tests.support.memory_documents import MemoryDocuments

ITEMS = (
    Item("000000", "date=2026-11-23/hour=12/s-1.gz", None, "abc", 0, 99, 98, (3, 7)),
    Item("000001", "date=2026-11-23/hour=12/s-2.gz", "v1", "def", 0, 0, 1, (), 1.5),
)
PLAN = Plan(
    replay_id="replay-1",
    created_at="2026-11-23T13:00:00.000Z",
    created_by="arn:aws:iam::000000000000:user/ana",
    expires_at="2026-11-24T13:00:00.000Z",
    archive=ArchiveLocation("orders-backup-20261123101500123400000001", "", "eu-west-1"),
    window=PlannedWindow("2026-11-23T12:00:00.000Z", "2026-11-23T13:00:00.000Z", 3600),
    filter_policy={"store": ["münchen"]},
    filter_policy_scope="MessageBody",
    event_types=("order.placed",),
    event_type_attribute="event_type",
    target=Target("arn:aws:sqs:eu-west-1:000000000000:q", "https://sqs.example/000000000000/q", "raw"),
    engine=Engine("orders", "arn:aws:states:eu-west-1:000000000000:stateMachine:orders", "eu-west-1"),
    rate=100,
    pace=2.0,
    workers=2,
    ramp=(1, 10, 100),
    ramp_asks=True,
    health=Health(600, 10, 0.25),
    totals=Totals(2, 99, 1000, 2, (Unreadable("k", "cut off"), Unreadable("l", "not JSON", (1, 2), 14))),
    counts=(Count("order.placed", "2026-11-23T12", 98), Count(None, "2026-11-23T12", 1)),
    first_event="2026-11-23T12:00:00.000Z",
    last_event="2026-11-23T12:59:59.000Z",
    estimate=Estimate(1.5, 0.0123),
    items=ITEMS,
).sealed()
CONTROL = Control("running", 9, 9, PLAN.sha256, 0, "", "ana", "2026-11-23T13:00:00.000Z", "replay-1")


def test_a_plan_is_read_back_as_it_was_written() -> None:
    assert read_plan(PLAN.to_bytes()) == PLAN


def test_a_plan_without_the_optional_parts_is_read_back_as_it_was_written() -> None:
    plan = replace(
        PLAN, engine=None, pace=None, ramp=None, filter_policy=None, health=Health(), counts=(), first_event=None
    ).sealed()

    assert read_plan(plan.to_bytes()) == plan


def test_pretty_printing_a_plan_does_no_harm() -> None:
    assert read_plan(json.dumps(json.loads(PLAN.to_bytes()), indent=8, sort_keys=True).encode()) == PLAN


def fields(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every leaf of a JSON document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if entries is None:
        return [path]
    return [leaf for name, part in entries for leaf in fields(part, (*path, name))]


@pytest.mark.parametrize("path", fields(PLAN.to_json()), ids=lambda path: ".".join(map(str, path)))
def test_a_change_of_any_field_of_a_plan_is_seen(path: tuple[Any, ...]) -> None:
    document = json.loads(PLAN.to_bytes())
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = 12345 if place[path[-1]] != 12345 else 54321

    with pytest.raises(DocumentError):
        read_plan(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("rate",), "fast", r"plan\.rate must be a number of at least 0.01, got \"fast\""),
        (("workers",), 0, r"plan\.workers must be a whole number of at least 1, got 0"),
        (("target", "body"), "xml", r"plan\.target\.body must be one of raw, envelope, got \"xml\""),
        (("items", 0, "etag"), None, r"plan\.items\[0\]\.etag must be a string, got null"),
        (("items", 0, "last_line"), -1, r"plan\.items\[0\]\.last_line must be a whole number of at least 0, got -1"),
        (
            ("expires_at",),
            "tomorrow",
            r"plan\.expires_at must be an ISO 8601 time with an offset, of 2000 to 2999, got \"tomorrow\"",
        ),
        (("ramp",), [0], r"plan\.ramp must be a list of numbers above 0, got \[0\]"),
        (("ramp_asks",), 1, r"plan\.ramp_asks must be true or false, got 1"),
        (("totals",), [], r"plan\.totals must be a JSON object, got \[\]"),
        (("format",), 2, r"plan\.format must be 1 for such a plan, got 2"),
        (("filter_policy",), [], r"plan\.filter_policy must be a JSON object or null"),
        (("items", 0, "skip_lines"), [-1], r"plan\.items\[0\]\.skip_lines must be a list of whole numbers"),
        (("event_types",), "x", r"plan\.event_types must be a list, got \"x\""),
        (("event_types",), [1], r"plan\.event_types must be a list of strings, got \[1\]"),
    ],
)
def test_a_wrong_field_of_a_plan_is_named_with_the_rule_and_the_value(
    path: tuple[Any, ...], value: Any, message: str
) -> None:
    # GIVEN a plan that somebody else's program wrote, hash and all
    document = json.loads(PLAN.to_bytes())
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    document["sha256"] = digest(document)

    # WHEN it is read THEN it is refused in one sentence
    with pytest.raises(DocumentError, match=message):
        read_plan(json.dumps(document).encode())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff"])
def test_what_is_no_plan_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(DocumentError, match="plan"):
        read_plan(text)


def test_items_are_read_back_as_they_were_written() -> None:
    assert items_from_jsonl(items_to_jsonl(ITEMS)) == list(ITEMS)
    assert Item.from_json(json.loads(items_to_jsonl(ITEMS[:1]))) == ITEMS[0]
    with pytest.raises(DocumentError, match=r"items\.jsonl line 1 is not JSON"):
        items_from_jsonl(items_to_jsonl(ITEMS[:1]) + b"{")


def test_control_and_progress_are_read_back_as_they_were_written() -> None:
    control = Control("paused", 12.5, 100, PLAN.sha256, 1, "asked", "ana", "2026-11-23T13:00:00.000Z", "replay-1-r2", 7)
    progress = Progress("000000", 17, 10, 2, 1, finished=False, failed=(FailedEvent(3, "m", "gone"),), request_id="r")

    assert Control.from_json(control.to_json()) == control
    assert Progress.from_json(progress.to_json()) == progress
    with pytest.raises(DocumentError, match=r"control\.json\.state must be one of running, paused, cancelled"):
        Control.from_json(replace(control, state="asleep").to_json())


def test_the_work_area_lies_outside_the_archives_own_keys() -> None:
    area = WorkArea("orders", "replay-1")

    assert area.progress("000000") == "event-fork-replays/orders/replay-1/progress/000000.json"
    assert all(
        key.startswith("event-fork-replays/orders/replay-1/")
        for key in (area.plan, area.items, area.control, area.results_prefix)
    )


@pytest.mark.parametrize(("module", "replay_id"), [("orders", ".."), ("..", "replay-1"), ("", "x"), ("a/b", "x")])
def test_what_is_no_id_has_no_work_area(module: str, replay_id: str) -> None:
    with pytest.raises(ValueError, match="must be 1 to 64 letters"):
        WorkArea(module, replay_id)
    with pytest.raises(ValueError, match="must be event-fork-replays/<module>/<replay id>/"):
        WorkArea.of_prefix(f"event-fork-replays/{module}/{replay_id}/")


def test_a_plan_knows_its_own_items_and_no_others() -> None:
    assert PLAN.item(ITEMS[1]) == ITEMS[1]
    assert PLAN.item(replace(ITEMS[1], not_before_seconds=0.0)) == ITEMS[1], "a resume moves it forward"
    changed: list[dict[str, Any]] = [
        {"id": "000007"},
        {"key": "date=2026-11-23/hour=12/payroll.gz"},
        {"last_line": 10},
        {"skip_lines": (0,)},
        {"etag": "x"},
        {"events": 2},
        {"not_before_seconds": 2.0},
        {"not_before_seconds": None},
    ]
    for fields in changed:
        with pytest.raises(DocumentError, match="item 00000"):
            PLAN.item(replace(ITEMS[1], **fields))


def test_control_allows_no_more_than_the_plan() -> None:
    control = replace(CONTROL, rate=100, limit=100)

    PLAN.check(control)
    for fields, words in (
        ({"rate": 100.5}, "rate must be at most the plan's 100, got 100.5"),
        ({"limit": 101}, "limit must be at most the plan's 100"),
        ({"ramp_step": 3}, "ramp_step must be below the plan's 3, got 3"),
        ({"plan_sha256": "0" * 64}, "plan.json is not the plan that was applied: control.json names 0000"),
    ):
        with pytest.raises(DocumentError, match=words):
            PLAN.check(replace(control, **fields))


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ("item", {"item": "000001"}),
        ("line", {"line": 101}),
        ("sent", {"sent": 101}),
        ("sent", {"sent": 51}),  # of 52 lines two are skipped
        ("sent", {"line": 100, "sent": 99}),
        ("sent", {"sent": 52, "ahead": (60, 60)}),
        ("unmarked", {"unmarked": 51}),
        ("duplicates_skipped", {"duplicates_skipped": 3}),
        ("failed", {"failed": (FailedEvent(100, "m", "gone"),), "sent": 49}),
        ("failed", {"failed": (FailedEvent(3, "m", "gone"),) * 2, "sent": 48}),
        ("ahead", {"ahead": (100,)}),
        ("finished", {"finished": True}),
        ("finished", {"finished": True, "line": 100}),
    ],
)
def test_progress_that_no_worker_can_have_made_is_refused(wrong: str, fields: dict[str, Any]) -> None:
    progress = Progress("000000", 52, 50, 2, 1, finished=False)
    progress.check(ITEMS[0])
    replace(progress, line=100, sent=97, finished=True, failed=(FailedEvent(3, "m", "gone"),)).check(ITEMS[0])

    with pytest.raises(DocumentError, match=f"`{wrong}` does not fit the plan"):
        replace(progress, **fields).check(ITEMS[0])


def test_a_change_of_control_is_noted_with_who_and_when() -> None:
    applied = Control("running", 9, 9, PLAN.sha256, 0, "applied", "ana", "2026-11-23T13:00:00.000Z", "replay-1").noted(
        None
    )
    slower = replace(applied, rate=4.0, changed_by="governor").noted(applied)
    paused = replace(slower, state="paused", reason="deploy", changed_by="ben").noted(slower)
    resumed = replace(paused, state="running", execution="replay-1-r1", changed_by="eve").noted(paused)
    limited = replace(resumed, limit=5, reason="rate 5 events/s", changed_by="ana").noted(resumed)

    assert slower.changes == applied.changes, "what the governor does all the time is none of it"
    assert [(change.what, change.by) for change in limited.changes] == [
        ("applied", "ana"),
        ("paused", "ben"),
        ("resumed", "eve"),
        ("limited", "ana"),
    ]
    for _ in range(200):
        limited = replace(limited, state="paused").noted(limited)
        limited = replace(limited, state="running").noted(limited)
    assert len(limited.changes) == 100
    assert limited.changes[0].by == "ana"
    assert Control.from_json(limited.to_json()) == limited


def test_documents_of_another_plan_are_refused() -> None:
    documents = MemoryDocuments(
        PLAN, Control("running", 9, 9, PLAN.sha256, 0, "", "ana", "2026-11-23T13:00:00.000Z", "replay-1")
    )
    other = replace(PLAN, replay_id="replay-2").sealed()

    ReplayDocuments(documents.store, documents.area, PLAN.sha256).control()
    documents.store.put(documents.area.plan, replace(PLAN, created_by="eve").sealed().to_bytes())
    with pytest.raises(DocumentError, match="is not the plan that was applied"):
        ReplayDocuments(documents.store, documents.area, PLAN.sha256).plan()
    documents.store.put(documents.area.plan, other.to_bytes())
    with pytest.raises(DocumentError, match="is the plan of replay-2"):
        ReplayDocuments(documents.store, documents.area).plan()


def test_a_progress_object_of_no_item_or_another_item_is_refused() -> None:
    documents = MemoryDocuments(
        PLAN, Control("running", 9, 9, PLAN.sha256, 0, "", "ana", "2026-11-23T13:00:00.000Z", "replay-1")
    )
    documents.store.put(documents.area.progress("000009"), Progress("000009", 0, 0, 0, 0, finished=True).to_json())

    documents.store.put(documents.area.progress("000001"), Progress("000001", 0, 0, 0, 0, finished=True).to_json())
    documents.store.put(documents.area.progress_prefix, b"")

    found = documents.all_progress()

    assert found.by_item == {}
    assert len(found.unreadable) == 3
    ninth = documents.area.progress("000009")
    assert found.unreadable[ninth] == f"{ninth} is not of an item of the plan"
    with pytest.raises(DocumentError, match="is not of an item of the plan"):
        documents.progress("000009")
