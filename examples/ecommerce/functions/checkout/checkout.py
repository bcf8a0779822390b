"""CheckoutFunction: orders come from CheckoutQueue and are kept in CheckoutTable."""

import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from .row import row_of, with_bug
from .settings import CheckoutSettings
from .table import DynamoDbTable, Table

logger = Logger()
metrics = Metrics()
tracer = Tracer()
# A batch of which nothing could be kept raises: that is no bad message but a broken table, and Lambda slows down.
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=True)


@cache
def settings() -> CheckoutSettings:
    """The settings of this function, read once per execution environment."""
    return CheckoutSettings.from_env(os.environ)


@cache
def table() -> Table:
    """The table of this function, made once per execution environment."""
    return DynamoDbTable(boto3.resource("dynamodb").Table(settings().table_name))


@logger.inject_lambda_context(log_event=False)
@tracer.capture_lambda_handler
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """SQS batch in; the messages whose order was not kept out, and only those come back."""
    table()  # wrong settings fail the invocation by name, not each message
    return process_partial_response(event=event, record_handler=keep, processor=processor, context=context)


def keep(record: SQSRecord) -> None:
    """Write the row of one order; idempotent by the order's id."""
    row = row_of(record.body)
    table().put(with_bug(row) if settings().bug_enabled else row)
    metrics.add_metric("OrdersKept", MetricUnit.Count, 1)
