"""plan.json, items.jsonl, control.json, progress: what is written is read back, what is wrong is named."""

import json
from dataclasses import replace
from typing import Any

import pytest

from event_fork.replay_plan.control import Control
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


def test_a_plan_is_read_back_as_it_was_written() -> None:
    assert read_plan(PLAN.to_bytes()) == PLAN


def test_a_plan_without_the_optional_parts_is_read_back_as_it_was_written() -> None:
    plan = replace(
        PLAN, engine=None, pace=None, ramp=None, filter_policy=None, health=Health(), items=(), first_event=None
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
        (("expires_at",), "tomorrow", r"plan\.expires_at must be an ISO 8601 time with an offset, got \"tomorrow\""),
        (("ramp",), [0], r"plan\.ramp must be a list of numbers above 0, got \[0\]"),
        (("ramp_asks",), 1, r"plan\.ramp_asks must be true or false, got 1"),
        (("totals",), [], r"plan\.totals must be a JSON object, got \[\]"),
        (("format",), 2, r"plan\.format must be 1, got 2"),
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
    control = Control("paused", 12.5, 100, 3, 1, "asked", "ana", "2026-11-23T13:00:00.000Z", "replay-1-r2", 7)
    progress = Progress("000000", 17, 10, 2, 1, finished=False, failed=(FailedEvent(3, "m", "gone"),), request_id="r")

    assert Control.from_json(control.to_json()) == control
    assert Progress.from_json(progress.to_json()) == progress
    with pytest.raises(DocumentError, match=r"control\.json\.state must be one of running, paused, cancelled"):
        Control.from_json(replace(control, state="asleep").to_json())


def test_the_work_area_lies_outside_the_archives_own_keys() -> None:
    area = WorkArea.of("replay-1")

    assert area.progress("000000") == "event-fork-replays/replay-1/progress/000000.json"
    assert all(
        key.startswith("event-fork-replays/replay-1/")
        for key in (area.plan, area.items, area.control, area.results_prefix)
    )
