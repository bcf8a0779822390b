"""A worker at one item: every event once, and with crashes at most 1,000 twice; held, out of time, refused, gone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from event_fork.archive.errors import ObjectChangedError, UnreadableObjectError
from event_fork.archive_replay.book_keeping import NAMED_LINES
from event_fork.archive_replay.errors import (
    OutOfTimeError,
    PlanMismatchError,
    TargetNotTakingError,
    TargetRefusedError,
)
from event_fork.archive_replay.worker import LOOK_LINES
from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import CANCELLED, PAUSED
from event_fork.replay_plan.errors import DocumentError
from event_fork.replay_plan.item import MAX_ITEM_EVENTS
from event_fork.replay_plan.progress import Progress
from event_fork.sending.ports import EntryFailure
from tests.support.fakes import FakeQueue, Fault, failing, forbidden, refusing, throttled, works
from tests.support.replay_world import KEY, Crash, ReplayWorld, crash_after, stored


def gone(entries: object) -> dict[int, object]:
    raise CallFailedError("AWS.SimpleQueueService.NonExistentQueue", "no such queue", transient=False)


def bad_content(entries: list[object]) -> dict[int, object]:
    """SQS refuses a whole call for one message in it: that of line 3."""
    if any(entry.key == "3" for entry in entries):  # type: ignore[attr-defined]
        raise CallFailedError("InvalidMessageContents", "not allowed", transient=False, about_content=True)
    return {}


def note_arrivals(world: ReplayWorld, arrivals: list[float]) -> None:
    """Have the target note the time of each event."""

    def note(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        arrivals.extend([world.clock.now] * len(entries))
        return {}

    world.target = FakeQueue(note)
    world.tools = replace(world.tools, sender=replace(world.tools.sender, target=world.target))


def test_every_event_is_sent_once_and_the_item_is_finished() -> None:
    world = ReplayWorld([stored(n) for n in range(25)])

    attempt = world.attempt().run()

    assert world.sent_lines() == list(range(25))
    assert world.progress == Progress("000000", 25, 25, 0, 0, True, (), "request-1")
    assert attempt.answer() == {
        "item": "000000",
        "finished": True,
        "sent": 25,
        "unmarked": 0,
        "duplicates_skipped": 0,
        "failed": 0,
    }


def test_a_finished_item_is_not_sent_again() -> None:
    world = ReplayWorld([stored(n) for n in range(5)])
    world.attempt().run()

    world.attempt().run()

    assert world.sent_lines() == list(range(5))


def test_duplicates_named_by_the_plan_are_skipped_and_counted() -> None:
    world = ReplayWorld([stored(n) for n in range(5)], skip_lines=(1, 3))

    world.attempt().run()

    assert world.sent_lines() == [0, 2, 4]
    assert (world.progress.sent, world.progress.duplicates_skipped) == (3, 2)


def test_only_the_items_own_lines_are_read() -> None:
    world = ReplayWorld([stored(n) for n in range(10)])

    world.planned(first_line=3, last_line=6, events=4)
    world.attempt().run()

    assert world.sent_lines() == [3, 4, 5, 6]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 400), st.sampled_from([300.0, 2_000.0, 1_000_000.0]))
def test_a_crash_anywhere_repeats_at_most_a_thousand_events_and_loses_none(calls: int, rate: float) -> None:
    world = ReplayWorld([stored(n % 3600) for n in range(3_000)], rate=rate, target=FakeQueue(crash_after(calls)))

    with pytest.raises(Crash) if calls <= 300 else nullcontext():
        world.attempt().run()
    sent_before = len(world.target.taken)
    world.attempt().run()

    counts = Counter(world.sent_lines())
    assert counts.keys() == set(range(3_000))
    assert max(counts.values()) <= 2
    repeated = sum(count - 1 for count in counts.values())
    assert repeated <= min(1_000, sent_before)
    assert world.progress.finished


def test_progress_is_written_at_least_every_5_seconds_however_slow_the_replay() -> None:
    world = ReplayWorld([stored(n) for n in range(60)], rate=2)

    world.attempt().run()

    assert 29 <= world.clock.now <= 31
    assert len(world.documents.written) >= 6
    assert world.progress.finished


def test_progress_is_written_while_a_worker_waits_for_its_turn() -> None:
    # GIVEN an event every 100 seconds: a crash in between must not repeat what was sent minutes ago
    world = ReplayWorld([stored(n) for n in range(3)], rate=0.01)
    unwritten: list[float] = []
    sleep = world.clock.sleep

    def watched(seconds: float) -> None:
        sleep(seconds)
        written = world.documents.progresses[world.item.id].sent if world.documents.written else 0
        if written < len(world.target.taken):
            unwritten.append(world.clock.now)

    world.tools = replace(world.tools, sleep=watched)
    world.attempt().run()

    longest = max((later for later in unwritten if later < 100.0), default=0.0)
    assert longest <= 6.0
    assert world.progress.finished


def test_events_that_are_not_written_yet_when_the_replay_is_paused_are_not_sent_again_by_resume() -> None:
    # GIVEN a worker that has sent 400 events in a moment, of which it has written none
    world = ReplayWorld([stored(n % 3600) for n in range(2_000)])
    calls: list[int] = []

    def paused_at_the_40th_call(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        calls.append(len(entries))
        if len(calls) == 40:
            world.documents.set_control(state=PAUSED)
            world.clock.now += 4.0  # not late enough to write for that
        world.clock.now += 0.03
        return {}

    world.target = FakeQueue(paused_at_the_40th_call)
    world.tools = replace(world.tools, sender=replace(world.tools.sender, target=world.target))
    world.attempt().run()
    assert 400 <= len(world.target.taken) < 1_000
    assert world.progress.sent == len(world.target.taken)

    world.documents.set_control(state="running")
    world.clock.now += 10.0
    world.attempt().run()
    assert world.sent_lines() == list(range(2_000))


def test_many_small_items_keep_the_rate() -> None:
    world = ReplayWorld([stored(n) for n in range(30)], rate=1.0)

    items = tuple(
        replace(world.item, id=f"{number:06d}", first_line=number, last_line=number, events=1) for number in range(30)
    )
    world.tools = replace(world.tools, plan=replace(world.plan, items=items))
    for item in items:
        world.attempt(item=item).run()

    assert world.clock.now >= 29.0


@pytest.mark.parametrize("seconds", [60.0, 300.0, 885.0])
@pytest.mark.parametrize("rate", [0.0226, 0.1, 1.3])
def test_what_an_invocation_sends_it_pays_for(rate: float, seconds: float) -> None:
    world = ReplayWorld([stored(n) for n in range(40)], rate=rate)

    for _ in range(60):
        with suppress(OutOfTimeError):
            world.attempt(seconds=seconds).run()

        assert len(world.sent_lines()) <= world.clock.now * rate + 1e-6

    assert world.sent_lines() == list(range(40))


def test_a_share_below_one_event_an_invocation_sends_nothing_rather_than_too_much() -> None:
    world = ReplayWorld([stored(n) for n in range(40)], rate=0.01, workers=200)

    for _ in range(15):
        with pytest.raises(OutOfTimeError):
            world.attempt(seconds=885.0).run()

    assert world.sent_lines() == []


def test_control_is_read_at_the_start_and_then_at_most_every_5_seconds() -> None:
    world = ReplayWorld([stored(n) for n in range(60)], rate=2)

    world.attempt().run()

    assert world.documents.looks <= 1 + world.clock.now / 5


def test_workers_share_the_rate() -> None:
    world = ReplayWorld([stored(n) for n in range(100)], rate=40, workers=4)

    world.attempt().run()

    assert 9.4 <= world.clock.now <= 10.1


def test_a_new_rate_is_taken_up_within_5_seconds() -> None:
    world = ReplayWorld([stored(n) for n in range(1_000)], rate=10)
    sleep = world.clock.sleep

    def operator(seconds: float) -> None:
        sleep(seconds)
        if world.clock.now >= 10:
            world.documents.set_control(rate=1_000.0)

    world.tools = replace(world.tools, sleep=operator)
    world.attempt().run()

    assert world.clock.now <= 10 + 5 + 1.5


@pytest.mark.parametrize("state", [PAUSED, CANCELLED])
def test_a_held_replay_sends_nothing_more_and_is_no_failure(state: str) -> None:
    world = ReplayWorld([stored(n) for n in range(1_000)], rate=10)
    sleep = world.clock.sleep

    def operator(seconds: float) -> None:
        sleep(seconds)
        if world.clock.now >= 20:
            world.documents.set_control(state=state)

    world.tools = replace(world.tools, sleep=operator)
    attempt = world.attempt().run()

    assert not attempt.progress.finished
    assert world.clock.now <= 26
    assert world.progress.line == world.progress.sent == len(world.target.taken)
    world.documents.set_control(state="running", rate=1e6)
    world.clock.now += 10
    world.attempt().run()
    assert world.sent_lines() == list(range(1_000))


def test_an_item_of_a_held_replay_is_not_even_opened() -> None:
    world = ReplayWorld([stored(0)])
    world.documents.set_control(state=PAUSED)

    attempt = world.attempt().run()

    assert not attempt.progress.finished
    assert world.target.calls == []
    assert world.documents.written == []


def test_an_attempt_that_runs_out_of_time_says_so_and_the_next_goes_on_where_it_was() -> None:
    world = ReplayWorld([stored(n) for n in range(100)], rate=10)

    with pytest.raises(OutOfTimeError, match="000000"):
        world.attempt(seconds=4).run()
    assert 30 <= world.progress.sent <= 50
    assert not world.progress.finished
    world.attempt().run()

    assert world.sent_lines() == list(range(100))
    assert world.progress.sent == 100


def test_failed_entries_alone_are_sent_again() -> None:
    world = ReplayWorld([stored(n) for n in range(10)], target=FakeQueue(failing(2, 5), works))

    attempt = world.attempt().run()

    assert sorted(world.sent_lines()) == list(range(10))
    assert attempt.resent == 2


def test_a_throttling_target_is_waited_for_and_then_named() -> None:
    world = ReplayWorld([stored(n) for n in range(30)], target=FakeQueue(works, throttled))

    with pytest.raises(TargetNotTakingError, match="ServiceUnavailableException"):
        world.attempt().run()

    assert world.clock.slept, "it backed off"
    assert (world.progress.line, world.progress.sent, world.progress.finished) == (10, 10, False)


def test_what_was_sent_behind_a_gap_is_not_sent_again() -> None:
    world = ReplayWorld([stored(n) for n in range(40)], target=FakeQueue(works, forbidden, works))

    with pytest.raises(TargetRefusedError):
        world.attempt().run()
    behind = world.progress
    world.attempt().run()

    assert (behind.line, behind.sent, behind.ahead, behind.finished) == (10, 30, tuple(range(20, 40)), False)
    assert sorted(world.sent_lines()) == list(range(40))
    assert world.progress == replace(behind, line=40, sent=40, ahead=(), finished=True, stopped="")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([works, works, throttled, forbidden, failing(0, 7)]), max_size=40),
    st.sampled_from([200.0, 1_000_000.0]),
)
def test_a_target_that_answers_every_call_gets_every_event_exactly_once(faults: list[Fault], rate: float) -> None:
    world = ReplayWorld([stored(n) for n in range(300)], rate=rate, target=FakeQueue(*faults, works))

    for _ in range(len(faults) + 1):
        with suppress(TargetNotTakingError, TargetRefusedError):
            world.attempt().run()

    assert sorted(world.sent_lines()) == list(range(300))
    assert (world.progress.sent, world.progress.ahead, world.progress.finished) == (300, (), True)


def test_progress_says_why_the_last_attempt_stopped_until_one_goes_on() -> None:
    world = ReplayWorld([stored(n) for n in range(3)], target=FakeQueue(forbidden, works))

    with pytest.raises(TargetRefusedError):
        world.attempt().run()
    stopped = world.progress.stopped
    world.attempt().run()

    assert stopped == "TargetRefusedError: arn:aws:sqs:eu-west-1:000000000000:checkout: AccessDeniedException: no"
    assert world.progress.stopped == ""


def test_a_target_that_refuses_every_call_is_named() -> None:
    world = ReplayWorld([stored(n) for n in range(3)], target=FakeQueue(forbidden))

    with pytest.raises(TargetRefusedError, match="AccessDeniedException"):
        world.attempt().run()

    assert world.target.taken == []


def test_a_target_that_is_gone_cancels_the_replay_with_the_reason() -> None:
    fault: Fault = gone  # type: ignore[assignment]
    world = ReplayWorld([stored(n) for n in range(3)], target=FakeQueue(fault))

    attempt = world.attempt().run()

    control = world.documents.control()
    assert (control.state, control.changed_by) == (CANCELLED, "worker")
    assert control.reason.startswith("target-gone: arn:aws:sqs:eu-west-1:000000000000:checkout")
    assert not attempt.progress.finished


def test_an_event_that_is_refused_for_good_is_recorded_and_the_others_go_on() -> None:
    world = ReplayWorld([stored(n) for n in range(10)], target=FakeQueue(refusing("4")))

    world.attempt().run()

    assert world.sent_lines() == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    (failed,) = world.progress.failed
    assert (failed.line, failed.message_id, failed.reason) == (4, "id-4", "InvalidMessageContents: Not allowed.")
    assert (world.progress.sent, world.progress.finished) == (9, True)


@pytest.mark.parametrize(("message_id", "named"), [("", "?"), ("\ud800", "\ufffd"), ("é" * 100_000, "é" * 50)])
def test_an_event_that_is_refused_is_named_whatever_its_id_is_and_progress_stays_readable(
    message_id: str, named: str
) -> None:
    events = [replace(stored(0), message_id=message_id), stored(1)]
    world = ReplayWorld(events, target=FakeQueue(refusing("0")))

    world.attempt().run()

    assert [event.message_id for event in world.documents.all_progress().by_item["000000"].failed] == [named]


def test_an_item_of_the_longest_failures_stays_within_what_a_progress_may_have() -> None:
    longest = replace(
        stored(0), message_id="\U0001f600" * 1_000, attributes={"\U0001f600" * 480: {"Type": "Binary", "Value": "?"}}
    )
    world = ReplayWorld([longest])

    world.attempt().run()

    assert world.progress.failed_events == 1
    assert MAX_ITEM_EVENTS * len(world.progress.to_json()) <= 16 * 2**20


@pytest.mark.parametrize("gone", ["broken", "replaced"])
def test_an_object_that_cannot_be_read_when_failed_events_are_repeated_leaves_a_readable_progress(gone: str) -> None:
    world = ReplayWorld([stored(n) for n in range(10)], target=FakeQueue(refusing("4")))
    world.attempt().run()
    content = world.archive.objects[KEY]
    world.archive.objects[KEY] = content + b"x" if gone == "replaced" else content[:-12]

    for _ in range(3):
        with suppress(UnreadableObjectError, ObjectChangedError):
            world.attempt().run()
        world.progress.check(world.item)


def test_a_call_refused_for_one_message_is_taken_apart() -> None:
    fault: Fault = bad_content  # type: ignore[assignment]
    world = ReplayWorld([stored(n) for n in range(10)], target=FakeQueue(fault))

    world.attempt().run()

    assert sorted(world.sent_lines()) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert [event.line for event in world.progress.failed] == [3]


def test_a_resumed_item_that_is_done_sends_only_what_failed() -> None:
    world = ReplayWorld([stored(n) for n in range(10)], target=FakeQueue(refusing("4")))
    world.attempt().run()
    world.target._last = works

    world.attempt().run()

    assert world.sent_lines() == [0, 1, 2, 3, 5, 6, 7, 8, 9, 4]
    assert (world.progress.sent, world.progress.failed, world.progress.finished) == (10, (), True)


def test_a_line_that_is_no_event_is_named_and_the_others_go_on() -> None:
    world = ReplayWorld([stored(0), b'{"half', stored(2)])

    world.attempt().run()

    assert world.sent_lines() == [0, 2]
    (failed,) = world.progress.failed
    assert (failed.line, failed.message_id) == (1, "")
    assert KEY in failed.reason
    assert "line 1" in failed.reason
    assert world.progress.finished


def test_an_object_that_breaks_off_is_named_and_what_came_before_is_sent() -> None:
    world = ReplayWorld([stored(n) for n in range(50)], rate=20)
    world.archive.objects[KEY] = world.archive.objects[KEY][:-40]
    world.planned(etag=world.archive.open(KEY).etag)

    with pytest.raises(UnreadableObjectError, match=KEY):
        world.attempt().run()

    (failed,) = world.progress.failed
    assert failed.message_id == ""
    assert KEY in failed.reason
    assert not world.progress.finished


def test_a_broken_connection_is_forgotten_when_the_next_attempt_gets_through() -> None:
    world = ReplayWorld([stored(n) for n in range(50)], rate=20)
    whole = world.archive.objects[KEY]
    etag = world.item.etag
    broken = whole[:-40]
    world.archive.objects[KEY] = broken
    world.planned(etag=world.archive.open(KEY).etag)
    with pytest.raises(UnreadableObjectError):
        world.attempt().run()
    world.archive.objects[KEY] = whole

    world.planned(etag=etag)
    world.attempt().run()

    assert world.progress.failed == ()
    assert (world.progress.sent, world.progress.finished) == (50, True)


def test_an_object_that_was_replaced_since_the_plan_sends_nothing() -> None:
    world = ReplayWorld([stored(0)])
    world.archive.objects[KEY] += b"x"

    with pytest.raises(ObjectChangedError, match=KEY):
        world.attempt().run()

    assert world.target.calls == []
    assert "replaced" in world.progress.failed[0].reason


def test_another_number_of_events_than_planned_is_an_error() -> None:
    world = ReplayWorld([stored(n) for n in range(5)], expected=6)

    with pytest.raises(PlanMismatchError, match=r"counted 6 .* 5 were found"):
        world.attempt().run()


def test_more_events_than_planned_are_an_error_before_one_too_many_is_sent() -> None:
    world = ReplayWorld([stored(n) for n in range(5)], expected=3)

    with pytest.raises(PlanMismatchError, match=r"counted 3 .* at least 5 were found"):
        world.attempt().run()

    assert len(world.sent_lines()) <= 3


def test_original_timing_keeps_the_distances_between_events_at_the_asked_speed() -> None:
    world = ReplayWorld([stored(n, second=second) for n, second in enumerate((0, 20, 10, 60))], pace=2.0)
    arrivals: list[float] = []
    note_arrivals(world, arrivals)

    world.attempt().run()

    assert arrivals == pytest.approx([0, 10, 10, 30], abs=0.6)


def test_a_resumed_replay_keeps_original_timing_inside_an_item() -> None:
    world = ReplayWorld([stored(n, second=n * 10) for n in range(4)], pace=1.0)
    with pytest.raises(OutOfTimeError):
        world.attempt(seconds=15).run()
    assert world.progress.line == 2
    arrivals: list[float] = []
    note_arrivals(world, arrivals)
    resumed_at = world.clock.now

    world.attempt(elapsed=resumed_at).run()

    assert arrivals == pytest.approx([20, 30], abs=0.6)


@pytest.mark.parametrize(
    "fields", [{"key": "payroll/2026.gz"}, {"last_line": 5_000}, {"id": "000001"}, {"skip_lines": (1,)}]
)
def test_an_item_that_is_not_the_plans_is_refused_and_nothing_of_it_is_sent(fields: dict[str, Any]) -> None:
    world = ReplayWorld([stored(n) for n in range(10)])

    with pytest.raises(DocumentError, match="is not one of the plan replay-1"):
        world.attempt(item=replace(world.item, **fields)).run()

    assert world.target.calls == []
    assert world.documents.written == []


@pytest.mark.parametrize("fields", [{"rate": 11.0}, {"limit": 11.0}, {"ramp_step": 1}])
def test_a_control_that_allows_more_than_the_plan_is_never_obeyed(fields: dict[str, Any]) -> None:
    world = ReplayWorld([stored(n) for n in range(10)], rate=10)
    world.documents.replace_plan(replace(world.plan, rate=10))
    world.documents.set_control(**fields)

    with pytest.raises(DocumentError, match=r"control\.json\.\w+ must be"):
        world.attempt().run()

    assert world.target.calls == []


def test_very_many_lines_that_are_no_event_are_named_in_part_and_hold_nothing_up() -> None:
    world = ReplayWorld([stored(0), *[b"junk"] * 20_000, stored(1)])

    world.attempt().run()

    assert world.sent_lines() == [0, 20_001]
    assert world.progress.finished
    assert len(world.progress.failed) == NAMED_LINES
    assert world.progress.failed[0].line == 1


def test_the_deadline_is_obeyed_where_nothing_of_what_is_read_is_sent() -> None:
    world = ReplayWorld([stored(0)] * 50_000)
    read = []

    def unwanted(_: object) -> bool:
        read.append(world.clock.now)
        world.clock.now += 0.001
        return False

    world.tools = replace(world.tools, criteria=replace(world.tools.criteria, matches=unwanted))

    with pytest.raises(OutOfTimeError):
        world.attempt(seconds=1).run()
    assert len(read) <= 1_000 + LOOK_LINES
