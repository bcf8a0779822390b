"""CheckoutTable and the queues, as DynamoDB and SQS have them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

Row = dict[str, Any]


def table_rows(dynamodb: Any, table: str) -> dict[str, Row]:
    """Every row by order id."""
    read = TypeDeserializer().deserialize
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    rows = [{name: read(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {row["id"]: row for row in rows}


def wrong_rows(rows: Mapping[str, Row], orders: Iterable[Mapping[str, Any]]) -> list[str]:
    """Ids of the orders whose row is missing or says something else than the order in the archive."""
    return [str(order["id"]) for order in orders if not _agrees(rows.get(order["id"]), order)]


def _agrees(row: Row | None, order: Mapping[str, Any]) -> bool:
    return row is not None and (
        row["status"],
        row["amount"],
        row["customerId"],
        row["paymentMethod"],
        [(item["sku"], item["quantity"], item["unitPrice"]) for item in row["items"]],
    ) == (
        "paid",
        Decimal(order["amount"]),
        order["customer"]["id"],
        order["payment"]["method"],
        [(item["sku"], item["quantity"], item["unitPrice"]) for item in order["items"]],
    )


def queue_depth(sqs: Any, url: str) -> int:
    """Messages in a queue: waiting, in work and delayed."""
    names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
