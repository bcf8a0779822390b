"""A queue that refuses for content: the one message is found, and marks are not what a message fails by."""

from collections.abc import Mapping, Sequence

from event_fork.errors import CallFailedError
from event_fork.events.messages import OutgoingMessage
from event_fork.sending.copies import REPLAY_ID_ATTRIBUTE, deliver_copies, put_marks
from event_fork.sending.delivery import Delivery
from event_fork.sending.ports import EntryFailure, Remedy
from tests.support.fakes import Clock, FakeQueue, Fault

LIMIT = 1_024
MARKS = {REPLAY_ID_ATTRIBUTE: "replay-1"}


def taking(each: int, in_all: int) -> Fault:
    """A queue with a MaximumMessageSize, and with a bound for the whole call."""
    too_long = EntryFailure("InvalidParameterValue", "Message must be shorter", Remedy.DEAD_LETTER)

    def fault(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
        sizes = [entry.size() for entry in entries if isinstance(entry, OutgoingMessage)]
        if sum(sizes) > in_all:
            raise CallFailedError(
                "AWS.SimpleQueueService.BatchRequestTooLong", "too long", transient=False, about_content=True
            )
        return {index: too_long for index, size in enumerate(sizes) if size > each}

    return fault


def delivered(queue: FakeQueue, *sizes: int) -> Delivery[OutgoingMessage]:
    plain = {str(size): OutgoingMessage(str(size), "x" * size) for size in sizes}
    return deliver_copies(
        [put_marks(copy, MARKS) for copy in plain.values()],
        unmarked=lambda copy: plain[copy.key],
        queue=queue,
        backoff=Clock().backoff(),
        deadline=Clock().deadline(),
    )


def test_a_message_that_is_too_large_only_with_its_marks_is_sent_without_them() -> None:
    queue = FakeQueue(taking(LIMIT, 10 * LIMIT))

    result = delivered(queue, 10, LIMIT, 20)

    assert {copy.key: REPLAY_ID_ATTRIBUTE in copy.attributes for copy in queue.taken} == {
        "10": True,
        "20": True,
        str(LIMIT): False,
    }
    assert (len(result.delivered), result.refused, result.returned) == (3, [], [])


def test_a_message_that_is_too_large_by_itself_is_refused_with_the_queues_reason() -> None:
    queue = FakeQueue(taking(LIMIT, 10 * LIMIT))

    result = delivered(queue, 10, LIMIT + 1)

    assert [copy.key for copy in queue.taken] == ["10"]
    ((copy, failure),) = result.refused
    assert (copy.key, failure.code) == (str(LIMIT + 1), "InvalidParameterValue")


def test_a_call_that_is_too_large_is_sent_message_by_message() -> None:
    queue = FakeQueue(taking(LIMIT, LIMIT))

    result = delivered(queue, 400, 500, LIMIT)

    assert sorted(copy.key for copy in queue.taken) == [str(LIMIT), "400", "500"]
    assert (result.refused, result.returned) == ([], [])
    assert result.calls == len(queue.calls)
