"""Metrics and logs of the archive replay. lambdas/README.md has the table of metrics."""

from dataclasses import asdict

from aws_lambda_powertools.metrics import MetricUnit

from event_fork.archive_replay.book_keeping import Attempt
from event_fork.replay_plan.control import RUNNING, Control
from event_fork.replay_plan.item import Item
from event_fork.telemetry import logger, metrics

EVENTS_REPLAYED = "EventsReplayed"
EVENTS_REPLAYED_UNMARKED = "EventsReplayedUnmarked"
EVENTS_NOT_REPLAYED = "EventsNotReplayed"
ITEMS_FINISHED = "ItemsFinished"
ENTRIES_RESENT = "EntriesResent"
REPLAYS_PAUSED = "ReplaysPausedByGovernor"
KEY_REPLAY_ID = "replay_id"
KEY_ITEM = "item"
KEY_OBJECT = "object"
KEY_LINE = "line"
KEY_SENT = "sent"
KEY_FAILED = "failed"
KEY_FINISHED = "finished"
KEY_EXAMPLES = "examples"
KEY_RATE = "rate"
KEY_STATE = "state"
KEY_REASON = "reason"
KEY_CODE = "code"
MAX_EXAMPLES = 20


def report_item(replay_id: str, item: Item, attempt: Attempt) -> None:
    """What one invocation did with one item."""
    progress = attempt.progress
    counts = {
        EVENTS_REPLAYED: attempt.sent,
        EVENTS_REPLAYED_UNMARKED: attempt.unmarked,
        EVENTS_NOT_REPLAYED: len(attempt.failed),
        ITEMS_FINISHED: int(progress.finished),
        ENTRIES_RESENT: attempt.resent,
    }
    for name, value in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    keys = {KEY_REPLAY_ID: replay_id, KEY_ITEM: item.id, KEY_OBJECT: item.key}
    logger.info(
        "item",
        extra=keys | {KEY_LINE: progress.line, KEY_SENT: attempt.sent, KEY_FINISHED: progress.finished},
    )
    if attempt.failed:
        examples = [asdict(event) for event in attempt.failed[:MAX_EXAMPLES]]
        logger.warning(
            "events could not be replayed",
            extra=keys | {KEY_FAILED: len(attempt.failed), KEY_EXAMPLES: examples},
        )


def report_control(replay_id: str, control: Control) -> None:
    """What the governor changed."""
    paused = control.state != RUNNING
    if paused:
        metrics.add_metric(name=REPLAYS_PAUSED, unit=MetricUnit.Count, value=1)
    say = logger.warning if paused else logger.info
    say(
        "the governor changed the replay",
        extra={
            KEY_REPLAY_ID: replay_id,
            KEY_STATE: control.state,
            KEY_RATE: control.rate,
            KEY_REASON: control.reason,
        },
    )


def report_blind_look(replay_id: str, code: str) -> None:
    """The governor could not see the target this time."""
    logger.warning("the governor cannot see the target", extra={KEY_REPLAY_ID: replay_id, KEY_CODE: code})
