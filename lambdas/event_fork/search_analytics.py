"""Lambda function of the search analytics fork: SQS batch -> one document per record -> Data Firehose -> OpenSearch."""

import os
from functools import cache
from typing import Any

from event_fork.adapters.firehose import FirehoseStreams
from event_fork.adapters.sqs import SqsQueue
from event_fork.events.sqs_event import BatchResponse, batch_response, received_messages
from event_fork.forward.forwarding import Encode, Forwarder
from event_fork.forward.search_document import search_document
from event_fork.sending.backoff import Deadline
from event_fork.sending.packing import one_each
from event_fork.settings import SearchAnalyticsSettings
from event_fork.telemetry import logger, metrics, report_forwarding, traced


@metrics.log_metrics
@logger.inject_lambda_context(log_event=False)
@traced
def handler(event: dict[str, Any], context: Any) -> BatchResponse:
    """Lambda's entry point."""
    messages = received_messages(event)
    outcome = forwarder().run(messages, Deadline.in_milliseconds(context.get_remaining_time_in_millis()))
    report_forwarding(outcome, forwarder().redactor)
    return batch_response(outcome.received, outcome.returned)


@cache
def forwarder() -> Forwarder:
    """The parts, put together on the first invocation and kept for the following ones."""
    settings = SearchAnalyticsSettings.from_env(os.environ)
    return Forwarder(
        encode=encoder(settings),
        pack=one_each,  # Firehose makes one document of one record
        stream=FirehoseStreams(settings.delivery_stream_names),
        dead_letter_queue=SqsQueue(settings.dead_letter_queue_url),
        dead_letter_max_bytes=settings.dead_letter_max_bytes,
        redactor=settings.redactor,
    )


def encoder(settings: SearchAnalyticsSettings) -> Encode:
    """Event -> search document."""
    return lambda event: search_document(
        event, settings.event_type_attribute, attribute_fields=settings.attribute_fields
    )
