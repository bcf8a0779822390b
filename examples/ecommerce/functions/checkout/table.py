"""CheckoutTable, seen from CheckoutFunction: the port and its DynamoDB adapter."""

from typing import TYPE_CHECKING, Protocol

from .row import Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table as DynamoTable


class Table(Protocol):
    """Where rows are kept, one for an order id."""

    def put(self, row: Row) -> None:
        """Write the row in place of whatever has its id."""


class DynamoDbTable:
    """An Amazon DynamoDB table with the partition key `id`."""

    def __init__(self, table: "DynamoTable") -> None:
        self._table = table

    def put(self, row: Row) -> None:
        """As in the port; botocore's errors come through."""
        self._table.put_item(Item=row)
