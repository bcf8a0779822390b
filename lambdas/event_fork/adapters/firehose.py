"""Data Firehose as a RecordStream: one stream, or several that share what one could not take.

Source: https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

import random
from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING

import boto3

from event_fork.adapters.aws_calls import CLIENT_CONFIG, as_call_failed
from event_fork.errors import CallFailedError
from event_fork.sending.packing import Record
from event_fork.sending.ports import EntryFailure, Remedy

if TYPE_CHECKING:
    from mypy_boto3_firehose.client import FirehoseClient


class FirehoseStreams:
    """PutRecordBatch on each of the streams in turn, so that what one refuses goes to the next.

    Every function that starts begins with another one: all of them together spread evenly.
    """

    def __init__(self, names: Sequence[str], client: "FirehoseClient | None" = None) -> None:
        first = random.randrange(len(names))  # noqa: S311 no secret
        self._names = cycle([*names[first:], *names[:first]])
        self._client = client or boto3.client("firehose", config=CLIENT_CONFIG)

    def put(self, records: Sequence[Record]) -> Mapping[int, EntryFailure]:
        """See RecordStream.put. A record fails with ServiceUnavailableException or InternalFailure: both pass."""
        with as_call_failed():
            answer = self._client.put_record_batch(
                DeliveryStreamName=next(self._names), Records=[{"Data": record.data} for record in records]
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
