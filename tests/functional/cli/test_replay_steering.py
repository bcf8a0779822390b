"""status, pause, cancel, resume, rate, list, and what happens while one watches."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from event_fork.adapters.s3_archive import S3ArchiveStore
from event_fork.replay_plan.plan import Plan
from event_fork.replay_plan.work_area import WorkArea
from event_fork_cli.archive_replay import statuses
from event_fork_cli.archive_replay.executions import execution_arn
from event_fork_cli.archive_replay.steering import Helm, cancel, resume
from event_fork_cli.aws import AwsSettings
from event_fork_cli.commands import context
from event_fork_cli.errors import RefusedError
from event_fork_cli.views import replays
from testbench.paths import PROJECT
from tests.functional.cli.conftest import BUCKET, MACHINE, REGION, World, event


@pytest.fixture
def running(world: World) -> Plan:
    """A replay of 300 events in three objects, running."""
    for part in range(3):
        numbers = range(part * 100, part * 100 + 100)
        world.put(*(event(number, number / 10) for number in numbers), minutes=part * 10, name="abc"[part])
    return world.applied()


def end(world: World, name: str, status: str = "SUCCEEDED") -> None:
    world.executions.end(execution_arn(MACHINE, name), status)


def command(world: World, *arguments: str) -> Any:
    result = world.run("replay", *arguments, "--output", "json")
    assert result.code == 0, result.err
    return result.json


def test_status_adds_up_what_the_workers_wrote(world: World, running: Plan) -> None:
    world.work(running, 0, 97, failed=3)
    world.work(running, 1, 40, finished=False)

    status = command(world, "status", running.replay_id)

    assert (status["state"], status["sent"], status["failed"], status["left"], status["total"]) == (
        *("running", 137, 3, 160),
        300,
    )
    assert status["seconds_left"] == 1.6
    assert status["executions"][0]["name"] == running.replay_id
    assert [failure["message_id"] for failure in status["failures"]] == ["id-0", "id-1", "id-2"]


@pytest.mark.parametrize(
    ("sent", "failed", "control", "execution", "state"),
    [
        ([100, 100, 100], 0, "running", "SUCCEEDED", "done"),
        ([100, 100, 90], 10, "running", "SUCCEEDED", "done-with-failures"),
        ([100, 100], 0, "running", "SUCCEEDED", "incomplete"),
        ([100, 100], 0, "running", "ABORTED", "incomplete"),
        ([100], 0, "paused", "SUCCEEDED", "paused"),
        ([100], 0, "paused", "RUNNING", "pausing"),
        ([100], 0, "cancelled", "ABORTED", "cancelled"),
        ([100], 0, "cancelled", "RUNNING", "cancelling"),
        ([100, 100, 100], 0, "paused", "SUCCEEDED", "done"),
    ],
)
def test_the_state_says_what_is_going_on_by_one_name_in_all_commands(
    world: World, running: Plan, sent: list[int], failed: int, control: str, execution: str, state: str
) -> None:
    for item, count in enumerate(sent):
        world.work(running, item, count, failed=failed if item == len(sent) - 1 else 0)
    world.set_control(running.replay_id, replace(world.control(running.replay_id), state=control))
    if execution != "RUNNING":
        end(world, running.replay_id, execution)

    assert command(world, "status", running.replay_id)["state"] == state
    assert command(world, "list")[0]["state"] == state
    assert f" and is {state}; see" in world.apply(world.folder / "plan.json").err
    if execution != "RUNNING":
        refused = world.run("replay", "rate", running.replay_id, "5")
        assert f"{running.replay_id} is {state} and cannot be given another rate" in refused.err


def test_the_page_has_every_state_and_no_other() -> None:
    _, _, page = (PROJECT / "docs/cli.md").read_text(encoding="utf-8").partition("### Where a replay stands")
    rows = [line for line in page.partition("###")[0].splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert named == {value for name, value in vars(statuses).items() if name.startswith("STATE_")}


def test_a_replay_that_ends_while_its_status_is_read_is_done_and_not_incomplete(
    world: World, running: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = world.executions.describe

    def described(machine: str, name: str) -> Any:
        found = describe(machine, name)
        if found is not None and found.status == "RUNNING":
            for item in range(3):
                world.work(running, item, 100)
            end(world, running.replay_id)
        return describe(machine, name)

    monkeypatch.setattr(world.executions, "describe", described)

    assert command(world, "status", running.replay_id)["state"] == "done"


def test_a_replay_nobody_applied_is_bad_input(world: World) -> None:
    for verb in ("status", "pause", "cancel", "resume"):
        result = world.run("replay", verb, "replay-0")
        assert result.code == 2
        assert "'replay-0'" in result.err


def test_pause_and_resume_send_what_is_left_and_nothing_else(world: World, running: Plan) -> None:
    # GIVEN a replay of which one item is done, one begun, one not
    world.work(running, 0, 100)
    world.work(running, 1, 40, finished=False)

    # WHEN it is paused and has drained, and is resumed
    assert command(world, "pause", running.replay_id, "--reason", "deploy")["state"] == "pausing"
    assert world.control(running.replay_id).reason == "deploy"
    end(world, running.replay_id)
    assert command(world, "status", running.replay_id)["state"] == "paused"
    resumed = command(world, "resume", running.replay_id, "--no-watch")

    # THEN a new execution gets the items that are not done
    assert resumed["state"] == "running"
    assert world.executions.names == [running.replay_id, f"{running.replay_id}-r1"]
    assert world.items(running.replay_id) == [running.items[1].id, running.items[2].id]
    assert world.control(running.replay_id).state == "running"

    # AND a third resume is numbered on
    command(world, "pause", running.replay_id)
    end(world, f"{running.replay_id}-r1")
    command(world, "resume", running.replay_id, "--no-watch")
    assert world.executions.names[-1] == f"{running.replay_id}-r2"


def test_resume_tries_failed_events_again_but_not_lines_that_are_no_events(world: World, running: Plan) -> None:
    world.work(running, 0, 90, failed=10)
    world.work(running, 1, 100)
    world.work(running, 2, 100)
    end(world, running.replay_id)

    command(world, "resume", running.replay_id, "--no-watch")

    assert world.items(running.replay_id) == [running.items[0].id]


def test_resume_of_what_is_done_or_runs_is_refused(world: World, running: Plan) -> None:
    assert "is running" in world.run("replay", "resume", running.replay_id).err
    for item in range(3):
        world.work(running, item, 100)
    end(world, running.replay_id)

    result = world.run("replay", "resume", running.replay_id)
    assert result.code == 2
    assert "all 300 events were sent" in result.err


def test_resume_refuses_a_changed_archive_but_only_for_what_is_left(world: World, running: Plan) -> None:
    world.work(running, 0, 100)
    end(world, running.replay_id)
    world.s3.delete_object(Bucket=BUCKET, Key=running.items[0].key)
    command(world, "resume", running.replay_id, "--no-watch")

    end(world, f"{running.replay_id}-r1")
    world.s3.delete_object(Bucket=BUCKET, Key=running.items[1].key)
    result = world.run("replay", "resume", running.replay_id)
    assert result.code == 2
    assert "was deleted" in result.err


def helm_of(world: World, plan: Plan, wait: Callable[[float], None] = lambda _: None) -> Helm:
    return replace(context.find_replay(AwsSettings(REGION), plan.replay_id).helm(), wait=wait)


def test_resume_names_the_new_execution_before_it_starts_it_and_then_waits_for_the_old_ones_workers(
    world: World, running: Plan
) -> None:
    # GIVEN an execution that somebody stopped in the console while a worker goes on, for seven seconds more
    end(world, running.replay_id, "ABORTED")
    world.work(running, 0, 40, finished=False, claimed=True)
    waited: list[tuple[str, int]] = []

    def wait(_: float) -> None:
        waited.append((world.control(running.replay_id).execution, len(world.executions.names)))
        if len(waited) == 7:
            world.work(running, 0, 60, finished=False)

    # WHEN it is resumed
    resume(helm_of(world, running, wait), S3ArchiveStore(world.s3, BUCKET))

    # THEN that worker was told at once that it may not send any more, and the new execution began when it had ended
    assert waited == [(f"{running.replay_id}-r1", 1)] * 7
    assert world.executions.names == [running.replay_id, f"{running.replay_id}-r1"]
    assert world.control(running.replay_id).state == "running"


def test_resume_takes_over_from_a_worker_that_died(world: World, running: Plan) -> None:
    end(world, running.replay_id, "FAILED")
    world.work(running, 0, 40, finished=False, claimed=True)
    waited: list[float] = []

    resume(helm_of(world, running, waited.append), S3ArchiveStore(world.s3, BUCKET))

    assert sum(waited) == 20
    assert world.items(running.replay_id)[0] == running.items[0].id


@pytest.mark.parametrize("step", ["all_progress", "change_control", "write_items"])
def test_of_two_resumes_at_once_one_is_refused_wherever_the_other_comes_in(
    world: World, running: Plan, step: str
) -> None:
    # GIVEN another resume, that begins and ends while the first is at this step
    store = S3ArchiveStore(world.s3, BUCKET)
    end(world, running.replay_id, "FAILED")
    helm = helm_of(world, running)
    others: list[str] = []

    def meanwhile(*given: Any, **named: Any) -> Any:
        del helm.documents.__dict__[step]
        others.append(resume(helm_of(world, running), store).state)
        return getattr(helm.documents, step)(*given, **named)

    helm.documents.__dict__[step] = meanwhile

    # WHEN it goes on THEN it is refused, and there is one execution more
    with pytest.raises(RefusedError, match=r"a moment ago|by somebody else just now"):
        resume(helm, store)
    assert others == ["running"]
    assert world.executions.names == [running.replay_id, f"{running.replay_id}-r1"]
    assert world.control(running.replay_id).execution == f"{running.replay_id}-r1"


def test_a_resume_does_not_undo_a_cancel_that_it_has_not_seen(world: World, running: Plan) -> None:
    command(world, "pause", running.replay_id)
    end(world, running.replay_id)
    helm = helm_of(world, running)
    look = helm.documents.all_progress

    def cancelled_meanwhile() -> Any:
        if world.control(running.replay_id).state == "paused":
            world.run("replay", "cancel", running.replay_id, "--reason", "wrong target")
        return look()

    helm.documents.__dict__["all_progress"] = cancelled_meanwhile

    with pytest.raises(RefusedError, match=r"was changed by .*wrong target"):
        resume(helm, S3ArchiveStore(world.s3, BUCKET))
    assert world.control(running.replay_id).state == "cancelled"
    assert world.executions.names == [running.replay_id]


def test_a_resume_that_died_before_it_started_anything_is_finished_by_the_next(world: World, running: Plan) -> None:
    end(world, running.replay_id, "FAILED")
    helm = helm_of(world, running)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    helm.executions.__dict__["start"] = dies
    with pytest.raises(KeyboardInterrupt):
        resume(helm, S3ArchiveStore(world.s3, BUCKET))
    del helm.executions.__dict__["start"]
    assert command(world, "status", running.replay_id)["state"] == "incomplete"

    command(world, "resume", running.replay_id, "--no-watch")
    assert world.executions.names == [running.replay_id, f"{running.replay_id}-r1"]
    assert world.control(running.replay_id).execution == f"{running.replay_id}-r1"


def test_a_pause_does_not_take_back_a_cancel(world: World, running: Plan) -> None:
    cancelled = replace(world.control(running.replay_id), state="cancelled", reason="wrong target", changed_by="ana")
    world.set_control(running.replay_id, cancelled)

    result = world.run("replay", "pause", running.replay_id)

    assert result.code == 2
    assert f"{running.replay_id} is cancelling by ana: it cannot be paused" in result.err
    assert world.control(running.replay_id) == cancelled


def test_cancel_also_stops_an_execution_that_was_started_meanwhile(world: World, running: Plan) -> None:
    end(world, running.replay_id, "FAILED")
    helm = helm_of(world, running)
    change = helm.documents.change_control

    def resumed_meanwhile(*given: Any, **named: Any) -> Any:
        if len(world.executions.names) == 1:
            resume(helm_of(world, running), S3ArchiveStore(world.s3, BUCKET))
        return change(*given, **named)

    helm.documents.__dict__["change_control"] = resumed_meanwhile
    cancel(helm, "wrong target")

    assert world.control(running.replay_id).state == "cancelled"
    assert world.executions.executions[execution_arn(MACHINE, f"{running.replay_id}-r1")].status == "ABORTED"


def test_cancel_stops_the_execution(world: World, running: Plan) -> None:
    world.work(running, 0, 100)

    cancelled = command(world, "cancel", running.replay_id, "--reason", "wrong target")

    assert (cancelled["state"], cancelled["sent"], cancelled["left"]) == ("cancelled", 100, 200)
    assert list(world.executions.stopped.values()) == ["wrong target"]
    assert world.control(running.replay_id).state == "cancelled"


def test_a_replay_that_has_ended_cannot_be_paused_or_given_a_rate(world: World, running: Plan) -> None:
    for item in range(3):
        world.work(running, item, 100)
    end(world, running.replay_id)

    for arguments in (["pause", running.replay_id], ["rate", running.replay_id, "5"], ["cancel", running.replay_id]):
        result = world.run("replay", *arguments)
        assert result.code == 2
        assert "done" in result.err


def test_rate_changes_control_and_never_goes_above_the_plan(world: World) -> None:
    world.put(event(1), event(2))
    plan = world.applied("--rate", "700", "--workers", "3")

    slower = command(world, "rate", plan.replay_id, "0.5")
    assert (slower["rate"], slower["limit"], slower["workers"]) == (0.5, 0.5, 3)
    back = command(world, "rate", plan.replay_id, "700")
    assert (back["rate"], back["limit"]) == (700, 700)

    result = world.run("replay", "rate", plan.replay_id, "700.5")
    assert result.code == 2
    assert "RATE must be at most the plan's 700" in result.err
    assert world.control(plan.replay_id).rate == 700


def test_a_governed_replay_gets_a_new_limit_and_keeps_its_rate_below_it(world: World) -> None:
    world.put(event(1), event(2))
    plan = world.applied("--rate", "200", "--ramp", "10,100")

    command(world, "rate", plan.replay_id, "100")
    assert (world.control(plan.replay_id).rate, world.control(plan.replay_id).limit) == (20, 100)
    command(world, "rate", plan.replay_id, "4")
    assert (world.control(plan.replay_id).rate, world.control(plan.replay_id).limit) == (4, 4)


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1e300", "x"])
def test_a_wrong_rate_is_bad_input(world: World, running: Plan, rate: str) -> None:
    assert world.run("replay", "rate", running.replay_id, "--", rate).code == 2


def test_resume_after_the_governor_asked_goes_to_the_next_step_of_the_ramp(world: World) -> None:
    world.put(event(1), event(2))
    plan = world.applied("--rate", "100", "--ramp", "10,50,100", "--ramp-ask")
    asked = replace(world.control(plan.replay_id), state="paused", reason="ramp: step 1 of 3", changed_by="governor")
    world.set_control(plan.replay_id, asked)
    end(world, plan.replay_id)

    command(world, "resume", plan.replay_id, "--no-watch")
    assert (world.control(plan.replay_id).ramp_step, world.control(plan.replay_id).rate) == (1, 50)

    # but not when the operator or the target's health paused it
    command(world, "pause", plan.replay_id)
    end(world, f"{plan.replay_id}-r1")
    command(world, "resume", plan.replay_id, "--no-watch")
    assert (world.control(plan.replay_id).ramp_step, world.control(plan.replay_id).rate) == (1, 50)


@pytest.mark.parametrize("options", [["--ramp", "10,100"], ["--max-age", "60s"]])
@pytest.mark.parametrize(
    ("reason", "counted"), [("target-behind: its oldest message is 90 s old", 7), ("dead-letters: 3 more", None)]
)
def test_a_governed_replay_is_resumed_at_the_rate_it_had_and_counts_dead_letters_on_unless_they_stopped_it(
    world: World, options: list[str], reason: str, counted: int | None
) -> None:
    world.put(event(1), event(2))
    plan = world.applied("--rate", "1000", *options)
    behind = replace(
        world.control(plan.replay_id),
        state="paused",
        rate=1.0,
        reason=reason,
        changed_by="governor",
        dead_letters_at_first=7,
    )
    world.set_control(plan.replay_id, behind)
    end(world, plan.replay_id)

    command(world, "resume", plan.replay_id, "--no-watch")

    control = world.control(plan.replay_id)
    assert (control.rate, control.ramp_step, control.dead_letters_at_first) == (1.0, 0, counted)


def test_dead_letters_are_counted_over_all_steps_of_a_ramp_that_asks(world: World) -> None:
    world.put(event(1), event(2))
    plan = world.applied("--rate", "100", "--ramp", "10,50,100", "--ramp-ask", "--max-dead-letters", "5")
    asked = replace(world.control(plan.replay_id), state="paused", reason="ramp: step 1 of 3", changed_by="governor")
    world.set_control(plan.replay_id, replace(asked, dead_letters_at_first=7))
    end(world, plan.replay_id)

    command(world, "resume", plan.replay_id, "--no-watch")

    assert world.control(plan.replay_id).dead_letters_at_first == 7


@pytest.mark.parametrize(
    ("rate", "workers", "least"), [("0.0011", 1, "0.01"), ("0.09", 40, "0.091"), ("2", 1000, "2.26")]
)
def test_a_rate_that_the_workers_cannot_keep_is_refused(world: World, rate: str, workers: int, least: str) -> None:
    """An invocation has 885 seconds to send an event and wait for its turn."""
    world.put(event(1), event(2))
    plan = world.applied("--rate", "300", "--workers", str(workers))
    planned = world.plan("--rate", rate, "--workers", str(workers))
    changed = world.run("replay", "rate", plan.replay_id, rate)

    for result, option in ((planned, "--rate"), (changed, "RATE")):
        assert result.code == 2
        assert f"{option} must be" in result.err
        assert least in result.err


def test_a_rate_at_which_a_worker_would_send_its_events_for_ten_days_is_refused(world: World) -> None:
    world.put(*(event(number, number / 1_000) for number in range(9_000)))
    plan = world.applied("--rate", "300")

    result = world.run("replay", "rate", plan.replay_id, "0.0101")

    assert result.code == 2
    assert "RATE must be at least 0.012: one of 1 workers sends 9,000 events of an object" in result.err
    assert world.run("replay", "rate", plan.replay_id, "0.012").code == 0


def test_a_pace_at_which_a_worker_would_wait_for_more_than_ten_days_is_refused(world: World) -> None:
    world.put(event(1), event(2, 18))  # 18 minutes: at a thousandth of the speed 12 days and 12 hours

    slow = world.plan("--pace", "0.001x")
    faster = world.plan("--pace", "0.002x")

    assert slow.code == 2
    assert "--pace must be at least 0.002x, or the workers fewer: one would wait 12 d 12 h" in slow.err
    assert faster.code == 0, faster.err


# -- after 90 days -----------------------------------------------------------------------------------------------------


def test_a_replay_whose_executions_are_forgotten_is_as_done_as_its_documents_say(world: World, running: Plan) -> None:
    for item in range(3):
        world.work(running, item, 100)
    world.executions.executions.clear()

    status = command(world, "status", running.replay_id)

    assert (status["state"], status["sent"], status["left"], status["executions"]) == ("done", 300, 0, [])
    assert world.run("replay", "resume", running.replay_id, "--no-watch").code == 2


def test_a_replay_whose_executions_are_forgotten_before_it_was_done_says_so_and_can_be_resumed(
    world: World, running: Plan
) -> None:
    world.work(running, 0, 100)
    world.executions.executions.clear()

    status = command(world, "status", running.replay_id)
    assert (status["state"], status["left"]) == ("incomplete", 200)
    assert "Step Functions has forgotten its executions" in status["reason"]

    assert command(world, "resume", running.replay_id, "--no-watch")["state"] == "running"
    assert len(world.items(running.replay_id)) == 2


@pytest.mark.parametrize("forgotten", [1, 2])
def test_a_running_resume_is_found_when_the_executions_before_it_are_forgotten(
    world: World, running: Plan, forgotten: int
) -> None:
    first = running.replay_id
    for name in (first, f"{first}-r1"):
        command(world, "pause", first)
        end(world, name)
        command(world, "resume", first, "--no-watch")
    for name in (first, f"{first}-r1")[:forgotten]:
        del world.executions.executions[execution_arn(MACHINE, name)]

    status = command(world, "status", first)
    assert (status["state"], status["executions"][-1]["name"]) == ("running", f"{first}-r2")

    assert "is running" in world.run("replay", "resume", first, "--no-watch").err
    command(world, "pause", first)
    end(world, f"{first}-r2")
    assert command(world, "resume", first, "--no-watch")["executions"][-1]["name"] == f"{first}-r3"
    command(world, "cancel", first)
    assert list(world.executions.stopped) == [execution_arn(MACHINE, f"{first}-r3")]


def test_with_a_pace_an_item_of_which_only_failures_are_left_delays_nothing(world: World) -> None:
    world.put(event(1), event(2, 30), event(3, 50))
    plan = world.applied("--pace", "original")
    world.work(plan, 0, 0, failed=1)
    world.work(plan, 1, 1)
    end(world, plan.replay_id)

    command(world, "resume", plan.replay_id, "--no-watch")

    items = world.object(WorkArea("orders", plan.replay_id).items).splitlines()
    assert [b'"not_before_seconds":0.0' in item for item in items] == [True, True]


def test_with_a_pace_a_resume_begins_at_once(world: World) -> None:
    world.put(event(1), event(2, 30), event(3, 50))
    plan = world.applied("--pace", "original")
    assert [item.not_before_seconds for item in plan.items] == [0, 1800, 3000]
    world.work(plan, 0, 1)
    end(world, plan.replay_id)

    command(world, "resume", plan.replay_id, "--no-watch")

    items = world.object(WorkArea("orders", plan.replay_id).items).splitlines()
    assert [b'"not_before_seconds":0.0' in items[0], b'"not_before_seconds":1200.0' in items[1]] == [True, True]


def test_list_shows_who_when_what_newest_first(world: World, running: Plan) -> None:
    world.work(running, 0, 100)
    path = world.planned()
    second = world.apply(path).json["replay_id"]

    listed = command(world, "list")
    assert sorted(entry["replay_id"] for entry in listed) == sorted([running.replay_id, second])
    assert [entry["replay_id"] for entry in listed] == sorted((entry["replay_id"] for entry in listed), reverse=True)
    by_id = {entry["replay_id"]: entry for entry in listed}
    assert by_id[running.replay_id]["sent"] == 100
    assert by_id[second]["created_by"].startswith("arn:aws:sts::")
    assert len(command(world, "list", "--limit", "1")) == 1

    table = world.run("replay", "list")
    assert running.replay_id in table.out
    assert "CheckoutQueue" in table.out


def test_list_of_an_account_without_replays_is_empty(world: World) -> None:
    assert command(world, "list") == []


def test_the_status_table_names_failures(world: World, running: Plan) -> None:
    world.work(running, 0, 99, failed=1)

    table = world.run("replay", "status", running.replay_id).out

    for text in ("99 of 300 (33.0%)", "MessageTooLong", "id-0", "RUNNING", "1 running; at most 1 at once"):
        assert text in table


def test_watching_shows_rate_and_ends_with_the_replay(
    world: World, running: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a replay that does a third of its work between two looks
    steps = iter(range(4))

    def work(_: float) -> None:
        item = next(steps)
        if item < 3:
            world.work(running, item, 100)
        else:
            end(world, running.replay_id)

    monkeypatch.setattr(replays.watch, "__kwdefaults__", {"wait": work, "clock": iter(range(0, 100, 10)).__next__})

    # WHEN it is watched without a terminal
    result = world.run("replay", "status", running.replay_id, "--watch", "--output", "json")

    # THEN lines say how it goes, and the last status is the data
    assert result.code == 0
    assert "running: 100 of 300 sent, 0 failed, 10/s, 20 s left" in result.err
    assert "done: 300 of 300 sent" in result.err
    assert result.json["state"] == "done"


def test_an_incomplete_replay_says_why_its_workers_stopped(world: World, running: Plan) -> None:
    refused = "TargetRefusedError: arn:aws:sqs:eu-west-1:999999999999:shadow: AccessDenied: no"
    world.work(running, 0, 0, finished=False, stopped=refused)
    world.work(running, 1, 7, finished=False, stopped=refused)
    world.work(running, 2, 8, finished=False, stopped="UnreadableObjectError: cut")
    end(world, running.replay_id)

    status = world.run("replay", "status", running.replay_id, "--output", "json").json

    assert status["state"] == "incomplete"
    assert status["reason"] == (
        f"the execution {running.replay_id} ended as SUCCEEDED: {refused} (2 items, and 1 other reason)"
    )


def test_watching_a_replay_that_ends_incomplete_is_exit_code_1(world: World, running: Plan) -> None:
    world.work(running, 0, 99, failed=1)
    end(world, running.replay_id)

    result = world.run("replay", "status", running.replay_id, "--watch")

    assert result.code == 1
    assert f"{running.replay_id} is incomplete: 201 events were not sent" in result.err


def test_ctrl_c_leaves_the_replay_running_and_says_so(
    world: World, running: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(replays.watch, "__kwdefaults__", {"wait": interrupt, "clock": lambda: 0.0})

    result = world.run("replay", "status", running.replay_id, "--watch")

    assert result.code == 1
    assert f"the replay goes on in AWS; to see it: event-fork replay status {running.replay_id}" in result.err
    assert world.executions.stopped == {}
    assert world.control(running.replay_id).state == "running"


def test_on_a_terminal_there_is_a_bar(world: World, running: Plan) -> None:
    for item in range(3):
        world.work(running, item, 100)
    end(world, running.replay_id)
    screen = io.StringIO()
    reader = context.find_replay(AwsSettings(REGION), running.replay_id).reader

    replays.watch(reader, Console(file=screen, force_terminal=True, width=100))

    assert "300 of 300 sent, 0 failed" in screen.getvalue()
    assert "━" in screen.getvalue()
