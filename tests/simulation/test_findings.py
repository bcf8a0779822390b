"""Faults that the simulation found, each in the smallest scene that shows it; every scene fails on the code of then.

The letters are those of the finding; what each promises stands in its test's name.
"""

import json

import pytest

from tests.simulation import archive_replay, queue_replay
from tests.simulation.archive_replay import BUCKET
from tests.simulation.queue_replay import PARAMETER
from tests.simulation.scheduler import Process, StuckError
from tests.simulation.troubles import Illness, Kind, Troubles

pytestmark = pytest.mark.slow


@pytest.fixture
def troubles() -> Troubles:
    return Troubles(seed="findings")


def sent_in(stage: archive_replay.Stage, seconds: float) -> int:
    """The most events that any so many seconds saw."""
    times = [at for at, _ in stage.sends]
    return max(sum(1 for at in times[place:] if at < begin + seconds) for place, begin in enumerate(times))


def control_of(stage: archive_replay.Stage) -> dict[str, object]:
    """What control.json says."""
    (key,) = [key for key in stage.s3.buckets[BUCKET] if key.endswith("/control.json")]
    found: dict[str, object] = json.loads(stage.s3.current(BUCKET, key) or b"")
    return found


# -- A1: fences ----------------------------------------------------------------------------------------------------


def test_a1_after_cancel_and_resume_under_a_target_that_is_ill_the_old_worker_sends_nothing_more(
    troubles: Troubles,
) -> None:
    with archive_replay.Stage(troubles, events=9_000, per_object=3_000) as stage:
        replay_id = stage.plan()
        stage.ended(stage.apply())
        troubles.illnesses.append(Illness(stage.scheduler.now + 20.0, 25.0, "sqs", Kind.TIMED_OUT, "checkout"))
        stage.passes(24.6)
        stage.ended(stage.steer("ana", "cancel", replay_id))
        stage.passes(0.4)
        stage.ended(stage.resumed("ben", replay_id))
        assert stage.finish(replay_id)["state"] == "done"
        stage.judge()


@pytest.mark.parametrize("behind", [20.0, 300.0])
def test_a1_no_exclusion_rests_on_the_clock_of_another_machine(troubles: Troubles, behind: float) -> None:
    with archive_replay.Stage(troubles, events=9_000, per_object=9_000) as stage:
        replay_id = stage.plan()
        stage.ended(stage.apply())
        stage.passes(24.6)
        stage.ended(stage.steer("ana", "cancel", replay_id, skew=-behind))
        stage.passes(1.5)
        stage.ended(stage.resumed("ben", replay_id))
        assert stage.finish(replay_id)["state"] == "done"
        stage.judge()


def test_a1_a_replay_that_is_paused_while_its_target_times_out_sends_nothing_fifteen_seconds_later(
    troubles: Troubles,
) -> None:
    with archive_replay.Stage(troubles, events=9_000, per_object=9_000) as stage:
        replay_id = stage.plan()
        stage.ended(stage.apply())
        troubles.illnesses.append(Illness(stage.scheduler.now + 20.0, 25.0, "sqs", Kind.TIMED_OUT, "checkout"))
        stage.passes(24.0)
        stage.ended(stage.steer("ana", "pause", replay_id))
        paused = stage.scheduler.now
        stage.passes(200.0)
        late = [at - paused for at, _ in stage.sends if at > paused + 15.0]
        assert not late, f"{len(late)} events were sent up to {late[-1]:.1f} s after the pause"


def test_a8_a_worker_that_is_invoked_twice_at_once_sends_the_item_once(troubles: Troubles) -> None:
    with archive_replay.Stage(troubles, events=6_000, per_object=6_000) as stage:
        replay_id = stage.plan(rate=100.0)
        stage.step_functions.lost_contact = 1.0
        stage.ended(stage.apply())
        stage.passes(4.0)
        stage.step_functions.lost_contact = 0.0
        assert stage.finish(replay_id)["state"] == "done"
        stage.judge()


# -- A2: what a run of the queue says ------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["0.3", "1"])
def test_a2_a_run_does_not_end_as_done_while_its_rate_has_left_wanted_events_in_the_queue(
    troubles: Troubles, rate: str
) -> None:
    with queue_replay.Stage(troubles, events=100) as stage:
        command = stage.enable("ana", "--rate", rate)
        stage.ended(command)
        stage.judge_run(command)


@pytest.mark.parametrize("kind", [Kind.REFUSED, Kind.THROTTLED, Kind.TIMED_OUT])
def test_a2_a_run_does_not_end_as_done_while_its_target_refused_wanted_events(troubles: Troubles, kind: Kind) -> None:
    with queue_replay.Stage(troubles, events=100) as stage:
        troubles.illnesses.append(Illness(0.0, 60.0, "sqs", kind, "checkout", "SendMessageBatch"))
        command = stage.enable("ana")
        stage.ended(command)
        stage.judge_run(command)


def test_a2_a_run_does_not_end_as_done_while_batches_are_in_work(troubles: Troubles) -> None:
    troubles.slowest = 1.2
    with queue_replay.Stage(troubles, events=3_000, batch_size=1_000) as stage:
        command = stage.enable("ana")
        stage.ended(command)
        stage.judge_run(command)


# -- A3, A4: repeating what failed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("rates", [(10.0,), (2.0, 100.0)])
def test_a3_failed_events_are_repeated_once_each_while_the_rate_changes(
    troubles: Troubles, rates: tuple[float, ...]
) -> None:
    with archive_replay.Stage(troubles, events=1_000, per_object=1_000) as stage:
        stage.target.refuses = lambda _: True
        replay_id = stage.plan(rate=100.0, workers=1)
        stage.ended(stage.apply())
        stage.passes(60.0)
        stage.until_it_rests(replay_id)
        stage.target.refuses = lambda _: False
        stage.ended(stage.resumed("ana", replay_id))
        stage.passes(3.0)
        for rate in rates:
            command = stage.steer("ana", "rate", replay_id, str(rate))
            stage.ended(command)
            assert command.code == 0, command.said
            stage.passes(8.0)  # a worker looks every 5 seconds
        status = stage.until_it_rests(replay_id)
        assert (stage.again, len(stage.missing), status["state"]) == (0, 0, "done")


def test_a4_repeating_failed_events_keeps_the_rate_across_items(troubles: Troubles) -> None:
    with archive_replay.Stage(troubles, events=300, per_object=1) as stage:
        stage.target.refuses = lambda _: True
        replay_id = stage.plan(rate=10.0, workers=10)
        stage.ended(stage.apply())
        stage.until_it_rests(replay_id)
        stage.target.refuses = lambda _: False
        stage.ended(stage.resumed("ana", replay_id))
        assert stage.finish(replay_id)["state"] == "done"
        assert sent_in(stage, 10.0) <= 10 * 10 + 10


# -- A5, A6, A7, L4, L5: lock, mapping and rate of a run of the queue ----------------------------------------------


def test_a5_one_runs_end_leaves_the_next_runs_mapping_window_and_lock_alone(troubles: Troubles) -> None:
    with queue_replay.Stage(troubles, events=600) as stage:
        stage.mapping.settled = 3.0
        first = stage.enable("ana", "--rate", "2")
        stage.passes(40.0)
        stage.ended(stage.disable("ben"))
        stage.passes(1.0)
        second = stage.enable("carla", "--rate", "2")
        stage.passes(25.0)
        stage.interrupt(first)
        stage.passes(40.0)
        held = json.loads(stage.ssm.now(f"{PARAMETER}-lock") or "{}")
        assert second.code is None, second.said
        assert held.get("holder", "").endswith("/carla"), held
        assert (stage.mapping.state, stage.mapping.enabled) == ("Enabled", True)


@pytest.mark.parametrize("how", ["disable", "terraform"])
def test_a6_a_run_whose_mapping_somebody_switches_off_ends_and_says_so(troubles: Troubles, how: str) -> None:
    with queue_replay.Stage(troubles, events=600) as stage:
        command = stage.enable("ana", "--rate", "2")
        stage.passes(60.0)
        if how == "disable":
            stage.ended(stage.disable("ben"))
        else:
            stage.terraform_apply()
        try:
            stage.ended(command, seconds=3_600.0)
        except StuckError:
            pytest.fail("an hour later the run still waits")
        assert command.code == 1, command.said
        assert command.said.strip()


def test_a7_a_run_reads_the_mapping_that_it_changes_under_its_lock(troubles: Troubles) -> None:
    with queue_replay.Stage(troubles, events=900) as stage:
        stage.mapping.settled = 3.0
        first = stage.enable("ana", "--rate", "2", "--until", "45m")
        stage.passes(20.0)
        # Ben has looked at the queue and waits for an answer while Ana's run ends.
        troubles.illnesses.append(Illness(stage.scheduler.now, 30.0, "sts", Kind.TIMED_OUT, process="ben"))
        second = stage.enable("ben", "--rate", "5", "--until", "10m")
        stage.passes(5.0)
        if first.code is None:
            stage.interrupt(first)
        stage.ended(first)
        stage.ended(second)
        assert len({mark for _, mark in stage.sends}) == 2, (second.code, second.said)
        stage.judge()


def test_what_still_polls_while_a_mapping_is_switched_off_names_its_run(troubles: Troubles) -> None:
    # A `disable` that hangs closes the window of a run that began meanwhile. That run ends; its mapping takes a while.
    with queue_replay.Stage(troubles, events=600) as stage:
        stage.mapping.settled = 1.0
        troubles.illnesses.append(Illness(0.0, 60.0, "ssm", Kind.TIMED_OUT, PARAMETER, "PutParameter", process="ben"))
        disabled = stage.disable("ben")
        stage.passes(50.0)
        stage.mapping.settled = 60.0
        command = stage.enable("ana", "--rate", "5", "--until", "55m")
        stage.ended(disabled, command)
        stage.passes(60.0)
        assert command.code == 1, command.said
        assert "somebody" in command.said, command.said
        stage.judge_idle()  # what was forwarded is judged as it is sent


def test_l4_whatever_a_killed_run_leaves_one_disable_cleans_up(troubles: Troubles) -> None:
    number = 0
    while True:
        number += 1
        killed = Troubles(seed="findings", deaths={("ana#1", number)})
        with queue_replay.Stage(killed, events=20) as stage:
            command = stage.enable("ana")
            stage.ended(command)
            if command.code is not None:
                break  # it makes no more calls than this
            stage.ended(stage.disable("ben"))
            stage.judge_idle()
    assert number > 15, command.said


def test_l5_a_run_keeps_its_rate_with_forty_warm_instances(troubles: Troubles) -> None:
    with queue_replay.Stage(troubles, events=1_500) as stage:
        stage.functions.any_instance = True
        stage.replayer.instances = 40
        for number in range(40):
            process = Process(f"orders-replay#{number + 1}", environment=stage.replayer.environment)
            stage.replayer.idle.append((process, stage.replayer.make()))
        stage.enable("ana", "--rate", "5")
        stage.passes(120.0)
        stage.judge()


# -- A9, L1, L2: governor and steering -----------------------------------------------------------------------------


def test_a9_a_governor_that_crashes_counts_dead_letters_from_where_the_replay_began(troubles: Troubles) -> None:
    with archive_replay.Stage(troubles, events=6_000, per_object=6_000) as stage:
        replay_id = stage.plan("--max-dead-letters", "5", rate=8.0)
        stage.ended(stage.apply())
        stage.passes(20.0)
        grown = 0
        while control_of(stage)["state"] == "running" and grown < 40:
            stage.passes(20.0)
            stage.sqs.put(stage.dead_letters, "{}")
            grown += 1
            if grown in (3, 6, 9, 12):
                crash(stage, "orders-replay-governor")
        assert str(control_of(stage)["reason"]).startswith("dead-letters")
        assert grown <= 5 + 3, f"paused at {grown} more dead letters, 5 were allowed"
        assert stage.status(replay_id)["state"] in ("paused", "pausing")


def crash(stage: archive_replay.Stage, function: str) -> None:
    """The function's running invocations die."""
    for task in list(stage.scheduler.tasks):
        if task.process.name.startswith(f"{function}#") and not task.done:
            task.process.alive = False
            task.kill()


@pytest.mark.parametrize("after", [540, 555, 570])
def test_l1_a_governor_that_sees_nothing_never_overwrites_an_operators_cancel(troubles: Troubles, after: int) -> None:
    with archive_replay.Stage(troubles, events=9_000, per_object=9_000) as stage:
        replay_id = stage.plan("--max-age", "2m", rate=8.0)
        stage.ended(stage.apply())
        troubles.illnesses.append(
            Illness(stage.scheduler.now + 2.0, 2_000.0, "sqs", Kind.TIMED_OUT, "checkout", "GetQueueAttributes")
        )
        stage.passes(float(after))
        command = stage.steer("ana", "cancel", replay_id)
        stage.ended(command)
        if command.code != 0:
            return  # the governor was faster: it is paused
        stage.passes(120.0)
        assert control_of(stage)["state"] == "cancelled"


@pytest.mark.parametrize("seconds", [20, 35, 60])
def test_l2_a_resume_that_lost_to_another_changes_nothing(troubles: Troubles, seconds: int) -> None:
    with archive_replay.Stage(troubles, events=4_000, per_object=1_000) as stage:
        replay_id = stage.plan(rate=20.0)
        stage.ended(stage.apply())
        stage.passes(10.0)
        stage.ended(stage.steer("ana", "pause", replay_id))
        stage.until_it_rests(replay_id)
        troubles.illnesses.append(
            Illness(stage.scheduler.now, float(seconds), "s3", Kind.TIMED_OUT, "date=", process="carla")
        )
        slow = stage.resumed("carla", replay_id)
        stage.ended(stage.resumed("ana", replay_id, after=1.0))
        stage.passes(6.0)
        cancel = stage.steer("ben", "cancel", replay_id)
        stage.ended(cancel, slow)
        stage.passes(60.0)
        control = control_of(stage)
        assert cancel.code == 0
        assert slow.code == 0 or control["state"] == "cancelled", (slow.said, control)


# -- A10, L6: what is sent -----------------------------------------------------------------------------------------


def test_a10_a_dead_letter_that_is_sent_back_keeps_its_time_and_loses_its_labels(troubles: Troubles) -> None:
    with queue_replay.Stage(troubles, events=0, raw=True) as stage:
        own = {f"own-{n}": {"DataType": "String", "StringValue": "x"} for n in range(7)}
        stage.publish(queue_replay.Event(0, -3_600.0, "order.paid"))
        (message,) = stage.queue.messages.values()
        message.attributes |= own
        stage.target.refuses = lambda _: True
        stage.ended(stage.enable("ana"))
        stage.passes(2 * queue_replay.VISIBILITY)
        assert [*stage.numbers(stage.dead_letters)] == [0]
        stage.target.refuses = lambda _: False
        stage.sqs.redrive(stage.dead_letters, stage.queue)
        stage.passes(60.0)
        again = stage.enable("ana", "--from", "3h", "--until", "40m")
        stage.ended(again)
        assert stage.forwarded[0] == 1, again.said
        (copy,) = stage.target.messages.values()
        assert not {"event-fork-reason", "event-fork-detail"} & copy.attributes.keys()
        assert "event-fork-replay-id" in copy.attributes
        assert copy.attributes["event-fork-original-time"]["StringValue"].startswith("2026-11-25T11:00:00")


def test_l6_an_object_that_is_replaced_after_apply_is_refused_even_while_its_old_version_exists(
    troubles: Troubles,
) -> None:
    with archive_replay.Stage(troubles, events=2_000, per_object=1_000) as stage:
        replay_id = stage.plan(rate=100.0, workers=1)
        stage.ended(stage.apply())
        stage.passes(3.0)
        stage.s3.store(BUCKET, stage.keys[1], b"")
        status = stage.until_it_rests(replay_id)
        late = [event for event in stage.copies if int(event.partition("-")[2]) >= 1_000]
        assert not late, f"{len(late)} events of the object were sent"
        assert status["state"] != "done"
