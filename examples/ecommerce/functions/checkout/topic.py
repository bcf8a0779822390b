"""CheckoutEventsTopic, seen from the API backend: the port and its SNS adapter."""

from typing import TYPE_CHECKING, Protocol

from .event import OrderPlaced

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic(Protocol):
    """Where an event is told."""

    def publish(self, event: OrderPlaced) -> str:
        """Publish the event; returns the message's id, or raises and nothing was told."""


class SnsTopic:
    """An Amazon SNS topic."""

    def __init__(self, client: "SNSClient", arn: str) -> None:
        self._client = client
        self._arn = arn

    def publish(self, event: OrderPlaced) -> str:
        """As in the port; botocore's errors come through."""
        published = self._client.publish(
            TopicArn=self._arn,
            Message=event.message,
            MessageAttributes={
                name: {"DataType": kind, "StringValue": value} for name, (kind, value) in event.attributes.items()
            },
        )
        return published["MessageId"]
