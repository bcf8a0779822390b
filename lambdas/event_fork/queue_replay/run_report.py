"""What the function says of each batch of a run, and the command adds up: the line of metrics in the function's log.

The line is CloudWatch's embedded metric format, which is written whatever the log level is. `run` in it is the run's
replay_id, `returned_for` says how many messages went back for which error, `kept_seconds` for how many seconds how many
of those that were kept are hidden.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Every function imports these names: this module imports nothing of the replay's.
RUN = "run"
RETURNED_FOR = "returned_for"
KEPT_SECONDS = "kept_seconds"
EVENTS_RECEIVED = "EventsReceived"
EVENTS_FORWARDED = "EventsForwarded"
EVENTS_RETURNED = "EventsReturned"
EVENTS_DEAD_LETTERED = "EventsDeadLettered"
EVENTS_WAITING = "EventsWaiting"
EVENTS_KEPT = "EventsKept"
_LARGEST_BATCH = 10_000
_SECONDS = re.compile(r"[0-9]{1,6}")
MAX_HOLD_SECONDS = 42_000
"""SQS hides a message for at most 12 hours from its receiving, which was up to a batching window (300 s) and an
invocation (900 s) ago: more than what is left is refused.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html"""


@dataclass(frozen=True, slots=True)
class RunReport:
    """Messages of one batch. `returned`, by error, and `waiting` come back at the visibility timeout.

    `kept_seconds`: for so many seconds are so many hidden of those that were kept; 0: it could not be hidden.
    """

    received: int
    forwarded: int
    dead_lettered: int
    waiting: int
    kept: int
    returned: Mapping[str, int]
    kept_seconds: Mapping[int, int] = field(default_factory=dict)


def read_report(line: str, run: str) -> RunReport | None:
    """The report in a line of the log; None for every other line, and for those of another run."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get(RUN) != run or EVENTS_RECEIVED not in document:
        return None
    causes, hidden = document.get(RETURNED_FOR), document.get(KEPT_SECONDS)
    return RunReport(
        received=_count(document, EVENTS_RECEIVED),
        forwarded=_count(document, EVENTS_FORWARDED),
        dead_lettered=_count(document, EVENTS_DEAD_LETTERED),
        waiting=_count(document, EVENTS_WAITING),
        kept=_count(document, EVENTS_KEPT),
        returned={code: _number(count) for code, count in causes.items()} if isinstance(causes, dict) else {},
        kept_seconds=dict(_held(hidden)) if isinstance(hidden, dict) else {},
    )


def _count(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name, 0)
    return sum(map(_number, value)) if isinstance(value, list) else _number(value)


def _held(hidden: Mapping[str, object]) -> Iterator[tuple[int, int]]:
    for seconds, count in hidden.items():
        if _SECONDS.fullmatch(seconds):
            yield min(int(seconds), MAX_HOLD_SECONDS), _number(count)


def _number(value: object) -> int:
    """Anybody can write a line; what is no count of messages in a batch counts for nothing."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= _LARGEST_BATCH else 0
