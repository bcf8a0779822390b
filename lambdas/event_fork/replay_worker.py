"""Lambda function of the archive replay: a batch of items of the Distributed Map -> events in the target queue."""

import time
from collections import deque
from functools import lru_cache
from typing import Any

import boto3

from event_fork.adapters.aws_calls import RETRYING_CONFIG
from event_fork.adapters.s3_archive import S3ArchiveStore
from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.adapters.sqs import SqsQueue
from event_fork.archive_replay.burst import BurstSender
from event_fork.archive_replay.invocation import ReplayRef, WorkerInvocation
from event_fork.archive_replay.worker import ItemReplay, Tools, items_from
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.replay_plan.item import Item
from event_fork.sending.backoff import Deadline
from event_fork.telemetry import logger, metrics, traced
from event_fork.telemetry.archive_replay import report_item

ANSWERED_ITEMS = 100
"""The last ones of a lane: an answer has at most 256 KiB in Step Functions."""


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
@traced
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point."""
    invocation = WorkerInvocation.from_event(event)
    deadline = Deadline.in_milliseconds(context.get_remaining_time_in_millis())
    items = (one for item in invocation.items for one in items_from(tools_of(invocation.replay), item))
    answers = (_replay(invocation, item, deadline, context.aws_request_id) for item in items)
    return {"items": list(deque(answers, maxlen=ANSWERED_ITEMS))}


def _replay(invocation: WorkerInvocation, item: Item, deadline: Deadline, request_id: str) -> dict[str, Any]:
    elapsed = time.time() - invocation.started_at
    replay = ItemReplay(tools_of(invocation.replay), item, deadline, request_id, invocation.execution, elapsed)
    try:
        replay.run()
    finally:
        report_item(invocation.replay.replay_id, item, replay.attempt)
    return replay.attempt.answer()


@lru_cache(maxsize=4)
def tools_of(replay: ReplayRef) -> Tools:
    """The parts, put together at the first item of a replay and kept for the following ones: a plan never changes."""
    s3 = boto3.client("s3", config=RETRYING_CONFIG)
    documents = ReplayDocuments(S3DocumentStore(replay.bucket, s3), replay.work_area, replay.plan_sha256)
    plan = documents.plan()
    target = SqsQueue(plan.target.queue_url, region=plan.target.region)
    return Tools(
        plan=plan,
        criteria=plan.criteria(documents.ids()),
        documents=documents,
        archive=S3ArchiveStore(s3, replay.bucket),
        sender=BurstSender(
            target, plan.target.body, plan.replay_id, group_of=None if plan.order is None else plan.order.group_of()
        ),
    )
