"""What a replay will take: minutes, and US dollars at list price.

Prices: us-east-1, as listed on the pages of SQS, Lambda (arm64), Step Functions and S3 in November 2026. Left out: the
free tier, and what the consumer of the target queue costs when it receives the events.
"""

import math
from dataclasses import dataclass

from event_fork.replay_plan.plan import Estimate

SQS_REQUEST = 0.40 / 1_000_000
SQS_REQUEST_BYTES = 64 * 1024
LAMBDA_GB_SECOND = 0.000_013_333_4
LAMBDA_REQUEST = 0.20 / 1_000_000
STATE_TRANSITION = 25 / 1_000_000
S3_GET = 0.4 / 1_000_000
S3_PUT = 5 / 1_000_000

WORKER_GB = 0.5
TRANSITIONS_PER_ITEM = 3
GOVERNOR_SECONDS = 10
TRANSITIONS_PER_GOVERNOR_LOOP = 3
PROGRESS_SECONDS = 5
MESSAGES_PER_REQUEST = 10


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do. `span_seconds`: with a pace, from the first to the last event at that speed; else 0."""

    events: int
    bytes: int
    items: int
    rate: float
    workers: int
    span_seconds: float
    governed: bool


def estimate(work: Work) -> Estimate:
    """Minutes and dollars for the work."""
    seconds = max(work.events / work.rate, work.span_seconds)
    requests = max(math.ceil(work.events / MESSAGES_PER_REQUEST), math.ceil(work.bytes / SQS_REQUEST_BYTES))
    working = min(work.workers, max(work.items, 1))
    loops = seconds / GOVERNOR_SECONDS if work.governed else 0
    dollars = (
        requests * SQS_REQUEST
        + seconds * working * WORKER_GB * LAMBDA_GB_SECOND
        + (work.items + loops) * LAMBDA_REQUEST
        + (work.items * TRANSITIONS_PER_ITEM + loops * TRANSITIONS_PER_GOVERNOR_LOOP) * STATE_TRANSITION
        + (work.items + seconds * working / PROGRESS_SECONDS) * (S3_GET + S3_PUT)
    )
    return Estimate(minutes=round(seconds / 60, 3), dollars=round(dollars, 6))
