"""Fakes of the ports, with the faults that AWS has: failed entries, failed calls, calls that took all and then failed.

They hold what they took and refuse what the service would refuse, so a broken limit fails the test that broke it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from event_fork.errors import CallFailedError
from event_fork.events.messages import OutgoingMessage
from event_fork.sending.backoff import Backoff, Deadline
from event_fork.sending.packing import Record
from event_fork.sending.ports import EntryFailure, Remedy

Entry = TypeVar("Entry")
Fault = Callable[[Sequence[object]], Mapping[int, EntryFailure]]


def works(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
    """No fault."""
    return {}


def failing(*indexes: int, code: str = "ServiceUnavailableException", remedy: Remedy = Remedy.RESEND) -> Fault:
    """The entries at these places fail."""
    failure = EntryFailure(code, "Slow down.", remedy)
    return lambda entries: {index: failure for index in indexes if index < len(entries)}


def refusing(*keys: str) -> Fault:
    """The messages with these keys are refused for good, however they are sent."""
    failure = EntryFailure("InvalidMessageContents", "Not allowed.", Remedy.DEAD_LETTER)
    return lambda entries: {index: failure for index, entry in enumerate(entries) if entry.key in keys}  # type: ignore[attr-defined]


def throttled(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
    """The whole call fails, nothing is taken."""
    raise CallFailedError("ServiceUnavailableException", "Slow down.", transient=True)


def forbidden(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
    """The whole call fails for a reason that stays."""
    raise CallFailedError("AccessDeniedException", "no", transient=False)


class TookAllError(CallFailedError):
    """Ambiguous: the service has the entries, and the connection broke before it could say so."""


def took_all(entries: Sequence[object]) -> Mapping[int, EntryFailure]:
    """The whole call fails after all was taken."""
    raise TookAllError("ReadTimeoutError", "closed", transient=True)


class _Faulty(Generic[Entry]):
    """Takes entries; the n-th call meets the n-th fault, and the last fault (works, when none is given) stays."""

    max_entries: int
    max_bytes: int

    def __init__(self, *faults: Fault) -> None:
        self._faults: Iterable[Fault] = iter(faults)
        self._last: Fault = works
        self.taken: list[Entry] = []
        self.calls: list[list[Entry]] = []

    def _take(self, entries: Sequence[Entry], sizes: Sequence[int]) -> Mapping[int, EntryFailure]:
        assert 0 < len(entries) <= self.max_entries
        assert sum(sizes) <= self.max_bytes
        self.calls.append(list(entries))
        self._last = next(iter(self._faults), self._last)
        try:
            failures = self._last(entries)
        except TookAllError:
            self.taken.extend(entries)
            raise
        self.taken.extend(entry for index, entry in enumerate(entries) if index not in failures)
        return failures


class FakeStream(_Faulty[Record]):
    """A Firehose stream."""

    max_entries = 500
    max_bytes = 4_194_304

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        assert all(len(record.data) <= 1_024_000 for record in records)
        return self._take(records, [len(record.data) for record in records])

    def ids(self) -> list[str]:
        """Ids of the messages that were taken, in order, doubles included."""
        return [message_id for record in self.taken for message_id in record.message_ids]

    def lines(self) -> list[bytes]:
        """The lines that were taken."""
        return b"".join(record.data for record in self.taken).splitlines(keepends=True)


class FakeQueue(_Faulty[OutgoingMessage]):
    """An SQS queue."""

    max_entries = 10
    max_bytes = 1_048_576

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, EntryFailure]:
        assert all(len(message.attributes) <= 10 for message in messages)
        return self._take(messages, [message.size() for message in messages])

    def ids(self) -> list[str]:
        return [message.key for message in self.taken]


class Clock:
    """Time that passes only in sleep and when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def backoff(self, attempts: int = 5) -> Backoff:
        """A back-off on this clock that draws the longest wait."""
        return Backoff(attempts=attempts, draw=lambda _low, high: high, sleep=self.sleep)

    def deadline(self, seconds: float = 1000.0) -> Deadline:
        return Deadline(at=self.now + seconds, clock=self)
