"""`replay apply`: what it starts, and everything it refuses."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from event_fork.replay_plan.control import Control
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.plan import Target, digest, read_plan
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.commands import context
from tests.functional.cli.conftest import BUCKET, NOON, Result, World, event


def some_archive(world: World) -> None:
    world.put(*(event(number, number / 10) for number in range(100)), minutes=0)
    world.put(*(event(number, number / 10) for number in range(100, 200)), minutes=10, name="b")


def refused(result: Result, *words: str) -> None:
    assert result.code == 2, result
    assert result.out == ""
    for word in words:
        assert word in result.err


def test_apply_starts_one_execution_named_after_the_plan_over_exactly_its_items(world: World) -> None:
    some_archive(world)
    path = world.planned("--rate", "1200")
    plan = read_plan(path.read_bytes())

    result = world.apply(path)

    assert result.code == 0, result.err
    assert world.executions.names == [plan.replay_id]
    (given,) = world.executions.inputs.values()
    assert given == {
        "replay_id": plan.replay_id,
        "bucket": BUCKET,
        "plan_sha256": plan.sha256,
        "work_prefix": f"event-fork-replays/orders/{plan.replay_id}/",
        "workers": 4,
        "start": given["start"],
    }
    assert world.object(WorkArea("orders", plan.replay_id).plan) == path.read_bytes()
    assert world.items(plan.replay_id) == [item.id for item in plan.items]
    control = world.control(plan.replay_id)
    assert (control.state, control.rate, control.limit, control.plan_sha256) == ("running", 1200, 1200, plan.sha256)
    assert (result.json["state"], result.json["left"], result.json["total"]) == ("running", 200, 200)


def test_a_ramp_starts_at_its_first_step(world: World) -> None:
    some_archive(world)
    plan = world.applied("--rate", "500", "--ramp", "2,100")

    control = world.control(plan.replay_id)
    assert (control.rate, control.limit, control.ramp_step) == (10, 500, 0)


def test_the_same_plan_twice_is_refused(world: World) -> None:
    some_archive(world)
    path = world.planned()
    world.apply(path)

    refused(world.apply(path), "was applied at", "is running", "event-fork replay status")
    assert len(world.executions.names) == 1


@pytest.mark.parametrize("step", ["create_control", "write_plan", "write_items"])
def test_of_two_applies_at_once_one_is_refused_wherever_the_other_comes_in(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    # GIVEN another apply of the same plan, that begins and ends while the first is at this step
    some_archive(world)
    path = world.planned()
    plan = read_plan(path.read_bytes())
    others: list[Result] = []
    original = getattr(ReplayDocuments, step)

    def meanwhile(documents: ReplayDocuments, given: object) -> object:
        monkeypatch.setattr(ReplayDocuments, step, original)
        others.append(world.apply(path))
        return original(documents, given)

    monkeypatch.setattr(ReplayDocuments, step, meanwhile)

    # WHEN the plan is applied THEN one of them has started the execution, and the other is told so
    first = world.apply(path)
    assert sorted([first.code, others[0].code]) == [0, 2]
    assert "a plan is applied once" in first.err
    assert world.executions.names == [plan.replay_id]
    assert world.control(plan.replay_id).execution == plan.replay_id


def test_what_an_apply_that_died_has_left_paused_is_not_started_by_another_apply(world: World) -> None:
    some_archive(world)
    path = world.planned()
    plan = read_plan(path.read_bytes())
    world.set_control(
        plan.replay_id,
        Control("cancelled", 1, 1, plan.sha256, 0, "wrong", "ana", "2026-11-23T15:00:00.000Z", plan.replay_id),
    )

    refused(world.apply(path), "was cancelled by ana (wrong)", "event-fork replay resume")
    assert world.executions.names == []


def test_an_apply_that_died_before_it_started_anything_can_be_done_again(world: World) -> None:
    some_archive(world)
    path = world.planned()
    plan = read_plan(path.read_bytes())
    died = Control("running", 1, 1, plan.sha256, 0, "applied", "ana", "2026-11-23T15:00:00.000Z", plan.replay_id)
    world.set_control(plan.replay_id, died)

    assert world.apply(path).code == 0
    assert world.executions.names == [plan.replay_id]


@pytest.mark.parametrize(
    ("name", "value"),
    [("rate", 10_000), ("items", []), ("expires_at", "2030-01-01T00:00:00.000Z"), ("replay_id", "another")],
)
def test_a_plan_that_was_changed_by_hand_is_refused(world: World, name: str, value: object) -> None:
    some_archive(world)
    path = world.planned()
    document = json.loads(path.read_bytes())
    document[name] = value
    path.write_text(json.dumps(document))

    refused(world.apply(path), "sha256 does not fit the content")
    assert world.executions.names == []


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 2}', "not json"])
def test_a_file_that_is_no_plan_is_refused(world: World, content: str) -> None:
    path = world.folder / "plan.json"
    path.write_text(content)

    refused(world.apply(path), str(path), "plan")


def test_a_file_that_is_not_there_is_refused(world: World) -> None:
    refused(world.apply(world.folder / "nowhere.json"), "nowhere.json")


def test_an_expired_plan_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    some_archive(world)
    path = world.planned("--expires-in", "30m")
    monkeypatch.setattr(context, "now", lambda: NOON + timedelta(hours=4, minutes=30))

    refused(world.apply(path), "expired at 2026-11-23T16:30:00.000Z")


def test_a_replaced_object_is_refused_even_when_its_old_version_is_still_there(world: World) -> None:
    some_archive(world)
    path = world.planned()
    key = world.put(event(1), minutes=10, name="b")

    refused(world.apply(path), f"{key} was replaced", "make a new plan")
    assert world.executions.names == []


def test_deleted_objects_are_refused_and_counted(world: World) -> None:
    some_archive(world)
    path = world.planned()
    for item in read_plan(path.read_bytes()).items:
        world.s3.delete_object(Bucket=BUCKET, Key=item.key)

    refused(world.apply(path), "was deleted", "and 1 more objects changed")


def test_a_target_that_is_not_allowed_any_more_is_refused(world: World) -> None:
    some_archive(world)
    path = world.planned()
    world.module("orders", targets=["arn:aws:sqs:eu-west-1:123456789012:Other"])

    refused(world.apply(path), world.queue_arn, "`targets` allows: arn:aws:sqs:eu-west-1:123456789012:Other")


def test_a_plan_for_a_target_nobody_knows_is_refused(world: World) -> None:
    some_archive(world)
    path = world.planned()
    plan = read_plan(path.read_bytes())
    foreign = replace(plan, target=Target("arn:aws:sqs:eu-west-1:111111111111:x", "https://x/111111111111/x", "raw"))
    path.write_bytes(foreign.sealed().to_bytes())

    refused(world.apply(path), "no replay module of this archive may send to arn:aws:sqs:eu-west-1:111111111111:x")


def test_without_a_module_for_the_archive_nothing_can_be_applied(world: World) -> None:
    some_archive(world)
    path = world.planned()
    world.ssm.delete_parameter(Name="/event-fork-pipelines/orders/archive-replay")

    result = world.apply(path)
    assert result.code == 2
    assert "replay module" in result.err


def test_without_a_terminal_and_without_yes_nothing_is_started(world: World) -> None:
    some_archive(world)
    path = world.planned()

    result = world.run("replay", "apply", str(path))

    refused(result, "--yes")
    assert world.queue_arn in result.err
    assert world.executions.names == []


def test_no_as_the_answer_starts_nothing_and_yes_starts_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    some_archive(world)
    path = world.planned()
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)

    def answer(value: bool) -> None:
        def confirm(text: str, err: bool) -> bool:
            asked.append(text)
            return value

        monkeypatch.setattr("typer.confirm", confirm)

    answer(False)
    assert world.run("replay", "apply", str(path), "--no-watch").code == 1
    assert world.executions.names == []
    answer(True)
    assert world.run("replay", "apply", str(path), "--no-watch").code == 0
    assert len(world.executions.names) == 1
    assert asked == [f"Send 200 events to {world.queue_arn}?"] * 2


def test_a_plan_changed_after_it_was_signed_by_somebody_else_still_names_the_wrong_field(world: World) -> None:
    some_archive(world)
    path = world.planned()
    document = json.loads(path.read_bytes())
    document["rate"] = "fast"
    document["sha256"] = digest(document)
    Path(path).write_text(json.dumps(document))

    refused(world.apply(path), "plan.rate must be a number of at least 0.01")
