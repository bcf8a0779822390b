"""What became of the messages of one invocation."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from event_fork.sending.ports import EntryFailure


@dataclass(slots=True)
class Outcome:
    """Every received message is in exactly one of `delivered`, `dead_lettered`, `returned` and `kept`, by its id.

    dead_lettered: id -> reason; returned: id -> why; kept: outside a replay's window, stays in the queue for later, and
    not_hidden says which of them could not be hidden there. The counts below feed the metrics of the same names.
    """

    received: int
    delivered: list[str] = field(default_factory=list)
    dead_lettered: dict[str, str] = field(default_factory=dict)
    returned: dict[str, EntryFailure] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    not_hidden: dict[str, EntryFailure] = field(default_factory=dict)
    records_put: int = 0
    record_bytes: int = 0
    calls: int = 0
    resent: int = 0
    marked: int = 0
    unmarked: int = 0
    unlabelled: list[str] = field(default_factory=list)
    redaction_matches: Counter[str] = field(default_factory=Counter)

    def reasons(self) -> Counter[str]:
        """How many messages were dead-lettered for each reason."""
        return Counter(self.dead_lettered.values())


def causes(failures: Mapping[str, EntryFailure]) -> Iterator[tuple[EntryFailure, int, str]]:
    """Message id -> why: one failure per error code, how many messages have it, the id of one of them."""
    counts = Counter(failure.code for failure in failures.values())
    examples = {failure.code: (failure, message_id) for message_id, failure in failures.items()}
    for code, (failure, message_id) in examples.items():
        yield failure, counts[code], message_id
