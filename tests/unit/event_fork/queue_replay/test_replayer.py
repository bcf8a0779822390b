"""A replay of the 14-day queue under a window: what is wanted goes, what is not stays, and nothing is lost."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.errors import CallFailedError, WholeBatchFailedError, WindowError
from event_fork.events.messages import MessageAttribute, ReceivedMessage
from event_fork.events.sqs_event import batch_response
from event_fork.queue_replay.replayer import Replayer, WindowedReplayer
from event_fork.queue_replay.window import ReplayWindow, read_window, run_of
from event_fork.sending.outcome import Outcome
from event_fork.sending.ports import EntryFailure, Hold, Remedy
from tests.support.fakes import Clock, FakeQueue, throttled
from tests.support.samples import envelope_of

NOON = 1_795_435_200.0
"""2026-11-23T12:00:00Z"""
RETENTION = 14 * 24 * 3600
WINDOW = {"until": "2026-11-23T12:00:00Z", "holder": "ana", "started_at": "2026-11-23T12:00:00Z", "replay_id": "r1"}


def at(seconds: float, message_id: str = "m", body: str = "body", **fields: Any) -> ReceivedMessage:
    """A raw message that SNS put into the queue so many seconds after noon."""
    attributes = fields.pop("attributes", {})
    sent = int((NOON + seconds) * 1000)
    return ReceivedMessage(message_id, body, attributes, sent_ms=sent, receipt_handle=f"handle-{message_id}", **fields)


def text(**fields: Any) -> str:
    return json.dumps({**WINDOW, **fields})


def window(**fields: Any) -> ReplayWindow:
    found = read_window(text(**fields))
    assert found is not None
    return found


class FakeParameter:
    """Parameter Store; `cached` is what a warm function still holds, None: nothing."""

    def __init__(self, content: str, cached: str | None = None) -> None:
        self.content = content
        self.cached = content if cached is None else cached
        self.reads = 0

    def text(self) -> str:
        return self.cached

    def read(self) -> str:
        self.reads += 1
        self.cached = self.content
        return self.content


class FakeHiding:
    """ChangeMessageVisibility that remembers; `refuses` cannot be hidden."""

    def __init__(self, *refuses: str) -> None:
        self.holds: dict[str, int] = {}
        self.refuses = refuses
        self.calls = 0

    def hide(self, holds: Sequence[Hold]) -> Mapping[int, EntryFailure]:
        assert len(holds) <= 10
        self.calls += 1
        self.holds |= {hold.receipt_handle: hold.seconds for hold in holds if hold.receipt_handle not in self.refuses}
        failure = EntryFailure("ReceiptHandleIsInvalid", "expired", Remedy.RETURN)
        return {index: failure for index, hold in enumerate(holds) if hold.receipt_handle in self.refuses}


class World:
    """A replay function with a window."""

    def __init__(
        self,
        content: str = "{}",
        *,
        cached: str | None = None,
        target: FakeQueue | None = None,
        refuses: tuple[str, ...] = (),
    ) -> None:
        self.clock = Clock()
        self.target = target or FakeQueue()
        self.dead = FakeQueue()
        self.hiding = FakeHiding(*refuses)
        self.parameter = FakeParameter(content, cached)
        self.replayer = WindowedReplayer(
            Replayer("module", self.target, self.dead, self.clock.backoff(2)),
            parameter=self.parameter,
            queue=self.hiding,
            retention_seconds=RETENTION,
            clock=self.clock,
            wall_clock=lambda: NOON + self.clock.now,
            sleep=self.clock.sleep,
        )

    def run(self, *messages: ReceivedMessage, seconds: float = 1000.0, run: str | None = None) -> Outcome:
        return self.replayer.run(messages, self.clock.deadline(seconds), run)


def test_what_was_published_before_the_replay_goes_and_what_came_after_stays_hidden() -> None:
    world = World(text())

    outcome = world.run(at(-10, "old"), at(0, "new"), at(5, "newer"))

    assert world.target.ids() == ["old"]
    assert outcome.kept == ["new", "newer"]
    assert world.hiding.holds == {"handle-new": 900, "handle-newer": 900}
    assert batch_response(outcome.received, outcome.returned, outcome.kept) == {
        "batchItemFailures": [{"itemIdentifier": "new"}, {"itemIdentifier": "newer"}]
    }


def test_copies_carry_the_id_of_the_run_and_not_the_modules() -> None:
    world = World(text())
    world.run(at(-10))

    assert world.target.taken[0].attributes["event-fork-replay-id"].value == "r1"


def test_without_a_window_everything_goes_with_the_modules_id() -> None:
    assert read_window("{}") is None
    world = World()

    outcome = world.run(at(-10, "a"), at(100, "b"))

    assert world.target.ids() == ["a", "b"]
    assert outcome.kept == []
    assert world.target.taken[0].attributes["event-fork-replay-id"].value == "module"


@pytest.mark.parametrize(("seconds", "wanted"), [(-3601, False), (-3600, True), (-0.001, True), (0, False)])
def test_the_window_is_half_open(seconds: float, wanted: bool) -> None:
    assert window(**{"from": "2026-11-23T11:00:00Z"}).wants(at(seconds)) is wanted


def test_times_are_the_envelopes_then_the_original_time_then_the_queues() -> None:
    envelope = json.dumps(envelope_of("x", Timestamp="2026-11-23T11:30:00.000Z"))
    copied = {"event-fork-original-time": MessageAttribute("String", "2026-11-23T11:30:00.000Z")}

    assert window().wants(at(60, body=envelope)), "late in the queue, but published before"
    assert window().wants(at(60, attributes=copied))
    assert not window().wants(at(60))
    assert window().wants(ReceivedMessage("m", "x")), "tells no time"
    assert not window(**{"from": "2026-11-23T11:00:00Z"}).wants(ReceivedMessage("m", "x"))


def test_the_filter_reads_attributes_of_raw_messages_and_of_envelopes() -> None:
    wanted = window(filter_policy={"kind": ["order"]})
    raw = {"kind": MessageAttribute("String", "order"), "blob": MessageAttribute("Binary", b"\xff")}
    inside = json.dumps(envelope_of("x", MessageAttributes={"kind": {"Type": "String", "Value": "order"}}))

    assert wanted.wants(at(-5, attributes=raw))
    assert not wanted.wants(at(-5, attributes={"kind": MessageAttribute("String", "refund")}))
    assert not wanted.wants(at(-5))
    assert wanted.wants(at(60, body=inside.replace("2026-11-23T09:30", "2026-11-23T08:30")))


def test_the_filter_reads_bodies_when_it_is_about_bodies() -> None:
    wanted = window(filter_policy={"kind": ["order"]}, filter_policy_scope="MessageBody")

    assert wanted.wants(at(-5, body='{"kind": "order"}'))
    assert not wanted.wants(at(-5, body='{"kind": "refund"}'))


@given(st.floats(0, RETENTION - 1), st.integers(0, 43_200))
def test_a_kept_event_can_be_had_again_before_it_expires(age: float, hold: int) -> None:
    message = at(-age)

    seconds = window(hold_seconds=hold).hold(message, NOON, RETENTION)

    assert 0 <= seconds <= hold
    assert age + seconds < RETENTION
    assert seconds <= (RETENTION - age) / 2


def test_no_hold_is_longer_than_what_is_left_of_the_12_hours_since_its_receiving() -> None:
    assert window(hold_seconds=100_000).hold(at(0), NOON, RETENTION) == 42_000


def test_a_batch_of_which_nothing_is_wanted_is_no_failure() -> None:
    outcome = World(text()).run(at(1, "a"), at(2, "b"))

    answer = batch_response(outcome.received, outcome.returned, outcome.kept)

    assert [entry["itemIdentifier"] for entry in answer["batchItemFailures"]] == ["a", "b"]


def test_a_batch_of_which_nothing_wanted_could_be_sent_is_one() -> None:
    world = World(text(), target=FakeQueue(throttled))

    outcome = world.run(at(-1, "wanted"), at(1, "kept"))

    assert outcome.kept == ["kept"]
    with pytest.raises(WholeBatchFailedError):
        batch_response(outcome.received, outcome.returned, outcome.kept)


def test_what_could_not_be_hidden_is_kept_all_the_same() -> None:
    outcome = World(text(), refuses=("handle-a",)).run(at(1, "a"), at(2, "b"))

    assert outcome.kept == ["a", "b"]
    assert [(key, failure.code) for key, failure in outcome.not_hidden.items()] == [("a", "ReceiptHandleIsInvalid")]


def test_hiding_ends_with_the_invocations_time_and_what_was_forwarded_stays_so() -> None:
    world = World(text())

    outcome = world.run(at(-1, "old"), *(at(1, str(number)) for number in range(25)), seconds=0)
    assert (outcome.delivered, world.hiding.calls) == ([], 0)
    assert {failure.code for failure in outcome.not_hidden.values()} == {"OutOfTime"}

    def slow(holds: Sequence[Hold]) -> Mapping[int, EntryFailure]:
        world.clock.now += 10
        return FakeHiding.hide(world.hiding, holds)

    world.hiding.hide = slow  # type: ignore[method-assign]
    outcome = world.run(at(-1, "old"), *(at(1, str(number)) for number in range(25)), seconds=15)
    assert outcome.delivered == ["old"]
    assert (world.hiding.calls, len(outcome.not_hidden), len(outcome.kept)) == (2, 5, 25)


def test_the_rate_is_shared_by_the_workers_and_holds_across_invocations() -> None:
    world = World(text(rate=20, workers=2))

    for batch in range(6):
        world.run(*(at(-1, f"{batch}-{number}") for number in range(10)))

    assert len(world.target.taken) == 60
    assert world.clock.now == pytest.approx(6.0), "60 events at 10 a second, each batch paid for before it is answered"


def test_the_rate_holds_whichever_of_many_warm_instances_lambda_picks() -> None:
    # GIVEN 40 instances, of which each batch comes to one that has not worked for long
    instances = [World(text(rate=20, workers=2)) for _ in range(40)]
    seconds = 0.0

    # WHEN one after the other works, as a mapping with one invocation at a time lets them
    for batch, world in enumerate(instances):
        world.clock.now = seconds + 1_000.0
        world.run(*(at(-1, f"{batch}-{number}") for number in range(10)))
        seconds = world.clock.now - 1_000.0

    # THEN all of them together keep the one's share of the rate
    assert sum(len(world.target.taken) for world in instances) == 400
    assert seconds >= 400 / 10


def test_what_an_invocation_has_no_time_to_pay_for_is_not_sent_by_it() -> None:
    world = World(text(rate=0.2, workers=2))

    outcome = world.run(*(at(-1, str(number)) for number in range(10)), seconds=45)

    assert world.target.ids() == ["0", "1", "2", "3"]
    assert outcome.waiting == ["4", "5", "6", "7", "8", "9"]
    assert (outcome.returned, world.clock.now <= 45) == ({}, True)


def test_what_the_rate_leaves_no_time_for_waits_and_is_no_failure() -> None:
    world = World(text(rate=2, workers=2))

    outcome = world.run(*(at(-1, str(number)) for number in range(30)), seconds=15)

    assert world.target.ids() == [str(number) for number in range(15)]
    assert outcome.waiting == [str(number) for number in range(15, 30)]
    assert (outcome.kept, outcome.returned) == ([], {})
    assert world.hiding.holds == {}, "it is their turn as soon as they are visible again"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("not json", "not JSON"),
        ("[]", "object"),
        ('{"replay_id": "r"}', "until"),
        ('{"until": "2026-11-23T12:00:00Z"}', "replay_id"),
        ('{"until": "2026-11-23 noon", "replay_id": "r"}', "until"),
        ('{"until": "2026-11-23T12:00:00", "replay_id": "r"}', "until"),
        ('{"until": "2026-11-23T12:00:00Z", "replay_id": "r", "from": 1}', "from"),
        ('{"until": "2026-11-23T12:00:00Z", "replay_id": "r", "rate": "fast"}', "rate"),
        ('{"until": "2026-11-23T12:00:00Z", "replay_id": "r", "filter_policy": {"a": []}}', "filter_policy"),
    ],
)
def test_a_window_that_cannot_be_understood_stops_everything(content: str, names: str) -> None:
    with pytest.raises(WindowError, match=names):
        read_window(content)


def test_a_window_that_cannot_be_read_forwards_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()

    def unreadable() -> str:
        raise CallFailedError("AccessDeniedException", "no", transient=False)

    monkeypatch.setattr(world.parameter, "text", unreadable)
    with pytest.raises(CallFailedError):
        world.run(at(-1))
    assert world.target.calls == []


RUN = "queue-20261123-120000-3f9a2c"
EARLIER = "queue-20261123-110000-b1b1b1"
ANY_TIME = "2100-01-01T00:00:00Z"


@pytest.mark.parametrize("cached", ["{}", text(replay_id=EARLIER, until=ANY_TIME)])
def test_what_a_warm_function_still_holds_from_before_the_run_is_not_obeyed(cached: str) -> None:
    world = World(text(replay_id=RUN), cached=cached)

    outcome = world.run(at(-1, "old"), at(1, "new"), run=RUN)

    assert world.target.ids() == ["old"]
    assert outcome.kept == ["new"]
    world.run(at(-1, "next"), run=RUN)
    assert world.parameter.reads == 1, "from then on what it holds is the run's"


@pytest.mark.parametrize("content", ["{}", text(replay_id=EARLIER, until=ANY_TIME)])
def test_when_parameter_store_itself_answers_late_nothing_is_forwarded(content: str) -> None:
    world = World(content)

    with pytest.raises(WindowError, match=RUN):
        world.run(at(-1), run=RUN)
    assert world.target.calls == []


def test_when_the_runs_window_cannot_be_read_nothing_is_forwarded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(text(replay_id=RUN), cached="{}")

    def throttles() -> str:
        raise CallFailedError("ThrottlingException", "Rate exceeded", transient=True)

    monkeypatch.setattr(world.parameter, "read", throttles)
    with pytest.raises(CallFailedError):
        world.run(at(-1), run=RUN)
    assert world.target.calls == []


@pytest.mark.parametrize(
    ("qualifier", "run"), [("", None), (":$LATEST", None), (":7", None), (":live", None), (f":{RUN}", RUN)]
)
def test_the_run_is_the_alias_that_the_function_was_invoked_by(qualifier: str, run: str | None) -> None:
    assert run_of(f"arn:aws:lambda:eu-west-1:123456789012:function:orders-replay{qualifier}") == run
