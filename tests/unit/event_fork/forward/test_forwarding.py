import json
from collections import Counter
from collections.abc import Sequence
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_fork.errors import NotJsonError
from event_fork.events.envelope import StoredEvent
from event_fork.events.messages import ReceivedMessage
from event_fork.forward.forwarding import Encode, Forwarder, Pack
from event_fork.sending.outcome import Outcome
from event_fork.sending.packing import MAX_RECORD_BYTES, one_each, pack
from event_fork.sending.ports import Remedy
from tests.support.fakes import (
    Clock,
    FakeQueue,
    FakeStream,
    Fault,
    failing,
    forbidden,
    throttled,
    took_all,
    works,
)
from tests.support.samples import notification, received

small_pack: Pack = partial(pack, max_bytes=400)  # two of the samples to a record


def forward(
    messages: Sequence[ReceivedMessage],
    stream: FakeStream,
    dead_letter_queue: FakeQueue | None = None,
    encode: Encode = StoredEvent.to_line,
    packing: Pack = pack,
    attempts: int = 3,
) -> Outcome:
    clock = Clock()
    forwarder = Forwarder(encode, packing, stream, dead_letter_queue or FakeQueue(), clock.backoff(attempts))
    return forwarder.run(messages, clock.deadline())


def notifications(count: int) -> list[ReceivedMessage]:
    return [notification(f"event {number}", f"m-{number}") for number in range(count)]


def test_a_batch_of_10000_messages_takes_few_records_and_few_calls() -> None:
    stream = FakeStream()

    outcome = forward(notifications(10_000), stream)

    assert outcome.delivered == stream.ids() == [f"m-{number}" for number in range(10_000)]
    assert len(stream.calls) == 1
    assert outcome.records_put == len(stream.taken) == 2
    assert [json.loads(line)["Message"] for line in stream.lines()] == [f"event {number}" for number in range(10_000)]


def test_unpacked_lines_go_out_500_to_a_call() -> None:
    stream = FakeStream()

    forward(notifications(1_001), stream, packing=one_each)

    assert [len(call) for call in stream.calls] == [500, 500, 1]


def test_a_failed_put_returns_only_its_own_messages() -> None:
    stream = FakeStream(failing(1), failing(0))  # the second of three records, then the same one alone

    outcome = forward(notifications(6), stream, packing=small_pack)

    assert list(outcome.returned) == ["m-2", "m-3"]
    assert outcome.delivered == stream.ids() == ["m-0", "m-1", "m-4", "m-5"]


def test_no_message_is_stored_twice_after_a_partial_failure() -> None:
    stream = FakeStream(failing(0, 2), failing(1), works)

    outcome = forward(notifications(40), stream, packing=small_pack)

    assert Counter(stream.ids()) == Counter(f"m-{number}" for number in range(40))
    assert outcome.returned == {}
    assert outcome.resent == 3


def test_a_throttled_call_is_tried_again_and_then_returns_all_its_messages() -> None:
    stream = FakeStream(throttled)

    outcome = forward(notifications(3), stream)

    assert len(stream.calls) == 3
    assert outcome.returned.keys() == {"m-0", "m-1", "m-2"}
    assert forward(notifications(3), FakeStream(throttled, works)).returned == {}


def test_poison_does_not_block_the_others() -> None:
    stream, dead_letter_queue = FakeStream(), FakeQueue()
    messages = [
        notification("first", "good-1"),
        received("no envelope", "poison-1"),
        notification("x" * MAX_RECORD_BYTES, "poison-2"),
        notification("last", "good-2"),
    ]

    outcome = forward(messages, stream, dead_letter_queue)

    assert outcome.delivered == stream.ids() == ["good-1", "good-2"]
    assert outcome.dead_lettered == {"poison-1": "not-an-sns-envelope", "poison-2": "too-large"}
    assert [sent.body for sent in dead_letter_queue.taken] == [messages[1].body, messages[2].body]
    assert outcome.returned == {}


def test_the_largest_event_that_fits_is_stored_and_one_byte_more_is_dead_lettered() -> None:
    overhead = len(StoredEvent("sns-m-1", "t", "", "now").to_line())
    fitting = "x" * (MAX_RECORD_BYTES - overhead)

    def one(message: str) -> Outcome:
        return forward([notification(message, "m-1", TopicArn="t", Timestamp="now")], FakeStream())

    assert one(fitting).delivered == ["m-1"]
    assert one(fitting + "x").dead_lettered == {"m-1": "too-large"}


def test_with_the_dead_letter_queue_down_poison_is_returned_and_nothing_is_lost() -> None:
    outcome = forward(
        [received("no envelope", "poison"), notification("x", "good")], FakeStream(), FakeQueue(forbidden)
    )

    assert outcome.delivered == ["good"]
    assert outcome.returned.keys() == {"poison"}
    assert outcome.dead_lettered == {}


def test_a_fault_of_our_own_returns_its_message_alone_and_names_the_place_not_the_content() -> None:
    def encode(event: StoredEvent) -> bytes:
        lines = {"fine": event.to_line()}
        return lines[event.message]

    outcome = forward([notification("fine", "good"), notification("secret", "odd")], FakeStream(), encode=encode)

    assert outcome.delivered == ["good"]
    failure = outcome.returned["odd"]
    assert (failure.code, failure.remedy) == ("KeyError", Remedy.RETURN)
    assert "encode" in failure.detail
    assert "secret" not in failure.detail


def test_an_event_nested_too_deeply_to_be_written_is_dead_lettered_with_a_reason_and_holds_nobody_up() -> None:
    def encode(event: StoredEvent) -> bytes:
        return encode(event) if event.message == "deep" else event.to_line()

    outcome = forward([notification("deep", "poison"), notification("fine", "good")], FakeStream(), encode=encode)

    assert (outcome.delivered, outcome.dead_lettered) == (["good"], {"poison": "not-json"})


def test_records_the_stream_refuses_for_good_are_dead_lettered() -> None:
    outcome = forward(
        notifications(4), FakeStream(failing(0, code="TooOdd", remedy=Remedy.DEAD_LETTER)), packing=small_pack
    )

    assert outcome.dead_lettered == {"m-0": "refused-by-destination", "m-1": "refused-by-destination"}
    assert outcome.delivered == ["m-2", "m-3"]


# Conservation: whatever comes in and whatever fails, each message is in exactly one place.
clear_faults = st.one_of(
    st.just(works),
    st.just(throttled),
    st.just(forbidden),
    st.builds(lambda indexes: failing(*indexes), st.lists(st.integers(0, 12), min_size=1, max_size=6)),
    st.builds(lambda index: failing(index, code="X", remedy=Remedy.RETURN), st.integers(0, 12)),
    st.builds(lambda index: failing(index, code="Y", remedy=Remedy.DEAD_LETTER), st.integers(0, 12)),
)
fault_lists = st.lists(clear_faults, max_size=6)
kinds = st.lists(st.sampled_from(["good", "poison", "unredactable", "bug"]), max_size=25)


def encode_by_kind(event: StoredEvent) -> bytes:
    if event.message == "unredactable":
        raise NotJsonError("no")
    if event.message == "bug":
        raise KeyError
    return event.to_line()


def batch_of(kinds: Sequence[str]) -> list[ReceivedMessage]:
    return [
        received("poison", f"m-{number}") if kind == "poison" else notification(kind, f"m-{number}")
        for number, kind in enumerate(kinds)
    ]


def assert_conserved(messages: Sequence[ReceivedMessage], outcome: Outcome) -> None:
    placed = Counter([*outcome.delivered, *outcome.dead_lettered, *outcome.returned])
    assert placed == Counter(message.message_id for message in messages)


@given(kinds, fault_lists, fault_lists, st.sampled_from([small_pack, one_each]))
def test_received_is_delivered_plus_dead_lettered_plus_returned(
    kinds: list[str], stream_faults: list[Fault], queue_faults: list[Fault], packing: Pack
) -> None:
    messages = batch_of(kinds)
    stream, queue = FakeStream(*stream_faults), FakeQueue(*queue_faults)

    outcome = forward(messages, stream, queue, encode_by_kind, packing)

    assert_conserved(messages, outcome)
    assert Counter(stream.ids()) == Counter(outcome.delivered)
    assert Counter(queue.ids()) == Counter(outcome.dead_lettered.keys())


@given(kinds, st.lists(st.just(took_all) | clear_faults, max_size=6))
def test_an_ambiguous_failure_may_store_twice_but_never_loses(kinds: list[str], faults: list[Fault]) -> None:
    messages = batch_of(kinds)
    stream = FakeStream(*faults)

    outcome = forward(messages, stream, FakeQueue(), encode_by_kind, small_pack, attempts=5)

    assert_conserved(messages, outcome)
    assert set(stream.ids()) >= set(outcome.delivered)


@pytest.mark.parametrize("count", [0, 1])
def test_small_batches_work_too(count: int) -> None:
    assert forward(notifications(count), FakeStream()).delivered == [f"m-{number}" for number in range(count)]
