"""What became of the messages of one invocation."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from event_fork.errors import CallFailedError
from event_fork.events.messages import ReceivedMessage
from event_fork.sending.ports import EntryFailure, Remedy


@dataclass(slots=True)
class Outcome:
    """Every received message is, by its id, in one of `delivered`, `dead_lettered`, `returned`, `waiting` and `kept`.

    dead_lettered: id -> reason; returned: id -> why; waiting: the replay's rate left no time for it, it comes back at
    the visibility timeout; kept: outside a replay's window, stays in the queue for later, and not_hidden says which of
    them could not be hidden there, kept_seconds for how long how many are. The counts below feed the metrics of
    the same names.
    """

    received: int
    delivered: list[str] = field(default_factory=list)
    dead_lettered: dict[str, str] = field(default_factory=dict)
    returned: dict[str, EntryFailure] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    not_hidden: dict[str, EntryFailure] = field(default_factory=dict)
    kept_seconds: Counter[int] = field(default_factory=Counter)
    records_put: int = 0
    record_bytes: int = 0
    calls: int = 0
    resent: int = 0
    marked: int = 0
    unmarked: int = 0
    unlabelled: list[str] = field(default_factory=list)
    redaction_matches: Counter[str] = field(default_factory=Counter)

    @classmethod
    def failed(cls, messages: Sequence[ReceivedMessage], error: Exception) -> "Outcome":
        """Of a batch that could not even be begun: everything goes back."""
        code = error.code if isinstance(error, CallFailedError) else type(error).__name__
        failure = EntryFailure(code, "", Remedy.RETURN)
        return cls(len(messages), returned={message.message_id: failure for message in messages})

    def reasons(self) -> Counter[str]:
        """How many messages were dead-lettered for each reason."""
        return Counter(self.dead_lettered.values())


def causes(failures: Mapping[str, EntryFailure]) -> Iterator[tuple[EntryFailure, int, str]]:
    """Message id -> why: one failure per error code, how many messages have it, the id of one of them."""
    counts = Counter(failure.code for failure in failures.values())
    examples = {failure.code: (failure, message_id) for message_id, failure in failures.items()}
    for code, (failure, message_id) in examples.items():
        yield failure, counts[code], message_id
