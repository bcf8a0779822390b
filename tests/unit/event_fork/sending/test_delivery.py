import random
from collections.abc import Iterable, Iterator, Mapping, Sequence

from event_fork.errors import CallFailedError
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.batching import put_batches
from event_fork.sending.delivery import Delivery, deliver
from event_fork.sending.packing import Record
from event_fork.sending.ports import EntryFailure, Remedy
from tests.support.fakes import Clock, FakeStream, Fault, failing, forbidden, throttled, works


def records(count: int) -> list[Record]:
    return [Record(str(number).encode(), (str(number),)) for number in range(count)]


def run(stream: FakeStream, count: int, clock: Clock | None = None, **limits: float) -> Delivery[Record]:
    clock = clock or Clock()
    return deliver(
        records(count),
        batches=put_batches,
        send=stream.put,
        backoff=clock.backoff(int(limits.get("attempts", 5))),
        deadline=clock.deadline(limits.get("seconds", 1000.0)),
    )


def test_the_wait_before_a_round_is_drawn_between_nothing_and_twice_the_one_before() -> None:
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.123

    backoff = Backoff(attempts=6, base=0.5, cap=3.0, draw=draw)

    assert [backoff.wait_after(attempt) for attempt in range(1, 7)] == [0.123] * 5 + [None]
    assert drawn == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (0.0, 3.0)]


def test_only_the_failed_entries_are_sent_again() -> None:
    stream = FakeStream(failing(1, 3), failing(0), works)

    result = run(stream, 5)

    assert [[record.data for record in call] for call in stream.calls] == [
        [b"0", b"1", b"2", b"3", b"4"],
        [b"1", b"3"],
        [b"1"],
    ]
    assert sorted(stream.ids()) == ["0", "1", "2", "3", "4"]
    assert not result.returned
    assert result.resent == 3
    assert result.calls == 3


def test_what_failed_in_several_calls_goes_out_in_full_batches_after_one_wait() -> None:
    clock = Clock()
    stream = FakeStream(throttled, throttled, works)

    result = run(stream, 1000, clock)

    assert [len(call) for call in stream.calls] == [500, 500, 500, 500]
    assert len(clock.slept) == 1
    assert len(result.delivered) == 1000


def test_a_stream_that_stays_throttled_gets_every_attempt_and_then_all_is_returned() -> None:
    clock = Clock()
    stream = FakeStream(throttled)

    result = run(stream, 3, clock)

    assert len(stream.calls) == 5
    assert clock.slept == [0.2, 0.4, 0.8, 1.6]
    assert [failure.code for _, failure in result.returned] == ["ServiceUnavailableException"] * 3
    assert not result.delivered


def test_a_failure_that_stays_is_not_tried_again() -> None:
    clock = Clock()
    stream = FakeStream(forbidden)

    result = run(stream, 3, clock)

    assert len(stream.calls) == 1
    assert clock.slept == []
    assert len(result.returned) == 3


def test_a_failed_call_does_not_keep_other_calls_from_going_out() -> None:
    result = run(FakeStream(throttled, works), 600, attempts=1)

    assert (len(result.delivered), len(result.returned)) == (100, 500)


def test_a_refused_entry_is_told_apart_from_a_returned_one() -> None:
    result = run(FakeStream(failing(0, code="InvalidMessageContents", remedy=Remedy.DEAD_LETTER)), 2)

    assert [record.data for record, _ in result.refused] == [b"0"]
    assert [record.data for record in result.delivered] == [b"1"]
    assert not result.returned


def test_no_wait_and_no_call_begins_after_the_deadline() -> None:
    clock = Clock()
    stream = FakeStream(throttled)

    result = run(stream, 1, clock, seconds=1.0)

    assert clock.slept == [0.2, 0.4]  # 0.8 more would end beyond 1.0
    assert len(stream.calls) == 3
    assert len(result.returned) == 1


def test_entries_whose_turn_comes_after_the_deadline_are_returned_unsent() -> None:
    clock = Clock()

    def slow(entries: object) -> dict[int, object]:
        clock.now += 2.0
        return {}

    slow_fault: Fault = slow  # type: ignore[assignment]
    stream = FakeStream(slow_fault)

    result = run(stream, 1200, clock, seconds=3.0)

    assert [len(call) for call in stream.calls] == [500, 500]
    assert len(result.delivered) == 1000
    assert {failure.code for _, failure in result.returned} == {"OutOfTime"}
    assert len(result.returned) == 200


def test_half_of_a_short_invocation_and_all_but_the_reserve_of_a_long_one_is_used() -> None:
    clock = Clock()

    assert Deadline.in_milliseconds(10_000, clock).at == 5.0
    assert Deadline.in_milliseconds(300_000, clock).at == 285.0


def test_waits_are_drawn_between_zero_and_a_doubling_bound_with_a_cap() -> None:
    backoff = Backoff(attempts=12, draw=lambda _low, high: high)

    assert [backoff.wait_after(attempt) for attempt in (1, 2, 3, 6, 11)] == [0.2, 0.4, 0.8, 5.0, 5.0]
    assert backoff.wait_after(12) is None
    jittered = {Backoff(draw=random.Random(7).uniform).wait_after(3) for _ in range(3)}
    assert all(wait is not None and 0 <= wait <= 0.8 for wait in jittered)


def test_entries_are_cut_and_measured_once_per_round() -> None:
    measured = 0

    def counting(entries: Iterable[Record]) -> Iterator[list[Record]]:
        nonlocal measured
        listed = list(entries)
        measured += len(listed)
        return put_batches(listed)

    clock = Clock()
    stream = FakeStream()
    deliver(records(10_000), batches=counting, send=stream.put, backoff=clock.backoff(), deadline=clock.deadline())

    assert measured == 10_000
    assert len(stream.calls) == 20


def test_a_call_refused_for_one_entry_is_taken_apart_and_only_that_one_is_refused() -> None:
    def refused(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        if any(entry.data == b"3" for entry in entries):  # type: ignore[attr-defined]
            raise CallFailedError("InvalidMessageContents", "not allowed", transient=False, about_content=True)
        return {}

    stream = FakeStream(refused)
    result = run(stream, 5)

    assert [record.data for record in result.delivered] == [b"0", b"1", b"2", b"4"]
    ((record, failure),) = result.refused
    assert (record.data, failure.remedy) == (b"3", Remedy.DEAD_LETTER)
    assert (result.calls, result.returned) == (6, [])


def test_taking_apart_ends_with_the_time() -> None:
    clock = Clock()

    def refused(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        clock.now += 4
        if len(entries) > 1:
            raise CallFailedError("InvalidMessageContents", "not allowed", transient=False, about_content=True)
        return {}

    result = run(FakeStream(refused), 5, clock, seconds=10)

    assert [record.data for record in result.delivered] == [b"0", b"1"]
    assert {failure.code for _, failure in result.returned} == {"OutOfTime"}


def test_a_fault_of_ours_in_one_call_returns_its_entries_and_undoes_nothing() -> None:
    def broken(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        raise KeyError("4111-1111")

    stream = FakeStream(works, broken)
    result = run(stream, 700)

    assert len(result.delivered) == 500
    (failure,) = {failure for _, failure in result.returned}
    assert failure.code == "KeyError"
    assert "4111" not in failure.detail, "it may quote the message"
