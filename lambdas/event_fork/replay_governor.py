"""Lambda function of the archive replay that sets its rate by the target's health."""

import time
from functools import partial
from typing import Any

from event_fork.adapters.map_run import StepFunctionsMapRun
from event_fork.adapters.s3_documents import S3DocumentStore
from event_fork.adapters.target_health import SqsTargetHealth
from event_fork.archive_replay.governor import Memory, Policy
from event_fork.archive_replay.governor_loop import GovernorLoop
from event_fork.archive_replay.invocation import GovernorInvocation
from event_fork.archive_replay.observation import BacklogAge
from event_fork.errors import CallFailedError
from event_fork.replay_plan.documents import ReplayDocuments
from event_fork.sending.backoff import Deadline
from event_fork.telemetry import logger, metrics, traced
from event_fork.telemetry.archive_replay import report_blind_look, report_control


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
@traced
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry point: whether all is done, and what the next invocation has to know."""
    invocation = GovernorInvocation.from_event(event)
    return govern(invocation, Deadline.in_milliseconds(context.get_remaining_time_in_millis()))


def govern(invocation: GovernorInvocation, deadline: Deadline) -> dict[str, Any]:
    """Put the parts together and look until the end or the deadline."""
    replay = invocation.replay
    documents = ReplayDocuments(S3DocumentStore(replay.bucket), replay.work_area, replay.plan_sha256)
    plan = documents.plan()
    if not plan.is_governed:
        return {"done": True, "memory": {}}
    backlog = BacklogAge.from_json(invocation.memory.get("backlog", {}))
    loop = GovernorLoop(
        policy=Policy(plan.ramp, plan.ramp_asks, plan.health),
        execution=invocation.execution.rpartition(":")[2],
        documents=documents,
        target=SqsTargetHealth(
            plan.target.queue_url, plan.target.queue_arn, backlog, own_account=invocation.execution.split(":")[4]
        ),
        map_run=StepFunctionsMapRun(invocation.execution),
        memory=Memory.from_json(invocation.memory.get("policy", {})),
        deadline=deadline,
        elapsed=time.time() - invocation.started_at,
        changed=partial(report_control, replay.replay_id),
        blind=partial(_blind, replay.replay_id),
    )
    done = loop.run()
    return {"done": done, "memory": {"policy": loop.memory.to_json(), "backlog": backlog.to_json()}}


def _blind(replay_id: str, error: CallFailedError) -> None:
    report_blind_look(replay_id, error.code)
