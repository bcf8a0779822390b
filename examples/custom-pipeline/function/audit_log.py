"""Function of the audit log: one row for every event, the same row however often it is delivered."""

import json
import os
from functools import cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

logger = Logger()


@logger.inject_lambda_context(log_event=False)
def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Lambda's entry point: an SQS batch of SNS envelopes. Only the messages that failed go back to the queue."""
    failed = [record["messageId"] for record in event["Records"] if not write_row(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def write_row(record: dict[str, Any]) -> bool:
    """Write the row of one message; False when it must be tried again (and, after some attempts, dead-lettered)."""
    try:
        table().put_item(Item=row_of(json.loads(record["body"])))
    except (ValueError, KeyError, ClientError, BotoCoreError) as error:
        logger.error("row not written", sqs_message_id=record["messageId"], reason=repr(error))
        return False
    return True


def row_of(envelope: dict[str, Any]) -> dict[str, str]:
    """Who published what and when. The event's id is the key, so that a second delivery writes the same row again."""
    attributes = {name: attribute["Value"] for name, attribute in envelope.get("MessageAttributes", {}).items()}
    return {
        "event_id": envelope["MessageId"],
        "published_at": envelope["Timestamp"],
        "topic_arn": envelope["TopicArn"],
        "event_type": attributes.get("event_type", "unknown"),
        "message": envelope["Message"],
    }


@cache
def table() -> Any:
    """The table that TABLE_NAME names, looked up at the first invocation."""
    return boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
