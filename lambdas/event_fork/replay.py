"""Lambda function of the replay fork: SQS batch -> (window) -> marked copies -> the regular pipeline's queue."""

import os
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from event_fork.adapters.sqs import SqsHiddenMessages, SqsQueue
from event_fork.adapters.ssm_window import SsmParameter
from event_fork.events.messages import ReceivedMessage
from event_fork.events.sqs_event import BatchResponse, batch_response, received_messages
from event_fork.queue_replay.replayer import Replayer, WindowedReplayer
from event_fork.queue_replay.window import run_of
from event_fork.sending.backoff import Deadline
from event_fork.sending.outcome import Outcome
from event_fork.settings import ReplaySettings
from event_fork.telemetry import logger, metrics, report_replay, traced


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
@traced
def handler(event: dict[str, Any], context: Any) -> BatchResponse:
    """Lambda's entry point."""
    run = run_of(context.invoked_function_arn)
    deadline = Deadline.in_milliseconds(context.get_remaining_time_in_millis())
    outcome = _replayed(received_messages(event), deadline, run)
    report_replay(outcome, run)
    return batch_response(outcome.received, outcome.returned, outcome.waiting + outcome.kept)


def _replayed(messages: Sequence[ReceivedMessage], deadline: Deadline, run: str | None) -> Outcome:
    """What became of the messages; the run is told of a failure too, before Lambda is."""
    try:
        return replayer()(messages, deadline, run)
    except Exception as error:
        report_replay(Outcome.failed(messages, error), run)
        raise


@cache
def replayer() -> Callable[[Sequence[ReceivedMessage], Deadline, str | None], Outcome]:
    """Messages, deadline, run -> outcome. Put together on the first invocation and kept for the following ones."""
    settings = ReplaySettings.from_env(os.environ)
    replayer = Replayer(
        replay_id=settings.replay_id,
        destination=SqsQueue(settings.destination_queue_url, region=settings.destination_queue_region),
        dead_letter_queue=SqsQueue(settings.dead_letter_queue_url),
        dead_letter_max_bytes=settings.dead_letter_max_bytes,
    )
    if settings.window is None:
        return lambda messages, deadline, _run: replayer.run(messages, deadline)
    return WindowedReplayer(
        replayer,
        parameter=SsmParameter(settings.window.parameter),
        queue=SqsHiddenMessages(settings.window.queue_url),
        retention_seconds=settings.window.retention_seconds,
    ).run
