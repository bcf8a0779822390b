"""Two workers at one item, whoever started them: progress never goes back, little is sent twice, no clock is asked."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from event_fork.archive.errors import ObjectChangedError
from event_fork.archive_replay.book_keeping import PROGRESS_EVENTS
from event_fork.archive_replay.errors import TakenOverError
from event_fork.errors import CallFailedError
from event_fork.replay_plan.control import CANCELLED, PAUSED, RUNNING, Control
from event_fork.sending.ports import EntryFailure
from tests.support.fakes import FakeQueue, Fault, refusing, throttled
from tests.support.replay_world import KEY, ReplayWorld, stored

RESUMED = "replay-1-r1"


def world_of(events: int, *, rate: float = 1_000_000.0, target: Fault | None = None) -> ReplayWorld:
    queue = FakeQueue() if target is None else FakeQueue(target)
    return ReplayWorld([stored(number % 3600) for number in range(events)], rate=rate, target=queue)


def at_call(number: int, do: Callable[[], object]) -> Fault:
    """Something happens while the target takes the n-th call of all."""
    calls: list[int] = []

    def fault(_: Sequence[object]) -> Mapping[int, EntryFailure]:
        calls.append(len(calls) + 1)
        if len(calls) == number:
            do()
        return {}

    return fault


def set_target(world: ReplayWorld, fault: Fault) -> None:
    world.target = FakeQueue(fault)
    world.tools = replace(world.tools, sender=replace(world.tools.sender, target=world.target))


def resume(world: ReplayWorld) -> None:
    """The operator resumes, and a worker of the new execution goes through the item."""
    world.documents.set_control(execution=RESUMED)
    world.attempt(execution=RESUMED, request="request-2").run()


def repeated(world: ReplayWorld) -> int:
    return sum(count - 1 for count in Counter(world.sent_lines()).values())


def test_a_worker_that_never_looks_at_its_control_sends_at_most_1000_events_after_a_resume() -> None:
    # GIVEN a worker whose clock stands still, so that what it has seen of control.json is never too old
    world = world_of(9_000)
    set_target(world, at_call(120, lambda: resume(world)))

    # WHEN another execution is resumed in the middle, and done before the worker goes on
    world.attempt().run()

    # THEN the worker is fenced by its next write, and what the other one wrote stays
    assert set(world.sent_lines()) == set(range(9_000))
    assert 0 < repeated(world) <= PROGRESS_EVENTS
    assert (world.progress.finished, world.progress.sent, world.progress.request_id) == (True, 9_000, "request-2")


def test_progress_never_goes_back_while_two_workers_take_turns() -> None:
    world = world_of(6_000)
    set_target(world, at_call(70, lambda: resume(world)))

    world.attempt().run()

    lines = [progress.line for progress in world.documents.written]
    assert lines == sorted(lines)
    assert [progress.finished for progress in world.documents.written].index(True) == len(lines) - 1


def test_of_two_invocations_for_one_item_the_later_one_goes_on_and_the_earlier_one_fails_to_be_tried_again() -> None:
    # GIVEN Step Functions that has lost contact with a worker and invokes another one for the same item
    world = world_of(6_000)
    set_target(world, at_call(70, lambda: world.attempt(request="request-2").run()))

    # WHEN the first goes on
    with pytest.raises(TakenOverError, match="000000"):
        world.attempt().run()

    # THEN it has repeated little, and an attempt of it after that finds the item done
    assert 0 < repeated(world) <= PROGRESS_EVENTS
    sent = len(world.sent_lines())
    assert world.attempt().run().progress.finished
    assert len(world.sent_lines()) == sent


def test_a_worker_that_was_slow_between_its_look_and_its_claim_sends_nothing() -> None:
    world = world_of(3_000)
    control = world.documents.control

    def slow() -> Control:
        seen = control()
        world.documents.control = control  # type: ignore[method-assign]
        resume(world)
        return seen

    world.documents.control = slow  # type: ignore[method-assign]

    world.attempt().run()

    assert repeated(world) == 0
    assert world.progress.request_id == "request-2"


def test_a_worker_of_another_execution_than_control_names_sends_nothing_and_writes_nothing() -> None:
    world = world_of(10)
    world.documents.set_control(execution=RESUMED)

    attempt = world.attempt().run()

    assert (world.sent_lines(), world.documents.written, attempt.progress.finished) == ([], [], False)


@pytest.mark.parametrize("change", [{"state": PAUSED}, {"state": CANCELLED}, {"execution": RESUMED}])
def test_a_worker_stops_between_two_calls_of_a_burst(change: Mapping[str, str]) -> None:
    # GIVEN a target of which each call takes three seconds, so that a burst of 50 takes 150
    world = world_of(500)

    def slow(_: Sequence[object]) -> Mapping[int, EntryFailure]:
        world.clock.now += 3.0
        if len(world.target.calls) == 10:
            world.documents.set_control(**change)
        return {}

    set_target(world, slow)

    # WHEN the operator pauses, cancels or resumes elsewhere in the tenth
    world.attempt().run()

    # THEN it looks within five seconds, and has written down exactly what was taken
    assert len(world.target.calls) <= 12
    assert world.progress.line == world.progress.sent == len(world.sent_lines())
    assert not world.progress.claimed

    # AND a resume sends nothing again
    world.documents.set_control(state=RUNNING, execution=RESUMED)
    set_target_works(world)
    world.attempt(execution=RESUMED).run()
    assert world.sent_lines() == list(range(500))


def set_target_works(world: ReplayWorld) -> None:
    """The target takes everything at once from now on."""
    taken = world.target.taken
    set_target(world, lambda _: {})
    world.target.taken.extend(taken)


def test_a_worker_that_waits_for_a_throttled_target_begins_no_call_after_a_pause() -> None:
    world = world_of(100)

    def overloaded(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        if len(world.target.calls) == 10:
            world.documents.set_control(state=PAUSED)
        return throttled(entries)

    set_target(world, overloaded)
    world.tools = replace(world.tools, sender=replace(world.tools.sender, backoff=world.clock.backoff(attempts=8)))

    world.attempt().run()

    # The round of ten calls in which the pause came, and at most the ones of the next five seconds.
    assert len(world.target.calls) <= 50
    assert world.sent_lines() == []
    assert world.progress.stopped == "", "a pause is no failure"


def test_when_control_cannot_be_read_in_a_burst_what_was_sent_is_written_before_the_worker_fails() -> None:
    world = world_of(500)
    control = world.documents.control

    def broken() -> Control:
        raise CallFailedError("SlowDown", "later", transient=True)

    def slow(_: Sequence[object]) -> Mapping[int, EntryFailure]:
        world.clock.now += 3.0
        if len(world.target.calls) == 3:
            world.documents.control = broken  # type: ignore[method-assign]
        return {}

    set_target(world, slow)
    with pytest.raises(CallFailedError):
        world.attempt().run()

    assert world.progress.sent == len(world.sent_lines()) > 0
    world.documents.control = control  # type: ignore[method-assign]
    world.attempt().run()
    assert world.sent_lines() == list(range(500))


def test_a_write_whose_answer_is_lost_is_not_taken_for_somebody_elses() -> None:
    # GIVEN S3 that takes a write, of which the answer is lost: the client's second try finds another ETag
    world = world_of(3_000)
    replace_object, create = world.documents.store.replace, world.documents.store.create

    def replaced(key: str, content: bytes, etag: str) -> str | None:
        replace_object(key, content, etag)
        return None

    def created(key: str, content: bytes) -> str | None:
        create(key, content)
        return None

    world.documents.store.replace = replaced  # type: ignore[method-assign]
    world.documents.store.create = created  # type: ignore[method-assign]

    world.attempt().run()

    assert world.progress.finished
    assert world.sent_lines() == list(range(3_000))


def test_never_more_than_1000_events_are_unwritten_though_the_rate_rises() -> None:
    # GIVEN a rate so slow that 999 events are not written within five seconds of the clock, and then a high one
    world = world_of(4_000, rate=300.0)
    unwritten: list[int] = []

    def note(_: Sequence[object]) -> Mapping[int, EntryFailure]:
        taken, written = len(world.target.taken) + 10, world.documents.written
        unwritten.append(taken - (written[-1].sent if written else 0))
        if taken >= 900:
            world.documents.set_control(rate=1_000_000.0, limit=1_000_000.0)
        return {}

    set_target(world, note)
    world.attempt().run()

    assert max(unwritten) <= PROGRESS_EVENTS
    assert world.progress.finished


# -- failed events that are repeated -----------------------------------------------------------------------------------


def failed_world(events: int, rate: float) -> ReplayWorld:
    """An item that is done but for all of its events, which the target refused and takes now."""
    world = world_of(events, rate=1_000_000.0, target=refusing(*(str(number) for number in range(events))))
    world.attempt().run()
    assert len(world.progress.failed) == events
    set_target_works(world)
    world.documents.set_control(rate=rate, limit=rate)
    world.clock.now += 100.0
    return world


@pytest.mark.parametrize(("first", "then"), [(2.0, 1_000.0), (100.0, 10.0), (10.0, 200.0)])
def test_while_the_rate_changes_each_failed_event_is_repeated_once(first: float, then: float) -> None:
    world = failed_world(600, first)

    def change(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        if len(world.target.calls) == 4:
            world.documents.set_control(rate=then, limit=then)
        return {}

    set_target(world, change)
    world.attempt().run()

    assert world.sent_lines() == list(range(600))
    assert (world.progress.failed, world.progress.sent) == ((), 600)


def test_repeated_events_are_sent_one_by_one_at_the_rate() -> None:
    world = failed_world(20, rate=1.0)
    arrivals: list[float] = []

    def note(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        arrivals.extend([world.clock.now] * len(entries))
        return {}

    set_target(world, note)
    world.attempt().run()

    assert len(arrivals) == 20
    assert arrivals[-1] - arrivals[0] >= 18.9


def test_repeated_events_are_paid_for_before_the_next_item_begins() -> None:
    world = failed_world(20, rate=1.0)
    began = world.clock.now

    world.attempt().run()

    assert world.clock.now - began >= 20.0
    assert world.progress.sent == 20


# -- the archive -------------------------------------------------------------------------------------------------------


def test_an_object_that_was_replaced_after_apply_is_not_sent_from_its_old_version() -> None:
    world = world_of(5)
    world.planned(version_id="the-one-that-was-planned")
    asked: list[object] = []
    opened = world.archive.open

    def note(key: str, **which: object) -> object:
        asked.append(which)
        return opened(key, etag=world.item.etag)

    world.archive.open = note  # type: ignore[method-assign, assignment]
    world.attempt().run()
    assert asked == [{"etag": world.item.etag}], "what lies there now is read, and only if it is what was planned"

    world = world_of(5)
    world.archive.objects[KEY] += b" "
    with pytest.raises(ObjectChangedError, match="was replaced"):
        world.attempt().run()
    assert world.sent_lines() == []
