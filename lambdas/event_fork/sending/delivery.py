"""Delivery of entries in batches, with only the failed ones sent again."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from event_fork.errors import CallFailedError
from event_fork.sending.backoff import Backoff, Leave
from event_fork.sending.ports import EntryFailure, Remedy

Entry = TypeVar("Entry")

OUT_OF_TIME = EntryFailure("OutOfTime", "the invocation's time ended before this entry could be sent", Remedy.RETURN)


@dataclass(slots=True)
class Delivery(Generic[Entry]):
    """What became of the entries: each is in exactly one of the three lists.

    `returned` could not be sent this time, `refused` can never be. `calls` and `resent` (entries sent more than once,
    counted each time) are for the metrics.
    """

    delivered: list[Entry] = field(default_factory=list)
    returned: list[tuple[Entry, EntryFailure]] = field(default_factory=list)
    refused: list[tuple[Entry, EntryFailure]] = field(default_factory=list)
    calls: int = 0
    resent: int = 0

    def add(self, other: "Delivery[Entry]") -> None:
        """What became of other entries."""
        self.delivered += other.delivered
        self.returned += other.returned
        self.refused += other.refused
        self.calls += other.calls
        self.resent += other.resent


def deliver(
    entries: Iterable[Entry],
    *,
    batches: Callable[[Iterable[Entry]], Iterator[list[Entry]]],
    send: Callable[[Sequence[Entry]], Mapping[int, EntryFailure]],
    backoff: Backoff,
    deadline: Leave,
) -> Delivery[Entry]:
    """Send all entries; send again, in rounds, those whose failure says that it can help.

    One wait per round serves all batches: a throttled stream gets one pause, and what failed in several calls is cut
    into new, full batches.
    """
    result: Delivery[Entry] = Delivery()
    pending: list[Entry] = list(entries)
    attempt = 1
    while pending:
        failed = _round(pending, batches, send, deadline, result)
        wait = backoff.wait_after(attempt)
        if not failed or wait is None or not deadline.allows(wait):
            result.returned.extend(failed)
            break
        backoff.sleep(wait)
        pending = [entry for entry, _ in failed]
        result.resent += len(pending)
        attempt += 1
    return result


def _round(
    entries: list[Entry],
    batches: Callable[[Iterable[Entry]], Iterator[list[Entry]]],
    send: Callable[[Sequence[Entry]], Mapping[int, EntryFailure]],
    deadline: Leave,
    result: Delivery[Entry],
) -> list[tuple[Entry, EntryFailure]]:
    """Send each entry once; returns those worth another round."""
    again: list[tuple[Entry, EntryFailure]] = []
    for batch in batches(entries):
        failures = _call(batch, send, deadline, result)
        for index, entry in enumerate(batch):
            failure = failures.get(index)
            if failure is None:
                result.delivered.append(entry)
            elif failure.remedy is Remedy.RESEND:
                again.append((entry, failure))
            elif failure.remedy is Remedy.RETURN:
                result.returned.append((entry, failure))
            else:
                result.refused.append((entry, failure))
    return again


def _call(
    batch: list[Entry],
    send: Callable[[Sequence[Entry]], Mapping[int, EntryFailure]],
    deadline: Leave,
    result: Delivery[Entry],
) -> Mapping[int, EntryFailure]:
    """One call; a call that failed as a whole is a failure of each of its entries."""
    if not deadline.allows():
        return dict.fromkeys(range(len(batch)), OUT_OF_TIME)
    result.calls += 1
    try:
        return send(batch)
    except CallFailedError as error:
        if error.about_content and len(batch) > 1:  # sent alone, each shows whether it was the one
            alone = [_call([entry], send, deadline, result) for entry in batch]
            return {index: failures[0] for index, failures in enumerate(alone) if failures}
        remedy = Remedy.RESEND if error.transient else Remedy.DEAD_LETTER if error.about_content else Remedy.RETURN
        failure = EntryFailure(error.code, error.detail, remedy)
    except Exception as error:  # a fault of ours in one call must not undo what the others have delivered
        failure = unexpected(error)
    return dict.fromkeys(range(len(batch)), failure)


def unexpected(error: Exception) -> EntryFailure:
    """For the log: the kind of error and where it arose, not its text, which may quote the message."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return EntryFailure(type(error).__name__, f"unexpected, in {place.name} line {place.lineno}", Remedy.RETURN)
