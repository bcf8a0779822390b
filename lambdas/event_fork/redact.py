"""Lambda function that Data Firehose calls to redact records: SNS -> Firehose without our queue, and users' streams."""

import os
from functools import cache
from typing import Any

from event_fork.events.redaction import Matches, Redactor
from event_fork.forward.transformation import OK, TransformationResponse, transform
from event_fork.settings import RedactSettings
from event_fork.telemetry import logger, metrics, report_redaction, report_transformation, traced


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
@traced
def handler(event: dict[str, Any], context: Any) -> TransformationResponse:  # noqa: ARG001 Lambda passes it
    """Data Firehose's entry point."""
    matches = Matches()
    response = transform(event, redactor(), matches)
    redacted = sum(record["result"] == OK for record in response["records"])
    report_transformation(redacted, len(response["records"]) - redacted)
    report_redaction(matches, redactor(), redacted)
    return response


@cache
def redactor() -> Redactor:
    """The rules, read on the first invocation and kept for the following ones."""
    return RedactSettings.from_env(os.environ).redactor
