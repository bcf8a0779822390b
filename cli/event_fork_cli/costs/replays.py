"""What a replay will take: minutes, and US dollars at list price. The command puts both into the plan.

Left out: the free tiers, what the consumer of the target queue costs when it receives the events, and the governor's
questions to SQS and CloudWatch (about 0.8 cent an hour at list price, the first million a month free).
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from event_fork.archive_replay.book_keeping import PROGRESS_SECONDS
from event_fork.archive_replay.control_watch import MAX_AGE_SECONDS
from event_fork.archive_replay.governor import seconds_to_send
from event_fork.archive_replay.governor_loop import LOOK_SECONDS
from event_fork.replay_plan.plan import Estimate
from event_fork.sending.backoff import RESERVE_SECONDS
from event_fork.sending.batching import SEND_MAX_MESSAGES
from event_fork_cli.costs.prices import (
    LAMBDA_GB_SECOND,
    LAMBDA_REQUEST,
    S3_GET,
    S3_PUT,
    SQS_FIFO_REQUEST,
    SQS_REQUEST,
    SQS_REQUEST_BYTES,
    STATE_TRANSITION,
)

START_SECONDS = 2.0
"""Until the map has begun and the first worker is there."""
ITEM_SECONDS = 0.3
"""An item's turn of the state machine, its invocation and its calls to S3."""
CALL_SECONDS = 0.02
"""SendMessageBatch, from the same Region. The events of a group are sent one call after the other."""
LINES_PER_SECOND = 50_000
"""Read by a worker. It reads an object from its first line to the item's last one, and sends nothing meanwhile."""

# Of modules/archive-replay/state_machine.tf and functions.tf.
TRANSITIONS_PER_ITEM = 3
TRANSITIONS_PER_GOVERNOR_INVOCATION = 3
GOVERNOR_INVOCATION_SECONDS = 900 - RESERVE_SECONDS


@dataclass(frozen=True, slots=True)
class Memory:
    """What the two functions of a replay module have, in MiB; the module's defaults."""

    worker: int = 512
    governor: int = 512


DEFAULT_MEMORY = Memory()


class Load(NamedTuple):
    """An item: events to send, lines to read for them."""

    events: int
    lines: int


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do. `span_seconds`: with a pace, from the first to the last event at that speed; else 0.

    `ramp`: the shares of the rate that it begins with, in percent. Of an ordered replay: `lanes`, the events of each,
    and `in_a_row`, those of the largest group.
    """

    loads: Sequence[Load]
    bytes: int
    rate: float
    workers: int
    span_seconds: float
    governed: bool
    memory: Memory = DEFAULT_MEMORY
    ramp: tuple[float, ...] = ()
    lanes: tuple[int, ...] = ()
    in_a_row: int = 0


def estimate(work: Work) -> Estimate:
    """Minutes and dollars for the work, when the target keeps up and whoever is asked answers at once."""
    items, events = len(work.loads), sum(load.events for load in work.loads)
    busy = min(work.workers, max(items, 1))
    # A worker has its share of the rate, also while others have nothing to do.
    loads = (load.events for load in work.loads)
    longest = (max(work.lanes) if work.lanes else most_of_one(work.workers, loads)) * work.workers
    beside = START_SECONDS + sum(ITEM_SECONDS + load.lines / LINES_PER_SECOND for load in work.loads) / busy
    sending = max(seconds_to_send(longest, work.rate, work.ramp, LOOK_SECONDS), work.in_a_row * CALL_SECONDS)
    seconds = max(sending + beside, work.span_seconds)
    calls = max(math.ceil(events / SEND_MAX_MESSAGES), work.in_a_row)
    requests = max(calls, math.ceil(work.bytes / SQS_REQUEST_BYTES))
    working_seconds = seconds * busy
    dollars = (
        requests * (SQS_FIFO_REQUEST if work.lanes else SQS_REQUEST)
        + working_seconds * work.memory.worker / 1024 * LAMBDA_GB_SECOND
        + items * (LAMBDA_REQUEST + TRANSITIONS_PER_ITEM * STATE_TRANSITION)
        + (items + working_seconds / MAX_AGE_SECONDS) * S3_GET
        + (items + working_seconds / PROGRESS_SECONDS) * S3_PUT
        + (_governor(seconds, work.memory.governor) if work.governed else 0.0)
    )
    return Estimate(minutes=round(seconds / 60, 3), dollars=round(dollars, 6))


def most_of_one(workers: int, events: Iterable[int]) -> int:
    """The events of the worker that gets the most, when each takes the next item as soon as it has done one."""
    done = [0] * workers
    for count in events:
        heapq.heapreplace(done, done[0] + count)
    return max(done)


def _governor(seconds: float, memory: int) -> float:
    """It looks every few seconds inside one long invocation after the other."""
    return (
        seconds * memory / 1024 * LAMBDA_GB_SECOND
        + math.ceil(seconds / GOVERNOR_INVOCATION_SECONDS)
        * (LAMBDA_REQUEST + TRANSITIONS_PER_GOVERNOR_INVOCATION * STATE_TRANSITION)
        + seconds / LOOK_SECONDS * S3_GET
    )
