"""Logs, traces and metrics: Powertools, configured by POWERTOOLS_ variables.

lambdas/README.md has the table of metrics.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from aws_lambda_powertools import Logger, Metrics, Tracer, single_metric
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.shared.functions import strtobool

from event_fork.queue_replay.run_report import (
    EVENTS_DEAD_LETTERED,
    EVENTS_FORWARDED,
    EVENTS_KEPT,
    EVENTS_RECEIVED,
    EVENTS_RETURNED,
    EVENTS_WAITING,
    KEPT_SECONDS,
    RETURNED_FOR,
    RUN,
)
from event_fork.sending.outcome import Outcome, causes
from event_fork.sending.ports import EntryFailure

if TYPE_CHECKING:  # the replay's worker and governor redact nothing: 15 ms of their cold start
    from event_fork.events.redaction import Matches, Redactor

# Metrics, all counted per invocation, dimension `service`.
# EVENTS_DEAD_LETTERED also with the dimension `reason`.
EVENTS_UNLABELLED = "EventsUnlabelled"
EVENTS_MARKED = "EventsMarked"
EVENTS_UNMARKED = "EventsUnmarked"
EVENTS_NOT_HIDDEN = "EventsNotHidden"
RECORDS_PUT = "RecordsPut"
RECORD_BYTES = "RecordBytes"
CALLS = "Calls"
ENTRIES_RESENT = "EntriesResent"
RECORDS_REDACTED = "RecordsRedacted"
RECORDS_FAILED = "RecordsFailed"
REDACTION_MATCHES = "RedactionMatches"  # with the dimension `rule`
REDACTION_UNMATCHED = "RedactionUnmatched"  # events of an invocation in none of which the rule found anything, likewise
REASON_DIMENSION = "reason"
RULE_DIMENSION = "rule"
MAX_DIMENSION_LENGTH = 250  # as the embedded metric format has it; and ASCII

# Keys of the structured logs.
KEY_RECEIVED = "received"
KEY_FORWARDED = "forwarded"
KEY_RETURNED = "returned"
KEY_DEAD_LETTERED = "dead_lettered"
KEY_RECORDS = "records"
KEY_CALLS = "calls"
KEY_RESENT = "resent"
KEY_CODE = "code"
KEY_DETAIL = "detail"
KEY_COUNT = "count"
KEY_EXAMPLE = "example_message_id"
KEY_MESSAGE_IDS = "message_ids"
KEY_REASON = "reason"

DEFAULT_NAMESPACE = "EventForkPipelines"
MAX_LOGGED_IDS = 20

logger = Logger()
# Without a namespace Powertools raises when it writes the metrics, which is after the batch was delivered: the batch
# would be delivered again. So there is always one.
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE") or DEFAULT_NAMESPACE)

P = ParamSpec("P")
T = TypeVar("T")


def traced(handler: Callable[P, T]) -> Callable[P, T]:
    """Trace a handler, unless POWERTOOLS_TRACE_DISABLED says not to.

    A Tracer that is disabled imports X-Ray's SDK too, half of what a cold start adds: benchmarks/cold_start.py.
    Only botocore is patched: patching all that X-Ray knows imports every one of those libraries.
    """
    if strtobool(os.environ.get("POWERTOOLS_TRACE_DISABLED") or "false"):
        return handler
    traced: Callable[P, T] = Tracer(patch_modules=("botocore",)).capture_lambda_handler(capture_response=False)(handler)
    return traced


def report_forwarding(outcome: Outcome, redactor: "Redactor") -> None:
    """Metrics and logs of a batch put to Data Firehose."""
    report_redaction(outcome.redaction_matches, redactor, outcome.received)
    _add_counts({RECORDS_PUT: outcome.records_put})
    if outcome.record_bytes:
        metrics.add_metric(name=RECORD_BYTES, unit=MetricUnit.Bytes, value=outcome.record_bytes)
    _report(outcome)


def report_replay(outcome: Outcome, run: str | None = None) -> None:
    """Metrics and logs of a batch sent to the destination queue. `run`: the run of the queue that it belongs to."""
    if run is not None:
        metrics.add_metadata(key=RUN, value=run)
        metrics.add_metadata(key=KEPT_SECONDS, value=dict(outcome.kept_seconds))
        metrics.add_metadata(
            key=RETURNED_FOR, value={failure.code: count for failure, count, _ in causes(outcome.returned)}
        )
    _add_counts(
        {
            EVENTS_MARKED: outcome.marked,
            EVENTS_UNMARKED: outcome.unmarked,
            EVENTS_WAITING: len(outcome.waiting),
            EVENTS_KEPT: len(outcome.kept),
            EVENTS_NOT_HIDDEN: len(outcome.not_hidden),
        }
    )
    _warn("kept messages could not be hidden", outcome.not_hidden)
    _report(outcome)


def report_redaction(matches: "Matches", redactor: "Redactor", events: int) -> None:
    """What each rule found in so many events; a rule that found nothing in any of them has a metric of its own."""
    _count_by(RULE_DIMENSION, REDACTION_MATCHES, matches)
    _count_by(RULE_DIMENSION, REDACTION_UNMATCHED, dict.fromkeys(redactor.unmatched(matches), events))


def report_transformation(redacted: int, failed: int) -> None:
    """Metrics and logs of a transformed batch; how many records came out, how many could not be redacted."""
    _add_counts({RECORDS_REDACTED: redacted, RECORDS_FAILED: failed})
    if failed:
        logger.warning("records could not be redacted and go to the error prefix", extra={KEY_COUNT: failed})


def _report(outcome: Outcome) -> None:
    _add_counts(
        {
            EVENTS_RECEIVED: outcome.received,
            EVENTS_FORWARDED: len(outcome.delivered),
            EVENTS_RETURNED: len(outcome.returned),
            EVENTS_DEAD_LETTERED: len(outcome.dead_lettered),
            EVENTS_UNLABELLED: len(outcome.unlabelled),
            CALLS: outcome.calls,
            ENTRIES_RESENT: outcome.resent,
        }
    )
    logger.info(
        "batch done",
        extra={
            KEY_RECEIVED: outcome.received,
            KEY_FORWARDED: len(outcome.delivered),
            KEY_RETURNED: len(outcome.returned),
            KEY_DEAD_LETTERED: len(outcome.dead_lettered),
            KEY_RECORDS: outcome.records_put,
            KEY_CALLS: outcome.calls,
            KEY_RESENT: outcome.resent,
        },
    )
    _warn("messages go back to the queue", outcome.returned)
    _count_by(REASON_DIMENSION, EVENTS_DEAD_LETTERED, outcome.reasons())
    for reason, count in outcome.reasons().items():
        ids = [message_id for message_id, its_reason in outcome.dead_lettered.items() if its_reason == reason]
        logger.warning(
            "messages went to the dead-letter queue",
            extra={KEY_REASON: reason, KEY_COUNT: count, KEY_MESSAGE_IDS: ids[:MAX_LOGGED_IDS]},
        )
    if outcome.unlabelled:
        logger.warning(
            "no attribute room for the reason on dead-lettered messages",
            extra={KEY_MESSAGE_IDS: outcome.unlabelled[:MAX_LOGGED_IDS], KEY_COUNT: len(outcome.unlabelled)},
        )


def _warn(text: str, failures: Mapping[str, EntryFailure]) -> None:
    """One line for each error code."""
    for failure, count, example in causes(failures):
        logger.warning(
            text, extra={KEY_CODE: failure.code, KEY_DETAIL: failure.detail, KEY_COUNT: count, KEY_EXAMPLE: example}
        )


def _add_counts(counts: Mapping[str, int]) -> None:
    """Only what there is: CloudWatch bills every metric that was written in an hour, zero or not."""
    for name, value in counts.items():
        if value:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def _count_by(dimension: str, name: str, counts: Mapping[str, int]) -> None:
    """The metric with one more dimension, once for each of its values."""
    for value, count in counts.items():
        with single_metric(
            name=name,
            unit=MetricUnit.Count,
            value=count,
            namespace=metrics.namespace,
            default_dimensions={"service": metrics.service or "service_undefined"},
        ) as metric:
            metric.add_dimension(dimension, ascii(value)[1:-1][:MAX_DIMENSION_LENGTH])
