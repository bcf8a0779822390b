"""Data Firehose as a RecordStream.

Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import boto3

from event_fork.adapters.aws_calls import CLIENT_CONFIG, as_call_failed
from event_fork.errors import CallFailedError
from event_fork.sending.packing import Record
from event_fork.sending.ports import EntryFailure, Remedy

if TYPE_CHECKING:
    from mypy_boto3_firehose.client import FirehoseClient


class FirehoseStream:
    """PutRecordBatch on one stream."""

    def __init__(self, name: str, client: "FirehoseClient | None" = None) -> None:
        self._name = name
        self._client = client or boto3.client("firehose", config=CLIENT_CONFIG)

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        """See RecordStream.put. A record fails with ServiceUnavailableException or InternalFailure: both pass."""
        with as_call_failed():
            answer = self._client.put_record_batch(
                DeliveryStreamName=self._name, Records=[{"Data": record.data} for record in records]
            )
        if not answer["FailedPutCount"]:
            return {}
        responses = answer["RequestResponses"]
        if len(responses) != len(records):
            raise CallFailedError("MalformedResponse", "PutRecordBatch answered for other records", transient=True)
        return {
            index: EntryFailure(response["ErrorCode"], response.get("ErrorMessage", ""), Remedy.RESEND)
            for index, response in enumerate(responses)
            if "ErrorCode" in response
        }
