"""Lambda function of the storage backup fork: SQS batch -> packed lines -> Data Firehose -> S3."""

import os
from functools import cache, partial
from typing import Any

from event_fork.adapters.firehose import FirehoseStreams
from event_fork.adapters.sqs import SqsQueue
from event_fork.events.envelope import StoredEvent
from event_fork.events.sqs_event import BatchResponse, batch_response, received_messages
from event_fork.forward.forwarding import Encode, Forwarder, Pack
from event_fork.sending.backoff import Deadline
from event_fork.sending.packing import compressed_size, one_each, pack, pack_compressed
from event_fork.settings import RAW, StorageBackupSettings
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
    settings = StorageBackupSettings.from_env(os.environ)
    return Forwarder(
        encode=encoder(settings),
        pack=packing(settings),
        stream=FirehoseStreams(settings.delivery_stream_names),
        dead_letter_queue=SqsQueue(settings.dead_letter_queue_url),
        dead_letter_max_bytes=settings.dead_letter_max_bytes,
        redactor=settings.redactor,
        record_size=compressed_size if settings.compress_records else len,
    )


def encoder(settings: StorageBackupSettings) -> Encode:
    """Event -> line of the archive: the whole envelope or only the message, as the settings say."""
    return StoredEvent.to_raw_line if settings.record_format == RAW else StoredEvent.to_line


def packing(settings: StorageBackupSettings) -> Pack:
    """Lines -> records: as full as they may be, compressed or plain, or one line each."""
    if settings.compress_records:
        return pack_compressed
    return partial(pack, max_lines=settings.max_events_per_record) if settings.pack_records else one_each
