"""Function that charges a payment for every order: once, however often the event comes."""

import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

REMEMBERED_SECONDS = 400 * 24 * 3600
"""Longer than the oldest event that may be replayed is old: what is forgotten is charged again."""

logger = Logger()
processor = BatchProcessor(event_type=EventType.SQS)
# SNS's id of the event. It is the same in every delivery and in every replay.
config = IdempotencyConfig(
    event_key_jmespath="MessageId", raise_on_no_idempotency_key=True, expires_after_seconds=REMEMBERED_SECONDS
)
seen = DynamoDBPersistenceLayer(table_name=os.environ["SEEN_TABLE"])


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Lambda's entry point: an SQS batch of SNS envelopes. Only the messages that failed go back to the queue."""
    config.register_lambda_context(
        context
    )  # what an invocation that died had begun is free again when its time is over
    return process_partial_response(event=event, record_handler=handle, processor=processor, context=context)


def handle(record: SQSRecord) -> None:
    """One message; what is no order raises, comes back, and is dead-lettered after some attempts."""
    charge(event=json.loads(record.body))


@idempotent_function(data_keyword_argument="event", persistence_store=seen, config=config)  # type: ignore[untyped-decorator]
def charge(event: dict[str, Any]) -> None:
    """Stands for the call of a payment provider: it counts how often each order was charged."""
    order = json.loads(event["Message"])
    charges().update_item(
        Key={"order_id": order["id"]},
        UpdateExpression="ADD charged :once",
        ExpressionAttributeValues={":once": 1},
    )
    logger.info("charged", order_id=order["id"], event_id=event["MessageId"])


@cache
def charges() -> Any:
    """The table that CHARGES_TABLE names, looked up at the first invocation."""
    return boto3.resource("dynamodb").Table(os.environ["CHARGES_TABLE"])
